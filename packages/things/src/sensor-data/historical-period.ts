import type { FieldType } from './field.ts';

/** Periods at whose turn values are kept, from the shortest to the longest. @see XEP-0323 §5.6 */
export const HISTORICAL_PERIODS = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'] as const;
export type HistoricalPeriod = (typeof HISTORICAL_PERIODS)[number];

/** The kind of a field that holds the value at the turn of a period. */
export const FIELD_TYPE_OF_PERIOD = {
  second: 'historicalSecond',
  minute: 'historicalMinute',
  hour: 'historicalHour',
  day: 'historicalDay',
  week: 'historicalWeek',
  month: 'historicalMonth',
  quarter: 'historicalQuarter',
  year: 'historicalYear',
} as const satisfies Record<HistoricalPeriod, FieldType>;

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** Periods of equal length; days of UTC are among them. */
const LENGTHS_MS: Partial<Record<HistoricalPeriod, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
  week: WEEK_MS,
};

const MONTHS: Partial<Record<HistoricalPeriod, number>> = { month: 1, quarter: 3, year: 12 };

/** A value at the turn of a longer period is also one at the turn of the shorter ones; weeks are no part of months. */
const SHORTER: Readonly<Record<HistoricalPeriod, readonly HistoricalPeriod[]>> = {
  second: [],
  minute: ['second'],
  hour: ['second', 'minute'],
  day: ['second', 'minute', 'hour'],
  week: ['second', 'minute', 'hour', 'day'],
  month: ['second', 'minute', 'hour', 'day'],
  quarter: ['second', 'minute', 'hour', 'day', 'month'],
  year: ['second', 'minute', 'hour', 'day', 'month', 'quarter'],
};

/** The other kinds that a field of this kind is of, too. @see XEP-0323 §5.6 */
export const IMPLIED_FIELD_TYPES: { readonly [type in FieldType]?: readonly FieldType[] } = Object.fromEntries(
  HISTORICAL_PERIODS.map((period) => [
    FIELD_TYPE_OF_PERIOD[period],
    SHORTER[period].map((shorter) => FIELD_TYPE_OF_PERIOD[shorter]),
  ]),
);

/** The kinds of historical values that a value of this time is: those of all periods that turn then, in UTC. @see XEP-0323 §5.6 */
export function historicalTypesAt(timestamp: Date): readonly FieldType[] {
  const ms = timestamp.getTime();
  return HISTORICAL_PERIODS.filter((period) => turnAtOrAfter(period, ms) === ms).map(
    (period) => FIELD_TYPE_OF_PERIOD[period],
  );
}

/**
 * The first turn of a period that is not before a time. Weeks turn on Monday; all turns are those of UTC.
 * @param ms since 1970
 * @returns ms since 1970; Infinity when it is later than a Date can be
 */
export function turnAtOrAfter(period: HistoricalPeriod, ms: number): number {
  const lengthMs = LENGTHS_MS[period];
  if (lengthMs !== undefined) {
    const origin = period === 'week' ? FIRST_MONDAY_MS : 0;
    return bounded(Math.ceil((ms - origin) / lengthMs) * lengthMs + origin);
  }
  const months = MONTHS[period] as number;
  const date = new Date(ms);
  const first = Math.floor(date.getUTCMonth() / months) * months;
  const begin = startOfMonth(date.getUTCFullYear(), first);
  return begin === ms ? ms : startOfMonth(date.getUTCFullYear(), first + months);
}

/** The turn of a period before one of its turns: the value at a turn was measured after that. */
export function turnBefore(period: HistoricalPeriod, turn: number): number {
  const lengthMs = LENGTHS_MS[period];
  if (lengthMs !== undefined) return turn - lengthMs;
  const date = new Date(turn);
  return startOfMonth(date.getUTCFullYear(), date.getUTCMonth() - (MONTHS[period] as number));
}

/** The longest period whose turns include those of all that are wanted; undefined when none is. */
export function commonPeriod(types: readonly FieldType[]): HistoricalPeriod | undefined {
  const wanted = HISTORICAL_PERIODS.filter((period) => types.includes(FIELD_TYPE_OF_PERIOD[period]));
  return HISTORICAL_PERIODS.findLast(
    (candidate) =>
      wanted.length > 0 && wanted.every((period) => period === candidate || SHORTER[period].includes(candidate)),
  );
}

function startOfMonth(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 1);
  // Before the first time that a Date can be there is none to tell it from.
  return Number.isNaN(date.getTime()) && year < 0 ? -8.64e15 : bounded(date.getTime());
}

function bounded(ms: number): number {
  return Number.isNaN(ms) || ms > 8.64e15 ? Number.POSITIVE_INFINITY : ms + 0;
}
