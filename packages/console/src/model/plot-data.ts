import type { TrendPoint } from './trend.ts';

/** Of one field, aligned with the times: `null` is a gap in the line, `undefined` only means that another field has a point there. */
export interface PlotLine {
  readonly values: (number | null | undefined)[];
  readonly mins: (number | null | undefined)[];
  readonly maxs: (number | null | undefined)[];
}

export interface PlotData {
  /** Seconds since 1970, ascending. */
  readonly times: number[];
  readonly lines: readonly PlotLine[];
}

/** Fewest seconds without a point that are drawn as a gap, however often there are points otherwise. */
const MIN_GAP_SECONDS = 5;
/** How many usual distances between points make a gap. */
const GAP_FACTOR = 4;
/** How many distances on either side tell what is usual. */
const NEIGHBOURS = 5;

/** Brings the points of several fields to common times, with gaps where nothing was known for a while. */
export function alignTrends(trends: readonly (readonly TrendPoint[])[]): PlotData {
  const columns = trends.map(withGaps);
  const times = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b);
  const lines = columns.map((column) => ({
    values: times.map((time) => pick(column.get(time), 'value')),
    mins: times.map((time) => pick(column.get(time), 'min')),
    maxs: times.map((time) => pick(column.get(time), 'max')),
  }));
  return { times, lines };
}

function pick(point: TrendPoint | null | undefined, part: 'value' | 'min' | 'max'): number | null | undefined {
  return point ? point[part] : point;
}

/** Points by time; null at a time that begins a gap. */
function withGaps(points: readonly TrendPoint[]): ReadonlyMap<number, TrendPoint | null> {
  const distances = points.slice(1).map(({ time }, i) => time - (points[i]?.time ?? time));
  const column = new Map<number, TrendPoint | null>();
  for (const [i, point] of points.entries()) {
    const distance = i === 0 ? 0 : (distances[i - 1] ?? 0);
    if (distance > longestWithoutGap(distances, i - 1)) column.set(point.time - distance / 2, null);
    column.set(point.time, point);
  }
  return column;
}

/** What is usual may change at any point, as where sparse history meets what is read live, so that both sides are looked at. */
function longestWithoutGap(distances: readonly number[], i: number): number {
  const before = median(distances.slice(Math.max(0, i - NEIGHBOURS), i));
  const after = median(distances.slice(i + 1, i + 1 + NEIGHBOURS));
  return Math.max(MIN_GAP_SECONDS, GAP_FACTOR * Math.max(before, after));
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
