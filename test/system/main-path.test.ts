import {
  ControlRefused,
  disownThing,
  type Field,
  getControlForm,
  type ParameterValue,
  queryHistory,
  ReadoutFailure,
  readSensorData,
  searchThings,
  setParameters,
} from '@thingward/things';
import { Jid, StanzaError } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HISTORY, Plant, REGISTRY, type User } from '../plant.ts';

/** The main path through every layer: a real sensor, an owner, a plot's data, a switch; and what must not be possible. */
describe('the main path', () => {
  let plant: Plant;
  let owner: User;
  let stranger: User;
  let plc: Jid;

  beforeAll(async () => {
    plant = await Plant.start();
    owner = await plant.signIn('owner');
    stranger = await plant.signIn('stranger', 'direct');
    plc = await plant.claim(owner, 'plc');
  });
  afterAll(() => plant?.stop());

  async function read(user: User, to: Jid, wish = {}): Promise<Map<string, Field>> {
    const fields = new Map<string, Field>();
    for await (const batch of readSensorData(user.client, to, wish, { timeoutMs: 5000 })) {
      for (const field of batch) fields.set(field.name, field);
    }
    return fields;
  }

  const set = (user: User, values: Record<string, ParameterValue>) =>
    setParameters(user.client, plc, new Map(Object.entries(values)), { timeoutMs: 5000 });

  it('an owner reads the PLC: values, units, precision, quality, time', async () => {
    const fields = await read(owner, plc);
    expect(fields.get('Level')?.value).toMatchObject({
      type: 'numeric',
      unit: '%',
      value: expect.stringMatching(/^\d+\.\d$/),
    });
    expect(fields.get('Volume')?.value).toMatchObject({ unit: 'l', value: expect.stringMatching(/^\d+\.\d\d$/) });
    expect(fields.get('Inlet Valve')).toMatchObject({ value: { type: 'boolean', value: true }, writable: true });
    expect(fields.get('Level')?.qos).toEqual(['automaticReadout']);
    expect(Math.abs(Date.now() - (fields.get('Level')?.timestamp.getTime() ?? 0))).toBeLessThan(2000);
  });

  it('the read-out is filtered by name and by type', async () => {
    expect([...(await read(owner, plc, { names: ['Level'] })).keys()]).toEqual(['Level']);
    const status = await read(owner, plc, { types: ['status'] });
    expect(status.has('Pump')).toBe(true);
    expect(status.has('Level')).toBe(false);
  });

  it('this machine is a Thing too', async () => {
    const host = await plant.claim(owner, 'host');
    const fields = await read(owner, host);
    expect(fields.get('Memory Usage')?.value).toMatchObject({ type: 'numeric', unit: '%' });
    expect(fields.get('Host Name')?.types).toEqual(['identity']);
  });

  it('a switch writes a coil and a set-point a register, within limits', async () => {
    const { parameters } = await getControlForm(owner.client, plc);
    expect(parameters.map(({ parameter }) => parameter.name)).toContain('Inlet Valve');
    await set(owner, { 'Inlet Valve': { type: 'boolean', value: false } });
    expect(plant.process.inputs.inletValveOpen).toBe(false);
    await set(owner, { 'Valve Opening': { type: 'double', value: '42.5' } });
    expect(plant.process.inputs.valveOpening).toBe(42.5);
    const refused = set(owner, {
      'Inlet Valve': { type: 'boolean', value: true },
      'Valve Opening': { type: 'double', value: '142' },
    });
    await expect(refused).rejects.toBeInstanceOf(ControlRefused);
    await expect(refused).rejects.toThrow(/Valve Opening|0 to 100/);
    expect(plant.process.inputs.inletValveOpen).toBe(false);
    expect((await read(owner, plc, { names: ['Valve Opening'] })).get('Valve Opening')?.value).toMatchObject({
      value: '42.5',
    });
  });

  it('a stranger can neither read, nor control, nor see it, nor its history', async () => {
    await expect(read(stranger, plc)).rejects.toMatchObject({ condition: 'forbidden' });
    await expect(set(stranger, { Pump: { type: 'boolean', value: true } })).rejects.toMatchObject({
      condition: 'forbidden',
    });
    await expect(queryHistory(stranger.client, HISTORY, { thing: plc.bare })).rejects.toMatchObject({
      condition: 'forbidden',
    });
    stranger.roster.subscribe(plc);
    await expect(stranger.roster.waitForResource(plc.bare, { timeoutMs: 500 })).rejects.toBeInstanceOf(StanzaError);
  });

  it('an unknown Thing is answered with an error', async () => {
    await expect(read(owner, Jid.parse('plc@localhost/nowhere'))).rejects.toMatchObject({
      condition: 'service-unavailable',
    });
  });

  it('claimed public Things are found, with no KEY', async () => {
    const found = await searchThings(owner.client, REGISTRY, [
      { operator: 'strMask', name: 'NAME', value: 'T*', wildcard: '*' },
    ]);
    expect(found.things.map(({ jid }) => jid.toString())).toEqual(['plc@localhost']);
    expect(JSON.stringify(found)).not.toContain('KEY');
  });

  it('polled fields reach the history, digits kept', async () => {
    await vi.waitFor(
      async () => {
        const { series } = await queryHistory(owner.client, HISTORY, { thing: plc.bare, names: ['Level', 'Pump'] });
        const level = series.find(({ name }) => name === 'Level');
        expect(level?.points.length).toBeGreaterThan(3);
        expect(level?.points[0]?.value).toMatch(/^\d+\.\d$/);
        expect(series.find(({ name }) => name === 'Pump')?.type).toBe('boolean');
      },
      { timeout: 8000, interval: 200 },
    );
  });

  it('an unplugged PLC is said to be so, and everything goes on when it is back', async () => {
    await plant.unplugPlc();
    await vi.waitFor(() => expect(read(owner, plc)).rejects.toThrow(/connection refused.*last answer \d+ s ago/), {
      timeout: 5000,
    });
    await expect(read(owner, plc)).rejects.toBeInstanceOf(ReadoutFailure);
    await expect(set(owner, { Pump: { type: 'boolean', value: true } })).rejects.toThrow(/did not take it/);
    await plant.plugPlc();
    await vi.waitFor(async () => expect((await read(owner, plc)).get('Connected')?.value.value).toBe(true), {
      timeout: 15_000,
      interval: 200,
    });
  });

  it('nothing is lost when the server is away for a while', async () => {
    await plant.server.stop();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const offlineFrom = Date.now() - 1200;
    const offlineTo = Date.now();
    await plant.startServer();
    plc = await owner.roster.waitForResource(plc.bare, { timeoutMs: 15_000 });
    await vi.waitFor(
      async () => {
        const { series } = await queryHistory(owner.client, HISTORY, {
          thing: plc.bare,
          names: ['Level'],
          from: new Date(offlineFrom),
          to: new Date(offlineTo),
        });
        expect(series[0]?.points.length).toBeGreaterThan(3);
      },
      { timeout: 15_000, interval: 300 },
    );
  });

  it('disowning gives the Thing up: its former owner is a stranger then', async () => {
    await disownThing(owner.client, REGISTRY, plc.bare);
    await expect(read(owner, plc)).rejects.toMatchObject({ condition: 'forbidden' });
  });
});
