import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { parseIoTDisco } from '@thingward/things';
import { PeerError, SILENT_LOGGER } from '@thingward/xmpp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { plant } from '../test/modbus-unit.ts';
import { temporaryDirectory, temporaryState } from '../test/state.ts';
import { type GatewayConfigInput, gatewayConfigSchema } from './config.ts';
import { Gateway, gatewayLabels } from './gateway.ts';

const account = { jid: 'plc@example.org', password: 'secret' };
const host = (jid: string, rest: object = {}) => ({
  driver: 'direct-io' as const,
  account: { jid, password: 'secret' },
  name: 'Host',
  pollMs: 100,
  directIo: { load: false, memory: false, disk: [], temperatures: false },
  ...rest,
});

function config(things: GatewayConfigInput['things'], rest: Partial<GatewayConfigInput> = {}) {
  return gatewayConfigSchema.parse({ server: { domain: 'example.org' }, dataDir: 'data', things, ...rest });
}

/** A network that is not there. */
const unreachable = () => Promise.reject(new PeerError('not-connected', 'nobody listens at example.org'));

function gateway(...[things, rest]: Parameters<typeof config>) {
  const baseDirectory = temporaryDirectory();
  const started = new Gateway(config(things, rest), { baseDirectory, connect: unreachable });
  onTestFinished(() => started.stop());
  return started;
}

describe('Gateway', () => {
  it('polls while it is offline, keeps the readings, and says how it is', async () => {
    const { port } = await plant();
    const modbus = {
      host: '127.0.0.1',
      port,
      pollGroups: { default: 50 },
      points: [{ name: 'Level', table: 'input-register' as const, address: 0, type: 'uint16' as const }],
    };
    const running = gateway([
      { driver: 'modbus-tcp', account, name: 'Tank', node: { nodeId: 'tank' }, modbus },
      host(account.jid, { node: { nodeId: 'host' } }),
      host('other@example.org', { name: 'Other' }),
    ]);
    await running.start();
    await expect(running.ready()).rejects.toThrow('nobody listens');
    await vi.waitFor(() => expect(running.status().waiting).toBeGreaterThan(5));
    const { things, stored, refused } = running.status();
    expect(things.map(({ name, jid, node, owner }) => ({ name, jid, node, owner }))).toEqual([
      { name: 'Tank', jid: 'plc@example.org', node: { nodeId: 'tank' }, owner: undefined },
      { name: 'Host', jid: 'plc@example.org', node: { nodeId: 'host' }, owner: undefined },
      { name: 'Other', jid: 'other@example.org', node: undefined, owner: undefined },
    ]);
    for (const { connection } of things) expect(connection).toMatch(/^(offline|connecting)$/);
    expect([stored, refused]).toEqual([0, 0]);
  });

  it('keeps nothing for a history that it is told to do without', async () => {
    const running = gateway([host(account.jid)], { history: 'none', registry: 'none' });
    await running.start();
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(running.status().waiting).toBe(0);
  });

  it('has its readings when it is started again', async () => {
    const baseDirectory = temporaryDirectory();
    const options = { baseDirectory, connect: unreachable };
    const first = new Gateway(config([host(account.jid)]), options);
    await first.start();
    await vi.waitFor(() => expect(first.status().waiting).toBeGreaterThan(0));
    await first.stop();
    const second = new Gateway(config([host(account.jid)]), options);
    expect(second.status().waiting).toBeGreaterThan(0);
    await second.stop();
  });

  it('stops without waiting for a device that does not answer', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const points = [{ name: 'Pump', table: 'coil' as const, address: 0 }];
    const modbus = { host: '127.0.0.1', port, timeoutMs: 15_000, pollGroups: { default: 50 }, points };
    const things: GatewayConfigInput['things'] = [{ driver: 'modbus-tcp', account, name: 'Tank', modbus }];
    const running = new Gateway(config(things), { baseDirectory: temporaryDirectory(), connect: unreachable });
    await running.start();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = performance.now();
    await running.stop();
    expect(performance.now() - before).toBeLessThan(2000);
    expect(running.status().waiting).toBe(0);
  });

  it('says at once that readings are lost, and why, but not each time', async () => {
    const errors: unknown[] = [];
    const log = { ...SILENT_LOGGER, error: (...said: unknown[]) => void errors.push(said) };
    const baseDirectory = temporaryDirectory();
    const options = { baseDirectory, connect: unreachable, log };
    const running = new Gateway(config([host(account.jid)]), options);
    onTestFinished(() => running.stop());
    const meddler = temporaryState(join(baseDirectory, 'data'));
    meddler.exec("CREATE TRIGGER full BEFORE INSERT ON reading BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    await running.start();
    await vi.waitFor(() => expect(running.status().refused).toBeGreaterThan(2));
    expect(errors).toEqual([
      [expect.objectContaining({ refused: 1, reason: expect.stringContaining('disk full') }), 'readings are lost'],
    ]);
  });

  it('reads passwords from files, and says which one is not there', async () => {
    const baseDirectory = temporaryDirectory();
    const things = [host('a@example.org', { account: { jid: 'a@example.org', passwordFile: 'secret.txt' } })];
    const start = () => new Gateway(config(things), { baseDirectory, connect: unreachable });
    expect(start).toThrow(expect.objectContaining({ name: 'GatewayConfigError', code: 'gateway-config' }));
    expect(start).toThrow(/^passwordFile of a@example\.org: ENOENT/);
    writeFileSync(join(baseDirectory, 'secret.txt'), 'secret\n');
    await start().stop();
  });

  it('reads point lists from files, and says what is wrong in which line', async () => {
    const baseDirectory = temporaryDirectory();
    const dnp3 = {
      host: '127.0.0.1',
      port: 9,
      pointList: 'points.csv',
      points: [{ name: 'A', kind: 'binary' as const, index: 0 }],
    };
    const things = [{ driver: 'dnp3-tcp' as const, account, name: 'Substation', dnp3 }];
    const start = () => new Gateway(config(things), { baseDirectory, connect: unreachable });
    expect(start).toThrow(/^dnp3\.pointList: ENOENT/);
    const list = (lines: string) => writeFileSync(join(baseDirectory, 'points.csv'), `name,kind,index\n${lines}`);
    list('B,binary,x');
    expect(start).toThrow('points.csv: line 2: index: "x" is no number');
    list('A,binary,1');
    expect(start).toThrow('points.csv: two points are named "A"');
    list('B,binary,1');
    await start().stop();
  });

  it('says that the certificates it shall trust are not there', () => {
    const server = { domain: 'example.org', ca: 'ca.pem' };
    expect(() => new Gateway(config([host(account.jid)], { server }), { baseDirectory: temporaryDirectory() })).toThrow(
      /^server\.ca: ENOENT/,
    );
  });
});

describe('labels', () => {
  it('carry what the Thing registers with, the same each time', () => {
    const baseDirectory = temporaryDirectory();
    const things = config([
      host(account.jid, { node: { nodeId: 'a' }, tags: { SN: '12', LAT: 59.3 } }),
      host(account.jid, { node: { nodeId: 'b' } }),
    ]);
    const labels = gatewayLabels(things, baseDirectory);
    expect(labels.map(({ name, jid, node }) => ({ name, jid, node }))).toEqual([
      { name: 'Host', jid: 'plc@example.org', node: { nodeId: 'a' } },
      { name: 'Host', jid: 'plc@example.org', node: { nodeId: 'b' } },
    ]);
    expect(parseIoTDisco(labels[0]?.uri ?? '')).toEqual(
      expect.arrayContaining([
        { name: 'SN', type: 'str', value: '12' },
        { name: 'LAT', type: 'num', value: 59.3 },
        { name: 'KEY', type: 'str', value: expect.stringMatching(/^[0-9a-f]{32}$/) },
      ]),
    );
    expect(gatewayLabels(things, baseDirectory)).toEqual(labels);
    expect(labels[0]?.uri).not.toBe(labels[1]?.uri);
  });
});
