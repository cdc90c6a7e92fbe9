import { expect, test } from 'vitest';
import { temporaryState } from '../../test/state.ts';
import { StoredSubscriptions } from './subscription-store.ts';

test('subscriptions are kept for each account by Thing and subscriber', async () => {
  const state = temporaryState();
  const mine = new StoredSubscriptions(state, 'plc@example.org');
  const others = new StoredSubscriptions(state, 'rack@example.org');
  const first = { subscriber: 'a@example.org/x', thing: '', to: 'plc@example.org/gateway', request: '<subscribe/>' };
  await mine.save(first);
  await mine.save({ ...first, thing: 'tank' });
  await mine.save({ ...first, request: '<subscribe seqnr="2"/>' });
  expect(await mine.load()).toEqual([
    { ...first, request: '<subscribe seqnr="2"/>' },
    { ...first, thing: 'tank' },
  ]);
  expect(await others.load()).toEqual([]);
  await mine.remove(first);
  expect(await mine.load()).toEqual([{ ...first, thing: 'tank' }]);
});
