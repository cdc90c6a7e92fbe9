import {
  type Field,
  listQuestions,
  MemoryOwnershipStore,
  PROVISIONING_DIALECTS,
  readSensorData,
  type Thing,
  ThingHost,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { Jid, message, presence } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { provisioningMigrations } from './migrations.ts';
import { ProvisioningService } from './provisioning-service.ts';
import type { ProvisioningTables } from './tables.ts';
import { ToldOwners } from './told-owners.ts';

const HOST = Jid.parse('plant@localhost/a');
const meter: Thing = {
  node: { nodeId: 'meter' },
  metaTags: [],
  parameters: [],
  async *read() {
    const value = { type: 'numeric', value: '1', unit: 'W' } as const;
    yield [{ name: 'Power', value, types: ['momentary'], qos: [], timestamp: new Date() } satisfies Field];
  },
  parameterValue: () => undefined,
  set: async () => {},
};

let network: MemoryNetwork;
let database: Awaited<ReturnType<typeof memoryDatabase<ProvisioningTables>>>;
let service: ProvisioningService | undefined;
let host: ThingHost | undefined;
let owner: MemoryPeer;
let heard: string[];

beforeEach(async () => {
  network = new MemoryNetwork();
  database = await memoryDatabase(provisioningMigrations);
  owner = network.peer('owner@elsewhere');
  heard = [];
  owner.onMessage({ name: 'body', namespace: 'jabber:client' }, (_, body) => {
    heard.push(body.text);
  });
});
afterEach(async () => {
  await host?.stop();
  await service?.stop();
  await database.destroy();
  expect(network.errors).toEqual([]);
});

async function start(peer: MemoryPeer, server: Jid): Promise<void> {
  service = new ProvisioningService({ peer, database, owners: new ToldOwners(database), retryIntervalMs: 20 });
  await service.start();
  const ownership = new MemoryOwnershipStore();
  await ownership.save(JSON.stringify(['meter', '', '']), { owner: 'owner@elsewhere', friends: [] });
  const provisioning = { server, timeoutMs: 200 };
  host = new ThingHost({ peer: network.peer(HOST.toString()), things: [meter], ownership, provisioning });
  await host.start();
}

async function read(name = 'reader'): Promise<string> {
  try {
    const names: string[] = [];
    for await (const fields of readSensorData(network.peer(`${name}@localhost/a`), HOST))
      names.push(...fields.map((f) => f.name));
    return names.join(' ');
  } catch {
    return 'refused';
  }
}

/** How much the owner has heard after somebody has tried to read. */
async function afterReading(): Promise<number> {
  await read();
  return heard.length;
}

describe('a server without a registry', () => {
  const SERVER = Jid.parse('decisions.elsewhere');
  const say = (text: string) => owner.send(message('chat', { to: SERVER }, xml('body', {}, text)));

  test('is told by Things whom they belong to, and asks one question until the owner has decided one', async () => {
    await start(network.peer(SERVER.toString()), SERVER);
    await expect.poll(() => read()).toBe('refused');
    await expect.poll(afterReading).toBe(1);
    await read('second');
    expect((await listQuestions(owner, SERVER)).items).toHaveLength(1);
    say('allow 1');
    await expect.poll(() => read()).toBe('Power');
    await read('second');
    await read('third');
    expect((await listQuestions(owner, SERVER)).items).toHaveLength(2);
  });

  test('forgets an owner when the Thing has another, or none', async () => {
    const owners = new ToldOwners(database);
    const thing = { jid: 'plant@localhost', node_id: 'meter', source_id: '', cache_type: '' };
    await owners.told(thing, 'owner@elsewhere');
    await owners.confirm('owner@elsewhere', thing.jid);
    expect(await owners.ownersBehind(thing.jid)).toEqual(['owner@elsewhere']);
    expect(await owners.knowsOf('owner@elsewhere', thing.jid)).toBe(true);
    await owners.told(thing, 'buyer@elsewhere');
    expect(await owners.ownerOf(thing)).toBe('buyer@elsewhere');
    expect(await owners.knowsOf('buyer@elsewhere', thing.jid)).toBe(false);
    await owners.told(thing, thing.jid);
    expect(await owners.ownerOf(thing)).toBeUndefined();
  });
});

describe('a server that is an account', () => {
  test('befriends Things that trust it, and decides as one that is a component', async () => {
    const peer = network.peer('decisions@elsewhere/service');
    // The memory network has no servers: what goes to bare addresses is brought where it belongs.
    const bare = network.peer('decisions@elsewhere');
    const plant = network.peer('plant@localhost');
    bare.onPresence(({ from, type }) => {
      if (type === 'subscribe') peer.receive(presence('subscribe', { from, to: bare.jid }));
    });
    const answers: string[] = [];
    plant.onPresence(({ from, type }) => {
      answers.push(`${from.bare} ${type}`);
      if (type === 'subscribed') peer.send(presence(undefined, { to: HOST }));
    });
    await start(peer, Jid.parse('decisions@elsewhere'));
    await expect
      .poll(() => answers)
      .toEqual(expect.arrayContaining(['decisions@elsewhere subscribed', 'decisions@elsewhere subscribe']));
    await expect.poll(afterReading).toBe(1);
    owner.send(message('chat', { to: peer.jid }, xml('body', {}, 'allow 1')));
    await expect.poll(() => read()).toBe('Power');
  });
});

test.each(PROVISIONING_DIALECTS)(
  'a Thing that speaks $name is told in its own words that rules have changed',
  async (dialect) => {
    const SERVER = Jid.parse('decisions.elsewhere');
    await start(network.peer(SERVER.toString()), SERVER);
    await host?.stop();
    host = undefined;
    const thing = network.peer('other@localhost/x');
    const cleared: string[] = [];
    thing.onIq('set', { name: 'clearCache', namespace: dialect.namespace }, ({ payload }) => {
      cleared.push(payload.namespace);
      return undefined;
    });
    await new ToldOwners(database).told(
      { jid: 'other@localhost', node_id: '', source_id: '', cache_type: '' },
      'owner@elsewhere',
    );
    const jid = Jid.parse('reader@localhost');
    const ask = async () => {
      const question = dialect.encodeReadQuestion({ jid, nodes: [], names: ['Power'], types: ['momentary'] });
      return dialect.decodeReadAnswer((await thing.request('get', SERVER, question)) as never);
    };
    expect(await ask()).toEqual({ jid, nodes: [], names: [], types: ['momentary'], isAllowed: false });
    owner.send(message('chat', { to: SERVER }, xml('body', {}, 'allow 1')));
    await expect.poll(() => cleared).toEqual([dialect.namespace]);
    expect(await ask()).toEqual({ jid, nodes: [], names: ['Power'], types: ['momentary'], isAllowed: true });
  },
);
