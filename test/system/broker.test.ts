import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gateway, type GatewayConfigInput, gatewayConfigSchema, gatewayLabels } from '@thingward/gateway';
import { ModbusTcpServer } from '@thingward/modbus';
import { TankProcess, tankUnit } from '@thingward/modbus/simulator';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import {
  ControlRefused,
  claimThing,
  type Field,
  getControlForm,
  getDocument,
  parseIoTDisco,
  putDocument,
  readSensorData,
  removeDocument,
  setParameters,
} from '@thingward/things';
import { Jid, type Logger, Roster, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SERVICES } from '../../packages/cli/src/services.ts';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));
const BROKER = Jid.parse('broker.localhost');
const REGISTRY = Jid.parse('registry.localhost');
const PLC = Jid.parse('plc@localhost');
const DEFAULT = { thing: PLC, kind: 'register-map', name: 'default' } as const;

const FIRST = 'name,table,address,type,scale,unit\nLevel,input-register,0,uint16,0.1,%\n';
const SECOND =
  'name,table,address,type,scale,unit,writable,min,max\n' +
  'Filling,input-register,0,uint16,0.1,%,,,\nValve Opening,holding-register,0,uint16,0.1,%,yes,0,100\n';

/** Gateways whose register maps come from the broker alone. */
describe('register maps from the service broker', { timeout: 60_000 }, () => {
  let directory: string;
  let server: ThingwardServer;
  let unit: ModbusTcpServer;
  let unitPort: number;
  let gateway: Gateway;
  let owner: { readonly client: XmppClient; readonly roster: Roster };
  let stranger: { readonly client: XmppClient; readonly roster: Roster };
  let plc: Jid;
  const process = new TankProcess(() => 0.5);
  const said: { message: string; reason?: string }[] = [];
  const tell = (details: object, message: string) => void said.push({ ...details, message });
  const log: Logger = { debug: () => undefined, info: tell, warn: tell, error: tell };

  const gatewayConfig = (writable: boolean): GatewayConfigInput => ({
    server: {
      domain: 'localhost',
      host: '127.0.0.1',
      port: server.address(0)?.port ?? 0,
      fingerprint: server.tls.fingerprint,
    },
    dataDir: './gateway',
    things: [
      {
        account: { jid: PLC.toString(), password: 'secret-plc' },
        name: 'Tank',
        tags: { SN: '1' },
        driver: 'modbus-tcp',
        modbus: {
          host: '127.0.0.1',
          port: unitPort,
          timeoutMs: 500,
          pollGroups: { default: 100 },
          pointList: { broker: { writable } },
        },
      },
    ],
  });

  function startGateway(writable = true): Promise<void> {
    gateway = new Gateway(gatewayConfigSchema.parse(gatewayConfig(writable)), { baseDirectory: directory, log });
    return gateway.start();
  }

  async function signIn(name: string) {
    const client = new XmppClient({
      jid: Jid.parse(`${name}@localhost`),
      password: `secret-${name}`,
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: server.address(0)?.port ?? 0,
        tls: 'starttls',
        trust: { fingerprint: server.tls.fingerprint },
      }),
    });
    const roster = new Roster(client);
    roster.reciprocate();
    client.start();
    await client.ready(AbortSignal.timeout(10_000));
    return { client, roster };
  }

  async function fields(): Promise<Record<string, Field>> {
    const found: Record<string, Field> = {};
    for await (const batch of readSensorData(owner.client, plc, { types: ['momentary'] }, { timeoutMs: 5000 })) {
      for (const field of batch) found[field.name] = field;
    }
    return found;
  }

  const names = async () => Object.keys(await fields());
  const put = (text: string) =>
    putDocument(owner.client, BROKER, { ...DEFAULT, mediaType: 'text/csv', content: { form: 'text', text } });
  const eventually = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 15_000, interval: 100 });

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'thingward-broker-'));
    unit = new ModbusTcpServer(new Map([[1, tankUnit(process)]]));
    unitPort = await unit.listen(0);
    server = await ThingwardServer.start(
      serverConfigSchema.parse({
        domain: 'localhost',
        dataDir: join(directory, 'server'),
        listen: { c2s: '127.0.0.1:0' },
      }),
      { services: SERVICES },
    );
    for (const name of ['plc', 'owner', 'stranger']) await server.accounts.add(name, `secret-${name}`);
    await startGateway();
    await gateway.ready(AbortSignal.timeout(10_000));
    owner = await signIn('owner');
    stranger = await signIn('stranger');
    const [label] = gatewayLabels(gatewayConfigSchema.parse(gatewayConfig(true)), directory);
    await claimThing(owner.client, REGISTRY, parseIoTDisco(label?.uri ?? ''), {});
    owner.roster.subscribe(PLC);
    plc = await owner.roster.waitForResource(PLC, { timeoutMs: 5000 });
  });
  afterAll(async () => {
    await owner?.client.stop();
    await stranger?.client.stop();
    await gateway?.stop();
    await server?.stop();
    await unit?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('before there is one, the Thing is there and has nothing', async () => {
    expect(await names()).toEqual([]);
    await eventually(() =>
      expect(said).toContainEqual(
        expect.objectContaining({ message: expect.stringMatching(/register-map can't be had.*none in use/) }),
      ),
    );
  });

  it('the owner puts one, and the gateway works by it at once', async () => {
    await put(FIRST);
    await eventually(async () => expect(await names()).toEqual(['Level']));
    expect((await fields()).Level?.value).toMatchObject({ type: 'numeric', unit: '%' });
    await eventually(() => expect(gateway.status().stored).toBeGreaterThan(3));
  });

  it('it is changed while the gateway runs: other fields, and something to control', async () => {
    await put(SECOND);
    await eventually(async () => expect(await names()).toEqual(['Filling', 'Valve Opening']));
    const { parameters } = await getControlForm(owner.client, plc);
    expect(parameters.map(({ parameter }) => parameter.name)).toEqual(['Valve Opening']);
    await setParameters(owner.client, plc, new Map([['Valve Opening', { type: 'double', value: '37.5' }]]));
    expect(process.inputs.valveOpening).toBe(37.5);
    const tooMuch = setParameters(owner.client, plc, new Map([['Valve Opening', { type: 'double', value: '200' }]]));
    await expect(tooMuch).rejects.toBeInstanceOf(ControlRefused);
    await eventually(() =>
      expect(said.filter(({ message }) => message === 'the register-map from the broker is in use')).toHaveLength(2),
    );
  });

  it('what is no register map is refused where it is put, with the line', async () => {
    await expect(put('name,table,address,type\nLevel,input-register,0,uint17\n')).rejects.toMatchObject({
      condition: 'not-acceptable',
      text: expect.stringMatching(/^that is no register-map: line 2: type/),
    });
    expect((await getDocument(owner.client, BROKER, DEFAULT)).version).toBe(2);
  });

  it('one that does not fit the gateway is refused there, with the reason, and the one before stays', async () => {
    await put(`${SECOND.replace('max\n', 'max,pollGroup\n').replace('%,,,\n', '%,,,,hourly\n')}`);
    await eventually(() =>
      expect(said).toContainEqual(
        expect.objectContaining({
          message: 'the register-map from the broker was refused: the one before stays in use',
          reason: 'there is no poll group "hourly" (there are: default)',
        }),
      ),
    );
    expect(await names()).toEqual(['Filling', 'Valve Opening']);
  });

  it('to a stranger there is nothing', async () => {
    const ask = (name: string) => getDocument(stranger.client, BROKER, { ...DEFAULT, name });
    const [there, absent] = await Promise.all(
      ['default', 'absent'].map((name) => ask(name).catch((error: Error) => error.message)),
    );
    expect(there).toBe(absent);
  });

  it('a friend of the Thing reads it, once the gateway has said so', async () => {
    // Who is a friend is told to the broker as it is to the history.
    await gateway.stop();
    const config = gatewayConfig(true);
    const [thing] = config.things;
    const friends = { ...config, things: [{ ...thing, friends: ['stranger@localhost'] }] } as GatewayConfigInput;
    gateway = new Gateway(gatewayConfigSchema.parse(friends), { baseDirectory: directory, log });
    await gateway.start();
    await eventually(async () => {
      expect((await getDocument(stranger.client, BROKER, DEFAULT)).version).toBe(3);
    });
  });

  it('without the permission to write, points of the broker can only be read; and what was kept serves offline', async () => {
    await gateway.stop();
    const { port } = { port: 1 };
    const config = gatewayConfig(false);
    // A port nobody listens at: there is no server.
    gateway = new Gateway(gatewayConfigSchema.parse({ ...config, server: { ...config.server, port } }), {
      baseDirectory: directory,
      log,
    });
    await gateway.start();
    await eventually(() => expect(gateway.status().waiting).toBeGreaterThan(3));
    await gateway.stop();
    await startGateway(false);
    plc = await owner.roster.waitForResource(PLC, { timeoutMs: 15_000 });
    await eventually(async () => expect(await names()).toEqual(['Filling', 'Valve Opening']));
    const refused = setParameters(owner.client, plc, new Map([['Valve Opening', { type: 'double', value: '1' }]]));
    await expect(refused).rejects.toThrow();
    expect(process.inputs.valveOpening).toBe(37.5);
  });

  it('what is removed stays in use until there is another', async () => {
    await removeDocument(owner.client, BROKER, DEFAULT);
    await eventually(() => expect(said.at(-1)?.reason).toBe('it was removed'));
    expect(await names()).toEqual(['Filling', 'Valve Opening']);
  });

  describe('on the command line', () => {
    const run = (...args: string[]) =>
      new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        execFile(
          globalThis.process.execPath,
          [COMMAND, 'things', 'metadata', ...args, '--profile', join(directory, 'owner.yaml')],
          { cwd: directory, timeout: 20_000 },
          (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
        );
      });

    it('documents are put, listed, printed and removed', async () => {
      const at = `{ host: 127.0.0.1, port: ${server.address(0)?.port}, fingerprint: "${server.tls.fingerprint}" }`;
      writeFileSync(join(directory, 'owner.yaml'), `jid: owner@localhost\npassword: secret-owner\nserver: ${at}\n`);
      writeFileSync(join(directory, 'map.csv'), FIRST);
      writeFileSync(join(directory, 'bad.csv'), 'name,colour\n');
      const kind = ['--kind', 'register-map'];
      expect(await run('put', 'plc@localhost', 'map.csv', ...kind, '--previous', 'none')).toMatchObject({
        code: 0,
        stderr: expect.stringContaining('register-map default is there as version 1'),
      });
      await eventually(async () => expect(await names()).toEqual(['Level']));
      expect(await run('put', 'plc@localhost', 'bad.csv', ...kind)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('line 1: there is no column "colour"'),
      });
      expect(await run('put', 'plc@localhost', 'map.csv', ...kind, '--previous', 'none')).toMatchObject({ code: 1 });
      const listed = await run('list', 'plc@localhost', '--json');
      expect(JSON.parse(listed.stdout)).toMatchObject({ kind: 'register-map', version: 1, by: 'owner@localhost' });
      expect((await run('list', 'plc@localhost')).stdout).toMatch(/^KIND +NAME +VERSION[\s\S]*register-map +default/);
      expect((await run('get', 'plc@localhost', ...kind)).stdout).toBe(FIRST);
      expect(await run('remove', 'plc@localhost', ...kind)).toMatchObject({ code: 0 });
      expect(await run('get', 'plc@localhost', ...kind)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('there is no such document'),
      });
      expect(await run('get', 'plc@localhost')).toMatchObject({ code: 2 });
    });
  });
});
