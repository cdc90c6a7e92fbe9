import { MAX_READ_BITS, MAX_READ_REGISTERS } from './functions.ts';
import { isBitTable, type PointAddress, pointLength, type RegisterTable } from './register-map.ts';

/** One read request and the points its answer holds. */
export interface ReadPlan<Point extends PointAddress> {
  readonly table: RegisterTable;
  readonly address: number;
  readonly quantity: number;
  readonly points: readonly Point[];
}

export interface CoalesceOptions {
  /** Registers nobody asked for that may be read to join two requests; 8 when not given. */
  readonly maxGapRegisters?: number | undefined;
  /** The same for coils and discrete inputs; 64 when not given. */
  readonly maxGapBits?: number | undefined;
}

/** The fewest legal read requests that fetch all points of one unit, in order of table and address. Points may overlap. */
export function planReads<Point extends PointAddress>(
  points: readonly Point[],
  { maxGapRegisters = 8, maxGapBits = 64 }: CoalesceOptions = {},
): ReadPlan<Point>[] {
  const plans: ReadPlan<Point>[] = [];
  const sorted = [...points].sort((a, b) => (a.table < b.table ? -1 : a.table > b.table ? 1 : a.address - b.address));
  for (const point of sorted) {
    const end = point.address + pointLength(point);
    const last = plans.at(-1);
    const bits = isBitTable(point.table);
    const lastEnd = last ? last.address + last.quantity : 0;
    const quantity = last ? Math.max(lastEnd, end) - last.address : 0;
    if (
      last?.table === point.table &&
      point.address - lastEnd <= (bits ? maxGapBits : maxGapRegisters) &&
      quantity <= (bits ? MAX_READ_BITS : MAX_READ_REGISTERS)
    ) {
      plans[plans.length - 1] = { ...last, quantity, points: [...last.points, point] };
    } else {
      plans.push({ table: point.table, address: point.address, quantity: end - point.address, points: [point] });
    }
  }
  return plans;
}

/** A plan the device refused (it may not have the registers in a gap) as plans without gaps; the same plan when it has none. */
export function splitPlan<Point extends PointAddress>(plan: ReadPlan<Point>): ReadPlan<Point>[] {
  return planReads(plan.points, { maxGapRegisters: 0, maxGapBits: 0 });
}
