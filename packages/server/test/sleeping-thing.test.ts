import {
  askSleeper,
  cancelCommand,
  controlOutcomeOf,
  type Field,
  getControlForm,
  listMailbox,
  type ParameterValue,
  type Queued,
  type ReadoutWish,
  readSleeping,
  type SleepingReadoutOptions,
  SleepingThing,
  sendCommand,
  serveControl,
  serveSensorData,
  sleeperOf,
  type Thing,
} from '@thingward/things';
import { Jid, MemoryTokenKeeper, StanzaError, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { USER_AGENT } from './authentication.ts';
import { befriend, Stage } from './conversation.ts';
import { Relay } from './relay.ts';

const THING = Jid.parse('juliet@localhost');
const HOUR_MS = 3_600_000;

let stage: Stage;
let relay: Relay;
let client: XmppClient;
let friend: XmppClient;
let sleeping: SleepingThing;
/** The setpoint the device has, and how often it was set. */
let setpoint: number;
let settings: number;
/** Did the session go on, each time it woke? */
let resumed: boolean[];

const device: Thing = {
  metaTags: [],
  parameters: [{ name: 'Setpoint', type: 'int', label: 'Setpoint', min: 0, max: 30 }],
  parameterValue: () => ({ type: 'int', value: setpoint }),
  async *read() {
    const field = (name: string, value: string, types: Field['types']): Field => ({
      name,
      value: { type: 'numeric', value, unit: '°C' },
      types,
      qos: ['automaticReadout'],
      timestamp: new Date(),
    });
    yield [field('Setpoint', String(setpoint), ['momentary']), field('Mean', '20', ['historicalHour'])];
  },
  set: async (values) => {
    setpoint = (values.get('Setpoint') as { value: number }).value;
    settings++;
  },
};

const wanted = (value: number): ReadonlyMap<string, ParameterValue> => new Map([['Setpoint', { type: 'int', value }]]);

beforeEach(async () => {
  stage = await Stage.open();
  const [romeo, juliet] = [await stage.present('romeo', 'first'), await stage.present('juliet', 'first')];
  await befriend(romeo, juliet);
  for (const actor of [romeo, juliet]) actor.leaves();
  relay = new Relay(() => stage.server.address(1)?.port ?? 0);
  const port = await relay.listen();
  const connect = () =>
    tcpConnector({
      domain: 'localhost',
      host: '127.0.0.1',
      port,
      tls: 'direct',
      trust: { fingerprint: stage.server.tls.fingerprint },
    });
  client = new XmppClient({
    jid: THING,
    password: 'juliet',
    tag: 'sensor',
    userAgent: { id: USER_AGENT },
    tokens: new MemoryTokenKeeper(),
    resumes: true,
    connect: connect(),
  });
  friend = new XmppClient({ jid: Jid.parse('romeo@localhost'), password: 'romeo', connect: connect() });
  [setpoint, settings, resumed] = [20, 0, []];
  client.onOnline((isResumed) => {
    resumed.push(isResumed);
  });
  serveControl(client, { things: [device], mayControl: (requester) => requester.local === 'romeo' });
  sleeping = new SleepingThing({ connection: client, things: [device], everyMs: HOUR_MS });
  friend.start();
  await friend.ready();
});
afterEach(async () => {
  await friend.stop();
  await client.stop();
  relay.close();
  await stage.close();
});

async function read(wish: ReadoutWish = {}, options: SleepingReadoutOptions = {}) {
  const all = [];
  for await (const reading of readSleeping(friend, THING, wish, options)) all.push(reading);
  return all;
}

describe('a Thing that sleeps, and its friends', () => {
  it('leaves its state behind, which says how old it is', async () => {
    const before = Date.now();
    const { fields, delivered } = await sleeping.wake();
    expect([fields.length, delivered, client.state]).toEqual([1, 0, 'stopped']);
    const [reading, ...others] = await read({ types: ['momentary'] });
    expect(others).toEqual([]);
    expect(reading?.fields.map(({ name, value }) => `${name}=${value.value}`)).toEqual(['Setpoint=20']);
    expect(reading?.fields[0]?.timestamp).toEqual(fields[0]?.timestamp);
    expect(reading?.lastKnown?.at.getTime()).toBeGreaterThanOrEqual(before);
    const next = reading?.lastKnown?.next?.getTime() ?? 0;
    expect(Math.abs(next - before - HOUR_MS)).toBeLessThan(10_000);
    const status = await askSleeper(friend, THING);
    expect(status).toMatchObject({ wakes: 'periodically', everyMs: HOUR_MS, isAsleep: true, waiting: 0 });
    const { parameters } = await getControlForm(friend, THING);
    expect(parameters.map(({ parameter }) => [parameter.name, parameter.type, parameter.max])).toEqual([
      ['Setpoint', 'int', 30],
    ]);
  });

  it('of several nodes leaves the control form of each', async () => {
    const node = (nodeId: string, max: number): Thing => ({
      ...device,
      node: { nodeId },
      parameters: [{ name: 'Setpoint', type: 'int', label: 'Setpoint', min: 0, max }],
    });
    const several = new SleepingThing({ connection: client, things: [node('a', 30), node('b', 20)] });
    await several.wake();
    const max = async (...nodeIds: string[]) => {
      const nodes = nodeIds.map((nodeId) => ({ nodeId }));
      return (await getControlForm(friend, THING, { nodes })).parameters.map(({ parameter }) => parameter.max);
    };
    expect([await max('a'), await max('b'), await max('a', 'b')]).toEqual([[30], [20], [20]]);
    await expect(max()).rejects.toThrow('bad-request');
  });

  it('takes the commands that wait, and leaves behind what has come of them; its session goes on', async () => {
    await sleeping.wake();
    const sent = await sendCommand(friend, THING, wanted(22), { expiresMs: 2 * HOUR_MS });
    expect(sent.queued.until.getTime()).toBeGreaterThan(Date.now() + HOUR_MS);
    expect((await listMailbox(friend, THING)).map(({ id, state }) => [id, state])).toEqual([
      [sent.queued.id, 'waiting'],
    ]);
    const { delivered, fields } = await sleeping.wake();
    expect([delivered, setpoint, settings]).toEqual([1, 22, 1]);
    expect(fields.map(({ value }) => value.value)).toEqual(['22']);
    const outcome = await sent.outcome();
    sent.close();
    expect(outcome.state).toBe('answered');
    expect(controlOutcomeOf(outcome).nodes).toEqual([]);
    expect((await read({ types: ['momentary'] }))[0]?.fields[0]?.value.value).toBe('22');
    expect(resumed).toEqual([false, true]);
    await sleeping.wake();
    expect(settings).toBe(1);
  });

  it('refuses what it would refuse when it was awake', async () => {
    await sleeping.wake();
    const sent = await sendCommand(friend, THING, wanted(99), { expiresMs: 2 * HOUR_MS });
    await sleeping.wake();
    const outcome = await sent.outcome();
    expect(outcome.state).toBe('refused');
    expect(() => controlOutcomeOf(outcome)).toThrow('Setpoint');
    expect(settings).toBe(0);
  });

  it('says when it wakes to who can’t wait so long', async () => {
    await sleeping.wake();
    const refused = await sendCommand(friend, THING, wanted(22), { expiresMs: 1000 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StanzaError);
    expect(sleeperOf(refused as StanzaError)).toMatchObject({ wakes: 'periodically', isAsleep: true });
  });

  it('tells its past when it wakes, to who waits for it', async () => {
    serveSensorData(client, { things: [device], mayRead: (requester) => requester.local === 'romeo' });
    await sleeping.wake();
    const queued: Queued[] = [];
    const reading = read({ types: ['historicalHour'] }, { onQueued: (one) => queued.push(one) });
    await expect.poll(() => queued.length).toBe(1);
    expect(queued[0]?.until.getTime()).toBeGreaterThan(Date.now() + HOUR_MS);
    expect(Math.abs((queued[0]?.next?.getTime() ?? 0) - Date.now() - HOUR_MS)).toBeLessThan(10_000);
    const { delivered } = await sleeping.wake();
    expect(delivered).toBe(0);
    const [given, ...others] = await reading;
    expect(others).toEqual([]);
    expect(given?.fields.map(({ name, value }) => `${name}=${value.value}`)).toEqual(['Mean=20']);
    expect(given?.lastKnown).toBeUndefined();
  });

  it('tells many of them at the pace of their reader, and sleeps when it has told them', async () => {
    const count = 3000;
    const past: Thing = {
      ...device,
      async *read() {
        for (let i = 0; i < count; i += 100) {
          yield Array.from({ length: 100 }, (_, at): Field => {
            const timestamp = new Date(Date.UTC(2026, 0, 1) + (i + at) * HOUR_MS);
            const value = { type: 'numeric', value: String(i + at), unit: '°C' } as const;
            return { name: 'Mean', value, types: ['historicalHour'], qos: [], timestamp };
          });
        }
      },
    };
    serveSensorData(client, { things: [past], mayRead: () => true, limits: { messagesPerWindow: 2 } });
    await sleeping.wake();
    let seen = 0;
    const reading = (async () => {
      for await (const { fields } of readSleeping(friend, THING, { types: ['historicalHour'] })) {
        seen += fields.length;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    await expect.poll(async () => (await listMailbox(friend, THING)).length).toBe(1);
    await sleeping.wake();
    await reading;
    expect(seen).toBe(count);
    expect((await listMailbox(friend, THING)).map(({ state }) => state)).toEqual(['answered']);
  });

  it('is waited for no longer than its reader wants', async () => {
    await sleeping.wake();
    await expect(read({ types: ['historicalHour'] }, { wakeTimeoutMs: 0 })).rejects.toThrow('did not wake in time');
    await expect.poll(async () => (await listMailbox(friend, THING)).map(({ state }) => state)).toEqual(['cancelled']);
  });

  it('hears no more of a command that was cancelled', async () => {
    await sleeping.wake();
    const sent = await sendCommand(friend, THING, wanted(22), { expiresMs: 2 * HOUR_MS });
    await cancelCommand(friend, THING, sent.queued.id);
    expect((await sent.outcome()).state).toBe('cancelled');
    expect((await sleeping.wake()).delivered).toBe(0);
  });

  it('tells its friend also when that has been away: the outcome is in the list', async () => {
    await sleeping.wake();
    const sent = await sendCommand(friend, THING, wanted(22), { expiresMs: 2 * HOUR_MS });
    const outcome = sent.outcome();
    await friend.suspend();
    await sleeping.wake();
    friend.start();
    await friend.ready();
    expect((await outcome).state).toBe('answered');
  });

  it('wakes over less than half the bytes of the first time', async () => {
    await sleeping.wake();
    const first = relay.bytes;
    await sleeping.wake();
    const second = relay.bytes - first;
    expect(second * 2).toBeLessThan(first);
  });

  it('wakes again and again until it is told not to', async () => {
    const often = new SleepingThing({ connection: client, things: [device], everyMs: 100 });
    const end = new AbortController();
    const running = often.run(end.signal);
    await expect.poll(() => resumed.length, { timeout: 5000 }).toBeGreaterThan(2);
    end.abort();
    await running;
    expect(client.state).toBe('stopped');
  });
});
