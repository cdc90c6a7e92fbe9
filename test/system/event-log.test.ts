import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMPONENT, XmppComponent } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, expect, it } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));

let directory: string;
let ports: { c2s: number; component: number };
const children: ChildProcess[] = [];

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

function start(...args: string[]) {
  const child = spawn(process.execPath, [COMMAND, ...args], { cwd: directory });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, ended, said: () => said };
}

/** @returns what it prints for programs */
async function run(...args: string[]): Promise<string> {
  const { child, ended } = start(...args);
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await ended;
  return printed.trim();
}

/** Somebody says that it is the component, and does not know its secret: of this the server tells. */
async function showsWrongSecret(): Promise<void> {
  const connect = tcpConnector({
    domain: 'bridge.localhost',
    host: '127.0.0.1',
    port: ports.component,
    tls: 'none',
    namespace: COMPONENT,
  });
  const component = new XmppComponent({ domain: 'bridge.localhost', secret: 'wrong', connect });
  const failed = new Promise<void>((resolve) => {
    component.onState((state) => {
      if (state === 'failed') resolve();
    });
  });
  component.start();
  await failed;
  await component.stop();
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-events-'));
  ports = { c2s: await freePort(), component: await freePort() };
  const write = (name: string, content: object) => writeFileSync(join(directory, name), JSON.stringify(content));
  write('server.yaml', {
    domain: 'localhost',
    dataDir: './server',
    listen: { c2s: `127.0.0.1:${ports.c2s}`, component: `127.0.0.1:${ports.component}` },
    components: { 'eventlog.localhost': 'secret', 'bridge.localhost': 'right' },
  });
  write('eventlog.yaml', {
    domain: 'eventlog.localhost',
    server: { port: ports.component },
    secret: 'secret',
    dataDir: './eventlog',
    eventLog: { readers: ['admin@localhost'] },
  });
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

it('a server tells its own events to a log that runs as a component, also those of before it came', async () => {
  const server = start('serve', '--config', 'server.yaml');
  await expect.poll(server.said, { timeout: 20_000 }).toMatch(/certificate: self-signed, sha256:/);
  const fingerprint = /sha256:[0-9A-F:]+/.exec(server.said())?.[0];
  const password = await run('user', 'add', 'admin', '--generate', '--config', 'server.yaml');
  expect(password).not.toBe('');
  writeFileSync(
    join(directory, 'profile.yaml'),
    JSON.stringify({
      jid: 'admin@localhost',
      password,
      server: { host: '127.0.0.1', port: ports.c2s, fingerprint },
    }),
  );
  await showsWrongSecret();
  const log = start('service', 'eventlog', '--config', 'eventlog.yaml');
  await expect.poll(log.said, { timeout: 20_000 }).toContain('eventlog ready');
  const tail = () => run('audit', 'tail', '--no-follow', '--json', '--facility', 'server', '--profile', 'profile.yaml');
  await expect.poll(tail, { timeout: 30_000, interval: 1000 }).toContain('a component has a wrong secret');
  const [event] = (await tail())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(event).toMatchObject({ sender: 'localhost', type: 'Warning', facility: 'server' });
  expect(event.tags).toContainEqual(expect.objectContaining({ name: 'component', value: 'bridge.localhost' }));
  server.child.kill('SIGTERM');
  await server.ended;
}, 90_000);
