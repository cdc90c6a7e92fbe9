import { nodeKey } from '@thingward/things';
import { expect, it } from 'vitest';
import { temporaryDirectory, temporaryState } from '../../test/state.ts';
import { StoredOwnership } from './ownership-store.ts';

const node = nodeKey({ nodeId: 'tank' });

it('keeps ownership by account and node, over restarts', async () => {
  const directory = temporaryDirectory();
  const store = new StoredOwnership(temporaryState(directory), 'plc@example.org');
  expect(await store.load(node)).toBeUndefined();
  const owned = { owner: 'owner@example.org', public: false, friends: ['friend@example.org'] };
  await store.save(node, owned);
  await store.save(nodeKey(undefined), { friends: [] });
  const again = new StoredOwnership(temporaryState(directory), 'plc@example.org');
  expect(await again.load(node)).toEqual(owned);
  expect(await again.load(nodeKey(undefined))).toEqual({ friends: [] });
  await again.save(node, { friends: [] });
  expect(await store.load(node)).toEqual({ friends: [] });
  const other = new StoredOwnership(temporaryState(directory), 'other@example.org');
  expect(await other.load(node)).toBeUndefined();
});
