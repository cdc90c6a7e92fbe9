import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planReads, splitPlan } from './coalesce.ts';
import { type PointAddress, pointLength } from './register-map.ts';

describe('planReads', () => {
  const table = fc.constantFrom('coil', 'holding-register', 'input-register');
  const point = fc
    .tuple(table, fc.integer({ min: 0, max: 600 }), fc.constantFrom('uint16', 'float32', 'int64'))
    .map(
      ([table, address, type]): PointAddress =>
        ({ table, address, type: table === 'coil' ? 'bool' : type }) as PointAddress,
    );

  it('covers every point once, in legal requests that do not overlap more than their points do', () => {
    fc.assert(
      fc.property(fc.array(point, { maxLength: 80 }), fc.integer({ min: 0, max: 20 }), (points, gap) => {
        const plans = planReads(points, { maxGapRegisters: gap, maxGapBits: gap });
        expect(plans.flatMap((plan) => plan.points).length).toBe(points.length);
        for (const plan of plans) {
          expect(plan.quantity).toBeLessThanOrEqual(plan.table === 'coil' ? 2000 : 125);
          for (const { table, address, ...rest } of plan.points) {
            expect(table).toBe(plan.table);
            expect(address).toBeGreaterThanOrEqual(plan.address);
            expect(address + pointLength({ table, address, ...rest })).toBeLessThanOrEqual(
              plan.address + plan.quantity,
            );
          }
        }
      }),
    );
  });

  it('reads thousands of neighbours in the fewest requests, and can do without gaps', () => {
    const points = Array.from(
      { length: 1000 },
      (_, i): PointAddress => ({ table: 'holding-register', address: i, type: 'uint16' }),
    );
    expect(planReads(points).length).toBe(8);
    const [plan] = planReads([points[0], points[5]] as PointAddress[]);
    expect(plan?.quantity).toBe(6);
    expect(splitPlan(plan as NonNullable<typeof plan>).length).toBe(2);
  });
});
