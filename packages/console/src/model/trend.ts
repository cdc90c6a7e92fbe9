import type { HistoryPoint } from '@thingward/things';
import type { Sample } from './live-samples.ts';

/** A point of a plot: one sample, or several aggregated. */
export interface TrendPoint {
  /** Seconds since 1970; of several, when their interval begins. */
  readonly time: number;
  /** The value; of several, their average. */
  readonly value: number;
  /** Equal to `value` for a single one. */
  readonly min: number;
  readonly max: number;
}

/** What was stored, as points; what is no number is left out. */
export function historyTrend(points: readonly HistoryPoint[]): TrendPoint[] {
  return points.flatMap((point) => {
    const value = Number(point.value);
    if (point.value.trim() === '' || !Number.isFinite(value)) return [];
    const min = finiteOr(point.min, value);
    const max = finiteOr(point.max, value);
    return [{ time: point.timestamp.getTime() / 1000, value, min, max }];
  });
}

/**
 * What was stored followed by what was read since then, between two times (seconds since 1970). What was read is aggregated like
 * what is stored, but for the newest sample, which is always a point of its own. Gives at most `(to - from) / bucket` points and a few.
 */
export function composeTrend(
  history: readonly TrendPoint[],
  live: readonly Sample[],
  { from, to, bucket }: { readonly from: number; readonly to: number; readonly bucket: number },
): TrendPoint[] {
  const points = history.filter(({ time }) => time >= from && time <= to);
  const lastStored = points.at(-1);
  // The last aggregate covers its whole interval.
  const isAggregate = lastStored !== undefined && points.length > 1 && points.some(({ min, max }) => min !== max);
  const liveFrom = lastStored === undefined ? from : lastStored.time + (isAggregate ? bucket : 0);
  const isNew = ({ time }: Sample) => (lastStored === undefined ? time >= from : time > liveFrom) && time <= to;
  aggregateInto(points, live.filter(isNew), bucket);
  return points;
}

function aggregateInto(points: TrendPoint[], samples: readonly Sample[], bucket: number): void {
  const newest = samples.at(-1);
  if (newest === undefined) return;
  let index = Number.NaN;
  let group: Sample[] = [];
  for (const sample of samples.slice(0, -1)) {
    const its = Math.floor(sample.time / bucket);
    if (its !== index && group.length > 0) points.push(aggregate(group));
    if (its !== index) group = [];
    index = its;
    group.push(sample);
  }
  if (group.length > 0) points.push(aggregate(group));
  points.push({ time: newest.time, value: newest.value, min: newest.value, max: newest.value });
}

function aggregate(samples: readonly Sample[]): TrendPoint {
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const { value } of samples) {
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { time: samples[0]?.time ?? 0, value: sum / samples.length, min, max };
}

function finiteOr(text: string | undefined, otherwise: number): number {
  const number = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : otherwise;
}
