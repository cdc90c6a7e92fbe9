import { Jid, presence, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { batches, field, MemoryThing } from '../../test/memory-thing.ts';
import { decodeReadoutMessage, SENSOR_DATA_NAMESPACE } from '../sensor-data/codec.ts';
import type { Field } from '../sensor-data/field.ts';
import { ReadoutError } from '../thing/thing.ts';
import { type EventSubscription, encodeSubscribe, encodeUnsubscribe, type FieldCondition } from './codec.ts';
import { EventServer, type EventServerOptions } from './serve.ts';
import { MemorySubscriptionStore } from './subscription-store.ts';

const DEVICE = Jid.parse('device@example.org/thing');
const seconds = (count: number) => ({ months: 0, milliseconds: count * 1000 });
const at = (name: string, value: string, changes: Partial<Field> = {}) =>
  field(name, value, { timestamp: new Date(), ...changes });

let network: MemoryNetwork;
let device: MemoryPeer;
let subscriber: MemoryPeer;
let server: EventServer;
let thing: MemoryThing;
let store: MemorySubscriptionStore;
let allowed: boolean;

/** What the subscriber was told, message by message: the names with their values. */
let told: string[][];

beforeEach(() => {
  network = new MemoryNetwork();
  device = network.join(DEVICE.toString());
  thing = new MemoryThing({ batches: () => batches([at('Temperature', '21.5'), at('Light', '50')]) });
  store = new MemorySubscriptionStore();
  allowed = true;
  told = [];
  subscriber = listener('client@example.org/amr', told);
});

afterEach(async () => {
  await server.stop();
  expect(network.errors).toEqual([]);
});

function listener(jid: string, into: string[][]): MemoryPeer {
  const peer = network.join(jid);
  peer.onMessage({ namespace: SENSOR_DATA_NAMESPACE }, (_, payload) => {
    const message = decodeReadoutMessage(payload);
    if (message.kind === 'fields') {
      into.push(
        message.fields.map(({ node, name, value }) => `${node ? `${node.nodeId}/` : ''}${name}=${value.value}`),
      );
    } else if (message.kind === 'failure') {
      into.push(message.errors.map(({ message: text }) => `failure: ${text}`));
    } else {
      into.push([message.kind]);
    }
  });
  return peer;
}

async function serve(options: Partial<EventServerOptions> = {}, things = [thing]): Promise<void> {
  server = new EventServer(device, { things, mayRead: () => allowed, store, ...options });
  await server.start();
}

const subscribe = (wish: Partial<EventSubscription> & { fields?: readonly FieldCondition[] } = {}, from = subscriber) =>
  from.request(
    'get',
    DEVICE,
    encodeSubscribe({ seqnr: 7, nodes: [], types: ['momentary'], fields: [], immediate: false, ...wish }),
  );
const unsubscribe = (seqnr: number, from = subscriber) => from.request('get', DEVICE, encodeUnsubscribe(seqnr));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const share = (type?: string, from = subscriber) => from.send(presence(type, { to: DEVICE }));

describe('a subscription', () => {
  test('is accepted, with an event at once where that was asked for', async () => {
    await serve();
    const answer = await subscribe({ immediate: true });
    expect(answer?.is('accepted', SENSOR_DATA_NAMESPACE)).toBe(true);
    expect(answer?.attribute('seqnr')).toBe('7');
    await until(() => told.length === 1);
    expect(told).toEqual([['Temperature=21.5', 'Light=50']]);
    const [event] = network.sent('fields');
    expect(event?.child('fields', SENSOR_DATA_NAMESPACE)?.attribute('done')).toBe('true');
    expect(event?.attribute('from')).toBe(DEVICE.toString());
  });

  test('without conditions is to every new value', async () => {
    await serve({ limits: { leastIntervalMs: 0 } });
    await subscribe({ fields: [{ name: 'Temperature' }] });
    await pause(5);
    server.offer(thing, [at('Temperature', '22')]);
    await until(() => told.length === 1);
    server.offer(thing, [at('Temperature', '22')]);
    await until(() => told.length === 2);
    expect(told).toEqual([['Temperature=22'], ['Temperature=22']]);
  });

  test('with the longest interval alone is to its end', async () => {
    await serve();
    await subscribe({ maxInterval: seconds(0.05) });
    server.offer(thing, [at('Temperature', '22')]);
    await pause(20);
    expect(told).toEqual([]);
    await until(() => told.length >= 2);
    // What is new is not read again, and the rest is.
    expect(told[0]?.join()).toContain('Temperature=22');
    expect(told[0]?.length === 2 || told[1]?.join() === 'Light=50').toBe(true);
  });

  test('to changes measures them from what was last told', async () => {
    await serve({ limits: { leastIntervalMs: 0 } });
    thing.batches = () => batches([at('Light', '50')]);
    await subscribe({ fields: [{ name: 'Light', changedBy: 5 }] });
    await until(() => thing.selection !== undefined);
    await pause(5);
    expect(thing.selection).toMatchObject({ names: ['Light'] });
    for (const value of ['52', '54.9', '55', '59', '51', '50']) {
      server.offer(thing, [at('Light', value)]);
      await pause(5);
    }
    expect(told).toEqual([['Light=55'], ['Light=50']]);
  });

  test('measures from the value that the subscriber gave', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Light', changedBy: 5, currentValue: 20 }] });
    server.offer(thing, [at('Light', '26')]);
    await until(() => told.length === 1);
    expect(told).toEqual([['Light=26']]);
  });

  test('to a rise sees each one, falls in between notwithstanding', async () => {
    await serve({ limits: { leastIntervalMs: 0 } });
    await subscribe({ fields: [{ name: 'Motion', changedUp: 1, currentValue: 0 }] });
    for (const value of [true, false, true, true]) {
      server.offer(thing, [at('Motion', '0', { value: { type: 'boolean', value } })]);
      await pause(5);
    }
    expect(told).toEqual([['Motion=true'], ['Motion=true']]);
  });

  test('gets the other fields it names, read when it happens', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Motion', changedBy: 1, currentValue: 0 }, { name: 'Temperature' }] });
    server.offer(thing, [at('Motion', '1')]);
    await until(() => told.length === 2);
    expect(told).toEqual([['Motion=1'], ['Temperature=21.5']]);
    const [first, second] = network
      .sent('fields')
      .map((event) => event.child('fields', SENSOR_DATA_NAMESPACE)?.attribute('done'));
    expect([first, second]).toEqual([undefined, 'true']);
  });

  test('is told no more often than its shortest interval, and then what is so at its end', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Light', changedBy: 1, currentValue: 0 }], minInterval: seconds(0.15) });
    server.offer(thing, [at('Light', '1')]);
    await until(() => told.length === 1);
    server.offer(thing, [at('Light', '3')]);
    server.offer(thing, [at('Light', '4')]);
    await pause(60);
    expect(told).toHaveLength(1);
    await until(() => told.length === 2);
    expect(told).toEqual([['Light=1'], ['Light=4']]);
  });

  test('asks for values of the past that are not too old', async () => {
    await serve();
    await subscribe({ types: ['momentary', 'historicalMinute'], maxAge: seconds(300), immediate: true });
    await until(() => told.length === 1);
    const from = thing.selection?.from?.getTime() ?? 0;
    expect(Math.abs(Date.now() - 300_000 - from)).toBeLessThan(2000);
    expect(thing.selection?.types).toEqual(['momentary', 'historicalMinute']);
  });

  test('replaces the one that the subscriber had', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Light', changedBy: 1, currentValue: 0 }] });
    await subscribe({ seqnr: 8, fields: [{ name: 'Light', changedBy: 10, currentValue: 0 }] });
    expect(server.size).toBe(1);
    server.offer(thing, [at('Light', '5')]);
    await pause(10);
    expect(told).toEqual([]);
    expect((await store.load()).map(({ request }) => request.includes("'8'") || request.includes('"8"'))).toEqual([
      true,
    ]);
  });

  test('ends when it is cancelled, and cancelling what is not there is no error', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Light', changedBy: 1, currentValue: 0 }] });
    await unsubscribe(99);
    expect(server.size).toBe(1);
    expect(await unsubscribe(7)).toBeUndefined();
    server.offer(thing, [at('Light', '5')]);
    await pause(10);
    expect(told).toEqual([]);
    expect(await store.load()).toEqual([]);
  });
});

describe('nodes', () => {
  test('are subscribed to each by itself', async () => {
    const [a, b] = [new MemoryThing({ nodeId: 'DI1' }), new MemoryThing({ nodeId: 'DI2' })];
    await serve({}, [a, b]);
    await subscribe({
      nodes: [{ nodeId: 'DI1' }, { nodeId: 'DI2' }],
      fields: [{ name: 'State', changedBy: 1, currentValue: 0 }],
    });
    expect(server.size).toBe(2);
    server.offer(b, [at('State', '1')]);
    await until(() => told.length === 1);
    expect(told).toEqual([['DI2/State=1']]);
    await unsubscribe(7);
    expect(server.size).toBe(0);
  });

  test('have to be named behind a concentrator, and to be there', async () => {
    await serve({}, [new MemoryThing({ nodeId: 'DI1' })]);
    await expect(subscribe()).rejects.toMatchObject({ condition: 'bad-request', type: 'modify' });
    await expect(subscribe({ nodes: [{ nodeId: 'X' }] })).rejects.toMatchObject({ condition: 'item-not-found' });
  });
});

describe('access', () => {
  test('is refused to strangers, who learn nothing of nodes', async () => {
    allowed = false;
    await serve({}, [new MemoryThing({ nodeId: 'DI1' })]);
    for (const nodes of [[], [{ nodeId: 'X' }]]) {
      await expect(subscribe({ nodes })).rejects.toMatchObject({ condition: 'forbidden', type: 'cancel' });
    }
  });

  test('is decided again for each event: who lost it is not told', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Light', changedBy: 1, currentValue: 0 }] });
    allowed = false;
    server.offer(thing, [at('Light', '5')]);
    await until(() => server.size === 0);
    expect(told).toEqual([]);
  });

  test('to some fields leaves out the others', async () => {
    await serve({ mayRead: () => ({ names: ['Light'] }) });
    await subscribe({ immediate: true });
    await until(() => told.length === 1);
    expect(told).toEqual([['Light=50']]);
  });

  test('that changed is looked at again', async () => {
    await serve();
    await subscribe();
    await server.recheck();
    expect(server.size).toBe(1);
    allowed = false;
    await server.recheck();
    expect(server.size).toBe(0);
    expect(await store.load()).toEqual([]);
  });

  test.each(['unsubscribe', 'unsubscribed'])('ends with the friendship: %s', async (type) => {
    await serve();
    await subscribe();
    share(type);
    await until(() => server.size === 0);
    expect(await store.load()).toEqual([]);
  });
});

describe('a subscriber that is away', () => {
  test('is sent nothing, and what it missed when it is back', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Light', changedBy: 5, currentValue: 0 }] });
    share();
    share('unavailable');
    await pause(5);
    server.offer(thing, [at('Light', '10')]);
    server.offer(thing, [at('Light', '20')]);
    await pause(20);
    expect(told).toEqual([]);
    share();
    await until(() => told.length === 1);
    expect(told).toEqual([['Light=20']]);
    share();
    await pause(20);
    expect(told).toHaveLength(1);
  });

  test('is not bothered when it is back and nothing has happened', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Light', changedBy: 5, currentValue: 0 }] });
    share('unavailable');
    await pause(5);
    server.offer(thing, [at('Light', '3')]);
    share();
    await pause(20);
    expect(told).toEqual([]);
  });

  test('is known by what comes back from it', async () => {
    await serve({ limits: { leastIntervalMs: 0 } });
    await subscribe({ fields: [{ name: 'Light', changedBy: 1, currentValue: 0 }] });
    server.offer(thing, [at('Light', '5')]);
    await until(() => told.length === 1);
    const [event] = network.sent('fields');
    const bounced = event?.with({ type: 'error', from: subscriber.jid.toString(), to: DEVICE.toString() });
    if (bounced) subscriber.send(bounced);
    await pause(5);
    server.offer(thing, [at('Light', '15')]);
    await pause(10);
    expect(told).toHaveLength(1);
  });
});

describe('a restart', () => {
  test('keeps subscriptions: who is back is told what is so', async () => {
    await serve();
    await subscribe({ fields: [{ name: 'Light', changedBy: 5 }] });
    await pause(5);
    await server.stop();
    server.offer(thing, [at('Light', '90')]);
    await serve();
    expect(server.size).toBe(1);
    await pause(10);
    expect(told).toEqual([]);
    share();
    await until(() => told.length === 1);
    expect(told).toEqual([['Light=50']]);
  });

  test('drops what is for Things that are not there any more, or can not be read', async () => {
    const base = { subscriber: 'a@b/c', thing: '', to: DEVICE.toString(), request: '<x/>' };
    await store.save(base);
    await store.save({ ...base, thing: 'gone' });
    await serve();
    expect(server.size).toBe(0);
    expect(await store.load()).toEqual([]);
  });
});

describe('bounds', () => {
  const other = () => network.join('other@example.org/x');

  test('of subscriptions', async () => {
    await serve({ limits: { perThing: 1 } });
    await subscribe();
    await subscribe();
    await expect(subscribe({}, other())).rejects.toMatchObject({ condition: 'resource-constraint' });
    share('unavailable');
    await pause(5);
    // The one who is away makes room.
    await subscribe({}, other());
    expect(server.size).toBe(1);
  });

  test('of one account', async () => {
    await serve({ limits: { perSubscriber: 1 } });
    await subscribe();
    const phone = network.join('client@example.org/phone');
    await expect(subscribe({}, phone)).rejects.toMatchObject({ condition: 'resource-constraint' });
    await subscribe({}, other());
  });

  test('of fields in a subscription and in an event', async () => {
    await serve({ limits: { fieldsPerSubscription: 1, fieldsPerEvent: 3, fieldsPerMessage: 2 } });
    await expect(subscribe({ fields: [{ name: 'a' }, { name: 'b' }] })).rejects.toMatchObject({
      condition: 'bad-request',
    });
    thing.batches = () => batches(['a', 'b', 'c', 'd', 'e'].map((name) => at(name, '1')));
    await subscribe({ immediate: true });
    await until(() => told.length === 3);
    expect(told).toEqual([['a=1', 'b=1'], ['c=1'], [expect.stringContaining('at most 3 fields')]]);
  });

  test('of pace, whatever interval was asked for', async () => {
    await serve({ limits: { leastIntervalMs: 50 } });
    await subscribe({ maxInterval: seconds(0) });
    await pause(120);
    expect(told.length).toBeLessThanOrEqual(3);
    expect(told.length).toBeGreaterThanOrEqual(1);
  });
});

describe('a Thing that can not be read', () => {
  test('is told of with its values that are known', async () => {
    await serve();
    thing.batches = () => {
      throw new ReadoutError('no answer');
    };
    await subscribe({ fields: [{ name: 'Light', changedBy: 1, currentValue: 0 }, { name: 'Temperature' }] });
    server.offer(thing, [at('Light', '5')]);
    await until(() => told.length === 2);
    expect(told).toEqual([['Light=5'], ['failure: no answer']]);
  });

  test('or hangs holds up nobody else', async () => {
    const dead = new MemoryThing({
      nodeId: 'dead',
      batches: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    });
    const alive = new MemoryThing({ nodeId: 'alive' });
    await serve({ limits: { silenceMs: 30 } }, [dead, alive]);
    await subscribe({ nodes: [{ nodeId: 'dead' }, { nodeId: 'alive' }], immediate: true });
    await until(() => told.length === 2);
    expect(told[0]).toEqual(['alive/Temperature=21.50']);
    expect(told[1]?.[0]).toContain('no answer within 30 ms');
  });
});

test('a store that fails refuses the subscription', async () => {
  await serve({
    store: {
      load: async () => [],
      save: async () => Promise.reject(new StanzaError('internal-server-error', 'disk full')),
      remove: async () => {},
    },
  });
  await expect(subscribe()).rejects.toMatchObject({ condition: 'internal-server-error' });
  expect(server.size).toBe(0);
});
