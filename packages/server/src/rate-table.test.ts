import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rate } from './rate.ts';
import { RateTable } from './rate-table.ts';

describe('Rate', () => {
  it('whoever waits as told never gets more than the rate and what was saved up', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(2000)), { maxLength: 50 }), (steps) => {
        const rate = new Rate(10, 3, 0);
        let [now, taken] = [0, 0];
        for (const [count, pause] of steps) {
          now += pause;
          now += rate.take(now, count);
          taken += count;
          expect(taken).toBeLessThanOrEqual(30 + now / 100 + 1e-6);
        }
      }),
    );
  });
});

describe('RateTable', () => {
  it('counts each source by itself, and forgives with time', () => {
    let now = 0;
    const table = new RateTable(
      () => 1,
      2,
      () => now,
    );
    for (let i = 0; i < 2; i++) {
      expect(table.allows('a')).toBe(true);
      table.count('a');
    }
    expect(table.allows('a')).toBe(false);
    expect(table.allows('b')).toBe(true);
    now = 1000;
    expect(table.allows('a')).toBe(true);
  });

  it('remembers a bounded number of sources: those heard of last', () => {
    const table = new RateTable(
      () => 1,
      1,
      () => 0,
    );
    table.count('first');
    table.count('kept');
    for (let i = 0; i < 49_999; i++) {
      table.count(`${i}`);
      if (i % 1000 === 0) table.count('kept');
    }
    expect(table.size).toBe(50_000);
    expect(table.allows('first')).toBe(true);
    expect(table.allows('kept')).toBe(false);
  });
});
