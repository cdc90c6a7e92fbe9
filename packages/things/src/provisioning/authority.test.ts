import { Jid, presence, serveDisco } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { batches, field, MemoryThing } from '../../test/memory-thing.ts';
import { encodeClaimed } from '../discovery/codec.ts';
import { readSensorData } from '../sensor-data/client.ts';
import { MemoryOwnershipStore } from '../thing/ownership.ts';
import { ThingHost } from '../thing/thing-host.ts';
import type { AnswerStore, KeptAnswer, ProvisioningSettings } from './authority.ts';
import { decodeFriendQuestion, encodeClearCache, encodeFriendAnswer, encodeReadAnswer } from './codec.ts';
import { decodeDescriptions } from './description-codec.ts';
import type { ProvisioningDialect } from './dialect.ts';
import { PROVISIONING_DIALECTS, XEP_PROVISIONING } from './dialects.ts';
import { PROVISIONING_OWNER } from './rule-codec.ts';

const HOST = Jid.parse('plc@example.org/gateway');
const OWNER = 'owner@example.org';

let network: MemoryNetwork;
let peer: MemoryPeer;
let reader: MemoryPeer;
let host: ThingHost | undefined;
let now: number;
let asked: number;
let pump: MemoryThing;

beforeEach(() => {
  network = new MemoryNetwork();
  peer = network.join(HOST.toString());
  reader = network.join('reader@example.org/a');
  now = Date.parse('2026-01-01T00:00:00Z');
  asked = 0;
  pump = new MemoryThing({
    nodeId: 'pump',
    parameters: [{ name: 'Speed', type: 'int', label: 'Speed' }],
    batches: () => batches([field('Temperature', '21.5')]),
  });
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
  expect(network.errors).toEqual([]);
});

/** A provisioning server that allows everything. */
function serve(server: MemoryPeer, dialect: ProvisioningDialect = XEP_PROVISIONING): MemoryPeer {
  serveDisco(server, { identities: [{ category: 'component', type: 'generic' }], features: [dialect.namespace] });
  server.onIq('get', { name: 'canRead', namespace: dialect.namespace }, ({ payload }) => {
    asked++;
    return dialect.encodeReadAnswer({ ...dialect.decodeReadQuestion(payload), isAllowed: true });
  });
  return server;
}

/** The components of the domain. */
function domainHas(...jids: string[]): void {
  serveDisco(network.join('example.org'), {
    identities: [{ category: 'server', type: 'im' }],
    features: [],
    items: async () => jids.map((jid) => ({ jid: Jid.parse(jid) })),
  });
}

async function start(
  settings: ProvisioningSettings & { readonly secondary?: readonly ProvisioningSettings[] },
  friends: readonly string[] = [],
): Promise<ThingHost> {
  const ownership = new MemoryOwnershipStore();
  await ownership.save(JSON.stringify(['pump', '', '']), { owner: OWNER, friends });
  host = new ThingHost({
    peer,
    things: [pump],
    ownership,
    provisioning: { timeoutMs: 100, ...settings },
    clock: () => new Date(now),
  });
  await host.start();
  return host;
}

async function read(): Promise<string> {
  try {
    const names: string[] = [];
    for await (const fields of readSensorData(reader, HOST)) names.push(...fields.map(({ name }) => name));
    return names.join(' ');
  } catch (error) {
    return (error as { condition: string }).condition;
  }
}

class MemoryStore implements AnswerStore {
  server: Jid | undefined;
  readonly answers = new Map<string, KeptAnswer>();
  async load() {
    return { server: this.server, answers: [...this.answers] };
  }
  found(server: Jid): void {
    this.server = server;
  }
  keep(question: string, answer: KeptAnswer): void {
    this.answers.set(question, answer);
  }
  forget(question: string): void {
    this.answers.delete(question);
  }
  forgetAll(): void {
    this.answers.clear();
  }
}

describe('a provisioning server that is to be found', () => {
  test('is a component of the server that says it is one; what is elsewhere is none', async () => {
    domainHas('chat.example.org', 'provisioning.elsewhere.org', 'prov.example.org');
    serveDisco(network.join('chat.example.org'), { identities: [], features: ['urn:example'] });
    serve(network.join('provisioning.elsewhere.org'));
    serve(network.join('prov.example.org'));
    const store = new MemoryStore();
    await start({ server: 'find', store });
    await expect.poll(() => store.server?.toString()).toBe('prov.example.org');
    expect(await read()).toBe('Temperature');
    expect(asked).toBe(1);
  });

  test('is kept, wherever another is', async () => {
    domainHas('other.example.org');
    serve(network.join('other.example.org'));
    serve(network.join('prov.example.org'));
    const store = new MemoryStore();
    store.server = Jid.parse('prov.example.org');
    await start({ server: 'find', store });
    expect(await read()).toBe('Temperature');
    expect(store.server.toString()).toBe('prov.example.org');
  });

  test('and is not there, so that nobody may anything, until there is one', async () => {
    domainHas();
    await start({ server: 'find' });
    expect(await read()).toBe('forbidden');
    serve(network.join('prov.example.org'));
    domainHas('prov.example.org');
    expect(await read()).toBe('forbidden');
    now += 60_000;
    expect(await read()).toBe('Temperature');
  });
});

describe('a provisioning server that there need not be', () => {
  const OPTIONAL = { server: 'find', isOptional: true } as const;

  test('leaves it to owner and friends where the server has none, until there is one', async () => {
    domainHas();
    const store = new MemoryStore();
    await start({ ...OPTIONAL, store }, ['reader@example.org']);
    await expect.poll(read).toBe('Temperature');
    expect(asked).toBe(0);
    reader = network.join('stranger@example.org/a');
    expect(await read()).toBe('forbidden');
    reader = network.join('reader@example.org/a');
    serve(network.join('prov.example.org'));
    domainHas('prov.example.org');
    now += 60_000;
    // Whoever asks makes the Thing look again.
    await read();
    await expect.poll(() => store.server?.toString()).toBe('prov.example.org');
    expect(await read()).toBe('Temperature');
    expect(asked).toBe(1);
  });

  test('has to be asked once it was found, whatever the server says later', async () => {
    domainHas();
    const store = new MemoryStore();
    store.server = Jid.parse('prov.example.org');
    await start({ ...OPTIONAL, store }, ['reader@example.org']);
    expect(await read()).toBe('forbidden');
  });

  test('is not taken for absent where the server does not say what it has', async () => {
    await start(OPTIONAL, ['reader@example.org']);
    expect(await read()).toBe('forbidden');
  });
});

describe('a provisioning server that is an account', () => {
  test('is befriended, and asked at the resource it shows', async () => {
    const server = serve(network.join('decisions@example.org/service'));
    await start({ server: Jid.parse('decisions@example.org') });
    expect(network.presences('subscribe')).toContain('plc@example.org decisions@example.org');
    expect(await read()).toBe('forbidden');
    server.send(presence(undefined, { to: HOST }));
    await expect.poll(read).toBe('Temperature');
    await server.request('set', HOST, encodeClearCache('clearCache'));
    expect(await read()).toBe('Temperature');
    expect(asked).toBe(2);
    server.send(presence('unavailable', { to: HOST }));
    await server.request('set', HOST, encodeClearCache('clearCache'));
    expect(await read()).toBe('forbidden');
  });
});

describe('answers', () => {
  const server = Jid.parse('prov.example.org');

  test('are kept over a restart, for when the server is away', async () => {
    const authority = serve(network.join('prov.example.org'));
    const store = new MemoryStore();
    await (await start({ server, store })).stop();
    await start({ server, store });
    expect(await read()).toBe('Temperature');
    await host?.stop();
    await start({ server, store });
    // It may have changed meanwhile: the server is asked again.
    expect(await read()).toBe('Temperature');
    expect(asked).toBe(2);
    await host?.stop();
    authority.disconnect();
    await start({ server, store });
    expect(await read()).toBe('Temperature');
    now += 25 * 3_600_000 + 1;
    expect(await read()).toBe('forbidden');
  });

  test('that were cleared are gone from the store, too', async () => {
    const authority = serve(network.join('prov.example.org'));
    const store = new MemoryStore();
    await start({ server, store });
    await read();
    expect(store.answers.size).toBe(1);
    await authority.request('set', HOST, encodeClearCache('clearCache'));
    expect(store.answers.size).toBe(0);
  });

  test('are no more than allowed, those used last', async () => {
    serve(network.join('prov.example.org'));
    const store = new MemoryStore();
    await start({ server, store, maxAnswers: 1 });
    await read();
    reader = network.join('other@example.org/a');
    await read();
    expect([...store.answers.keys()]).toEqual([expect.stringContaining('other@example.org')]);
  });
});

test.each(PROVISIONING_DIALECTS)('a server that speaks $name is asked in its own words', async (dialect) => {
  const server = serve(network.join('prov.example.org'), dialect);
  await start({ server: server.jid });
  expect(await read()).toBe('Temperature');
  const acknowledged = await server.request('set', HOST, encodeClearCache('clearCache', dialect.namespace));
  expect(acknowledged?.name).toBe(dialect.name === 'xep' ? 'clearCacheResponse' : undefined);
  expect(await read()).toBe('Temperature');
  expect(asked).toBe(2);
});

test('an answer that names no kinds in the words of others allows what it was asked about', async () => {
  const server = network.join('prov.example.org');
  serveDisco(server, { identities: [], features: [XEP_PROVISIONING.namespace] });
  server.onIq('get', { name: 'canRead', namespace: XEP_PROVISIONING.namespace }, ({ payload }) =>
    encodeReadAnswer({ ...XEP_PROVISIONING.decodeReadQuestion(payload), types: [], isAllowed: true }),
  );
  await start({ server: server.jid });
  expect(await read()).toBe('Temperature');
});

test('a server of ours is told whom the Things belong to and what they have', async () => {
  const server = serve(network.join('prov.example.org'));
  const told: ReturnType<typeof decodeDescriptions>[] = [];
  server.onIq('set', { name: 'describe', namespace: PROVISIONING_OWNER }, ({ payload }) => {
    told.push(decodeDescriptions(payload));
    return undefined;
  });
  const running = await start({ server: server.jid });
  const owner = Jid.parse(OWNER);
  const speed = { kind: 'parameter', name: 'Speed', types: [] };
  await expect.poll(() => told).toEqual([[{ node: { nodeId: 'pump' }, owner, items: [speed] }]]);
  running.offer(pump, [field('Temperature', '1'), field('Energy', '2')]);
  running.offer(pump, [field('Temperature', '3')]);
  await expect.poll(() => told.length, { timeout: 3000 }).toBe(2);
  expect(told[1]?.[0]?.items.map(({ name }) => name)).toEqual(['Temperature', 'Energy', 'Speed']);
});

describe('another server beside the first', () => {
  const FIRST = Jid.parse('prov.example.org');
  const SECOND = Jid.parse('prov.elsewhere.org');

  /** A server that answers so. */
  function answering(
    jid: Jid,
    answer: { readonly names: readonly string[] } | false,
    secondaryTrustAllowed = false,
  ): MemoryPeer {
    const server = network.join(jid.toString());
    server.onIq('get', { name: 'isFriend', namespace: XEP_PROVISIONING.namespace }, ({ payload }) =>
      encodeFriendAnswer({ jid: decodeFriendQuestion(payload), isAllowed: false, secondaryTrustAllowed }),
    );
    server.onIq('get', { name: 'canRead', namespace: XEP_PROVISIONING.namespace }, ({ payload }) =>
      encodeReadAnswer({
        ...XEP_PROVISIONING.decodeReadQuestion(payload),
        names: answer ? answer.names : [],
        isAllowed: answer !== false,
      }),
    );
    return server;
  }

  beforeEach(() => {
    pump = new MemoryThing({
      nodeId: 'pump',
      batches: () => batches([field('Temperature', '1'), field('Energy', '2')]),
    });
  });
  const startBoth = () => start({ server: FIRST, secondary: [{ server: SECOND }] });

  test('counts only when the first lets Things trust others', async () => {
    answering(FIRST, false);
    answering(SECOND, { names: [] });
    await startBoth();
    expect(await read()).toBe('forbidden');
    const first = answering(FIRST, false, true);
    await first.request('set', HOST, encodeClearCache('clearCache'));
    expect((await read()).split(' ').sort()).toEqual(['Energy', 'Temperature']);
  });

  test('adds what it allows to what the first does', async () => {
    answering(FIRST, { names: ['Energy'] }, true);
    const second = answering(SECOND, { names: ['Temperature'] });
    await startBoth();
    expect((await read()).split(' ').sort()).toEqual(['Energy', 'Temperature']);
    await second.request('set', HOST, encodeClearCache('clearCache'));
    second.disconnect();
    expect(await read()).toBe('Energy');
  });
});

test('another owner has all answers asked anew', async () => {
  serve(network.join('prov.example.org'));
  const registry = network.join('registry.example.org');
  host = new ThingHost({
    peer,
    things: [pump],
    ownership: new MemoryOwnershipStore(),
    registry: registry.jid,
    provisioning: { server: Jid.parse('prov.example.org'), timeoutMs: 100 },
    clock: () => new Date(now),
  });
  await host.start();
  expect(await read()).toBe('Temperature');
  const claimed = encodeClaimed({ jid: Jid.parse('buyer@example.org'), node: { nodeId: 'pump' }, public: false });
  await registry.request('set', HOST, claimed);
  expect(await read()).toBe('Temperature');
  expect(asked).toBe(2);
});
