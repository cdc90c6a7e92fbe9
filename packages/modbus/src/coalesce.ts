import { MAX_READ_BITS, MAX_READ_REGISTERS } from './data-functions.ts';
import { ModbusError } from './error.ts';
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

/**
 * The fewest legal read requests that fetch all points of one unit, in order of table and address. Points may overlap.
 * @throws ModbusError `limit-exceeded` for a point that no single request can read
 */
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
    const most = bits ? MAX_READ_BITS : MAX_READ_REGISTERS;
    if (end - point.address > most || end > 0x10000) {
      throw new ModbusError(
        'limit-exceeded',
        `a ${point.type} from ${point.address} to ${end - 1} can't be read at once`,
      );
    }
    const lastEnd = last ? last.address + last.quantity : 0;
    const quantity = last ? Math.max(lastEnd, end) - last.address : 0;
    if (
      last?.table === point.table &&
      point.address - lastEnd <= (bits ? maxGapBits : maxGapRegisters) &&
      quantity <= most
    ) {
      plans[plans.length - 1] = { ...last, quantity, points: [...last.points, point] };
    } else {
      plans.push({ table: point.table, address: point.address, quantity: end - point.address, points: [point] });
    }
  }
  return plans;
}

/**
 * Smaller plans in place of one that the device refused with exception 2: first without the registers that nobody asked for, as the
 * device may not have them; then, as one of the points may be what it lacks or it may not give so much at once, in halves.
 * Splitting again what is refused again ends at plans of one point each, which are returned as they are.
 */
export function splitPlan<Point extends PointAddress>(plan: ReadPlan<Point>): ReadPlan<Point>[] {
  const withoutGaps = planReads(plan.points, { maxGapRegisters: 0, maxGapBits: 0 });
  if (withoutGaps.length > 1 || plan.points.length < 2) return withoutGaps;
  const half = Math.ceil(plan.points.length / 2);
  return [plan.points.slice(0, half), plan.points.slice(half)].flatMap((points) => planReads(points));
}
