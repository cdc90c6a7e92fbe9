import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IdSet } from './id-set.ts';

it('is a set of numbers, near together and far apart', () => {
  const id = fc.oneof(fc.nat(200), fc.constantFrom(65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 40 + 7, 2 ** 53 - 1));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), id)), (changes) => {
      const set = new IdSet();
      const model = new Set<number>();
      for (const [isAdded, number] of changes) {
        if (isAdded) {
          set.add(number);
          model.add(number);
        } else {
          set.delete(number);
          model.delete(number);
        }
      }
      expect(set.size).toBe(model.size);
      for (const [, number] of changes) expect(set.has(number)).toBe(model.has(number));
    }),
  );
});
