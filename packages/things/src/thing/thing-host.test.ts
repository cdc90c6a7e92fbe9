import { xml } from '@thingward/xml';
import { discoInfo, Jid, message, presence, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { field, MemoryThing } from '../../test/memory-thing.ts';
import { getControlForm, setParameters } from '../control/client.ts';
import { DISCOVERY, encodeClaimed, encodeDisowned, encodeRemoved } from '../discovery/codec.ts';
import { EVENTS_NAMESPACE, encodeSubscribe } from '../events/codec.ts';
import { MemorySubscriptionStore } from '../events/subscription-store.ts';
import { readSensorData } from '../sensor-data/client.ts';
import { encodeFriendAdvice, type FriendAdvice } from './friend-codec.ts';
import { type NodeReference, nodeKey } from './node.ts';
import { MemoryOwnershipStore, type Ownership, type OwnershipStore } from './ownership.ts';
import { ThingHost, type ThingHostOptions } from './thing-host.ts';

const HOST = Jid.parse('plc@example.org/gateway');
const REGISTRY = Jid.parse('registry.example.org');
const OWNER = 'owner@example.org';
const META_TAGS = [{ name: 'KEY', type: 'str' as const, value: 'secret' }];

let network: MemoryNetwork;
let peer: MemoryPeer;
let registry: MemoryPeer;
let store: OwnershipStore;
let host: ThingHost;

beforeEach(() => {
  network = new MemoryNetwork();
  peer = network.join(HOST.toString());
  registry = network.join(REGISTRY.toString());
  store = new MemoryOwnershipStore();
});

afterEach(async () => {
  await host.stop();
  expect(network.errors).toEqual([]);
});

function pump(nodeId?: string): MemoryThing {
  return new MemoryThing({
    ...(nodeId ? { nodeId } : {}),
    metaTags: META_TAGS,
    parameters: [{ name: 'Speed', type: 'int', label: 'Speed' }],
  });
}

async function start(things: readonly MemoryThing[], options: Partial<ThingHostOptions> = {}): Promise<void> {
  const registrationBackOffMs = { first: 5, max: 20 };
  host = new ThingHost({ peer, things, ownership: store, registry: REGISTRY, registrationBackOffMs, ...options });
  await host.start();
}

async function startOwned(things: readonly MemoryThing[], friends: readonly string[] = []): Promise<void> {
  for (const { node } of things) await store.save(nodeKey(node), { owner: OWNER, public: true, friends });
  await start(things);
}

/** A registry that answers registrations as the test says. */
function registering(answer: (attempt: number) => ReturnType<typeof xml> | undefined): string[] {
  const nodes: string[] = [];
  registry.onIq('set', { name: 'register', namespace: DISCOVERY }, ({ payload }) => {
    nodes.push(payload.attribute('nodeId') ?? '');
    return answer(nodes.length);
  });
  return nodes;
}

const tell = (payload: ReturnType<typeof xml>, from = registry) => from.request('set', HOST, payload);
const claim = (owner: string, node?: NodeReference) =>
  tell(encodeClaimed({ jid: Jid.parse(owner), node, public: true }));
const advise = (kind: FriendAdvice['kind'], jid: string, from: MemoryPeer) =>
  from.send(message('normal', { to: HOST }, encodeFriendAdvice({ kind, jid: Jid.parse(jid) })));

async function read(from: MemoryPeer, nodes: readonly NodeReference[] = []): Promise<number> {
  let count = 0;
  for await (const fields of readSensorData(from, HOST, { nodes })) count += fields.length;
  return count;
}

const forbidden = expect.objectContaining({ condition: 'forbidden' });

describe('a host', () => {
  test('says what it speaks', async () => {
    await start([pump()], { name: 'Pump house' });
    const { identities, features } = await discoInfo(registry, HOST);
    expect(identities).toEqual([{ category: 'client', type: 'bot', name: 'Pump house' }]);
    expect(features).toEqual(expect.arrayContaining(['urn:xmpp:iot:sensordata', 'urn:xmpp:iot:control']));
    await host.stop();
    await start([new MemoryThing()]);
    expect((await discoInfo(registry, HOST)).features).not.toContain('urn:xmpp:iot:control');
  });

  test('refuses two Things with the same node', () => {
    expect(() => new ThingHost({ peer, things: [pump('a'), pump('a')], ownership: store })).toThrow(
      'two Things have the node',
    );
    host = new ThingHost({ peer, things: [], ownership: store });
  });

  test('does not start without its ownerships', async () => {
    const broken = { load: async () => Promise.reject(new Error('disk')), save: async () => {} };
    await expect(start([pump()], { ownership: broken })).rejects.toThrow('disk');
    await expect(
      registry.request('get', HOST, xml('query', { xmlns: 'http://jabber.org/protocol/disco#info' })),
    ).rejects.toMatchObject({
      condition: 'service-unavailable',
    });
  });

  test('that stopped answers no more', async () => {
    await startOwned([pump()]);
    await host.stop();
    await expect(read(network.join(`${OWNER}/phone`))).rejects.toMatchObject({ condition: 'service-unavailable' });
    await expect(claim(OWNER)).rejects.toMatchObject({ condition: 'service-unavailable' });
  });
});

describe('registration', () => {
  test('makes unclaimed Things known, and tells the registry where they are', async () => {
    const registered = registering(() => undefined);
    await store.save(nodeKey({ nodeId: 'owned' }), { owner: OWNER, friends: [] });
    await start([pump('a'), pump('owned'), pump('b'), new MemoryThing({ nodeId: 'shy' })]);
    await until(() => registered.length === 2);
    expect(registered).toEqual(['a', 'b']);
    expect(network.traffic.some((s) => s.name === 'presence' && s.attribute('to') === REGISTRY.toString())).toBe(true);
  });

  test('is tried again until it works, and after a reconnect', async () => {
    const registered = registering((attempt) => {
      if (attempt < 4) throw new StanzaError('internal-server-error');
      return undefined;
    });
    await start([pump()]);
    await until(() => registered.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(registered).toHaveLength(4);
    peer.disconnect();
    peer.connect();
    await until(() => registered.length === 5);
  });

  test('waits for a connection', async () => {
    registering(() => {
      throw new StanzaError('internal-server-error');
    });
    await start([pump()]);
    await until(() => network.sent('register').length > 1);
    peer.disconnect();
    const requests = vi.spyOn(peer, 'request');
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(requests.mock.calls.length).toBeLessThanOrEqual(1);
    peer.connect();
    await until(() => requests.mock.calls.length > 2);
  });

  test('tells who claimed the Thing already', async () => {
    registering(() => encodeClaimed({ jid: Jid.parse(OWNER), public: false }));
    const thing = pump();
    await start([thing]);
    await until(() => host.ownershipOf(thing).owner !== undefined);
    expect(host.ownershipOf(thing)).toEqual({ owner: OWNER, public: false, friends: [] });
    expect(await store.load('')).toEqual({ owner: OWNER, public: false, friends: [] });
  });
});

describe('the registry', () => {
  test('tells of an owner, who then may read and control, and is asked for its presence', async () => {
    const thing = pump();
    await start([thing], { registry: REGISTRY });
    const owner = network.join(`${OWNER}/phone`);
    const changes: Ownership[] = [];
    host.onOwnership((changed, ownership) => {
      expect(changed).toBe(thing);
      changes.push(ownership);
    });
    await expect(read(owner)).rejects.toEqual(forbidden);
    await claim(OWNER);
    expect(changes).toEqual([{ owner: OWNER, public: true, friends: [] }]);
    expect(await store.load('')).toEqual(changes[0]);
    expect(network.presences('subscribe')).toEqual([`${HOST.bare} ${OWNER}`]);
    expect(await read(owner)).toBe(1);
    await setParameters(owner, HOST, new Map([['Speed', { type: 'int', value: 3 }]]));
    expect(thing.settings).toHaveLength(1);
    expect((await getControlForm(owner, HOST)).parameters).toHaveLength(1);
  });

  test('is the only one that is listened to', async () => {
    const thing = pump();
    await start([thing]);
    const forger = network.join('forger@example.org/x');
    for (const payload of [
      encodeClaimed({ jid: Jid.parse('forger@example.org'), public: true }),
      encodeRemoved(undefined),
      encodeDisowned(undefined),
    ]) {
      await expect(tell(payload, forger)).rejects.toEqual(forbidden);
    }
    expect(host.ownershipOf(thing).owner).toBeUndefined();
  });

  test('tells that a Thing was removed: it stays owned', async () => {
    const thing = pump('a');
    await startOwned([thing], ['friend@example.org']);
    await tell(encodeRemoved({ nodeId: 'a' }));
    expect(host.ownershipOf(thing)).toEqual({ owner: OWNER, public: false, friends: ['friend@example.org'] });
  });

  test('tells that a Thing was disowned: nobody is trusted any more, and it registers again', async () => {
    const registered = registering(() => undefined);
    const thing = pump();
    await startOwned([thing], ['friend@example.org']);
    await tell(encodeDisowned(undefined));
    expect(host.ownershipOf(thing)).toEqual({ friends: [] });
    for (const former of [OWNER, 'friend@example.org']) {
      await expect(read(network.join(`${former}/x`))).rejects.toEqual(forbidden);
      expect(network.presences('unsubscribed')).toContain(`${HOST.bare} ${former}`);
      expect(network.presences('unsubscribe')).toContain(`${HOST.bare} ${former}`);
    }
    await until(() => registered.length === 1);
  });

  test('is told of nodes that are not here, and of what it got wrong', async () => {
    await start([pump('a')]);
    await expect(claim(OWNER, { nodeId: 'b' })).rejects.toMatchObject({ condition: 'item-not-found' });
    await expect(tell(xml('claimed', { xmlns: DISCOVERY }))).rejects.toMatchObject({ condition: 'bad-request' });
  });

  test('has to tell again what could not be saved', async () => {
    const thing = pump();
    let fails = true;
    await start([thing], {
      ownership: {
        load: async () => undefined,
        save: async () => {
          if (fails) throw new StanzaError('resource-constraint', 'disk full');
        },
      },
    });
    await expect(claim(OWNER)).rejects.toMatchObject({ condition: 'resource-constraint' });
    expect(host.ownershipOf(thing).owner).toBeUndefined();
    fails = false;
    await claim(OWNER);
    expect(host.ownershipOf(thing).owner).toBe(OWNER);
  });

  test('gives a Thing to a new owner without the friends of the old one', async () => {
    const thing = pump();
    await startOwned([thing], ['friend@example.org']);
    await claim(OWNER);
    expect(host.ownershipOf(thing).friends).toEqual(['friend@example.org']);
    await claim('buyer@example.org');
    expect(host.ownershipOf(thing)).toEqual({ owner: 'buyer@example.org', public: true, friends: [] });
    expect(network.presences('unsubscribed')).toContain(`${HOST.bare} ${OWNER}`);
  });
});

describe('access', () => {
  test('is for owner and friends of each Thing, and for those it always trusts', async () => {
    await store.save(nodeKey({ nodeId: 'a' }), { owner: OWNER, friends: ['friend@example.org'] });
    await store.save(nodeKey({ nodeId: 'b' }), { owner: 'neighbour@example.org', friends: [] });
    await start([pump('a'), pump('b')], { friends: [Jid.parse('history.example.org')] });
    const [owner, friend, neighbour, history, stranger] = [
      `${OWNER}/x`,
      'friend@example.org/x',
      'neighbour@example.org/x',
      'history.example.org',
      'stranger@example.org/x',
    ].map((jid) => network.join(jid)) as [MemoryPeer, MemoryPeer, MemoryPeer, MemoryPeer, MemoryPeer];
    expect([await read(owner), await read(friend), await read(neighbour), await read(history)]).toEqual([1, 1, 1, 2]);
    await expect(read(stranger)).rejects.toEqual(forbidden);
    await expect(read(owner, [{ nodeId: 'b' }])).rejects.toEqual(forbidden);
    const speed = new Map([['Speed', { type: 'int' as const, value: 1 }]]);
    await expect(setParameters(stranger, HOST, speed)).rejects.toEqual(forbidden);
    await expect(setParameters(neighbour, HOST, speed, { nodes: [{ nodeId: 'a' }] })).rejects.toEqual(forbidden);
    await setParameters(neighbour, HOST, speed);
  });

  test('of those that one Thing always trusts is to this Thing alone', async () => {
    const [first, second] = [pump('first'), pump('second')];
    const friend = network.join('friend@example.org/phone');
    await start([first, second], { friends: (thing) => (thing === first ? [friend.jid.bare] : []) });
    expect(await read(friend, [{ nodeId: 'first' }])).toBeGreaterThan(0);
    await expect(read(friend, [{ nodeId: 'second' }])).rejects.toMatchObject({ condition: 'forbidden' });
  });

  test('to presence is for owner and friends, who are asked for theirs once', async () => {
    await startOwned([pump()], ['friend@example.org']);
    const friend = network.join('friend@example.org/x');
    const stranger = network.join('stranger@example.org/x');
    for (const from of [friend, friend, stranger, registry])
      from.send(presence('subscribe', { to: HOST, from: from.jid.bare }));
    await until(() => network.presences('subscribed').length === 3 && network.presences('unsubscribed').length === 1);
    expect(network.presences('unsubscribed')).toEqual([`${HOST.bare} stranger@example.org`]);
    const asked = network.presences('subscribe').filter((route) => route.startsWith(HOST.bare.toString()));
    expect(asked).toEqual([`${HOST.bare} friend@example.org`]);
  });
});

describe('the owner', () => {
  test('makes friends, who may read and control, and ends friendships', async () => {
    const thing = pump();
    let ended: AbortSignal | undefined;
    await startOwned([thing]);
    const owner = network.join(`${OWNER}/phone`);
    const friend = network.join('friend@example.org/x');
    await expect(read(friend)).rejects.toEqual(forbidden);
    advise('friend', 'friend@example.org/x', owner);
    await until(() => host.ownershipOf(thing).friends.length === 1);
    expect(await store.load('')).toMatchObject({ friends: ['friend@example.org'] });
    expect(network.presences('subscribe')).toEqual([`${HOST.bare} friend@example.org`]);
    expect(await read(friend)).toBe(1);

    thing.batches = async function* (signal) {
      ended = signal;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      yield [];
    };
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of readSensorData(friend, HOST, {}, { signal: controller.signal }));
    })();
    await until(() => ended !== undefined);
    advise('unfriend', 'friend@example.org', owner);
    await until(() => ended?.aborted === true);
    expect(host.ownershipOf(thing).friends).toEqual([]);
    expect(network.presences('unsubscribed')).toEqual([`${HOST.bare} friend@example.org`]);
    controller.abort(new Error('over'));
    await expect(reading).rejects.toThrow('over');
    await expect(read(friend)).rejects.toEqual(forbidden);
  });

  test('is the only one who makes friends', async () => {
    const thing = pump();
    await startOwned([thing], ['friend@example.org']);
    const friend = network.join('friend@example.org/x');
    advise('friend', 'stranger@example.org', friend);
    advise('unfriend', 'friend@example.org', network.join('stranger@example.org/x'));
    await read(friend);
    expect(host.ownershipOf(thing).friends).toEqual(['friend@example.org']);
    expect(network.traffic.filter((stanza) => stanza.attribute('type') === 'error')).toEqual([]);
  });

  test('decides for its own Things only', async () => {
    const [mine, other] = [pump('mine'), pump('other')];
    await store.save(nodeKey(mine.node), { owner: OWNER, friends: [] });
    await store.save(nodeKey(other.node), { owner: 'neighbour@example.org', friends: [] });
    await start([mine, other]);
    advise('friend', 'friend@example.org', network.join(`${OWNER}/x`));
    await until(() => host.ownershipOf(mine).friends.length === 1);
    expect(host.ownershipOf(other).friends).toEqual([]);
  });

  test('has a bounded number of friends, and is told of errors', async () => {
    const thing = pump();
    await store.save('', { owner: OWNER, friends: ['a@example.org', 'b@example.org'] });
    await start([thing], { maxFriends: 2 });
    const owner = network.join(`${OWNER}/x`);
    advise('friend', 'b@example.org', owner);
    advise('friend', 'c@example.org', owner);
    owner.send(message('normal', { to: HOST }, xml('friend', { xmlns: 'urn:xmpp:iot:provisioning', jid: '@' })));
    const errors = () =>
      network.traffic.filter((stanza) => stanza.name === 'message' && stanza.attribute('type') === 'error');
    await until(() => errors().length === 2);
    expect(
      errors()
        .map((stanza) => StanzaError.fromStanza(stanza).condition)
        .sort(),
    ).toEqual(['bad-request', 'resource-constraint']);
    expect(host.ownershipOf(thing).friends).toEqual(['a@example.org', 'b@example.org']);
  });

  test('and changes made while offline: who may see presence is made up for', async () => {
    const thing = pump();
    let saved: () => void = () => {};
    await store.save('', { owner: OWNER, friends: ['friend@example.org'] });
    const slow: OwnershipStore = {
      load: (key) => store.load(key),
      save: () =>
        new Promise((resolve) => {
          saved = resolve;
        }),
    };
    await start([thing], { ownership: slow });
    advise('unfriend', 'friend@example.org', network.join(`${OWNER}/x`));
    await new Promise((resolve) => setTimeout(resolve, 5));
    peer.disconnect();
    saved();
    await until(() => host.ownershipOf(thing).friends.length === 0);
    expect(network.presences('unsubscribed')).toEqual([]);
    peer.connect();
    await until(() => network.presences('unsubscribed').length === 1);
  });
});

test('two hosts that trust each other become friends without end to their courtesy', async () => {
  await startOwned([pump()], ['other@example.org']);
  const otherPeer = network.join('other@example.org/gateway');
  const otherStore = new MemoryOwnershipStore();
  await otherStore.save('', { owner: HOST.bare.toString(), friends: [] });
  const other = new ThingHost({ peer: otherPeer, things: [new MemoryThing()], ownership: otherStore });
  await other.start();
  otherPeer.send(presence('subscribe', { to: HOST.bare, from: otherPeer.jid.bare }));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(network.presences('subscribe').length).toBeLessThanOrEqual(3);
  expect(network.presences('subscribed').length).toBeGreaterThanOrEqual(2);
  await other.stop();
});

describe('events', () => {
  const subscribe = (from: MemoryPeer) =>
    from.request('get', HOST, encodeSubscribe({ seqnr: 1, nodes: [], types: [], fields: [], immediate: true }));

  test('are told to friends, and not to those who are friends no more', async () => {
    const thing = pump();
    await startOwned([thing], ['friend@example.org']);
    const friend = network.join('friend@example.org/phone');
    expect((await discoInfo(friend, HOST)).features).toContain(EVENTS_NAMESPACE);
    await expect(subscribe(network.join('stranger@example.org/x'))).rejects.toEqual(forbidden);
    await subscribe(friend);
    await until(() => network.sent('fields').length === 1);
    host.offer(thing, [field('Temperature', '23.00', { timestamp: new Date() })]);
    await until(() => network.sent('fields').length === 2);
    await advise('unfriend', 'friend@example.org', network.join(`${OWNER}/phone`));
    await until(() => host.ownershipOf(thing).friends.length === 0);
    host.offer(thing, [field('Temperature', '24.00', { timestamp: new Date() })]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(network.sent('fields')).toHaveLength(2);
  });

  test('are subscribed to over restarts', async () => {
    const subscriptions = new MemorySubscriptionStore();
    const thing = pump();
    await store.save(nodeKey(undefined), { owner: OWNER, friends: [] });
    await start([thing], { subscriptions });
    const owner = network.join(`${OWNER}/phone`);
    await subscribe(owner);
    await host.stop();
    await start([thing], { subscriptions });
    const before = network.sent('fields').length;
    owner.send(presence(undefined, { to: HOST }));
    await until(() => network.sent('fields').length > before);
  });
});
