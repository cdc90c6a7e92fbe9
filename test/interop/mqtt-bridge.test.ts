import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { freePort, hasCommand } from './daemon.ts';
import { hasPythonPackage, startPeer } from './python.ts';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));
const NCAP = '00303900-3039-0030-3907-e80549382e50';
const TIM = '86258a0b-72f6-12d6-8707-e8054911dcf0';

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

it.skipIf(!hasCommand('mosquitto') || !hasPythonPackage('json')).each(['binary', 'hex', 'base64'])(
  'an NCAP on mosquitto that writes %s is in the tree, is read with its TEDS, and leaves (skipped unless mosquitto and Python are there)',
  async (encoding) => {
    const directory = mkdtempSync(join(tmpdir(), 'thingward-mqtt-'));
    const children: ChildProcess[] = [];
    onTestFinished(() => {
      for (const child of children) child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    });
    const begin = (command: string, args: string[]) => {
      const child = spawn(command, args, { cwd: directory });
      children.push(child);
      let said = '';
      let printed = '';
      child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      return { child, ended, said: () => said, printed: () => printed };
    };
    const thingward = (...args: string[]) => begin(process.execPath, [COMMAND, ...args]);
    const run = async (...args: string[]) => {
      const { ended, printed, said } = thingward(...args);
      const code = await ended;
      return code === 0 ? printed().trim() : `exit code ${code}: ${said()}`;
    };
    const write = (name: string, content: object) => writeFileSync(join(directory, name), JSON.stringify(content));

    const ports = { c2s: await freePort(), component: await freePort(), broker: await freePort() };
    writeFileSync(join(directory, 'mosquitto.conf'), `listener ${ports.broker} 127.0.0.1\nallow_anonymous true\n`);
    begin('mosquitto', ['-c', 'mosquitto.conf']);
    await expect.poll(() => listens(ports.broker), { timeout: 10_000 }).toBe(true);
    write('server.yaml', {
      domain: 'localhost',
      dataDir: './server',
      listen: { c2s: `127.0.0.1:${ports.c2s}`, component: `127.0.0.1:${ports.component}` },
      components: { 'mqtt.localhost': 'secret' },
    });
    const server = thingward('serve', '--config', 'server.yaml');
    await expect.poll(server.said, { timeout: 20_000 }).toMatch(/certificate: self-signed, sha256:/);
    const fingerprint = /sha256:[0-9A-F:]+/.exec(server.said())?.[0];
    for (const name of ['ana', 'eve']) {
      const password = await run('user', 'add', name, '--generate', '--config', 'server.yaml');
      write(`${name}.yaml`, {
        jid: `${name}@localhost`,
        password,
        server: { host: '127.0.0.1', port: ports.c2s, fingerprint },
      });
    }
    write('mqtt.yaml', {
      domain: 'mqtt.localhost',
      secret: 'secret',
      server: { port: ports.component },
      broker: { url: `mqtt://127.0.0.1:${ports.broker}` },
      readers: ['ana@localhost'],
      timeoutSeconds: 2,
      refreshSeconds: 2,
    });
    const bridge = thingward('service', 'mqtt-bridge', '--config', 'mqtt.yaml');
    await expect.poll(bridge.said, { timeout: 20_000 }).toContain('mqtt-bridge ready');
    const ncap = await startPeer('mqtt_ncap.py', [String(ports.broker), encoding]);
    onTestFinished(() => ncap.kill());
    const browse = (who: string, ...args: string[]) => run('browse', '--profile', `${who}.yaml`, ...args);

    const tree = () => browse('ana');
    await expect.poll(tree, { timeout: 40_000, interval: 500 }).toContain('Temperature  sensor');
    expect(await tree()).toContain(`NCAP-1  NCAP ${NCAP}  mqtt.localhost over 1451.1.6`);
    expect(await tree()).toMatch(new RegExp(`Weather  TIM ${TIM}\\n.*Temperature  sensor .*\\n.*Valve +actuator`));
    expect(await browse('eve')).toBe('');
    expect(JSON.parse(await browse('ana', 'NCAP-1/Weather/1', '--read', '--json'))).toEqual({
      ncap: NCAP,
      tim: TIM,
      channel: 1,
      unit: 'K',
      samples: [298.15],
      time: '2024-05-28T15:42:08.500Z',
    });
    const teds = await browse('ana', 'NCAP-1/Weather/1', '--teds');
    expect(teds).toContain('range        233 to 398 K');
    expect(teds).toContain('transducer-channel TEDS');
    // No public text says how a sample is written: that is said, and nothing is sent.
    expect(await browse('ana', 'NCAP-1/Weather/2', '--write', '1')).toContain('forbidden');
    const { asked } = (await ncap.end()) as { asked: number[][] };
    expect(asked).toContainEqual([2, 1]);
    expect(asked.filter(([service, kind]) => service === 2 && kind !== 1)).toEqual([]);
    await expect.poll(tree, { timeout: 20_000, interval: 500 }).toContain('(gone since');
  },
  180_000,
);
