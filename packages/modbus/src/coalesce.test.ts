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
        expect(new Set(plans.flatMap((plan) => plan.points))).toEqual(new Set(points));
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

  it('bridges gaps up to the largest allowed, and never cuts a value in two', () => {
    const at = (
      address: number,
      type: PointAddress['type'] = 'uint16',
      table: PointAddress['table'] = 'input-register',
    ) => ({
      table,
      address,
      type,
    });
    const ranges = (points: PointAddress[]) => planReads(points).map(({ address, quantity }) => [address, quantity]);
    expect(ranges([at(9), at(0)])).toEqual([[0, 10]]);
    expect(ranges([at(0), at(10)])).toEqual([
      [0, 1],
      [10, 1],
    ]);
    expect(ranges([at(0, 'bool', 'coil'), at(65, 'bool', 'coil'), at(131, 'bool', 'coil')])).toEqual([
      [0, 66],
      [131, 1],
    ]);
    const doubles = Array.from({ length: 40 }, (_, i) => at(i * 4, 'float64'));
    expect(ranges(doubles)).toEqual([
      [0, 124],
      [124, 36],
    ]);
  });

  it.each<PointAddress>([
    { table: 'holding-register', address: 0, type: 'string', length: 126 },
    { table: 'holding-register', address: 65_535, type: 'uint32' },
  ])('refuses %j, which nothing can read', (point) => {
    expect(() => planReads([point])).toThrowError(expect.objectContaining({ code: 'limit-exceeded' }));
  });
});

describe('splitPlan', () => {
  it('finds the one point a device does not have, and reads all others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 125 }), fc.nat(), (count, seed) => {
        const missing = seed % count;
        const points = Array.from(
          { length: count },
          (_, address): PointAddress => ({ table: 'input-register', address, type: 'uint16' }),
        );
        const read: number[] = [];
        const refused: number[] = [];
        let requests = 0;
        const work = planReads(points);
        for (let plan = work.shift(); plan; plan = work.shift()) {
          requests++;
          const addresses = plan.points.map(({ address }) => address);
          if (missing < plan.address || missing >= plan.address + plan.quantity) read.push(...addresses);
          else if (addresses.length === 1) refused.push(...addresses);
          else work.push(...splitPlan(plan));
        }
        expect(refused).toEqual([missing]);
        expect(read.length).toBe(count - 1);
        expect(requests).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(count)));
      }),
    );
  });

  it('leaves a plan of one point as it is', () => {
    const plan = {
      table: 'coil',
      address: 3,
      quantity: 1,
      points: [{ table: 'coil', address: 3, type: 'bool' }],
    } as const;
    expect(splitPlan<PointAddress>(plan)).toEqual([plan]);
  });
});
