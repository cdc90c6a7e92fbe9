/** A span of time that plots show, up to now. */
export interface TrendRange {
  readonly id: string;
  readonly label: string;
  /** For who listens: the label in words. */
  readonly title: string;
  readonly spanMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const TREND_RANGES = [
  { id: '5m', label: '5 min', title: 'Last 5 minutes', spanMs: 5 * MINUTE_MS },
  { id: '1h', label: '1 h', title: 'Last hour', spanMs: HOUR_MS },
  { id: '24h', label: '24 h', title: 'Last 24 hours', spanMs: DAY_MS },
  { id: '7d', label: '7 d', title: 'Last 7 days', spanMs: 7 * DAY_MS },
] as const satisfies readonly TrendRange[];

/** More than a plot has pixels to tell apart. */
export const MAX_TREND_POINTS = 600;

/** Span of what is drawn as one point, in seconds. */
export function bucketSeconds({ spanMs }: TrendRange): number {
  return spanMs / 1000 / MAX_TREND_POINTS;
}
