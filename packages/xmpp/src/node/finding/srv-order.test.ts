import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inSrvOrder } from './srv-order.ts';

const record = (name: string, priority: number, weight: number) => ({ name, priority, weight });
/** How often which record of them comes first, when chance goes through all it can say. */
const firstOf = (records: readonly ReturnType<typeof record>[]) => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 1000; i++) {
    const name = inSrvOrder(records, () => (i + 0.5) / 1000)[0]?.name ?? '';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
};

describe('the order of SRV records (RFC 2782)', () => {
  it('is by priority, whatever the weight', () => {
    const [last, first, second] = [record('c', 30, 65_535), record('a', 0, 0), record('b', 10, 1)];
    expect(inSrvOrder([last, first, second], () => 0.999)).toEqual([first, second, last]);
  });

  it('is by chance in proportion to the weight within a priority', () => {
    const counts = firstOf([record('heavy', 1, 30), record('light', 1, 10), record('later', 2, 100)]);
    expect(counts.get('later')).toBeUndefined();
    expect(counts.get('heavy')).toBeGreaterThan(700);
    expect(counts.get('light')).toBeGreaterThan(220);
  });

  it('leaves those without weight a small chance beside others, and the same one among themselves', () => {
    const counts = firstOf([record('weighty', 0, 9), record('weightless', 0, 0)]);
    expect(counts.get('weightless')).toBe(100);
    expect(inSrvOrder([record('a', 0, 0), record('b', 0, 0)], () => 0.5).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('loses none and doubles none', () => {
    const records = fc.array(
      fc.record({ priority: fc.integer({ min: 0, max: 3 }), weight: fc.integer({ min: 0, max: 65_535 }) }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(records, fc.double({ min: 0, max: 0.999_999, noNaN: true }), (given, chance) => {
        const ordered = inSrvOrder(given, () => chance);
        expect(new Set(ordered)).toEqual(new Set(given));
        expect(ordered).toHaveLength(given.length);
        expect(ordered.map(({ priority }) => priority)).toEqual(given.map(({ priority }) => priority).sort());
      }),
    );
  });
});
