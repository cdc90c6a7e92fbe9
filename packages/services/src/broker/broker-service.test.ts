import {
  allDocuments,
  BROKER,
  type DocumentChange,
  followDocuments,
  getChangedDocument,
  getDocument,
  listDocuments,
  type PutDocument,
  putDocument,
  removeDocument,
  setBrokerReaders,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { discoInfo, Jid, ping, StanzaError } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { type BrokerOptions, BrokerService } from './broker-service.ts';
import { brokerMigrations } from './migrations.ts';
import type { BrokerTables } from './tables.ts';

const BROKER_JID = Jid.parse('broker.localhost');
const THING = Jid.parse('plc@localhost');
const TANK = { nodeId: 'tank', sourceId: 'plc' };
const START = Date.parse('2026-01-01T00:00:00Z');

let network: MemoryNetwork;
let database: Kysely<BrokerTables>;
let broker: BrokerService;
let thing: MemoryPeer;
let owner: MemoryPeer;
let stranger: MemoryPeer;
let now: number;
/** Whom the tank belongs to. */
let owned: Map<string, string>;

const keyOf = (jid: string, node: string) => `${jid}#${node}`;

async function startBroker(options: Partial<BrokerOptions> = {}) {
  broker = new BrokerService({
    peer: network.peer('broker.localhost'),
    database,
    owners: { ownerOf: async ({ jid, node_id }) => owned.get(keyOf(jid, node_id)) },
    isAdministrator: async (jid) => jid.toString() === 'admin@localhost',
    clock: () => new Date(now),
    ...options,
  });
  await broker.start();
}

async function restart(options: Partial<BrokerOptions> = {}) {
  await broker.stop();
  await startBroker(options);
}

const map = (text: string, rest: Partial<PutDocument> = {}): PutDocument => ({
  thing: THING,
  kind: 'register-map',
  name: 'default',
  mediaType: 'text/csv',
  content: { form: 'text', text },
  ...rest,
});
const put = (peer: MemoryPeer, document: PutDocument) => putDocument(peer, BROKER_JID, document);
const get = (peer: MemoryPeer, document = map('')) => getDocument(peer, BROKER_JID, document);
const list = (peer: MemoryPeer, node?: typeof TANK) => allDocuments(peer, BROKER_JID, { thing: THING, node });
const refused = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof StanzaError ? error.condition : error;
};

beforeEach(async () => {
  now = START;
  owned = new Map([
    [keyOf('plc@localhost', ''), 'owner@localhost'],
    [keyOf('plc@localhost', 'tank'), 'tanker@localhost'],
  ]);
  network = new MemoryNetwork();
  database = await memoryDatabase<BrokerTables>(brokerMigrations);
  await startBroker();
  thing = network.peer('plc@localhost/gateway');
  owner = network.peer('owner@localhost/desk');
  stranger = network.peer('stranger@localhost/x');
});

afterEach(async () => {
  await broker.stop();
  await database.destroy();
  expect(network.errors).toEqual([]);
});

describe('the service broker', () => {
  test('says what it is', async () => {
    expect((await discoInfo(thing, BROKER_JID)).features).toContain(BROKER);
    await ping(thing, BROKER_JID);
  });

  test('keeps text, octets and XML, also over a restart', async () => {
    const contents = [
      { form: 'text' as const, text: 'a,b\r\n"ü<&>"\n' },
      { form: 'octets' as const, octets: Uint8Array.of(0, 255, 13, 10) },
      { form: 'xml' as const, element: xml('a', { xmlns: 'urn:a', z: '1', b: '2' }, xml('c', {}, ' d ')) },
    ];
    for (const content of contents) await put(thing, map('', { kind: 'x', name: content.form, content }));
    await restart();
    for (const content of contents) {
      const { content: kept, ...entry } = await get(owner, map('', { kind: 'x', name: content.form }));
      expect(kept.form === 'xml' ? String(kept.element) : kept).toEqual(
        content.form === 'xml' ? "<a xmlns='urn:a' b='2' z='1'><c> d </c></a>" : content,
      );
      expect(entry).toMatchObject({ version: 1, at: new Date(START), by: THING, mediaType: 'text/csv' });
    }
    expect((await list(thing)).map(({ name, size }) => `${name} ${size}`)).toEqual(['octets 4', 'text 13', 'xml 43']);
  });

  test('counts versions, and what is the same already changes nothing', async () => {
    const first = await put(thing, map('one'));
    now += 1000;
    expect(await put(owner, map('one'))).toEqual(first);
    const second = await put(owner, map('two'));
    expect(second).toMatchObject({ version: 2, at: new Date(now), by: owner.jid.bare });
    expect(second.digest).not.toBe(first.digest);
    expect(await getChangedDocument(thing, BROKER_JID, { ...map(''), unless: second.digest })).toBeUndefined();
    const changed = await getChangedDocument(thing, BROKER_JID, { ...map(''), unless: first.digest });
    expect(changed?.content).toEqual({ form: 'text', text: 'two' });
  });

  test('lets nobody overwrite what they have not seen', async () => {
    const { digest } = await put(owner, map('one', { previous: 'none' }));
    expect(await refused(put(thing, map('x', { previous: 'none' })))).toBe('conflict');
    const both = await Promise.allSettled([
      put(owner, map('two', { previous: digest })),
      put(thing, map('three', { previous: digest })),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const remove = (previous?: string) => removeDocument(owner, BROKER_JID, { ...map(''), previous });
    expect(await refused(remove(digest))).toBe('conflict');
    await remove((await get(owner)).digest);
    expect(await refused(put(thing, map('x', { previous: digest })))).toBe('conflict');
    expect(await refused(remove())).toBe('item-not-found');
    expect(await put(thing, map('x', { previous: 'none' }))).toMatchObject({ version: 1 });
  });

  test('keeps nodes apart, and their owners', async () => {
    const tanker = network.peer('tanker@localhost/x');
    await put(thing, map('all'));
    await put(tanker, map('tank', { node: TANK }));
    expect(await refused(put(owner, map('mine', { node: TANK })))).toBe('forbidden');
    expect(await refused(put(tanker, map('mine')))).toBe('forbidden');
    expect(await list(owner)).toHaveLength(1);
    expect(await list(owner, TANK)).toEqual([]);
    expect((await get(tanker, map('', { node: TANK }))).content).toEqual({ form: 'text', text: 'tank' });
  });

  test('says the same to who may not know whether there is something or not', async () => {
    const follow = (peer: MemoryPeer) =>
      peer.request('set', BROKER_JID, xml('follow', { xmlns: BROKER, thing: THING.toString() }));
    const answers = async () => [
      String(await get(stranger).catch((error: Error) => error.message)),
      String(JSON.stringify(await listDocuments(stranger, BROKER_JID, { thing: THING }))),
      String(await follow(stranger).catch((error: Error) => error.message)),
      String(await put(stranger, map('x', { previous: 'none' })).catch((error: Error) => error.message)),
      String(await removeDocument(stranger, BROKER_JID, map('')).catch((error: Error) => error.message)),
    ];
    const before = await answers();
    await put(thing, map('secret'));
    expect(await answers()).toEqual(before);
    expect(before[0]).toBe(await get(owner, map('', { name: 'absent' })).catch((error: Error) => error.message));
  });

  test('lets those read whom the Thing has named, and administrators', async () => {
    await put(thing, map('one'));
    const admin = network.peer('admin@localhost/x');
    expect((await get(admin)).version).toBe(1);
    expect(await refused(put(admin, map('two')))).toBe('forbidden');
    await setBrokerReaders(thing, BROKER_JID, { readers: [stranger.jid] });
    expect((await get(stranger)).version).toBe(1);
    expect(await refused(get(stranger, map('', { node: TANK })))).toBe('item-not-found');
    expect(await refused(put(stranger, map('two')))).toBe('forbidden');
    await setBrokerReaders(thing, BROKER_JID, { readers: [] });
    expect(await refused(get(stranger))).toBe('item-not-found');
  });

  test('hears from Things whom they belong to, where nobody knows better', async () => {
    const told: unknown[] = [];
    await restart({
      owners: { ownerOf: async () => undefined, told: async (...said) => told.push(said) > 0 },
    });
    await setBrokerReaders(thing, BROKER_JID, { node: TANK, readers: [], owner: owner.jid });
    expect(told).toEqual([
      [{ jid: 'plc@localhost', node_id: 'tank', source_id: 'plc', cache_type: '' }, 'owner@localhost'],
    ]);
  });

  test('tells who follows of changes, as long as they may know', async () => {
    const heard: DocumentChange[] = [];
    let followings = 0;
    const stop = followDocuments(
      owner,
      BROKER_JID,
      { thing: THING },
      {
        onChange: (change) => void heard.push(change),
        onFollowing: () => followings++,
        clock: () => new Date(now),
      },
    );
    await vi.waitFor(() => expect(followings).toBe(1));
    await restart();
    await put(thing, map('one'));
    await put(thing, map('one'));
    await put(thing, map('other', { node: TANK }));
    await removeDocument(thing, BROKER_JID, map(''));
    await vi.waitFor(() => expect(heard).toHaveLength(2));
    expect(heard[0]).toMatchObject({ kind: 'changed', document: { name: 'default', version: 1 } });
    expect(heard[1]).toMatchObject({ kind: 'removed', document: { kind: 'register-map', name: 'default' } });
    owned.clear();
    await put(thing, map('two'));
    owned.set(keyOf('plc@localhost', ''), 'owner@localhost');
    await put(thing, map('three'));
    await get(thing);
    expect(network.sent.filter((text) => text.includes('<changed'))).toHaveLength(1);
    stop();
    expect(heard).toHaveLength(2);
  });

  test('forgets who has not asked again, and sessions of an account beyond its share', async () => {
    await restart({ limits: { followersPerAccount: 2, followMs: 60_000 } });
    const sessions = ['a', 'b', 'c'].map((name) => network.peer(`owner@localhost/${name}`));
    for (const session of sessions) {
      await session.request('set', BROKER_JID, xml('follow', { xmlns: BROKER, thing: THING.toString() }));
      now += 1;
    }
    await put(thing, map('one'));
    const told = () => network.sent.flatMap((text) => /<message[^>]* to='([^']+)'/.exec(text)?.[1] ?? []).sort();
    await vi.waitFor(() => expect(told()).toEqual(['owner@localhost/b', 'owner@localhost/c']));
    now += 60_000;
    await put(thing, map('two'));
    await get(thing);
    expect(told()).toHaveLength(2);
  });

  test('lists page by page', async () => {
    await restart({ limits: { documentsPerAnswer: 3 } });
    const names = ['a', 'b', 'c/d', 'e%', 'f', 'ü', 'z'];
    for (const kind of ['k1', 'k2']) for (const name of names) await put(thing, map('x', { kind, name }));
    const all = await list(owner);
    expect(all.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual(
      ['k1', 'k2'].flatMap((kind) => names.map((name) => `${kind} ${name}`)).sort(),
    );
    const page = await listDocuments(owner, BROKER_JID, { thing: THING, kind: 'k2', part: { max: 2 } });
    expect(page.documents.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(page.part.count).toBe(7);
    const ask = (part: object) => listDocuments(owner, BROKER_JID, { thing: THING, part });
    expect((await ask({ max: 0 })).documents).toEqual([]);
    expect(await refused(ask({ before: '' }))).toBe('feature-not-implemented');
    expect(await refused(ask({ after: 'nowhere' }))).toBe('bad-request');
    expect(await refused(ask({ after: '%/x' }))).toBe('bad-request');
  });

  test('refuses what is none of its kind, and says why', async () => {
    await restart({ checks: { 'register-map': (content) => (content.form === 'text' ? undefined : 'it is no text') } });
    const octets = { form: 'octets' as const, octets: Uint8Array.of(0, 0, 0, 1, 2) };
    const error = await put(thing, map('', { content: octets })).catch((reason: StanzaError) => reason);
    expect(error).toMatchObject({ condition: 'not-acceptable', text: 'that is no register-map: it is no text' });
    expect(await refused(put(thing, map('', { kind: 'teds', content: octets })))).toBe('not-acceptable');
    await put(thing, map('', { kind: 'something.else', content: octets }));
  });

  test.each<[string, Partial<PutDocument>, string]>([
    ['a kind of other characters', { kind: 'Register Map' }, 'policy-violation'],
    ['no name', { name: '' }, 'policy-violation'],
    ['a name that is too long', { name: 'x'.repeat(257) }, 'policy-violation'],
    ['a name of two lines', { name: 'a\nb' }, 'policy-violation'],
    ['a media type that is none', { mediaType: 'csv' }, 'policy-violation'],
    ['a content that is too long', { content: { form: 'text', text: 'x'.repeat(131_073) } }, 'policy-violation'],
    ['one that XML makes too long', { content: { form: 'text', text: '&'.repeat(60_000) } }, 'policy-violation'],
    ['a node that is too long', { node: { nodeId: 'n'.repeat(257) } }, 'policy-violation'],
    ['a Thing of another domain', { thing: Jid.parse('plc@elsewhere.example') }, 'forbidden'],
  ])('refuses %s', async (_, rest, condition) => {
    expect(await refused(put(thing, map('x', rest)))).toBe(condition);
  });

  test('is bounded in documents, octets and changes, and says so', async () => {
    const limits = { documentsPerThing: 2, documentsPerJid: 3, bytesPerJid: 10 };
    await restart({ limits });
    await put(thing, map('12', { name: 'a' }));
    await put(thing, map('12', { name: 'b' }));
    expect(await refused(put(thing, map('12', { name: 'c' })))).toBe('resource-constraint');
    await put(thing, map('12', { name: 'a', node: TANK }));
    expect(await refused(put(thing, map('12', { name: 'b', node: TANK })))).toBe('resource-constraint');
    expect(await refused(put(thing, map('1234567', { name: 'a' })))).toBe('resource-constraint');
    await put(thing, map('123456', { name: 'a' }));
    await restart({ limits: { burst: 2, perMinute: 1 } });
    await put(thing, map('1', { name: 'a' }));
    await put(thing, map('2', { name: 'a' }));
    const error = await put(thing, map('3', { name: 'a' })).catch((reason: StanzaError) => reason);
    expect(error).toMatchObject({ condition: 'resource-constraint', type: 'wait' });
    await put(owner, map('4', { name: 'a' }));
    now += 60_000;
    await put(thing, map('5', { name: 'a' }));
  });

  test('says that it can be tried again when the database can’t write', async () => {
    await database.schema.dropTable('broker_documents').execute();
    const error = await put(thing, map('x')).catch((reason: StanzaError) => reason);
    expect(error).toMatchObject({ condition: 'internal-server-error', type: 'wait' });
  });
});
