import type { FieldValue, HistoryPoint, HistoryQuery, Series } from '@thingward/things';
import { StanzaError } from '@thingward/xmpp';
import { type Kysely, type Selectable, sql } from 'kysely';
import { thingColumns } from '../node-columns.ts';
import { isNumberType } from './stored-field.ts';
import type { HistorySeriesTable, HistoryTables } from './tables.ts';

type SeriesRow = Selectable<HistorySeriesTable>;

/** Points of one series in a range of time, in ms since 1970, both ends included. */
interface Range {
  readonly seriesId: number;
  readonly from: number;
  readonly to: number;
}

/** Bounds of an answer. */
export interface AnswerLimits {
  /** Different fields. */
  readonly series: number;
  /** Points of all fields together. */
  readonly points: number;
}

const EARLIEST = -8.64e15;
const LATEST = 8.64e15;

/**
 * What is stored of a Thing, in order of names and time; fields without a point in the range are left out. When there are more points
 * of a field than wanted, numbers are aggregated in intervals of equal length, and of other values the last in each interval is given.
 * @throws StanzaError not-acceptable when there are too many fields
 */
export async function readHistory(
  database: Kysely<HistoryTables>,
  query: HistoryQuery,
  limits: AnswerLimits,
): Promise<readonly Series[]> {
  const rows = await seriesOf(database, query, limits.series + 1);
  if (rows.length > limits.series) {
    throw new StanzaError('not-acceptable', `there are more than ${limits.series} fields; name those that are wanted`);
  }
  const share = Math.max(1, Math.floor(limits.points / Math.max(1, rows.length)));
  const maxPoints = Math.min(query.maxPoints ?? share, share);
  const series: Series[] = [];
  for (const row of rows) {
    const range = { seriesId: row.id, from: query.from?.getTime() ?? EARLIEST, to: query.to?.getTime() ?? LATEST };
    const points = await readPoints(database, range, isNumberType(row.type), maxPoints);
    if (points.length > 0) series.push({ ...described(row), points });
  }
  return series;
}

async function seriesOf(database: Kysely<HistoryTables>, query: HistoryQuery, limit: number): Promise<SeriesRow[]> {
  const thing = thingColumns(query.thing, query.node);
  const all = database
    .selectFrom('history_series')
    .selectAll()
    .where('jid', '=', thing.jid)
    .where('node_id', '=', thing.node_id)
    .where('source_id', '=', thing.source_id)
    .where('cache_type', '=', thing.cache_type)
    .orderBy('name')
    .orderBy('id')
    .limit(limit);
  return (query.names.length === 0 ? all : all.where('name', 'in', query.names)).execute();
}

function described({ name, type, unit, data_type }: SeriesRow): Omit<Series, 'points'> {
  return {
    name,
    type: type as FieldValue['type'],
    ...(unit === '' ? {} : { unit }),
    ...(data_type === '' ? {} : { dataType: data_type }),
  };
}

async function readPoints(
  database: Kysely<HistoryTables>,
  range: Range,
  isNumber: boolean,
  maxPoints: number,
): Promise<readonly HistoryPoint[]> {
  const rows = await pointsIn(database, range)
    .select(['timestamp', 'value_text'])
    .orderBy('timestamp')
    .limit(maxPoints + 1)
    .execute();
  if (rows.length <= maxPoints) {
    return rows.map((row) => ({ timestamp: new Date(Number(row.timestamp)), value: row.value_text }));
  }
  const first = Number(rows[0]?.timestamp);
  const last = await pointsIn(database, range)
    .select('timestamp')
    .orderBy('timestamp', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow();
  const intervals = { start: first, lengthMs: Math.ceil((Number(last.timestamp) - first + 1) / maxPoints) };
  return isNumber ? aggregated(database, range, intervals) : lastOfEach(database, range, intervals);
}

interface Intervals {
  readonly start: number;
  readonly lengthMs: number;
}

/** The number of the interval a point is in. Drivers may bind whole numbers as floating-point ones, which would not divide as integers. */
function intervalOf({ start, lengthMs }: Intervals) {
  return sql<number>`(${sql.ref('timestamp')} - cast(${start} as bigint)) / cast(${lengthMs} as bigint)`;
}

async function aggregated(
  database: Kysely<HistoryTables>,
  range: Range,
  intervals: Intervals,
): Promise<readonly HistoryPoint[]> {
  const rows = await database
    .selectFrom(
      pointsIn(database, range)
        .select(['value_number', 'decimals', intervalOf(intervals).as('interval')])
        .where('value_number', 'is not', null)
        .as('points'),
    )
    .select(({ fn }) => [
      'interval',
      fn.avg<number>('value_number').as('average'),
      fn.min('value_number').as('min'),
      fn.max('value_number').as('max'),
      fn.max('decimals').as('decimals'),
      fn.countAll().as('count'),
    ])
    .groupBy('interval')
    .orderBy('interval')
    .execute();
  return rows.map(({ interval, average, min, max, decimals, count }) => ({
    timestamp: new Date(intervals.start + Number(interval) * intervals.lengthMs),
    value: Number(average).toFixed(decimals),
    min: Number(min).toFixed(decimals),
    max: Number(max).toFixed(decimals),
    count: Number(count),
  }));
}

async function lastOfEach(
  database: Kysely<HistoryTables>,
  range: Range,
  intervals: Intervals,
): Promise<readonly HistoryPoint[]> {
  const rows = await pointsIn(database, range)
    .select(['timestamp', 'value_text'])
    .where('timestamp', 'in', (eb) =>
      eb
        .selectFrom('history_points')
        .select(({ fn }) => fn.max('timestamp').as('timestamp'))
        .where('series_id', '=', range.seriesId)
        .where('timestamp', '>=', range.from)
        .where('timestamp', '<=', range.to)
        .groupBy(intervalOf(intervals)),
    )
    .orderBy('timestamp')
    .execute();
  return rows.map((row) => ({ timestamp: new Date(Number(row.timestamp)), value: row.value_text }));
}

function pointsIn(database: Kysely<HistoryTables>, { seriesId, from, to }: Range) {
  return database
    .selectFrom('history_points')
    .where('series_id', '=', seriesId)
    .where('timestamp', '>=', from)
    .where('timestamp', '<=', to);
}
