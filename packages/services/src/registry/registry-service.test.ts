import {
  claimThing,
  DISCOVERY,
  decodeClaimed,
  decodeNodeInfo,
  disownThing,
  type MetaTag,
  type NodeReference,
  registerThing,
  removeThing,
  type SearchOperator,
  searchThings,
  unregisterThing,
  updateThing,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { discoInfo, Jid, ping, presence } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { isSqlite } from '../dialect.ts';
import { registryMigrations } from './migrations.ts';
import { type RegistryLimits, RegistryService } from './registry-service.ts';
import type { RegistryTables } from './tables.ts';

const REGISTRY = Jid.parse('registry.localhost');
const KEY = '4857402340298342';
const TAGS: readonly MetaTag[] = [
  { name: 'SN', type: 'str', value: '394872348732948723' },
  { name: 'MAN', type: 'str', value: 'www.ktc.se' },
  { name: 'V', type: 'num', value: 1.2 },
  { name: 'KEY', type: 'str', value: KEY },
];
const withoutKey = TAGS.filter(({ name }) => name !== 'KEY');
const str = (name: string, value: string): MetaTag => ({ name, type: 'str', value });
const num = (name: string, value: number): MetaTag => ({ name, type: 'num', value });
const SN: SearchOperator = { operator: 'strEq', name: 'SN', value: '394872348732948723' };

let network: MemoryNetwork;
let database: Kysely<RegistryTables>;
let registry: RegistryService;
let now: number;

async function startRegistry(limits: Partial<RegistryLimits> = {}) {
  const peer = network.peer('registry.localhost');
  registry = new RegistryService({
    peer,
    database,
    limits,
    clock: () => new Date(now),
    acknowledgementTimeoutMs: 200,
    retryIntervalMs: 20,
  });
  await registry.start();
}

/** A Thing that acknowledges what it is told, and remembers it. */
function thingPeer(jid = 'thing@localhost/imc') {
  const peer = network.peer(jid);
  const told: string[] = [];
  const nodeOf = (node: NodeReference | undefined) => (node ? ` ${node.nodeId}` : '');
  peer.onIq('set', { name: 'claimed', namespace: DISCOVERY }, ({ from, payload }) => {
    expect(from).toEqual(REGISTRY);
    const { jid, node, public: isPublic } = decodeClaimed(payload);
    told.push(`claimed by ${jid}${isPublic ? '' : ' privately'}${nodeOf(node)}`);
    return undefined;
  });
  for (const name of ['removed', 'disowned']) {
    peer.onIq('set', { name, namespace: DISCOVERY }, ({ payload }) => {
      told.push(`${name}${nodeOf(decodeNodeInfo(payload))}`);
      return undefined;
    });
  }
  return Object.assign(peer, { told });
}

async function eventually(check: () => void): Promise<void> {
  await expect
    .poll(
      () => {
        check();
        return true;
      },
      { interval: 5, timeout: 2000 },
    )
    .toBe(true);
}

const register = (peer: MemoryPeer, tags = TAGS, node?: NodeReference) => registerThing(peer, REGISTRY, { tags, node });
const search = async (peer: MemoryPeer, ...operators: SearchOperator[]) =>
  (await searchThings(peer, REGISTRY, operators)).things;

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z');
  network = new MemoryNetwork();
  database = await memoryDatabase<RegistryTables>(registryMigrations);
  await startRegistry();
});

afterEach(async () => {
  await registry.stop();
  await database.destroy();
  expect(network.errors).toEqual([]);
});

describe('the registry', () => {
  test('says what it is', async () => {
    const owner = network.peer('owner@localhost/phone');
    expect((await discoInfo(owner, REGISTRY)).features).toContain('urn:xmpp:iot:discovery');
    await ping(owner, REGISTRY);
  });
});

describe('a claim', () => {
  test('by all the meta data, in any order and case, makes the owner and tells the Thing before', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    expect(await register(thing)).toEqual({});
    expect(await search(owner, SN)).toEqual([]);
    const tags = [...TAGS].reverse().map((tag) => ({ ...tag, name: tag.name.toLowerCase() }));
    expect(await claimThing(owner, REGISTRY, tags)).toEqual({ jid: thing.jid.bare, node: undefined });
    expect(thing.told).toEqual(['claimed by owner@localhost']);
    expect(await search(owner, SN)).toEqual([
      { jid: thing.jid.bare, node: undefined, owner: owner.jid.bare, tags: withoutKey },
    ]);
  });

  test('can be repeated by the owner, and by nobody else', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    await updateThing(thing, REGISTRY, [str('ROOM', 'Kitchen')]);
    await claimThing(network.peer('owner@localhost/tablet'), REGISTRY, TAGS);
    expect(thing.told).toEqual(['claimed by owner@localhost']);
    await expect(claimThing(network.peer('thief@localhost/x'), REGISTRY, TAGS)).rejects.toMatchObject({
      condition: 'item-not-found',
    });
  });

  test('of a private Thing keeps it from searches', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS, { public: false });
    expect(thing.told).toEqual(['claimed by owner@localhost privately']);
    expect(await search(owner, SN)).toEqual([]);
    expect(await register(thing)).toEqual({ claimedBy: { owner: owner.jid.bare, public: false } });
  });

  test('of a Thing behind a concentrator means that node', async () => {
    const rack = thingPeer('rack@localhost/plcs');
    const owner = network.peer('owner@localhost/phone');
    const nodes = ['imc1', 'imc2'].map((nodeId) => ({ nodeId, sourceId: 'MeteringTopology' }));
    for (const node of nodes) await register(rack, [str('SN', node.nodeId), str('KEY', KEY)], node);
    expect(await claimThing(owner, REGISTRY, [str('SN', 'imc2'), str('KEY', KEY)])).toEqual({
      jid: rack.jid.bare,
      node: nodes[1],
    });
    expect(rack.told).toEqual(['claimed by owner@localhost imc2']);
    expect(
      (await search(owner, { operator: 'strMask', name: 'SN', value: 'imc*', wildcard: '*' })).map(({ node }) => node),
    ).toEqual([nodes[1]]);
  });

  test('that is wrong in anything gets the same answer as one for a Thing that is not there', async () => {
    const thing = thingPeer();
    const thief = network.peer('thief@localhost/x');
    await register(thing);
    await registry.stop();
    await startRegistry({ failedClaimsPerMinute: 100 });
    const guesses: MetaTag[][] = [
      [...withoutKey],
      [...withoutKey, str('KEY', '')],
      [...withoutKey, str('KEY', KEY.slice(1))],
      [...withoutKey, str('KEY', `${KEY} `)],
      [...withoutKey, num('KEY', Number(KEY))],
      [...TAGS, str('MODEL', 'IMC')],
      TAGS.slice(1),
      [str('KEY', KEY)],
      TAGS.map((tag) => (tag.name === 'V' ? str('V', '1.2') : tag)),
      [str('SN', 'nowhere'), str('KEY', 'x')],
      [],
    ];
    network.sent.length = 0;
    for (const guess of guesses) await expect(claimThing(thief, REGISTRY, guess)).rejects.toThrow('item-not-found');
    const answers = network.sent
      .filter((text) => text.includes("type='error'"))
      .map((text) => text.replace(/ id='[^']*'/, ''));
    expect(answers).toHaveLength(guesses.length);
    expect(new Set(answers).size).toBe(1);
    expect(thing.told).toEqual([]);
  });

  test('of a Thing that registered without KEY, or emptied it, is not possible', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing, [...withoutKey, str('KEY', '')]);
    await expect(claimThing(owner, REGISTRY, withoutKey)).rejects.toThrow('item-not-found');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    await updateThing(thing, REGISTRY, [str('KEY', '')]);
    await expect(claimThing(owner, REGISTRY, TAGS)).rejects.toThrow('item-not-found');
    await expect(claimThing(owner, REGISTRY, withoutKey)).rejects.toThrow('item-not-found');
  });

  test('is not tried without end', async () => {
    const thing = thingPeer();
    await register(thing);
    const thief = network.peer('thief@localhost/x');
    for (let i = 0; i < 10; i++) {
      await expect(claimThing(thief, REGISTRY, [str('KEY', String(i))])).rejects.toThrow('item-not-found');
    }
    const other = network.peer('thief@localhost/y');
    await expect(claimThing(other, REGISTRY, TAGS)).rejects.toMatchObject({
      condition: 'resource-constraint',
      type: 'wait',
    });
    await claimThing(network.peer('owner@localhost/phone'), REGISTRY, TAGS);
    now += 60_000;
    await expect(claimThing(other, REGISTRY, TAGS)).rejects.toThrow('item-not-found');
  });

  test('is not tried without end by many together either', async () => {
    await registry.stop();
    await startRegistry({ failedClaimsPerMinuteInAll: 5 });
    await register(thingPeer());
    for (let i = 0; i < 5; i++) {
      const thief = network.peer(`thief${i}@localhost/x`);
      await expect(claimThing(thief, REGISTRY, [str('KEY', String(i))])).rejects.toThrow('item-not-found');
    }
    const owner = network.peer('owner@localhost/phone');
    await expect(claimThing(owner, REGISTRY, TAGS)).rejects.toMatchObject({ condition: 'resource-constraint' });
    now += 60_000;
    await claimThing(owner, REGISTRY, TAGS);
  });

  test('that names a node means that node alone', async () => {
    const rack = thingPeer('rack@localhost/plcs');
    const owner = network.peer('owner@localhost/phone');
    const nodes = [
      { nodeId: '1', sourceId: 'Topology', cacheType: 'Instance' },
      { nodeId: '1', sourceId: 'Topology', cacheType: 'Type' },
      { nodeId: '1', sourceId: 'Topology' },
    ];
    for (const node of nodes) await register(rack, TAGS, node);
    const wanted = nodes[1] as NodeReference;
    const elsewhere = { ...wanted, cacheType: 'None' };
    await expect(claimThing(owner, REGISTRY, TAGS, { node: elsewhere })).rejects.toThrow('item-not-found');
    expect(await claimThing(owner, REGISTRY, TAGS, { node: wanted })).toEqual({ jid: rack.jid.bare, node: wanted });
    const again = await registerThing(rack, REGISTRY, { tags: TAGS, node: wanted });
    expect(again).toEqual({ claimedBy: { owner: owner.jid.bare, public: true } });
    await disownThing(owner, REGISTRY, rack.jid.bare, wanted);
    expect(rack.told).toEqual(['claimed by owner@localhost 1', 'disowned 1']);
    await expect(removeThing(owner, REGISTRY, rack.jid.bare, nodes[0])).rejects.toThrow('item-not-found');
  });

  test('goes to one of many who ask at the same time, who each know several Things of the same meta data', async () => {
    const rack = thingPeer('rack@localhost/plcs');
    for (const nodeId of ['1', '2']) await register(rack, TAGS, { nodeId });
    const claimers = ['a', 'b', 'c', 'd'].map((name) => network.peer(`${name}@localhost/x`));
    const results = await Promise.allSettled(claimers.map((peer) => claimThing(peer, REGISTRY, TAGS)));
    const got = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.node?.nodeId] : []));
    expect(got.sort()).toEqual(['1', '2']);
    const owners = await database.selectFrom('registry_things').select('owner').execute();
    expect(new Set(owners.map(({ owner }) => owner)).size).toBe(2);
  });

  test('goes to one of two who ask at the same time', async () => {
    await register(thingPeer());
    const results = await Promise.allSettled(
      ['a', 'b', 'c'].map((name) => claimThing(network.peer(`${name}@localhost/x`), REGISTRY, TAGS)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('a registration', () => {
  test('replaces the one before, tags and all', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await register(thing, [str('SN', '2'), str('KEY', 'k')]);
    await expect(claimThing(owner, REGISTRY, TAGS)).rejects.toThrow('item-not-found');
    await claimThing(owner, REGISTRY, [str('SN', '2'), str('KEY', 'k')]);
    expect((await search(owner, { operator: 'strEq', name: 'SN', value: '2' }))[0]?.tags).toEqual([str('SN', '2')]);
  });

  test('of a claimed Thing changes nothing and tells the owner', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    expect(await registerThing(thing, REGISTRY, { tags: [str('SN', '2')], selfOwned: true })).toEqual({
      claimedBy: { owner: owner.jid.bare, public: true },
    });
    expect(await search(owner, SN)).toHaveLength(1);
  });

  test('of a self-owned Thing makes it public at once, and it may do it again', async () => {
    const thing = thingPeer();
    const anyone = network.peer('curious@example.org/client');
    expect(await registerThing(thing, REGISTRY, { tags: TAGS, selfOwned: true })).toEqual({});
    expect(await search(anyone, SN)).toEqual([
      { jid: thing.jid.bare, node: undefined, owner: thing.jid.bare, tags: withoutKey },
    ]);
    await expect(claimThing(anyone, REGISTRY, TAGS)).rejects.toThrow('item-not-found');
    expect(await registerThing(thing, REGISTRY, { tags: [str('SN', '3')], selfOwned: true })).toEqual({});
    expect(await search(anyone, SN)).toEqual([]);
  });

  test('keeps no other tags than those that are wanted; a claim still needs them all', async () => {
    await registry.stop();
    const peer = network.peer('registry.localhost');
    registry = new RegistryService({ peer, database, tags: ['wanted'], retryIntervalMs: 20 });
    await registry.start();
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    const tags = [...TAGS, str('WANTED', 'x'), str('SPAM', 'y')];
    await register(thing, tags);
    await expect(claimThing(owner, REGISTRY, [...TAGS, str('WANTED', 'x')])).rejects.toThrow('item-not-found');
    await claimThing(owner, REGISTRY, tags);
    await updateThing(thing, REGISTRY, [str('MORESPAM', 'z'), str('ROOM', 'Kitchen')]);
    expect((await search(owner, SN))[0]?.tags).toEqual([...withoutKey, str('WANTED', 'x'), str('ROOM', 'Kitchen')]);
  });

  test('is about the sender alone', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await registerThing(thing, REGISTRY, { tags: TAGS, selfOwned: true });
    const thief = network.peer('thief@localhost/x');
    await unregisterThing(thief, REGISTRY);
    await thief.request(
      'set',
      REGISTRY,
      xml('register', { xmlns: DISCOVERY, jid: 'thing@localhost', from: 'thing@localhost' }),
    );
    expect(await search(owner, SN)).toHaveLength(1);
  });

  test('has bounds', async () => {
    await registry.stop();
    await startRegistry({ tagsPerThing: 4, thingsPerJid: 2 });
    const thing = thingPeer();
    await expect(register(thing, [...TAGS, str('MODEL', 'IMC')])).rejects.toThrow('not-acceptable');
    await register(thing, TAGS, { nodeId: '1' });
    await register(thing, TAGS, { nodeId: '2' });
    await register(thing, TAGS, { nodeId: '2' });
    await expect(register(thing, TAGS, { nodeId: '3' })).rejects.toThrow('resource-constraint');
    await expect(register(thing, TAGS, { nodeId: 'x'.repeat(257) })).rejects.toThrow('policy-violation');
    const tooLong = xml('register', { xmlns: DISCOVERY }, xml('str', { name: 'A', value: 'x'.repeat(129) }));
    await expect(thing.request('set', REGISTRY, tooLong)).rejects.toThrow('bad-request');
  });
});

describe('KEY', () => {
  test('is never shown, found or stored', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    network.sent.length = 0;
    await claimThing(owner, REGISTRY, TAGS);
    network.sent.length = 0;
    await updateThing(owner, REGISTRY, [str('ROOM', 'Kitchen')], { jid: thing.jid });
    await register(thing, withoutKey);
    const onKey: SearchOperator[] = [
      { operator: 'strEq', name: 'KEY', value: 'x' },
      { operator: 'strNEq', name: 'key', value: 'x' },
      { operator: 'strGtEq', name: 'KEY', value: '' },
      { operator: 'strRange', name: 'KEY', min: '', max: '\uffef' },
      { operator: 'strNRange', name: 'KEY', min: 'x', max: 'y' },
      { operator: 'strMask', name: 'Key', value: '*', wildcard: '*' },
      { operator: 'numNEq', name: 'KEY', value: 0 },
    ];
    for (const operator of onKey) expect(await search(owner, SN, operator)).toEqual([]);
    await search(owner, SN);
    expect(network.sent.join()).not.toContain(KEY);
    const stored = JSON.stringify([
      await database.selectFrom('registry_things').selectAll().execute(),
      await database.selectFrom('registry_text_tags').selectAll().execute(),
      await database.selectFrom('registry_number_tags').selectAll().execute(),
      await database.selectFrom('registry_notifications').selectAll().execute(),
      isSqlite(database) ? await database.selectFrom('registry_tag_values').selectAll().execute() : [],
    ]);
    expect(stored).not.toContain(KEY);
    expect(stored).not.toContain('"KEY"');
    expect(stored).toContain('Kitchen');
  });

  test('of a self-owned Thing, or given in an update, is not shown either', async () => {
    const thing = thingPeer();
    await registerThing(thing, REGISTRY, { tags: TAGS, selfOwned: true });
    await updateThing(thing, REGISTRY, [str('key', 'another')]);
    const [found] = await search(thing, SN);
    expect(found?.tags).toEqual(withoutKey);
    expect(await search(thing, { operator: 'strEq', name: 'KEY', value: 'another' })).toEqual([]);
  });
});

describe('an update', () => {
  test('sets some tags, removes emptied ones and leaves the others', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    expect(await updateThing(thing, REGISTRY, [str('man', ''), num('LAT', -33.008055), num('V', 2)])).toEqual({
      disowned: false,
    });
    await updateThing(owner, REGISTRY, [str('ROOM', 'Kitchen')], { jid: thing.jid });
    const [found] = await search(owner, SN);
    expect(found?.tags).toEqual([TAGS[0], num('V', 2), num('LAT', -33.008055), str('ROOM', 'Kitchen')]);
  });

  test('of an unclaimed Thing changes nothing and tells it so', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    expect(await updateThing(thing, REGISTRY, [str('SN', '2')])).toEqual({ disowned: true });
    await claimThing(owner, REGISTRY, TAGS);
  });

  test('by anybody else finds nothing', async () => {
    const thing = thingPeer();
    const thief = network.peer('thief@localhost/x');
    await expect(updateThing(thing, REGISTRY, [str('SN', '2')])).rejects.toThrow('item-not-found');
    await register(thing);
    await expect(updateThing(thief, REGISTRY, [str('SN', '2')], { jid: thing.jid })).rejects.toThrow('item-not-found');
    await claimThing(network.peer('owner@localhost/phone'), REGISTRY, TAGS);
    await expect(updateThing(thief, REGISTRY, [str('SN', '2')], { jid: thing.jid })).rejects.toThrow('item-not-found');
    await expect(removeThing(thief, REGISTRY, thing.jid)).rejects.toThrow('item-not-found');
    await expect(disownThing(thief, REGISTRY, thing.jid)).rejects.toThrow('item-not-found');
    expect(thing.told).toEqual(['claimed by owner@localhost']);
  });

  test('that makes too many tags is refused as a whole', async () => {
    const thing = thingPeer();
    await registerThing(thing, REGISTRY, { tags: TAGS, selfOwned: true });
    const many = Array.from({ length: 48 }, (_, i) => str(`T${i}`, 'x'));
    await expect(updateThing(thing, REGISTRY, many)).rejects.toThrow('not-acceptable');
    expect((await search(thing, SN))[0]?.tags).toEqual(withoutKey);
    await updateThing(thing, REGISTRY, many.slice(1));
  });
});

describe('what becomes of a Thing', () => {
  test('removed by its owner: it is told and no longer found', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    await removeThing(owner, REGISTRY, thing.jid);
    await eventually(() => expect(thing.told).toEqual(['claimed by owner@localhost', 'removed']));
    expect(await search(owner, SN)).toEqual([]);
    await expect(updateThing(thing, REGISTRY, [str('SN', '2')])).rejects.toThrow('item-not-found');
    await expect(removeThing(owner, REGISTRY, thing.jid)).rejects.toThrow('item-not-found');
  });

  test('disowned: it is told first, and nobody can claim it until it registers again', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    await disownThing(owner, REGISTRY, thing.jid);
    expect(thing.told).toEqual(['claimed by owner@localhost', 'disowned']);
    expect(await search(owner, SN)).toEqual([]);
    await expect(claimThing(owner, REGISTRY, TAGS)).rejects.toThrow('item-not-found');
    await expect(disownThing(owner, REGISTRY, thing.jid)).rejects.toThrow('item-not-found');
    expect(await updateThing(thing, REGISTRY, [])).toEqual({ disowned: true });
    await register(thing);
    await claimThing(network.peer('buyer@localhost/phone'), REGISTRY, TAGS);
    expect(thing.told).toEqual(['claimed by owner@localhost', 'disowned', 'claimed by buyer@localhost']);
  });

  test('cannot be disowned while it is away or does not acknowledge', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    thing.disconnect();
    await expect(disownThing(owner, REGISTRY, thing.jid)).rejects.toThrow('not-allowed');
    const deaf = network.peer('thing@localhost/imc');
    deaf.onIq('set', { name: 'disowned', namespace: DISCOVERY }, () => new Promise(() => {}));
    await expect(disownThing(owner, REGISTRY, thing.jid)).rejects.toThrow('not-allowed');
    expect(await register(deaf)).toEqual({ claimedBy: { owner: owner.jid.bare, public: true } });
  });

  test('that registers again as soon as it is disowned is really free', async () => {
    const thing = network.peer('thing@localhost/imc');
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    let again: Promise<unknown> | undefined;
    thing.onIq('set', { name: 'disowned', namespace: DISCOVERY }, () => {
      again = register(thing);
      return undefined;
    });
    await disownThing(owner, REGISTRY, thing.jid);
    expect(await again).toEqual({});
    await claimThing(network.peer('buyer@localhost/phone'), REGISTRY, TAGS);
  });

  test('that leaves by itself is gone', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await claimThing(owner, REGISTRY, TAGS);
    await unregisterThing(thing, REGISTRY);
    await unregisterThing(thing, REGISTRY);
    expect(await search(owner, SN)).toEqual([]);
    expect(await register(thing)).toEqual({});
  });
});

describe('a Thing that was away', () => {
  let owner: MemoryPeer;

  /** Claims the Thing, and more, while it is offline; then the registry is restarted. */
  async function whileAway(alsoRemove: boolean) {
    const thing = thingPeer();
    owner = network.peer('owner@localhost/phone');
    await register(thing);
    thing.disconnect();
    await claimThing(owner, REGISTRY, TAGS);
    if (alsoRemove) await removeThing(owner, REGISTRY, thing.jid);
    await registry.stop();
    await startRegistry();
  }

  test('is told of its owner when it registers, at its new address too', async () => {
    await whileAway(false);
    const thing = thingPeer('thing@localhost/other');
    expect(await register(thing)).toEqual({ claimedBy: { owner: owner.jid.bare, public: true } });
    await eventually(() => expect(thing.told).toEqual(['claimed by owner@localhost']));
    await disownThing(owner, REGISTRY, thing.jid);
  });

  test('is told all, in order, after some time', async () => {
    await whileAway(true);
    const thing = thingPeer();
    now += 3_600_000;
    await eventually(() => expect(thing.told).toEqual(['claimed by owner@localhost', 'removed']));
    await expect
      .poll(() => database.selectFrom('registry_notifications').selectAll().execute(), { timeout: 5000 })
      .toEqual([]);
  });

  test('is told when it shows its presence', async () => {
    await whileAway(true);
    const thing = thingPeer('thing@localhost/other');
    thing.send(presence(undefined, { to: REGISTRY }));
    await eventually(() => expect(thing.told).toEqual(['claimed by owner@localhost', 'removed']));
  });

  test('does not become free by registering, when it was claimed and removed meanwhile', async () => {
    await whileAway(true);
    const thing = thingPeer();
    expect(await register(thing)).toEqual({ claimedBy: { owner: owner.jid.bare, public: true } });
    await eventually(() => expect(thing.told).toEqual(['claimed by owner@localhost', 'removed']));
    await expect(claimThing(network.peer('thief@localhost/x'), REGISTRY, TAGS)).rejects.toThrow('item-not-found');
  });

  test('is forgotten when it never comes back', async () => {
    await whileAway(true);
    now += 91 * 86_400_000;
    await expect
      .poll(async () => (await database.selectFrom('registry_notifications').selectAll().execute()).length)
      .toBe(0);
  });
});

describe('a restart', () => {
  test('keeps everything', async () => {
    const thing = thingPeer();
    const owner = network.peer('owner@localhost/phone');
    await register(thing);
    await registry.stop();
    await expect(register(thing)).rejects.toThrow('service-unavailable');
    await startRegistry();
    await claimThing(owner, REGISTRY, TAGS);
    await registry.stop();
    await startRegistry();
    expect(await search(owner, SN)).toHaveLength(1);
    await disownThing(owner, REGISTRY, thing.jid);
  });
});

describe('a search', () => {
  const names = async (peer: MemoryPeer, ...operators: SearchOperator[]) =>
    (await search(peer, ...operators)).map(({ tags }) => tags.find(({ name }) => name === 'NAME')?.value);

  test.each<[string, SearchOperator, string[]]>([
    ['strEq', { operator: 'strEq', name: 'name', value: 'b' }, ['b']],
    ['strEq by case', { operator: 'strEq', name: 'NAME', value: 'B' }, []],
    ['strEq of a numeric tag', { operator: 'strEq', name: 'V', value: '1' }, []],
    ['strNEq', { operator: 'strNEq', name: 'NAME', value: 'b' }, ['a', 'c*[?]%_\\', 'é']],
    ['strNEq of a tag one has', { operator: 'strNEq', name: 'ROOM', value: 'x' }, ['b']],
    ['strGt', { operator: 'strGt', name: 'NAME', value: 'b' }, ['c*[?]%_\\', 'é']],
    ['strGtEq', { operator: 'strGtEq', name: 'NAME', value: 'b' }, ['b', 'c*[?]%_\\', 'é']],
    ['strLt', { operator: 'strLt', name: 'NAME', value: 'b' }, ['a']],
    ['strLtEq', { operator: 'strLtEq', name: 'NAME', value: 'b' }, ['a', 'b']],
    ['strRange', { operator: 'strRange', name: 'NAME', min: 'a', max: 'b' }, ['a', 'b']],
    [
      'strRange without its ends',
      { operator: 'strRange', name: 'NAME', min: 'a', minIncluded: false, max: 'b', maxIncluded: false },
      [],
    ],
    ['strNRange', { operator: 'strNRange', name: 'NAME', min: 'a', max: 'b' }, ['c*[?]%_\\', 'é']],
    [
      'strNRange without its ends',
      { operator: 'strNRange', name: 'NAME', min: 'a', minIncluded: false, max: 'b', maxIncluded: false },
      ['a', 'b', 'c*[?]%_\\', 'é'],
    ],
    ['strMask', { operator: 'strMask', name: 'NAME', value: 'c*', wildcard: '*' }, ['c*[?]%_\\']],
    [
      'strMask of special characters',
      { operator: 'strMask', name: 'NAME', value: '~*[?]%_\\', wildcard: '~' },
      ['c*[?]%_\\'],
    ],
    ['strMask with a literal ?', { operator: 'strMask', name: 'NAME', value: '?', wildcard: '*' }, []],
    ['strMask with a literal %', { operator: 'strMask', name: 'NAME', value: '%', wildcard: '*' }, []],
    ['strMask by case', { operator: 'strMask', name: 'NAME', value: 'C*', wildcard: '*' }, []],
    ['strMask in the middle', { operator: 'strMask', name: 'NAME', value: '%_%', wildcard: '%' }, ['c*[?]%_\\']],
    ['numEq', { operator: 'numEq', name: 'V', value: 1 }, ['a']],
    ['numNEq', { operator: 'numNEq', name: 'V', value: 1 }, ['b', 'c*[?]%_\\']],
    ['numGt as numbers', { operator: 'numGt', name: 'V', value: 9.5 }, ['c*[?]%_\\']],
    ['numGtEq', { operator: 'numGtEq', name: 'V', value: 9.5 }, ['b', 'c*[?]%_\\']],
    ['numLt', { operator: 'numLt', name: 'V', value: 9.5 }, ['a']],
    ['numLtEq', { operator: 'numLtEq', name: 'V', value: 9.5 }, ['a', 'b']],
    ['numRange', { operator: 'numRange', name: 'V', min: 1, max: 10, minIncluded: false }, ['b', 'c*[?]%_\\']],
    ['numNRange', { operator: 'numNRange', name: 'V', min: 1, max: 10, maxIncluded: false }, ['c*[?]%_\\']],
    ['of a tag nobody has', { operator: 'numNEq', name: 'LAT', value: 1 }, []],
  ])('with %s', async (_, operator, expected) => {
    const rack = thingPeer();
    const all: [string, number | undefined][] = [
      ['a', 1],
      ['b', 9.5],
      ['c*[?]%_\\', 10],
      ['é', undefined],
    ];
    for (const [name, version] of all) {
      const tags = [
        str('NAME', name),
        ...(version === undefined ? [] : [num('V', version)]),
        ...(name === 'b' ? [str('ROOM', 'y')] : []),
      ];
      await registerThing(rack, REGISTRY, { node: { nodeId: name }, tags, selfOwned: true });
    }
    expect(await names(rack, operator)).toEqual(expected);
  });

  test('holds to all operators, and gives its results in pages', async () => {
    await registry.stop();
    await startRegistry({ foundThings: 3 });
    const rack = thingPeer();
    for (let i = 0; i < 8; i++) {
      await registerThing(rack, REGISTRY, {
        node: { nodeId: String(i) },
        tags: [num('V', i), str('MAN', 'x')],
        selfOwned: true,
      });
    }
    const operators: SearchOperator[] = [
      { operator: 'strEq', name: 'MAN', value: 'x' },
      { operator: 'numGtEq', name: 'V', value: 1 },
    ];
    const page = async (offset: number, maxCount?: number) => {
      const { things, more } = await searchThings(rack, REGISTRY, operators, {
        offset,
        ...(maxCount ? { maxCount } : {}),
      });
      return [things.map(({ node }) => node?.nodeId).join(''), more];
    };
    expect(await page(0)).toEqual(['123', true]);
    expect(await page(0, 2)).toEqual(['12', true]);
    expect(await page(3, 50)).toEqual(['456', true]);
    expect(await page(6)).toEqual(['7', false]);
    expect(await page(7)).toEqual(['', false]);
    await registry.stop();
    await startRegistry({ foundBytes: 400 });
    expect(await page(0)).toEqual(['12', true]);
  });

  test('that has to look at too much is refused, and says what would help', async () => {
    await registry.stop();
    await startRegistry({ tagsPerSearch: 1, operatorsPerSearch: 2 });
    const rack = thingPeer();
    const rows = Array.from({ length: 13_000 }, (_, i) => ({
      name: 'MODEL',
      value: `a${i}`,
      thing_id: i,
    }));
    for (let i = 0; i < rows.length; i += 300) {
      await database
        .insertInto('registry_text_tags')
        .values(rows.slice(i, i + 300))
        .execute();
    }
    const mask = (value: string): SearchOperator => ({ operator: 'strMask', name: 'MODEL', value, wildcard: '*' });
    await expect(search(rack, mask('a*zz'))).rejects.toMatchObject({
      condition: 'not-acceptable',
      text: expect.stringContaining('add a condition'),
    });
    expect(await search(rack, mask('b*zz'))).toEqual([]);
    await expect(search(rack, SN, SN, SN)).rejects.toMatchObject({ condition: 'not-acceptable' });
  });

  test('needs an operator', async () => {
    await expect(searchThings(network.peer('a@b/c'), REGISTRY, [])).rejects.toThrow('bad-request');
  });
});
