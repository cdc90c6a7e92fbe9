import {
  type Field,
  type FieldType,
  MemoryOwnershipStore,
  readSensorData,
  type Thing,
  ThingHost,
  type Tokens,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { Jid, message } from '@thingward/xmpp';
import { expect } from 'vitest';
import { provisioningMigrations } from '../src/provisioning/migrations.ts';
import { registryOwners } from '../src/provisioning/owners.ts';
import { type ProvisioningOptions, ProvisioningService } from '../src/provisioning/provisioning-service.ts';
import type { ProvisioningTables } from '../src/provisioning/tables.ts';
import { registryMigrations } from '../src/registry/migrations.ts';
import type { RegistryTables } from '../src/registry/tables.ts';
import { memoryDatabase } from './memory-database.ts';
import { MemoryNetwork, type MemoryPeer } from './memory-network.ts';

export const SERVICE = Jid.parse('provisioning.localhost');
export const HOST = Jid.parse('plant@localhost/a');

const field = (name: string, types: readonly FieldType[]): Field => ({
  name,
  value: { type: 'numeric', value: '1', unit: 'W' },
  types: [...types],
  qos: [],
  timestamp: new Date('2026-01-01T00:00:00Z'),
});

const meter: Thing = {
  node: { nodeId: 'meter' },
  metaTags: [],
  parameters: [{ name: 'Output', type: 'int', label: 'Output' }],
  async *read() {
    yield [field('Energy', ['status']), field('Power', ['momentary'])];
  },
  parameterValue: () => undefined,
  set: async () => {},
};

/** A meter behind a JID that asks a provisioning service, its owner, and somebody who wants to read it. */
export class ProvisioningStage {
  readonly network = new MemoryNetwork();
  readonly thing: MemoryPeer;
  /** The network knows no bare addresses: this is the owner wherever it is. */
  readonly owner: MemoryPeer;
  readonly reader: MemoryPeer;
  /** What the owner was told. */
  readonly heard: string[] = [];
  now = Date.parse('2026-06-01T00:00:00Z');
  database!: Awaited<ReturnType<typeof memoryDatabase<ProvisioningTables & RegistryTables>>>;
  service!: ProvisioningService;
  #options: Partial<ProvisioningOptions> = {};
  host!: ThingHost;

  private constructor() {
    this.thing = this.network.peer(HOST.toString());
    this.owner = this.network.peer('owner@localhost');
    this.reader = this.network.peer('reader@localhost/a');
    this.owner.onMessage({ name: 'body', namespace: 'jabber:client' }, (_, body) => {
      this.heard.push(body.text);
    });
  }

  static async open(options: Partial<ProvisioningOptions> = {}): Promise<ProvisioningStage> {
    const stage = new ProvisioningStage();
    stage.database = await memoryDatabase({ ...registryMigrations, ...provisioningMigrations });
    stage.#options = options;
    await stage.#startService();
    const about = { jid: 'plant@localhost', node_id: 'meter', source_id: '', cache_type: '' };
    const claimed = { full_jid: HOST.toString(), owner: 'owner@localhost', is_public: 0, claim_digest: null };
    await stage.database
      .insertInto('registry_things')
      .values({ ...about, ...claimed })
      .execute();
    stage.host = new ThingHost({
      peer: stage.thing,
      things: [meter],
      ownership: new MemoryOwnershipStore(),
      provisioning: { server: SERVICE },
      clock: () => new Date(stage.now),
    });
    await stage.host.start();
    return stage;
  }

  /** The service ends, and another one takes its database over. */
  async restart(): Promise<void> {
    await this.service.stop();
    await this.#startService();
  }

  async #startService(): Promise<void> {
    this.service = new ProvisioningService({
      peer: this.network.peer(SERVICE.toString()),
      database: this.database as never,
      owners: registryOwners(this.database as never),
      retryIntervalMs: 20,
      expiryIntervalMs: 20,
      acknowledgementTimeoutMs: 200,
      challengeTimeoutMs: 500,
      clock: () => new Date(this.now),
      ...this.#options,
    });
    await this.service.start();
  }

  async close(): Promise<void> {
    await this.host.stop();
    await this.service.stop();
    await this.database.destroy();
    expect(this.network.errors).toEqual([]);
  }

  /** Names of the fields that were read, or `forbidden`. */
  async read(from = this.reader, tokens?: Tokens): Promise<string> {
    try {
      const names: string[] = [];
      for await (const fields of readSensorData(from, HOST, { tokens })) names.push(...fields.map(({ name }) => name));
      return names.join(' ');
    } catch (error) {
      return (error as Error).message.includes('forbidden') ? 'forbidden' : Promise.reject(error);
    }
  }

  /** What the service says to it. */
  async say(text: string, from = this.owner): Promise<string> {
    const before = this.heard.length;
    from.send(message('chat', { to: SERVICE }, xml('body', {}, text)));
    await expect.poll(() => this.heard.length).toBeGreaterThan(before);
    return this.heard.at(-1) as string;
  }
}
