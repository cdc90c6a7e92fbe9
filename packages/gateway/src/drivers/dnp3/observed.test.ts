import { type CarriedPacket, Dnp3TcpServer, type Fragment, type ObjectHeader, packetOf } from '@thingward/dnp3';
import { Substation, SubstationProcess } from '@thingward/dnp3/simulator';
import type { Field, ParameterValue, ReadoutSelection } from '@thingward/things';
import { expect, it, onTestFinished } from 'vitest';
import { dnp3ConfigSchema } from './config.ts';
import { Dnp3Connections } from './connections.ts';
import { Dnp3Device } from './device.ts';

const POINTS = [
  { name: 'Voltage', kind: 'analog', index: 0, unit: 'V', scale: 0.1 },
  { name: 'Door', kind: 'binary', index: 3, types: ['status'] },
  { name: 'Energy', kind: 'counter', index: 0, unit: 'kWh', scale: 0.001 },
  { name: 'Last operation', kind: 'octet-string', index: 0, types: ['status'] },
  { name: 'Fan', kind: 'binary-output', index: 1, writable: { command: 'direct' } },
  { name: 'Breaker', kind: 'binary-output', index: 0, writable: { operation: 'trip-close' } },
] as const;
const BEGIN = Date.parse('2026-01-02T03:04:05Z');
const RESPONSE = 129;
const UNSOLICITED = 130;

/** A Thing that takes what passes, with a clock of its own. The outstation is there, too. */
async function passive() {
  const process = new SubstationProcess(() => 0.5);
  const { outstation } = new Substation(process, { unsolicited: false });
  const server = new Dnp3TcpServer([outstation]);
  const port = await server.listen(0);
  const connections = new Dnp3Connections();
  const config = dnp3ConfigSchema.parse({ host: '127.0.0.1', port, master: 7, passive: true, points: POINTS });
  const channel = connections.channel(config);
  const clock = { now: BEGIN };
  const source = connections.to(config);
  const device = new Dnp3Device({
    metaTags: [],
    config,
    points: config.points,
    source,
    clock: () => new Date(clock.now),
  });
  onTestFinished(async () => {
    device.close();
    await connections.closeAll();
    await server.close();
  });
  const told: Field[] = [];
  device.watch((fields) => told.push(...fields));
  const take = () => told.splice(0).map(({ name, value }) => `${name}=${value.value}`);
  /** What is told of a packet of the outstation to a master. */
  const say = (code: number, objects: readonly ObjectHeader[], { sequence = 0, master = 1 } = {}) => {
    connections.passed(channel, packet(code, objects, sequence, master));
    return take();
  };
  return { device, say, clock, channel, process, outstation };
}

function packet(code: number, objects: readonly ObjectHeader[], sequence: number, master: number): CarriedPacket {
  const isUnsolicited = code === UNSOLICITED;
  const control = { first: true, final: true, confirm: true, unsolicited: isUnsolicited, sequence };
  const fragment: Fragment = { control, function: code, indications: 0, objects };
  const link = { fromMaster: false, primary: true, frameCount: false, countValidOrBusy: false, function: 4 };
  return { ...packetOf(fragment, { destination: master, source: 10, control: link, sequence: 0 }), fragment };
}

const statics = (group: number, variation: number, items: ObjectHeader['items']): ObjectHeader => ({
  ...{ group, variation, prefix: 'none', range: 'start-stop-8', items },
  start: items[0]?.index ?? 0,
  stop: items.at(-1)?.index ?? 0,
});
const events = (group: number, variation: number, items: ObjectHeader['items']): ObjectHeader => ({
  ...{ group, variation, prefix: 'index-8', range: 'count-8', count: items.length, items },
});
const analog = (value: number) => statics(30, 1, [{ index: 0, value, flags: 1 }]);
const door = (value: number, time: number) => events(2, 2, [{ index: 3, value, flags: 1, time }]);

async function read(device: Dnp3Device): Promise<readonly Field[]> {
  const fields: Field[] = [];
  for await (const batch of device.read({ types: ['momentary', 'status'], names: [] } as unknown as ReadoutSelection))
    fields.push(...batch);
  return fields;
}

it('makes fields of what a master is answered, with units, states and texts, and asks nothing', async () => {
  const { device, say, channel } = await passive();
  expect(device.schedules).toEqual([]);
  expect(say(RESPONSE, [analog(4012), statics(20, 1, [{ index: 0, value: 1234, flags: 1 }])])).toEqual([
    'Connected=true',
    'Voltage=401.2',
    'Energy=1.234',
  ]);
  const octets = new TextEncoder().encode('trip');
  expect(say(RESPONSE, [statics(110, 4, [{ index: 0, octets }])])).toEqual(['Last operation=trip']);
  expect(say(RESPONSE, [statics(30, 1, [{ index: 9, value: 1, flags: 1 }])])).toEqual([]);
  expect(channel.state).toBe('disconnected');
});

it('tells of what has not changed once in its interval, and of a change at once', async () => {
  const { say, clock } = await passive();
  expect(say(RESPONSE, [analog(4012)])).toEqual(['Connected=true', 'Voltage=401.2']);
  expect(say(RESPONSE, [analog(4012)])).toEqual([]);
  expect(say(RESPONSE, [analog(4013)])).toEqual(['Voltage=401.3']);
  clock.now += 10_000;
  expect(say(RESPONSE, [analog(4013)])).toEqual(['Voltage=401.3']);
});

it('tells of each event once, with its time, however often and to whom it is sent', async () => {
  const { say } = await passive();
  const opened = door(1, BEGIN - 5000);
  expect(say(UNSOLICITED, [opened], { sequence: 1 })).toEqual(['Connected=true', 'Door=true']);
  // Not confirmed in time: sent again, and then polled, by another master, too.
  expect(say(UNSOLICITED, [opened], { sequence: 1 })).toEqual([]);
  expect(say(RESPONSE, [opened])).toEqual([]);
  expect(say(RESPONSE, [opened], { master: 2 })).toEqual([]);
  expect(say(RESPONSE, [door(0, BEGIN - 4000), door(1, BEGIN - 3000)])).toEqual(['Door=false', 'Door=true']);
});

it('takes events without a time for new when they bring another value', async () => {
  const { say } = await passive();
  const undated = (value: number) => events(2, 1, [{ index: 3, value, flags: 1 }]);
  expect(say(RESPONSE, [undated(1)])).toEqual(['Connected=true', 'Door=true']);
  expect(say(RESPONSE, [undated(1)], { master: 2 })).toEqual([]);
  expect(say(RESPONSE, [undated(0), undated(1)])).toEqual(['Door=false', 'Door=true']);
});

it('keeps the time of the outstation', async () => {
  const { say, device, clock } = await passive();
  const times: Date[] = [];
  device.watch((fields) =>
    times.push(...fields.filter(({ name }) => name === 'Door').map(({ timestamp }) => timestamp)),
  );
  say(RESPONSE, [door(1, BEGIN - 5000)]);
  // An outstation whose clock was never set is not believed.
  say(RESPONSE, [door(0, 1000)]);
  expect(times.map((time) => time.getTime())).toEqual([BEGIN - 5000, clock.now]);
});

it('is read out from what has passed of late, and otherwise by asking how all is now, without taking events', async () => {
  const { device, say, channel, outstation, clock } = await passive();
  const all = await read(device);
  expect(channel.state).toBe('connected');
  expect(all.map(({ name }) => name)).toEqual([...POINTS.map(({ name }) => name), 'Connected']);
  outstation.database.update('binary', 3, { value: 1 });
  clock.now += 5000;
  const again = await read(device);
  // Nothing was asked: all was known, and as of when.
  expect(again.find(({ name }) => name === 'Door')).toMatchObject({
    value: { value: false },
    timestamp: new Date(BEGIN),
  });
  clock.now += 6000;
  // What was read just before would be fresh still.
  await new Promise((resolve) => setTimeout(resolve, 150));
  say(RESPONSE, [analog(4012)]);
  expect((await read(device)).find(({ name }) => name === 'Door')).toMatchObject({ value: { value: true } });
  expect(outstation.database.events.select(() => true).length).toBeGreaterThan(0);
});

it('operates outputs through the connection that the masters have, in turn with them', async () => {
  const { device, process, channel } = await passive();
  const never = new AbortController().signal;
  const fan = new Map<string, ParameterValue>([['Fan', { type: 'boolean', value: true }]]);
  const release = await channel.turn();
  const setting = device.set(fan, never);
  await channel.connected();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(process.inputs.fanOn).toBe(false);
  release();
  await setting;
  expect(process.inputs.fanOn).toBe(true);
  const trip = new Map<string, ParameterValue>([['Breaker', { type: 'boolean', value: false }]]);
  await device.set(trip, never);
  process.step(1);
  expect(process.inputs.breakerClosed).toBe(false);
});
