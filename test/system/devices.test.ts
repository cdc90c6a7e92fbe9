import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseIoTDisco } from '@thingward/things';
import { type ClientState, Jid, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server in a process of its own, and the command line beside it. */
describe('devices that are enrolled', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-devices-'));
  const config = join(directory, 'thingward.yaml');
  let port: number;
  let server: ChildProcess;
  const said: string[] = [];
  const clients: XmppClient[] = [];

  beforeAll(async () => {
    port = await freePort();
    writeFileSync(config, `domain: localhost\ndataDir: ./data\nlisten: { c2sTls: "127.0.0.1:${port}" }\n`);
    server = spawn(process.execPath, [COMMAND, 'serve', '--config', config, '--log-level', 'warn'], { cwd: directory });
    createInterface({ input: server.stderr as NodeJS.ReadableStream }).on('line', (line) => said.push(line));
    await vi.waitFor(() => expect(said.join('\n')).toContain('certificate:'), { timeout: 20_000 });
  });
  afterAll(async () => {
    for (const client of clients) await client.stop();
    server?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  function run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [COMMAND, 'device', ...args],
        { cwd: directory, timeout: 30_000 },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
    });
  }

  const json = ({ stdout }: Outcome) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);

  function client(jid: string, means: { password?: string; certificate?: { cert: string; key: string } }): XmppClient {
    const { fingerprint } = JSON.parse(readFileSync(join(directory, 'pumps', 'server.json'), 'utf8')) as {
      fingerprint: string;
    };
    const { password, certificate } = means;
    const made = new XmppClient({
      jid: Jid.parse(jid),
      ...(password === undefined ? {} : { password }),
      connect: tcpConnector({
        ...{ domain: 'localhost', host: '127.0.0.1', port, tls: 'direct', certificate },
        trust: { fingerprint },
      }),
    });
    clients.push(made);
    made.start();
    return made;
  }

  it('sign in with what the list was given, and are claimed by what is on their labels', async () => {
    const list = [
      'name,label,SN,#V',
      ...Array.from({ length: 30 }, (_, index) => `pump${index},Pump ${index},${index},1.2`),
    ];
    writeFileSync(join(directory, 'pumps.csv'), list.join('\n'));
    const outcome = await run(
      'enrol',
      '--csv',
      'pumps.csv',
      '--out',
      'pumps',
      '--batch-size',
      '10',
      '--tag',
      'MAN=a',
      '--json',
    );
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringContaining('20 of 30 devices') });
    const devices = json(outcome);
    expect(devices).toHaveLength(30);
    const [first] = devices;
    expect(parseIoTDisco(first?.claim ?? '')).toEqual([
      { name: 'MAN', type: 'str', value: 'a' },
      { name: 'SN', type: 'str', value: '0' },
      { name: 'V', type: 'num', value: 1.2 },
      { name: 'KEY', type: 'str', value: expect.stringMatching(/^[\da-f]{32}$/) },
    ]);
    expect(readdirSync(join(directory, 'pumps', 'labels'))).toEqual([
      'index.html',
      'labels-0001.svg',
      'labels-0002.svg',
    ]);
    expect(statSync(join(directory, 'pumps', 'credentials.csv')).mode & 0o777).toBe(0o600);
    await client('pump0@localhost', { password: first?.password ?? '' }).ready();
  });

  it('may be enrolled again after an interruption, with the credentials that were written', async () => {
    const file = join(directory, 'pumps', 'credentials.csv');
    const before = readFileSync(file, 'utf8');
    // As when the power fails between the file and the server.
    const prepared = 'pump30@localhost,Pump 30,prepared,,,,IoTDisco;SN:30;KEY:kept\r\n';
    writeFileSync(file, before + prepared);
    writeFileSync(
      join(directory, 'pumps.csv'),
      `${readFileSync(join(directory, 'pumps.csv'), 'utf8')}\npump30,Pump 30,30,1.2\n`,
    );
    const outcome = await run('enrol', '--csv', 'pumps.csv', '--out', 'pumps', '--json');
    expect(json(outcome)[0]).toMatchObject({
      jid: 'pump30@localhost',
      password: 'prepared',
      claim: expect.stringContaining('KEY:kept'),
    });
    expect(json(outcome).slice(1)).toEqual(
      Array.from({ length: 30 }, (_, index) => ({ jid: `pump${index}@localhost`, state: 'was enrolled before' })),
    );
    expect(readFileSync(file, 'utf8').startsWith(before)).toBe(true);
    expect(readFileSync(file, 'utf8').match(/pump30@/g)).toHaveLength(1);
  });

  it('sign in with certificates, and are thrown out within a second or two when they are revoked', async () => {
    const outcome = await run('enrol', 'valve1', '--certificates', '--out', 'valves', '--json');
    const [valve] = json(outcome);
    const read = (file: string | undefined) => readFileSync(join(directory, 'valves', file ?? ''), 'utf8');
    const certificate = { cert: read(valve?.certificate), key: read(valve?.key) };
    expect(statSync(join(directory, 'valves', valve?.key ?? '')).mode & 0o777).toBe(0o600);
    // The server looks every five seconds whether there is an authority.
    await vi.waitFor(
      async () => {
        const trying = client('valve1@localhost', { certificate });
        await trying.ready();
        await trying.stop();
      },
      { timeout: 20_000 },
    );
    const online = client('valve1@localhost', { certificate });
    await online.ready();
    const states: ClientState[] = [];
    online.onState((state) => states.push(state));
    expect(await run('revoke', 'valve1')).toMatchObject({ code: 0, stderr: expect.stringContaining('1 revoked') });
    await vi.waitFor(() => expect(states).toContain('failed'), { timeout: 15_000 });
    expect(json(await run('list', '--batch', 'devices', '--json'))).toEqual([
      expect.objectContaining({ jid: 'valve1@localhost', disabledAt: expect.any(String) }),
    ]);
  });

  it('are told of by line where the list is wrong, and none is made', async () => {
    writeFileSync(join(directory, 'bad.csv'), 'name,V\nok,1\na b,1\nok,x\n');
    const refused = await run('enrol', '--csv', 'bad.csv', '--out', 'bad');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/bad\.csv:3: .*\nbad\.csv:4: .*\nbad\.csv:4: .*\nno device was enrolled/);
    expect(existsSync(join(directory, 'bad'))).toBe(false);
    for (const args of [
      ['enrol'],
      ['enrol', 'a', '--csv', 'bad.csv'],
      ['enrol', 'a', '--days', 'x'],
      ['enrol', 'a', '--certificates', '--set-up-sheets'],
      ['revoke'],
    ]) {
      expect(await run(...args)).toMatchObject({ code: 2 });
    }
    expect(await run('revoke', 'nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('is no device') });
    expect(await run('revoke', '--batch', 'none')).toMatchObject({ code: 1 });
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
