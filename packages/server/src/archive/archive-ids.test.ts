import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ArchiveIds } from './archive-ids.ts';

it('sorts as they were made, whatever the clock does, and never repeats itself', () => {
  const clock = fc.array(fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 2 ** 41 })), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(clock, (times) => {
      const ids = new ArchiveIds();
      const made = times.map((now) => ids.next(now));
      expect(made.toSorted()).toEqual(made);
      expect(new Set(made).size).toBe(made.length);
      for (const [i, id] of made.entries()) {
        expect(id).toMatch(/^[0-9a-v]{27}$/);
        expect(ArchiveIds.lowerBound(times[i] as number) <= id).toBe(true);
      }
    }),
  );
});

it('goes on after those of another run', () => {
  const before = new ArchiveIds();
  const [first, last] = [before.next(5000), before.next(9000)];
  const ids = new ArchiveIds();
  ids.continueAfter(last);
  ids.continueAfter(first);
  expect(ids.next(1000) > last).toBe(true);
  expect(ids.next(20_000) >= ArchiveIds.lowerBound(20_000)).toBe(true);
});

it('keeps order when very many are made in a millisecond', () => {
  const ids = new ArchiveIds();
  let last = '';
  for (let i = 0; i < 50_000; i++) {
    const id = ids.next(1);
    if (id <= last) throw new Error(`${id} after ${last}`);
    last = id;
  }
});

it('bounds any time', () => {
  expect(ArchiveIds.lowerBound(-5)).toBe('0000000000');
  expect(ArchiveIds.lowerBound(8.64e15) > ArchiveIds.lowerBound(Date.now())).toBe(true);
  expect(ArchiveIds.lowerBound(8.64e15)).toHaveLength(10);
});
