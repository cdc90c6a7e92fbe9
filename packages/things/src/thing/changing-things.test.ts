import { discoInfo, Jid, presence, StanzaError } from '@thingward/xmpp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer, until } from '../../test/memory-network.ts';
import { field, MemoryThing } from '../../test/memory-thing.ts';
import { setParameters } from '../control/client.ts';
import { DISCOVERY, encodeClaimed } from '../discovery/codec.ts';
import { encodeSubscribe, encodeUnsubscribe } from '../events/codec.ts';
import { MemorySubscriptionStore } from '../events/subscription-store.ts';
import { readSensorData } from '../sensor-data/client.ts';
import { decodeReadoutMessage, SENSOR_DATA_NAMESPACE } from '../sensor-data/codec.ts';
import type { Field } from '../sensor-data/field.ts';
import { type NodeReference, nodeKey } from './node.ts';
import { MemoryOwnershipStore } from './ownership.ts';
import type { Thing } from './thing.ts';
import { ThingHost, type ThingHostOptions } from './thing-host.ts';

const HOST = Jid.parse('ncap@example.org/gateway');
const OWNER = Jid.parse('owner@example.org/phone');
const TIM = { nodeId: 'tim' };

let network: MemoryNetwork;
let peer: MemoryPeer;
let owner: MemoryPeer;
let registered: string[];
let ownership: MemoryOwnershipStore;
let host: ThingHost;

beforeEach(() => {
  network = new MemoryNetwork();
  peer = network.join(HOST.toString());
  owner = network.join(OWNER.toString());
  ownership = new MemoryOwnershipStore();
  registered = [];
  network.join('registry.example.org').onIq('set', { name: 'register', namespace: DISCOVERY }, ({ payload }) => {
    registered.push(payload.attribute('nodeId') ?? '');
    return undefined;
  });
});

afterEach(async () => {
  await host.stop();
  expect(network.errors).toEqual([]);
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const KEY = [{ name: 'KEY', type: 'str' as const, value: 'secret' }];

async function start(things: readonly Thing[], options: Partial<ThingHostOptions> = {}): Promise<void> {
  host = new ThingHost({ peer, things, ownership, registry: Jid.parse('registry.example.org'), ...options });
  await host.start();
}

/** A channel of a module, which belongs to the Thing that the JID is. */
function part(nodeId: string): Thing {
  const thing = new MemoryThing({ nodeId, parent: TIM, parameters: [{ name: 'Speed', type: 'int', label: 'Speed' }] });
  return Object.assign(thing, { belongsTo: { node: undefined } });
}

async function read(nodes: readonly NodeReference[]): Promise<readonly Field[]> {
  const all: Field[] = [];
  for await (const fields of readSensorData(owner, HOST, { nodes })) all.push(...fields);
  return all;
}

test('a Thing that comes later is registered, is readable for who owned it before, and is gone again', async () => {
  await ownership.save(nodeKey({ nodeId: 'known' }), { owner: 'owner@example.org', friends: [] });
  await start([]);
  const known = new MemoryThing({ nodeId: 'known', metaTags: KEY });
  await host.add(known);
  await host.add(new MemoryThing({ nodeId: 'new', metaTags: KEY }));
  await until(() => registered.length > 0);
  expect(registered).toEqual(['new']);
  expect(await read([{ nodeId: 'known' }])).toHaveLength(1);
  await expect(read([{ nodeId: 'new' }])).rejects.toMatchObject({ condition: 'forbidden' });
  host.remove(known);
  await expect(read([{ nodeId: 'known' }])).rejects.toMatchObject({ condition: 'forbidden' });
  await expect(host.add(new MemoryThing({ nodeId: 'new' }))).rejects.toThrow('two Things have the node');
});

test('what it speaks follows what there is', async () => {
  await start([new MemoryThing()]);
  const features = async () => (await discoInfo(owner, HOST)).features;
  expect(await features()).not.toContain('urn:xmpp:iot:control');
  const channel = part('tim/1');
  await host.add(channel);
  expect(await features()).toContain('urn:xmpp:iot:control');
  host.remove(channel);
  expect(await features()).not.toContain('urn:xmpp:iot:control');
});

test('parts of a Thing are owned with it, and are told when it changes hands', async () => {
  await start([new MemoryThing({ metaTags: KEY })]);
  const channel = part('tim/1');
  await host.add(channel);
  await until(() => registered.length > 0);
  expect(registered).toEqual(['']);
  const told: (string | undefined)[] = [];
  host.onAccess(({ node }) => told.push(node?.nodeId));
  await expect(read([TIM])).rejects.toMatchObject({ condition: 'forbidden' });
  const registry = network.join('registry.example.org/again');
  const claim = (node?: NodeReference) =>
    registry.request('set', HOST, encodeClaimed({ jid: OWNER.bare, node, public: true }));
  await expect(claim({ nodeId: 'tim/1' })).rejects.toThrow(StanzaError);
  await claim();
  expect(told).toEqual([undefined, 'tim/1']);
  expect(host.ownershipOf(channel).owner).toBe('owner@example.org');
  expect(await read([TIM])).toHaveLength(1);
  await setParameters(owner, HOST, new Map([['Speed', { type: 'int', value: 3 }]]), { nodes: [{ nodeId: 'tim/1' }] });
  expect((channel as MemoryThing).settings).toHaveLength(1);
});

test('subscriptions to events wait for a Thing that went away, also over a restart', async () => {
  const subscriptions = new MemorySubscriptionStore();
  const options = { subscriptions, comeAndGo: true, friends: [OWNER], eventLimits: { leastIntervalMs: 0 } };
  const channel = part('tim/1');
  const heard: string[] = [];
  owner.onMessage({ namespace: SENSOR_DATA_NAMESPACE }, (_, payload) => {
    const received = decodeReadoutMessage(payload);
    if (received.kind === 'fields') heard.push(...received.fields.map(({ value }) => String(value.value)));
  });
  const tell = (value: string) => host.offer(channel, [field('Level', value, { timestamp: new Date() })]);
  const fields = [{ name: 'Level' }];
  const wish = { seqnr: 7, nodes: [{ nodeId: 'tim/1' }], types: ['momentary' as const], fields, immediate: false };

  await start([], options);
  await host.add(channel);
  await owner.request('get', HOST, encodeSubscribe(wish));
  await pause(5);
  tell('1');
  await until(() => heard.length === 1);
  host.remove(channel);
  tell('2');
  await host.add(channel);
  tell('3');
  await until(() => heard.length === 2);
  host.remove(channel);
  await host.stop();

  await start([], options);
  owner.send(presence(undefined, { to: HOST }));
  await host.add(channel);
  await pause(5);
  tell('4');
  await until(() => heard.length === 3);
  expect(heard).toEqual(['1', '3', '4']);

  host.remove(channel);
  await owner.request('get', HOST, encodeUnsubscribe(7));
  expect(await subscriptions.load()).toEqual([]);
});
