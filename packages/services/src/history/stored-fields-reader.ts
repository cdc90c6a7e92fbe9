import {
  estimated,
  FIELD_TYPES,
  type Field,
  type HistoricalPeriod,
  historicalTypesAt,
  type StoredFieldsPage,
  type StoredFieldsQuery,
  turnAtOrAfter,
  turnBefore,
} from '@thingward/things';
import { StanzaError } from '@thingward/xmpp';
import type { Kysely, Selectable } from 'kysely';
import { thingColumns } from '../node-columns.ts';
import { fieldValueOf, qosOf, typesOf } from './stored-field.ts';
import type { HistoryPointsTable, HistorySeriesTable, HistoryTables } from './tables.ts';

type SeriesRow = Selectable<HistorySeriesTable>;
type PointRow = Pick<Selectable<HistoryPointsTable>, 'timestamp' | 'value_text' | 'flags'>;

/** Bounds of a page. */
export interface PageLimits {
  readonly fields: number;
  /** About its characters. */
  readonly characters: number;
}

/** Where a page ended: in which series, and at which time or turn in it. */
interface Cursor {
  readonly seriesId: number;
  readonly at: number;
}

const SERIES_PER_STATEMENT = 100;
/** Statements for one page: fields that have nothing in the range give nothing, but cost one. */
const STATEMENTS_PER_PAGE = 3000;
/** Of a field's flags, names of attributes and timestamp. */
const CHARACTERS_BESIDE_TEXT = 200;
/** The times that a Date can be. */
const EARLIEST = -8.64e15;
const LATEST = 8.64e15;
/** A value so close to a turn counts as measured at it. */
const TOLERANCE_MS = 1000;

/**
 * A page of what is stored of a Thing: series after series, each in order of time, from where the page before ended. For values at the
 * turns of a period, the last one measured in the period that ends with the turn is given at its time; as an estimate, when it is
 * older than a second then. Nothing is given for a turn that has not come yet.
 * @param now ms since 1970
 * @throws StanzaError bad-request for a cursor that is none
 */
export async function readStoredFields(
  database: Kysely<HistoryTables>,
  query: StoredFieldsQuery,
  limits: PageLimits,
  now: number,
): Promise<StoredFieldsPage> {
  const page = new Page(query, Math.min(query.maxFields ?? limits.fields, limits.fields), limits.characters);
  const start = query.after === undefined ? undefined : parseCursor(query.after);
  const reader = new SeriesReader(database, query, page, now);
  let from = start?.seriesId ?? 0;
  for (;;) {
    const rows = await seriesFrom(database, query, from);
    for (const row of rows) {
      const after = row.id === start?.seriesId ? start.at : undefined;
      const stoppedAt = await reader.read(row, after);
      if (stoppedAt !== undefined) return { fields: page.fields, next: `${row.id}.${stoppedAt}` };
      from = row.id + 1;
    }
    if (rows.length < SERIES_PER_STATEMENT) return { fields: page.fields };
  }
}

function parseCursor(text: string): Cursor {
  const [, seriesId, at] = /^(\d{1,10})\.(-?\d{1,16})$/.exec(text) ?? [];
  if (seriesId === undefined) throw new StanzaError('bad-request', 'read/@after: not what a page said is next');
  return { seriesId: Number(seriesId), at: Number(at) };
}

function seriesFrom(database: Kysely<HistoryTables>, query: StoredFieldsQuery, from: number): Promise<SeriesRow[]> {
  const thing = thingColumns(query.thing, query.node);
  const all = database
    .selectFrom('history_series')
    .selectAll()
    .where('jid', '=', thing.jid)
    .where('node_id', '=', thing.node_id)
    .where('source_id', '=', thing.source_id)
    .where('cache_type', '=', thing.cache_type)
    .where('id', '>=', from)
    .orderBy('id')
    .limit(SERIES_PER_STATEMENT);
  return (query.names.length === 0 ? all : all.where('name', 'in', query.names)).execute();
}

/** The fields of a page, until it is full. */
class Page {
  readonly fields: Field[] = [];
  readonly #query: StoredFieldsQuery;
  readonly #maxFields: number;
  #charactersLeft: number;

  constructor(query: StoredFieldsQuery, maxFields: number, maxCharacters: number) {
    this.#query = query;
    this.#maxFields = maxFields;
    this.#charactersLeft = maxCharacters;
  }

  get left(): number {
    return this.#charactersLeft > 0 ? this.#maxFields - this.fields.length : 0;
  }

  /** @param turn when the value is given for the turn of a period, that */
  add(series: SeriesRow, point: PointRow, turn?: number): void {
    const measuredAt = Number(point.timestamp);
    const timestamp = new Date(turn ?? measuredAt);
    const qos = qosOf(point.flags);
    const kinds = new Set([...typesOf(point.flags), ...historicalTypesAt(timestamp)]);
    kinds.delete('momentary');
    if (turn === undefined) kinds.add('historicalOther');
    else kinds.delete('historicalOther');
    this.fields.push({
      node: this.#query.node,
      name: series.name,
      value: fieldValueOf(series, point.value_text),
      types: FIELD_TYPES.filter((type) => kinds.has(type)),
      qos: turn !== undefined && turn - measuredAt > TOLERANCE_MS ? estimated(qos) : qos,
      timestamp,
    });
    this.#charactersLeft -= CHARACTERS_BESIDE_TEXT + series.name.length + series.unit.length + point.value_text.length;
  }
}

/** Reads one series after the other into a page. */
class SeriesReader {
  readonly #database: Kysely<HistoryTables>;
  readonly #query: StoredFieldsQuery;
  readonly #page: Page;
  readonly #now: number;
  #statementsLeft = STATEMENTS_PER_PAGE;

  constructor(database: Kysely<HistoryTables>, query: StoredFieldsQuery, page: Page, now: number) {
    this.#database = database;
    this.#query = query;
    this.#page = page;
    this.#now = now;
  }

  /**
   * @param after where the page before ended in this series
   * @returns where the page is full; undefined: the series is at its end
   */
  async read(series: SeriesRow, after: number | undefined): Promise<number | undefined> {
    const { period, from } = this.#query;
    // One less than what it begins with: this is left out, as `after` is.
    const begin = after ?? (from === undefined ? EARLIEST : from.getTime() - 1);
    if (period === undefined) return this.#readAll(series, begin);
    const isKnown = after !== undefined || from !== undefined;
    const first = isKnown ? begin : await this.#firstAfter(series, begin);
    return first === undefined ? undefined : this.#readTurns(series, period, isKnown ? begin : first - 1);
  }

  async #readAll(series: SeriesRow, after: number): Promise<number | undefined> {
    const { left } = this.#page;
    if (left === 0 || this.#statementsLeft-- === 0) return after;
    const to = this.#query.to?.getTime() ?? LATEST;
    const rows = await this.#points(series)
      .where('timestamp', '>', after)
      .where('timestamp', '<=', to)
      .orderBy('timestamp')
      .limit(left)
      .execute();
    let last = after;
    for (const row of rows) {
      if (this.#page.left === 0) return last;
      this.#page.add(series, row);
      last = Number(row.timestamp);
    }
    return rows.length === left ? last : undefined;
  }

  /** From turn to turn, each by one look at the index; stretches without values are skipped by another. */
  async #readTurns(series: SeriesRow, period: HistoricalPeriod, after: number): Promise<number | undefined> {
    const end = Math.min(this.#query.to?.getTime() ?? this.#now, this.#now);
    let turn = turnAtOrAfter(period, after + 1);
    let last = after;
    while (turn <= end) {
      if (this.#page.left === 0 || this.#statementsLeft-- <= 0) return last;
      const point = await this.#points(series)
        .where('timestamp', '<=', turn)
        .where('timestamp', '>', turnBefore(period, turn))
        .orderBy('timestamp', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (point) {
        this.#page.add(series, point, turn);
        last = turn;
        turn = turnAtOrAfter(period, turn + 1);
        continue;
      }
      const next = await this.#firstAfter(series, turn);
      if (next === undefined) return undefined;
      last = turn;
      turn = turnAtOrAfter(period, next);
    }
    return undefined;
  }

  async #firstAfter(series: SeriesRow, time: number): Promise<number | undefined> {
    const row = await this.#points(series)
      .where('timestamp', '>', time)
      .orderBy('timestamp')
      .limit(1)
      .executeTakeFirst();
    return row && Number(row.timestamp);
  }

  #points(series: SeriesRow) {
    return this.#database
      .selectFrom('history_points')
      .select(['timestamp', 'value_text', 'flags'])
      .where('series_id', '=', series.id);
  }
}
