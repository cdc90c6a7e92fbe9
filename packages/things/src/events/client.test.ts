import { Jid, presence, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { batches, field, MemoryThing } from '../../test/memory-thing.ts';
import { ReadoutError } from '../thing/thing.ts';
import { type EventTrouble, type EventWish, subscribeToEvents } from './client.ts';
import { EventServer } from './serve.ts';

const DEVICE = Jid.parse('device@example.org/thing');
const at = (name: string, value: string) => field(name, value, { timestamp: new Date() });

let network: MemoryNetwork;
let device: MemoryPeer;
let client: MemoryPeer;
let server: EventServer;
let thing: MemoryThing;
let ended: AbortController;
let troubles: EventTrouble[];

beforeEach(async () => {
  network = new MemoryNetwork();
  device = network.join(DEVICE.toString());
  client = network.join('client@example.org/amr');
  thing = new MemoryThing({ batches: () => batches([at('Light', '50')]) });
  ended = new AbortController();
  troubles = [];
  await serve();
});

afterEach(async () => {
  ended.abort(new Error('the test is over'));
  await server.stop();
  expect(network.errors).toEqual([]);
});

async function serve(mayRead = true): Promise<void> {
  server = new EventServer(device, { things: [thing], mayRead: () => mayRead, limits: { leastIntervalMs: 0 } });
  await server.start();
}

/** Collects values until the test is over. */
function watch(wish: EventWish = {}, options: { marginMs?: number } = {}) {
  const seen: string[] = [];
  const backOffMs = { first: 5, max: 20 };
  const onTrouble = (trouble: EventTrouble) => troubles.push(trouble);
  const events = subscribeToEvents(client, DEVICE, wish, { signal: ended.signal, onTrouble, backOffMs, ...options });
  const done = (async () => {
    for await (const fields of events) seen.push(...fields.map(({ name, value }) => `${name}=${value.value}`));
  })();
  done.catch(() => undefined);
  return { seen, done };
}

test('gives the present state and what changes, until it is left', async () => {
  const light = { fields: [{ name: 'Light', changedBy: 5 }] };
  const seen: string[] = [];
  for await (const fields of subscribeToEvents(client, DEVICE, light)) {
    seen.push(...fields.map(({ value }) => String(value.value)));
    if (seen.length === 1) server.offer(thing, [at('Light', '60')]);
    else break;
  }
  expect(seen).toEqual(['50', '60']);
  await until(() => server.size === 0);
});

test('leaves out what was not asked for, and what somebody else sends', async () => {
  const { seen } = watch({ fields: [{ name: 'Light' }] });
  await until(() => seen.length === 1);
  const [event] = network.sent('fields');
  const forger = network.join('forger@example.org/x');
  if (event) forger.send(event.with({ from: forger.jid.toString() }));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(seen).toEqual(['Light=50']);
});

test('is refused', async () => {
  await server.stop();
  await serve(false);
  await expect(watch().done).rejects.toMatchObject({ condition: 'forbidden' });
});

test('ends with its signal, and unsubscribes', async () => {
  const { done } = watch();
  await until(() => server.size === 1);
  ended.abort(new Error('enough'));
  await expect(done).rejects.toThrow('enough');
  await until(() => server.size === 0);
});

test('subscribes again when there is a new connection', async () => {
  const { seen } = watch();
  await until(() => seen.length === 1);
  client.disconnect();
  client.connect();
  await until(() => seen.length === 2);
  expect(troubles).toEqual([{ kind: 'lost', reason: 'there is a new connection' }]);
});

test('subscribes again when the Thing has started anew, however long it is away', async () => {
  const { seen } = watch();
  await until(() => seen.length === 1);
  await server.stop();
  device.send(presence(undefined, { to: client.jid }));
  await until(() => troubles.filter(({ kind }) => kind === 'lost').length > 3);
  await serve();
  await until(() => seen.length === 2);
  server.offer(thing, [at('Light', '1')]);
  await until(() => seen.includes('Light=1'));
});

test('takes silence past the longest interval for a lost subscription', async () => {
  const { seen } = watch({ maxInterval: { months: 0, milliseconds: 50 } }, { marginMs: 30 });
  await until(() => seen.length >= 2);
  expect(troubles).toEqual([]);
  await server.stop();
  await serve();
  const before = seen.length;
  await until(() => seen.length > before);
  expect(troubles[0]).toEqual({ kind: 'lost', reason: 'no event came in the longest interval' });
});

test('tells of nodes that could not be read, and goes on', async () => {
  thing.batches = () => {
    throw new ReadoutError('no answer');
  };
  const { seen } = watch();
  await until(() => troubles.length === 1);
  expect(troubles[0]).toMatchObject({ kind: 'node', errors: [{ message: 'no answer' }] });
  server.offer(thing, [at('Light', '2')]);
  await until(() => seen.length === 1);
});

test('finds the Thing anew each time', async () => {
  let found = 0;
  const find = async () => {
    found++;
    if (found === 2) throw new StanzaError('recipient-unavailable', 'not yet');
    return DEVICE;
  };
  const events = subscribeToEvents(client, find, {}, { signal: ended.signal, backOffMs: { first: 1, max: 1 } });
  await events.next();
  client.disconnect();
  client.connect();
  await events.next();
  expect(found).toBe(3);
  await events.return();
});
