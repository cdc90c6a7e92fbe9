import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { xml } from '@thingward/xml';
import {
  encodePreAuthentication,
  encodeRegistrationRequest,
  iq,
  Jid,
  NS,
  runCommand,
  XmppClient,
} from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));
const ADMIN = 'http://jabber.org/protocol/admin';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server in a process of its own, and its administrator's command line. */
describe('administration of a running server', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-administration-'));
  const config = join(directory, 'thingward.yaml');
  let port: number;
  let fingerprint: string;
  let server: ChildProcess;
  const said: string[] = [];

  beforeAll(async () => {
    port = await freePort();
    writeConfig();
    for (const name of ['owner', 'romeo'])
      await run(['user', 'add', name, '--password-stdin', '--config', config], name);
    server = spawn(process.execPath, [COMMAND, 'serve', '--config', config, '--log-level', 'warn'], { cwd: directory });
    createInterface({ input: server.stderr as NodeJS.ReadableStream }).on('line', (line) => said.push(line));
    await vi.waitFor(() => expect(said.join('\n')).toContain('certificate:'), { timeout: 15_000 });
    fingerprint = /sha256:\S+/.exec(said.join('\n'))?.[0] ?? '';
    for (const name of ['owner', 'romeo']) writeProfile(name, name);
  });
  afterAll(() => {
    server?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  function writeConfig(more = ''): void {
    writeFileSync(
      config,
      `domain: localhost\ndataDir: ./data\nlisten: { c2s: "127.0.0.1:${port}" }\nauth: { admins: [owner@localhost], registration: invite }\n${more}`,
    );
  }

  function writeProfile(name: string, password: string): void {
    const door = `{ host: 127.0.0.1, port: ${port}, fingerprint: "${fingerprint}" }`;
    writeFileSync(join(directory, `${name}.yaml`), `jid: ${name}@localhost\npassword: ${password}\nserver: ${door}\n`);
  }

  function run(args: readonly string[], input?: string): Promise<Outcome> {
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [COMMAND, ...args],
        { cwd: directory, timeout: 20_000 },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
      child.stdin?.end(input === undefined ? '' : `${input}\n`);
    });
  }

  const as = (name: string, ...args: string[]) => run([...args, '--profile', `${name}.yaml`]);
  const connector = () =>
    tcpConnector({ domain: 'localhost', host: '127.0.0.1', port, tls: 'starttls', trust: { fingerprint } });
  const client = (name: string, password: string, resource?: string) =>
    new XmppClient({
      jid: Jid.parse(`${name}@localhost`),
      password,
      connect: connector(),
      ...(resource !== undefined && { resource }),
    });
  const signIn = async (name: string, password = name, resource?: string) => {
    const made = client(name, password, resource);
    made.start();
    await made.ready(AbortSignal.timeout(10_000));
    return made;
  };

  it('shows statistics and sessions, and ends them', async () => {
    const romeo = await signIn('romeo', 'romeo', 'orchard');
    const stats = JSON.parse((await as('owner', 'stats', '--json')).stdout) as Record<string, unknown>;
    expect(stats).toMatchObject({ accounts: 2, sessions: 2, 'streams.c2s': 2, version: expect.any(String) });
    expect((await as('owner', 'stats')).stdout).toMatch(/^FIGURE +VALUE\n[\s\S]*Accounts +2$/m);
    const listed = (await as('owner', 'sessions', 'list', '--json')).stdout.trim().split('\n');
    expect(listed.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ jid: 'romeo@localhost/orchard', encrypted: true, idle: false, priority: 0 }),
    );
    expect((await as('owner', 'sessions', 'list')).stdout).toMatch(
      /^romeo@localhost\/orchard +127\.0\.0\.1:\d+ .*active/m,
    );
    const kicked = await as('owner', 'sessions', 'kick', 'romeo@localhost/orchard');
    expect(kicked).toMatchObject({ code: 0, stderr: expect.stringContaining('1 session was ended') });
    await expect.poll(() => romeo.state).not.toBe('online');
    await romeo.stop();
    expect(await as('owner', 'sessions', 'kick', 'nobody')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no account nobody@localhost'),
    });
  });

  it('disables and enables accounts', async () => {
    expect(await as('owner', 'user', 'disable', 'romeo')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('romeo@localhost: disabled'),
    });
    expect(await as('romeo', 'stats')).toMatchObject({ code: 1, stderr: expect.stringContaining('account-disabled') });
    expect((await run(['user', 'list', '--config', config])).stdout).toMatch(/^romeo@localhost .*disabled$/m);
    expect((await as('owner', 'user', 'enable', 'romeo')).code).toBe(0);
    await (await signIn('romeo')).stop();
    expect(await as('owner', 'user', 'disable', 'owner')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('auth.admins'),
    });
  });

  it('says which key makes an administrator', async () => {
    for (const args of [['stats'], ['sessions', 'list'], ['user', 'disable', 'owner'], ['user', 'invite']]) {
      expect(await as('romeo', ...args)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /romeo@localhost \(romeo\.yaml\) is no administrator of localhost: add it to auth\.admins/,
        ),
      });
    }
  });

  it('invites, and who is invited registers', async () => {
    const invited = await as('owner', 'user', 'invite', 'juliet', '--expires', '2h');
    expect(invited.stdout).toMatch(/^xmpp:juliet@localhost\?register;preauth=[A-Za-z0-9]{24}\n$/);
    const token = /preauth=(\w+)/.exec(invited.stdout)?.[1] ?? '';
    const stream = await connector()(AbortSignal.timeout(5000));
    const open = async () => {
      stream.open('localhost');
      await stream.read();
      await stream.read();
    };
    await open();
    stream.send(xml('starttls', { xmlns: NS.tls }));
    await stream.read();
    await stream.startTls?.();
    await open();
    const asks = async (payload: ReturnType<typeof encodePreAuthentication>) => {
      stream.send(iq('set', { id: 'r' }, payload));
      const item = await stream.read();
      return item.kind === 'element' ? item.element.attribute('type') : item.kind;
    };
    expect(await asks(encodePreAuthentication(token))).toBe('result');
    expect(await asks(encodeRegistrationRequest({ kind: 'submit', username: 'juliet', password: 'R0m30' }))).toBe(
      'result',
    );
    stream.destroy();
    await (await signIn('juliet', 'R0m30')).stop();
    const many = (await as('owner', 'user', 'invite', '--count', '3', '--json')).stdout.trim().split('\n');
    expect(new Set(many.map((line) => (JSON.parse(line) as { uri: string }).uri)).size).toBe(3);
    expect(await as('owner', 'user', 'invite', '--expires', 'soon')).toMatchObject({ code: 2 });
    expect(await as('owner', 'user', 'invite', 'x', '--count', '2')).toMatchObject({ code: 2 });
  });

  it('starts the server again with its configuration of now, unless that is wrong, and shuts it down', async () => {
    const owner = await signIn('owner');
    const restart = { jid: Jid.parse('localhost'), node: `${ADMIN}#restart` };
    writeConfig('nonsense: true\n');
    await expect(runCommand(owner, restart, { delay: '0' })).rejects.toThrow('there is no key "nonsense"');
    writeConfig('limits: { maxSessionsPerAccount: 1 }\n');
    said.length = 0;
    expect((await runCommand(owner, restart, { delay: '0' })).status).toBe('completed');
    await expect.poll(() => said.join('\n'), { timeout: 15_000 }).toContain('thingward ready');
    await expect.poll(() => owner.state, { timeout: 15_000 }).toBe('online');
    const second = client('owner', 'owner');
    second.start();
    await expect(second.ready(AbortSignal.timeout(10_000))).rejects.toThrow('too many sessions');
    await second.stop();
    const ended = new Promise<number | null>((resolve) => server.once('exit', resolve));
    await runCommand(owner, { jid: Jid.parse('localhost'), node: `${ADMIN}#shutdown` }, { delay: '0' });
    expect(await ended).toBe(0);
    await owner.stop();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
