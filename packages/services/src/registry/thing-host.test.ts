import {
  claimThing,
  disownThing,
  formatIoTDisco,
  MemoryOwnershipStore,
  parseIoTDisco,
  searchThings,
  type Thing,
  ThingHost,
} from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { expect, test } from 'vitest';
import { memoryDatabase } from '../../test/memory-database.ts';
import { MemoryNetwork } from '../../test/memory-network.ts';
import { registryMigrations } from './migrations.ts';
import { RegistryService } from './registry-service.ts';
import type { RegistryTables } from './tables.ts';

const REGISTRY = Jid.parse('registry.localhost');

const meter: Thing = {
  node: { nodeId: 'meter', sourceId: 'plant' },
  metaTags: [
    { name: 'SN', type: 'str', value: '42' },
    { name: 'V', type: 'num', value: 1.2 },
    { name: 'KEY', type: 'str', value: 'a;b\\c' },
  ],
  parameters: [],
  async *read() {},
  parameterValue: () => undefined,
  set: async () => {},
};

test('from factory to owner to buyer, by QR code, with real Things', async () => {
  const network = new MemoryNetwork();
  const database = await memoryDatabase<RegistryTables>(registryMigrations);
  const registry = new RegistryService({ peer: network.peer('registry.localhost'), database, retryIntervalMs: 20 });
  await registry.start();
  const ownership = new MemoryOwnershipStore();
  const startHost = async (resource: string) => {
    const peer = network.peer(`plant@localhost/${resource}`);
    const registrationBackOffMs = { first: 5, max: 20 };
    const host = new ThingHost({ peer, things: [meter], ownership, registry: REGISTRY, registrationBackOffMs });
    await host.start();
    return { peer, host };
  };
  const owner = network.peer('owner@localhost/phone');
  const buyer = network.peer('buyer@localhost/phone');
  const tags = parseIoTDisco(formatIoTDisco(meter.metaTags));
  const reference = { jid: Jid.parse('plant@localhost'), node: meter.node };

  const first = await startHost('a');
  await expect.poll(() => claimThing(owner, REGISTRY, tags).catch(() => undefined)).toEqual(reference);
  expect(first.host.ownershipOf(meter)).toMatchObject({ owner: 'owner@localhost', public: true });
  const { things } = await searchThings(owner, REGISTRY, [{ operator: 'strEq', name: 'SN', value: '42' }]);
  expect(things).toMatchObject([{ ...reference, tags: meter.metaTags.slice(0, 2) }]);
  await first.host.stop();
  first.peer.disconnect();
  await expect(disownThing(owner, REGISTRY, reference.jid, meter.node)).rejects.toThrow('not-allowed');

  const second = await startHost('b');
  await expect
    .poll(() =>
      disownThing(owner, REGISTRY, reference.jid, meter.node).then(
        () => 'disowned',
        (error: Error) => error.message,
      ),
    )
    .toBe('disowned');
  await expect
    .poll(() => claimThing(buyer, REGISTRY, tags, { public: false }).catch(() => undefined))
    .toEqual(reference);
  expect(second.host.ownershipOf(meter)).toMatchObject({ owner: 'buyer@localhost', public: false });

  await second.host.stop();
  await registry.stop();
  await database.destroy();
  expect(network.errors).toEqual([]);
});
