import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/** The command in a directory of its own, until the test is over. */
function workplace() {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-mcap-'));
  const children: ChildProcess[] = [];
  onTestFinished(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { cwd: directory });
    children.push(child);
    let said = '';
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { child, ended, said: () => said, printed: () => printed };
  };
  const run = async (...args: string[]) => {
    const { ended, printed } = start(...args);
    await ended;
    return printed().trim();
  };
  const write = (name: string, content: object) => writeFileSync(join(directory, name), JSON.stringify(content));
  return { start, run, write };
}

it.each([
  ['in the process of the server', true],
  ['as a component', false],
])(
  'an MCAP %s shows what a gateway has to those who may read it, and tells when it goes',
  async (_, isEmbedded) => {
    const { start, run, write } = workplace();
    const ports = { c2s: await freePort(), component: await freePort() };
    write('server.yaml', {
      domain: 'localhost',
      dataDir: './server',
      listen: { c2s: `127.0.0.1:${ports.c2s}`, component: `127.0.0.1:${ports.component}` },
      ...(isEmbedded ? {} : { mcap: { enabled: false }, components: { 'mcap.localhost': 'secret' } }),
    });
    const server = start('serve', '--config', 'server.yaml');
    await expect.poll(server.said, { timeout: 20_000 }).toMatch(/certificate: self-signed, sha256:/);
    const fingerprint = /sha256:[0-9A-F:]+/.exec(server.said())?.[0];
    const door = { host: '127.0.0.1', port: ports.c2s, fingerprint };
    const passwords = new Map<string, string>();
    for (const name of ['ana', 'eve', 'host']) {
      passwords.set(name, await run('user', 'add', name, '--generate', '--config', 'server.yaml'));
      write(`${name}.yaml`, { jid: `${name}@localhost`, password: passwords.get(name), server: door });
    }
    if (!isEmbedded) {
      const mcap = { domain: 'mcap.localhost', secret: 'secret', dataDir: './mcap', server: { port: ports.component } };
      write('mcap.yaml', mcap);
      const service = start('service', 'mcap', '--config', 'mcap.yaml');
      await expect.poll(service.said, { timeout: 20_000 }).toContain('mcap ready');
    }
    write('gateway.yaml', {
      server: { domain: 'localhost', ...door },
      things: [
        {
          account: { jid: 'host@localhost', password: passwords.get('host') },
          name: 'This machine',
          friends: ['ana@localhost'],
          driver: 'direct-io',
        },
      ],
    });
    const gateway = start('gateway', '--config', 'gateway.yaml');
    await expect.poll(gateway.said, { timeout: 20_000 }).toContain('ready');
    const browse = (who: string, ...args: string[]) => run('browse', '--profile', `${who}.yaml`, ...args);
    await expect.poll(() => browse('ana'), { timeout: 30_000, interval: 500 }).toContain('This machine  direct-io');
    expect(await browse('eve')).toBe('');
    const [ncap] = (await browse('ana', '--json')).split('\n').map((line) => JSON.parse(line));
    expect(ncap).toMatchObject({ jid: 'host@localhost', isPresent: true, things: [{ service: 'direct-io' }] });
    const follower = start('browse', '--profile', 'ana.yaml', '--follow', '--json');
    await expect.poll(follower.printed, { timeout: 20_000 }).toContain('"isPresent":true');
    gateway.child.kill('SIGTERM');
    await expect.poll(follower.printed, { timeout: 30_000 }).toContain('{"left":');
    expect(JSON.parse(await browse('ana', '--json'))).toMatchObject({ isPresent: false });
    follower.child.kill('SIGTERM');
    await follower.ended;
    server.child.kill('SIGTERM');
    await server.ended;
  },
  120_000,
);
