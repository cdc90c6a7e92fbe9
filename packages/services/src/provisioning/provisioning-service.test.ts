import {
  type Field,
  MemoryOwnershipStore,
  readSensorData,
  setParameters,
  type Thing,
  ThingHost,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { Jid, message } from '@thingward/xmpp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from '../../test/memory-network.ts';
import { registryMigrations } from '../registry/migrations.ts';
import type { RegistryTables } from '../registry/tables.ts';
import { provisioningMigrations } from './migrations.ts';
import { registryOwners } from './owners.ts';
import { ProvisioningService } from './provisioning-service.ts';
import type { ProvisioningTables } from './tables.ts';

const SERVICE = Jid.parse('provisioning.localhost');
const HOST = Jid.parse('plant@localhost/a');

const meter: Thing = {
  node: { nodeId: 'meter' },
  metaTags: [],
  parameters: [{ name: 'Output', type: 'int', label: 'Output' }],
  async *read() {
    yield ['Energy', 'Power'].map(
      (name): Field => ({
        name,
        value: { type: 'numeric', value: '1', unit: 'W' },
        types: ['momentary'],
        qos: [],
        timestamp: new Date('2026-01-01T00:00:00Z'),
      }),
    );
  },
  parameterValue: () => undefined,
  set: async () => {},
};

let network: MemoryNetwork;
let database: Awaited<ReturnType<typeof memoryDatabase<ProvisioningTables & RegistryTables>>>;
let service: ProvisioningService;
let thing: MemoryPeer;
let host: ThingHost;
let owner: MemoryPeer;
let reader: MemoryPeer;
/** What the owner was told. */
let heard: string[];

beforeEach(async () => {
  network = new MemoryNetwork();
  database = await memoryDatabase({ ...registryMigrations, ...provisioningMigrations });
  const owners = registryOwners(database as never);
  const peer = network.peer(SERVICE.toString());
  service = new ProvisioningService({
    peer,
    database: database as never,
    owners,
    retryIntervalMs: 20,
    acknowledgementTimeoutMs: 200,
  });
  await service.start();
  const about = { jid: 'plant@localhost', node_id: 'meter', source_id: '', cache_type: '' };
  const claimed = { full_jid: HOST.toString(), owner: 'owner@localhost', is_public: 0, claim_digest: null };
  await database
    .insertInto('registry_things')
    .values({ ...about, ...claimed })
    .execute();
  thing = network.peer(HOST.toString());
  host = new ThingHost({
    peer: thing,
    things: [meter],
    ownership: new MemoryOwnershipStore(),
    provisioning: { server: SERVICE },
  });
  await host.start();
  // The network knows no bare addresses: this is the owner wherever it is.
  owner = network.peer('owner@localhost');
  reader = network.peer('reader@localhost/a');
  heard = [];
  owner.onMessage({ name: 'body', namespace: 'jabber:client' }, (_, body) => {
    heard.push(body.text);
  });
});

afterEach(async () => {
  await host.stop();
  await service.stop();
  await database.destroy();
  expect(network.errors).toEqual([]);
});

async function read(from = reader): Promise<string> {
  try {
    const names: string[] = [];
    for await (const fields of readSensorData(from, HOST)) names.push(...fields.map(({ name }) => name));
    return names.join(' ');
  } catch (error) {
    return (error as Error).message.includes('forbidden') ? 'forbidden' : Promise.reject(error);
  }
}

/** What the service says to it. */
async function say(text: string, from = owner): Promise<string> {
  const before = heard.length;
  from.send(message('chat', { to: SERVICE }, xml('body', {}, text)));
  await expect.poll(() => heard.length).toBeGreaterThan(before);
  return heard.at(-1) as string;
}

test('what nobody has decided is refused and asked, and the answer counts at once', async () => {
  expect(await read()).toBe('forbidden');
  expect(heard).toEqual([expect.stringContaining('Question 1: may reader@localhost read meter of plant@localhost?')]);
  expect(await say('questions')).toBe('1: may reader@localhost read meter of plant@localhost?');
  expect(await say('allow 1')).toBe('Rule 1: reader@localhost may read meter of plant@localhost.');
  await expect.poll(() => read()).toBe('Energy Power');
  expect(await say('questions')).toBe('There are no questions.');
  expect(await say('withdraw 1')).toContain('Withdrawn');
  await expect.poll(() => read()).toBe('forbidden');
  expect(await say('rules')).toBe('There are no rules.');
});

test('a question is told once', async () => {
  expect(await read()).toBe('forbidden');
  expect(await read(network.peer('reader@localhost/b'))).toBe('forbidden');
  await say('questions');
  expect(heard).toHaveLength(2);
});

test('a rule for fewer goes before one for more, and some fields can be allowed', async () => {
  await read();
  await say('deny 1');
  await expect.poll(() => read()).toBe('forbidden');
  const other = network.peer('other@localhost/a');
  await read(other);
  const [, id] = /Question (\d+)/.exec(heard.at(-1) as string) ?? [];
  expect(await say(`allow ${id} domain: Power`)).toContain('localhost may read meter of plant@localhost (Power).');
  await expect.poll(() => read(other)).toBe('Power');
  expect(await read()).toBe('forbidden');
  expect(await read(network.peer('reader@elsewhere/a'))).toBe('forbidden');
});

test('control is decided apart from reading', async () => {
  await read();
  await say('allow 1');
  await expect.poll(() => read()).toBe('Energy Power');
  const set = () => setParameters(reader, HOST, new Map([['Output', { type: 'int' as const, value: 1 }]]));
  await expect(set()).rejects.toThrow('forbidden');
  expect(heard.at(-1)).toContain('may reader@localhost control meter of plant@localhost?');
});

test('only the owner decides, and no longer than it is the owner', async () => {
  await read();
  expect(await read(owner)).toBe('Energy Power');
  const thief = network.peer('thief@localhost/a');
  const told: string[] = [];
  thief.onMessage({ name: 'body', namespace: 'jabber:client' }, (_, body) => {
    told.push(body.text);
  });
  for (const text of ['allow 1', 'withdraw 1', 'questions', 'rules']) {
    thief.send(message('chat', { to: SERVICE }, xml('body', {}, text)));
  }
  await expect.poll(() => told.length).toBe(4);
  expect([...told].sort()).toEqual([
    'There are no questions.',
    'There are no rules.',
    'You have no such question, or no room for more rules.',
    'You have no such rule.',
  ]);
  await say('allow 1');
  await expect.poll(() => read()).toBe('Energy Power');
  await database.updateTable('registry_things').set({ owner: 'buyer@localhost' }).execute();
  thing.reconnected();
  await expect.poll(() => read()).toBe('forbidden');
});

test('a Thing that was away is told when it is here again', async () => {
  await read();
  thing.disconnect();
  await say('allow 1');
  await new Promise((resolve) => setTimeout(resolve, 60));
  network.connect(thing);
  await expect.poll(() => read()).toBe('Energy Power');
  const row = await database.selectFrom('provisioning_things').select('needs_clear').executeTakeFirst();
  expect(row).toEqual({ needs_clear: 0 });
});
