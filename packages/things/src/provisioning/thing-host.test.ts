import { Jid, message, presence, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { batches, field, MemoryThing } from '../../test/memory-thing.ts';
import { setParameters } from '../control/client.ts';
import { encodeSubscribe } from '../events/codec.ts';
import { readSensorData } from '../sensor-data/client.ts';
import type { Field } from '../sensor-data/field.ts';
import { encodeFriendAdvice } from '../thing/friend-codec.ts';
import { MemoryOwnershipStore } from '../thing/ownership.ts';
import { ThingHost } from '../thing/thing-host.ts';
import type { ProvisioningSettings } from './authority.ts';
import {
  type ControlAnswer,
  decodeControlQuestion,
  decodeFriendQuestion,
  decodeReadQuestion,
  encodeClearCache,
  encodeControlAnswer,
  encodeFriendAnswer,
  encodeReadAnswer,
  type ReadAnswer,
  type ReadQuestion,
} from './codec.ts';
import {
  decodeTokenChallenge,
  decodeTokenChallengeResponse,
  encodeTokenChallenge,
  encodeTokenChallengeResponse,
} from './token-codec.ts';

const HOST = Jid.parse('plc@example.org/gateway');
const SERVER = Jid.parse('provisioning.example.org');
const OWNER = 'owner@example.org';
const NAMESPACE = 'urn:xmpp:iot:provisioning';

let network: MemoryNetwork;
let peer: MemoryPeer;
let server: MemoryPeer;
let reader: MemoryPeer;
let host: ThingHost;
let pump: MemoryThing;
let now: number;
/** What the provisioning server was asked. */
let asked: ReadQuestion[];
/** What it answers. */
let reading: () => Partial<ReadAnswer>;
let controlling: () => Partial<ControlAnswer>;
let friends: Set<string>;

beforeEach(() => {
  network = new MemoryNetwork();
  peer = network.join(HOST.toString());
  server = network.join(SERVER.toString());
  reader = network.join('reader@example.org/a');
  now = Date.parse('2026-01-01T00:00:00Z');
  asked = [];
  reading = () => ({ isAllowed: true });
  controlling = () => ({ isAllowed: true });
  friends = new Set();
  pump = new MemoryThing({
    nodeId: 'pump',
    parameters: ['Speed', 'Mode'].map((name) => ({ name, type: 'int', label: name })),
    batches: () =>
      batches([field('Temperature', '21.5'), field('Energy', '7'), field('Highest', '30', { types: ['peak'] })]),
  });
  server.onIq('get', { name: 'canRead', namespace: NAMESPACE }, ({ payload }) => {
    const question = decodeReadQuestion(payload);
    asked.push(question);
    return encodeReadAnswer({ ...question, isAllowed: false, ...reading() });
  });
  server.onIq('get', { name: 'canControl', namespace: NAMESPACE }, ({ payload }) =>
    encodeControlAnswer({ ...decodeControlQuestion(payload), isAllowed: false, ...controlling() }),
  );
  server.onIq('get', { name: 'isFriend', namespace: NAMESPACE }, ({ payload }) => {
    const jid = decodeFriendQuestion(payload);
    return encodeFriendAnswer({ jid, isAllowed: friends.has(jid.toString()), secondaryTrustAllowed: false });
  });
});

afterEach(async () => {
  await host.stop();
  expect(network.errors).toEqual([]);
});

async function start(settings: Partial<ProvisioningSettings> = {}, things = [pump]): Promise<void> {
  const ownership = new MemoryOwnershipStore();
  for (const thing of things) {
    const key = JSON.stringify([thing.node?.nodeId, '', '']);
    await ownership.save(key, { owner: OWNER, friends: ['friend@example.org'] });
  }
  const provisioning = { server: SERVER, timeoutMs: 100, ...settings };
  host = new ThingHost({ peer, things, ownership, provisioning, clock: () => new Date(now) });
  await host.start();
}

async function read(from = reader, options: Parameters<typeof readSensorData>[2] = {}): Promise<string[]> {
  const read: Field[] = [];
  for await (const fields of readSensorData(from, HOST, options)) read.push(...fields);
  return read.map(({ node, name }) => `${node?.nodeId} ${name}`).sort();
}

const set = (...names: string[]) =>
  setParameters(reader, HOST, new Map(names.map((name) => [name, { type: 'int' as const, value: 1 }])));
const forbidden = expect.objectContaining({ condition: 'forbidden' });
const ALL = ['pump Energy', 'pump Highest', 'pump Temperature'];

describe('reading', () => {
  test('is what the provisioning server allows, and its answer is kept', async () => {
    await start();
    expect(await read()).toEqual(ALL);
    expect(await read()).toEqual(ALL);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ jid: Jid.parse('reader@example.org'), nodes: [{ nodeId: 'pump' }] });
  });

  test('is refused when it says no, also to friends the owner named', async () => {
    reading = () => ({ isAllowed: false });
    await start();
    await expect(read()).rejects.toEqual(forbidden);
    await expect(read(network.join('friend@example.org/a'))).rejects.toEqual(forbidden);
    expect(asked).toHaveLength(2);
  });

  test('needs no question for the owner', async () => {
    reading = () => ({ isAllowed: false });
    await start();
    expect(await read(network.join(`${OWNER}/phone`))).toEqual(ALL);
    expect(asked).toEqual([]);
  });

  test('gives the fields and kinds that are allowed, and nothing else', async () => {
    reading = () => ({ isAllowed: true, names: ['Energy', 'Highest'] });
    await start();
    expect(await read()).toEqual(['pump Energy', 'pump Highest']);
    expect(await read(reader, { names: ['Temperature'] })).toEqual([]);
    reading = () => ({ isAllowed: true, types: ['peak'] });
    await server.request('set', HOST, encodeClearCache('clearCache'));
    expect(await read()).toEqual(['pump Highest']);
    expect(await read(reader, { types: ['momentary'] })).toEqual([]);
  });

  test('gives the nodes that are allowed', async () => {
    const fan = new MemoryThing({ nodeId: 'fan' });
    reading = () => ({ isAllowed: true, nodes: [{ nodeId: 'fan' }] });
    await start({}, [pump, fan]);
    expect(await read()).toEqual(['fan Temperature']);
    await expect(read(reader, { nodes: [{ nodeId: 'pump' }] })).rejects.toEqual(forbidden);
  });

  test('is not allowed by an answer about somebody else', async () => {
    reading = () => ({ isAllowed: true, jid: Jid.parse('other@example.org') });
    await start();
    await expect(read()).rejects.toEqual(forbidden);
  });
});

describe('answers that were kept', () => {
  test('are forgotten when the provisioning server says so, and nobody else', async () => {
    await start();
    await read();
    const clear = encodeClearCache('clearCache');
    await expect(reader.request('set', HOST, clear)).rejects.toEqual(forbidden);
    await read();
    expect(asked).toHaveLength(1);
    reading = () => ({ isAllowed: false });
    expect(String(await server.request('set', HOST, clear))).toContain('clearCacheResponse');
    await expect(read()).rejects.toEqual(forbidden);
  });

  test('count for a while when it is away, then access ends; without one there is none at all', async () => {
    await start({ freshMs: 1000, graceMs: 5000 });
    await read();
    server.disconnect();
    now += 5999;
    expect(await read()).toEqual(ALL);
    await expect(read(network.join('new@example.org/a'))).rejects.toEqual(forbidden);
    now += 1;
    await expect(read()).rejects.toEqual(forbidden);
  });

  test('do not count when it refuses to answer', async () => {
    await start({ freshMs: 1000 });
    await read();
    now += 1000;
    reading = () => {
      throw new StanzaError('forbidden');
    };
    await expect(read()).rejects.toEqual(forbidden);
  });

  test('are no more than was said', async () => {
    await start({ maxAnswers: 1 });
    const other = network.join('other@example.org/a');
    await read();
    await read(other);
    await read();
    expect(asked.map(({ jid }) => jid.local)).toEqual(['reader', 'other', 'reader']);
  });
});

test('the provisioning server is told where the Things are', async () => {
  peer = network.add('plc@example.org/other');
  await start();
  const seen: string[] = [];
  server.onPresence(({ from, type }) => {
    seen.push(`${from} ${type ?? 'available'}`);
  });
  peer.connect();
  await expect.poll(() => seen).toContain('plc@example.org/other available');
});

test('control is for the parameters that are allowed', async () => {
  controlling = () => ({ isAllowed: true, names: ['Speed'] });
  await start();
  await set('Speed');
  expect(pump.settings.map((values) => [...values.keys()])).toEqual([['Speed']]);
  await expect(set('Mode')).rejects.toThrow(StanzaError);
  controlling = () => ({ isAllowed: false });
  await server.request('set', HOST, encodeClearCache('clearCache'));
  await expect(set('Speed')).rejects.toEqual(forbidden);
  expect(pump.settings).toHaveLength(1);
});

describe('who follows who may read a Thing', () => {
  let changes: string[];
  const mayRead = async (jid: string) => host.readAccess(pump).mayRead(Jid.parse(jid));

  beforeEach(async () => {
    await start();
    changes = [];
    host.onAccess((thing) => changes.push(thing.node?.nodeId ?? ''));
  });

  test('is told when the rules change, and finds the new answer at once', async () => {
    expect(await mayRead('reader@example.org')).toBe(true);
    reading = () => ({ isAllowed: false });
    expect(await mayRead('reader@example.org')).toBe(true);
    await server.request('set', HOST, encodeClearCache('clearCache'));
    expect(changes).toEqual(['pump']);
    expect(await mayRead('reader@example.org')).toBe(false);
    expect(await mayRead(OWNER)).toBe(true);
  });

  test('is told when the provisioning server recommends a friend, who is a reader then, and when it warns of one', async () => {
    const readers = () => host.readAccess(pump).readers().map(String);
    friends.add('new@example.org');
    const advise = (kind: 'friend' | 'unfriend', jid: string) =>
      server.send(message('normal', { to: HOST }, encodeFriendAdvice({ kind, jid: Jid.parse(jid) })));
    advise('friend', 'new@example.org');
    await expect.poll(readers).toEqual([OWNER, 'friend@example.org', 'new@example.org']);
    expect(changes).toEqual(['pump']);
    advise('unfriend', 'new@example.org');
    await expect.poll(readers).toEqual([OWNER, 'friend@example.org']);
    await expect.poll(() => changes.length).toBe(2);
  });
});

test('a subscription to events ends when the rules change', async () => {
  await start();
  const nodes = [{ nodeId: 'pump' }];
  await reader.request('get', HOST, encodeSubscribe({ seqnr: 1, nodes, fields: [], types: ['momentary'] } as never));
  reading = () => ({ isAllowed: false });
  await server.request('set', HOST, encodeClearCache('clearCache'));
  await expect.poll(() => asked.length).toBe(2);
  const before = network.sent('fields').length;
  host.offer(pump, [field('Temperature', '99')]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(network.sent('fields')).toHaveLength(before);
});

describe('friends', () => {
  const subscribe = (jid: string) => {
    const stranger = network.join(`${jid}/a`);
    stranger.send(presence('subscribe', { to: HOST.bare }));
  };

  test('are those the provisioning server allows', async () => {
    friends.add('good@example.org');
    await start();
    subscribe('good@example.org');
    subscribe('bad@example.org');
    await expect.poll(() => network.presences('subscribed')).toContain('plc@example.org good@example.org');
    await expect.poll(() => network.presences('unsubscribed')).toEqual(['plc@example.org bad@example.org']);
  });

  test('are asked for when it recommends and confirms them, and left when it says so', async () => {
    friends.add('good@example.org');
    await start();
    const advise = (kind: 'friend' | 'unfriend', jid: string, from = server) =>
      from.send(message('normal', { to: HOST }, encodeFriendAdvice({ kind, jid: Jid.parse(jid) })));
    advise('friend', 'bad@example.org');
    advise('friend', 'good@example.org', reader);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(network.presences('subscribe')).not.toContain('plc@example.org good@example.org');
    advise('friend', 'good@example.org');
    await expect.poll(() => network.presences('subscribe')).toContain('plc@example.org good@example.org');
    expect(network.presences('subscribe')).not.toContain('plc@example.org bad@example.org');
    friends.clear();
    advise('unfriend', 'good@example.org');
    await expect.poll(() => network.presences('unsubscribed')).toContain('plc@example.org good@example.org');
    advise('unfriend', 'friend@example.org');
    await expect.poll(() => host.ownershipOf(pump).friends).toEqual([]);
  });
});

describe('tokens', () => {
  const tokens = { serviceToken: 'one two' };
  const challenge = (from: MemoryPeer, token: string) =>
    from.request('get', HOST, encodeTokenChallenge({ token, bytes: new Uint8Array([1, 2]) }));

  test('are passed on, and challenges of them find their way back', async () => {
    await start();
    reader.onIq('get', { name: 'tokenChallenge', namespace: NAMESPACE }, ({ payload }) =>
      encodeTokenChallengeResponse(decodeTokenChallenge(payload).bytes.toReversed()),
    );
    await read(reader, { tokens });
    expect(asked[0]).toMatchObject(tokens);
    const response = await challenge(server, 'two');
    expect(response && decodeTokenChallengeResponse(response)).toEqual(new Uint8Array([2, 1]));
    await expect(challenge(server, 'three')).rejects.toEqual(forbidden);
    await expect(challenge(reader, 'two')).rejects.toEqual(forbidden);
    now += 60_000;
    await expect(challenge(server, 'two')).rejects.toEqual(forbidden);
  });
});
