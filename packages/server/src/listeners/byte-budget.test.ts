import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

describe('ByteBudget', () => {
  it('lets a second’s worth through at once, then asks to wait', () => {
    let now = 0;
    const budget = new ByteBudget(1000, () => now);
    expect(budget.spend(1000)).toBe(0);
    expect(budget.spend(500)).toBe(500);
    now = 500;
    expect(budget.spend(0)).toBe(0);
    expect(budget.spend(1)).toBe(1);
  });

  it('whoever waits as told never gets more than the rate and one second’s worth', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3000), fc.nat(2000)), { maxLength: 50 }), (steps) => {
        let now = 0;
        let spent = 0;
        const budget = new ByteBudget(1000, () => now);
        for (const [bytes, pause] of steps) {
          now += pause;
          spent += bytes;
          now += budget.spend(bytes);
          // Rounded up to whole milliseconds at each step.
          expect(spent).toBeLessThanOrEqual(1000 + now);
        }
      }),
    );
  });
});
