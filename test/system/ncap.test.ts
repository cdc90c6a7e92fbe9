import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gateway, gatewayConfigSchema, gatewayLabels } from '@thingward/gateway';
import { BOILER_UUID } from '@thingward/ieee1451/simulator';
import {
  claimThing,
  type Field,
  type NodeReference,
  parseIoTDisco,
  queryHistory,
  readSensorData,
  setParameters,
} from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HISTORY, Plant, REGISTRY, type User } from '../plant.ts';

const MAIN = fileURLToPath(new URL('../../packages/ieee1451/dist/simulator/main.js', import.meta.url));
const channel = (number: number): NodeReference => ({ nodeId: `${BOILER_UUID}/${number}` });

/** A TIM in a process of its own, through an NCAP and a server to its owner. */
describe('a TIM that is plugged in, pulled out and plugged in again', () => {
  let plant: Plant;
  let owner: User;
  let gateway: Gateway;
  let ncap: Jid;
  let boiler: ChildProcess;
  const warnings: string[] = [];

  beforeAll(async () => {
    plant = await Plant.start();
    await plant.server.accounts.add('ncap', 'secret-ncap');
    owner = await plant.signIn('owner');
    const config = gatewayConfigSchema.parse({
      server: {
        domain: 'localhost',
        host: '127.0.0.1',
        port: plant.ports.c2s,
        fingerprint: plant.server.tls.fingerprint,
      },
      dataDir: join(plant.directory, 'ncap'),
      things: [
        {
          driver: 'ieee1451',
          account: { jid: 'ncap@localhost', password: 'secret-ncap' },
          name: 'Boiler house',
          ieee1451: { listen: { tcp: '127.0.0.1:0' }, admit: [BOILER_UUID], pollMs: 100, silenceMs: 1000 },
        },
      ],
    });
    const [label] = gatewayLabels(config);
    const warn = (_: object, message: string) => void warnings.push(message);
    const quiet = () => undefined;
    gateway = new Gateway(config, { log: { debug: quiet, info: quiet, warn, error: warn } });
    await gateway.start();
    await gateway.ready(AbortSignal.timeout(10_000));
    await vi.waitFor(() => claimThing(owner.client, REGISTRY, parseIoTDisco(label?.uri ?? ''), {}), { timeout: 5000 });
    const account = Jid.parse('ncap@localhost');
    owner.roster.subscribe(account);
    ncap = await owner.roster.waitForResource(account, { timeoutMs: 5000 });
    plugIn();
  });
  afterAll(async () => {
    boiler?.kill('SIGKILL');
    await gateway?.stop();
    await plant?.stop();
  });

  function plugIn(): void {
    const { ports } = gateway.ncaps[0] as unknown as { ports: { tcp: number } };
    boiler = spawn(process.execPath, [MAIN, '--connect', `127.0.0.1:${ports.tcp}`], { timeout: 60_000 });
  }

  async function read(nodes: readonly NodeReference[]): Promise<Map<string, Field>> {
    const fields = new Map<string, Field>();
    for await (const batch of readSensorData(owner.client, ncap, { nodes }, { timeoutMs: 5000 })) {
      for (const field of batch) fields.set(`${field.node?.nodeId ?? ''} ${field.name}`, field);
    }
    return fields;
  }

  const isPresent = () => gateway.ncaps[0]?.tims[0]?.isPresent;

  it('is read by the owner of the NCAP, with all its channels', async () => {
    await vi.waitFor(() => expect(gateway.status().things).toHaveLength(6), { timeout: 5000 });
    const fields = await read([{ nodeId: BOILER_UUID }]);
    expect(fields.get(`${BOILER_UUID}/1 Water temperature`)?.value).toMatchObject({
      unit: 'K',
      value: expect.stringMatching(/^3\d\d\.\d\d$/),
    });
    expect(fields.get(`${BOILER_UUID} UUID`)?.value).toMatchObject({ value: BOILER_UUID });
    expect(gateway.status().things.map(({ owner }) => owner)).toEqual(Array(6).fill('owner@localhost'));
  });

  it('is set', async () => {
    const values = new Map([['Gas valve', { type: 'double' as const, value: '0.75' }]]);
    await setParameters(owner.client, ncap, values, { nodes: [channel(3)], timeoutMs: 5000 });
    expect((await read([channel(3)])).get(`${BOILER_UUID}/3 Gas valve`)?.value).toMatchObject({ value: '0.750' });
  });

  it('has a history', async () => {
    await vi.waitFor(
      async () => {
        const thing = ncap.bare;
        const { series } = await queryHistory(owner.client, HISTORY, { thing, node: channel(1) });
        const water = series.find(({ name }) => name === 'Water temperature');
        expect(water?.points.length).toBeGreaterThan(2);
      },
      { timeout: 8000, interval: 200 },
    );
  });

  it('is lost when its process is killed, which is an event, and is there again when it is started again', async () => {
    const exited = once(boiler, 'exit');
    boiler.kill('SIGKILL');
    await exited;
    await vi.waitFor(() => expect(isPresent()).toBe(false), { timeout: 5000 });
    expect(warnings).toContain('a TIM was lost');
    await expect(read([channel(1)])).rejects.toThrow('is not connected');
    const from = performance.now();
    plugIn();
    await vi.waitFor(() => expect(isPresent()).toBe(true), { timeout: 10_000, interval: 10 });
    console.info(`the TIM was there ${Math.round(performance.now() - from)} ms after its process was started`);
    await vi.waitFor(async () => expect((await read([channel(1)])).size).toBeGreaterThan(5), { timeout: 5000 });
    expect(warnings.filter((text) => text === 'a TIM has joined')).toHaveLength(2);
  });
});
