import { effectiveQos, type Field, type NodeReference } from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';
import { type CompiledQuery, type Insertable, type InsertResult, type Kysely, sql, type Transaction } from 'kysely';
import { thingColumns } from '../node-columns.ts';
import { RecentlyUsed } from './recently-used.ts';
import { flagsOf, RELIABILITY_BITS, reliabilityOf, storedValue } from './stored-field.ts';
import type { HistorySeriesTable, HistoryTables } from './tables.ts';

type SeriesRow = Insertable<HistorySeriesTable>;

/** Old SQLites allow 999 parameters in a statement; a point has six, a series eight. */
const POINTS_PER_INSERT = 150;
const SERIES_PER_STATEMENT = 100;

/**
 * Writes fields, one transaction for each call: when it returns they are as durable as the database makes a commit, and all of them or
 * none are there. What is known by series and timestamp already stays as it is, unless the new value is more reliable: an estimate gives
 * way to what was measured, that to what was signed or invoiced (XEP-0323 §5.7).
 *
 * The ids of series come from memory, and the statements for points are built once and run with other parameters: both keep the cost of
 * a field near that of SQLite's own insert. Measured by `bench/history-ingest.mjs`.
 */
export class FieldWriter {
  readonly #database: Kysely<HistoryTables>;
  readonly #maxSeriesPerThing: number;
  readonly #seriesIds: RecentlyUsed<string, number>;
  readonly #inserts = new Map<number, CompiledQuery<InsertResult>>();

  /** @param options.maxCachedSeries how many ids of series to keep in memory */
  constructor(options: { database: Kysely<HistoryTables>; maxSeriesPerThing: number; maxCachedSeries: number }) {
    this.#database = options.database;
    this.#maxSeriesPerThing = options.maxSeriesPerThing;
    this.#seriesIds = new RecentlyUsed(options.maxCachedSeries);
  }

  /** @throws StanzaError resource-constraint when the Thing would have too many series */
  async write(thing: Jid, fields: readonly Field[]): Promise<void> {
    const keys = seriesKeys(thing, fields);
    const ids = new Map<string, number>();
    const missing = new Map<string, SeriesRow>();
    for (const [i, field] of fields.entries()) {
      const key = keys[i] as string;
      if (ids.has(key) || missing.has(key)) continue;
      const id = this.#seriesIds.get(key);
      if (id === undefined) missing.set(key, seriesRow(thing, field));
      else ids.set(key, id);
    }
    const found = await this.#database.transaction().execute(async (transaction) => {
      const found = await this.#findOrAdd(transaction, thing.bare.toString(), missing);
      for (const [key, id] of found) ids.set(key, id);
      await this.#insertPoints(transaction, fields, (i) => ids.get(keys[i] as string) as number);
      return found;
    });
    // Only now: an id from a transaction that failed means nothing.
    for (const [key, id] of found) this.#seriesIds.set(key, id);
  }

  async #findOrAdd(
    transaction: Transaction<HistoryTables>,
    jid: string,
    missing: ReadonlyMap<string, SeriesRow>,
  ): Promise<ReadonlyMap<string, number>> {
    const found = await this.#find(transaction, missing);
    const added = [...missing].filter(([key]) => !found.has(key));
    if (added.length === 0) return found;
    const { count } = await transaction
      .selectFrom('history_series')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('jid', '=', jid)
      .executeTakeFirstOrThrow();
    if (Number(count) + added.length > this.#maxSeriesPerThing) {
      throw new StanzaError('resource-constraint', `at most ${this.#maxSeriesPerThing} different fields are stored`);
    }
    for (const rows of chunks(added, SERIES_PER_STATEMENT)) {
      await transaction
        .insertInto('history_series')
        .values(rows.map(([, row]) => row))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    }
    return new Map([...found, ...(await this.#find(transaction, new Map(added)))]);
  }

  async #find(
    transaction: Transaction<HistoryTables>,
    wanted: ReadonlyMap<string, SeriesRow>,
  ): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const part of chunks([...wanted.values()], SERIES_PER_STATEMENT)) {
      const rows = await transaction
        .selectFrom('history_series')
        .selectAll()
        .where('jid', '=', part[0]?.jid ?? '')
        .where('node_id', 'in', [...new Set(part.map(({ node_id }) => node_id))])
        .where('name', 'in', [...new Set(part.map(({ name }) => name))])
        .execute();
      for (const row of rows) {
        const key = keyOfRow(row);
        if (wanted.has(key)) found.set(key, row.id);
      }
    }
    return found;
  }

  async #insertPoints(
    transaction: Transaction<HistoryTables>,
    fields: readonly Field[],
    seriesIdAt: (index: number) => number,
  ): Promise<void> {
    for (let start = 0; start < fields.length; start += POINTS_PER_INSERT) {
      const end = Math.min(fields.length, start + POINTS_PER_INSERT);
      const points = new Map<string, readonly (string | number | null)[]>();
      for (let i = start; i < end; i++) {
        const field = fields[i] as Field;
        const { text, number, decimals } = storedValue(field.value);
        const [seriesId, timestamp, flags] = [seriesIdAt(i), field.timestamp.getTime(), storedFlags(field)];
        // One statement must not write a row twice.
        const key = `${seriesId} ${timestamp}`;
        const before = points.get(key)?.at(-1);
        if (typeof before === 'number' && reliabilityOf(before) >= reliabilityOf(flags)) continue;
        points.set(key, [seriesId, timestamp, text, number, decimals, flags]);
      }
      await transaction.executeQuery({ ...this.#insertOf(points.size), parameters: [...points.values()].flat() });
    }
  }

  /** The statement that inserts so many points, with parameters in the order of the columns below. */
  #insertOf(count: number): CompiledQuery<InsertResult> {
    const present = this.#inserts.get(count);
    if (present) return present;
    const point = { series_id: 0, timestamp: 0, value_text: '', value_number: 0, decimals: 0, flags: 0 };
    const insert = this.#database
      .insertInto('history_points')
      .values(Array.from({ length: count }, () => point))
      .onConflict((conflict) =>
        conflict
          .columns(['series_id', 'timestamp'])
          .doUpdateSet(({ ref }) => ({
            value_text: ref('excluded.value_text'),
            value_number: ref('excluded.value_number'),
            decimals: ref('excluded.decimals'),
            flags: ref('excluded.flags'),
          }))
          .where(
            sql<number>`(excluded.flags & ${RELIABILITY})`,
            '>',
            sql<number>`(history_points.flags & ${RELIABILITY})`,
          ),
      )
      .compile();
    this.#inserts.set(count, insert);
    return insert;
  }
}

/** As text in the statement: its parameters are those of points. */
const RELIABILITY = sql.lit(RELIABILITY_BITS);

/** Flags of a field as they are stored: without any that says how it came to be, it was read automatically. */
function storedFlags({ types, qos }: Field): number {
  const flags = flagsOf({ types, qos });
  return reliabilityOf(flags) === 0 ? flagsOf({ types, qos: [...qos, ...effectiveQos([])] }) : flags;
}

/** No text of XML has U+0000, so that it separates. */
const SEPARATOR = '\u0000';

/** For each field the key of its series. Fields of one node follow each other as a rule, which saves most of the work. */
function seriesKeys(thing: Jid, fields: readonly Field[]): readonly string[] {
  let node: NodeReference | undefined;
  let prefix: string | undefined;
  return fields.map((field) => {
    if (prefix === undefined || field.node !== node) {
      node = field.node;
      const { jid, node_id, source_id, cache_type } = thingColumns(thing, node);
      prefix = [jid, node_id, source_id, cache_type].join(SEPARATOR);
    }
    const { value } = field;
    const unit = value.type === 'numeric' ? value.unit : '';
    const dataType = value.type === 'enum' ? value.dataType : '';
    return `${prefix}${SEPARATOR}${field.name}${SEPARATOR}${value.type}${SEPARATOR}${unit}${SEPARATOR}${dataType}`;
  });
}

function keyOfRow(row: SeriesRow): string {
  const { jid, node_id, source_id, cache_type, name, type, unit, data_type } = row;
  return [jid, node_id, source_id, cache_type, name, type, unit, data_type].join(SEPARATOR);
}

function seriesRow(thing: Jid, { node, name, value }: Field): SeriesRow {
  return {
    ...thingColumns(thing, node),
    name,
    type: value.type,
    unit: value.type === 'numeric' ? value.unit : '',
    data_type: value.type === 'enum' ? value.dataType : '',
  };
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}
