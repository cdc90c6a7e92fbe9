import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import { fits, hasTag, tableOf, within } from './condition-query.ts';
import { type SearchBudget, tooWide } from './search-budget.ts';
import { type Condition, type Interval, isOneValue } from './search-condition.ts';
import type { RegistryTables } from './tables.ts';
import { looksAtAll, tagsWithTrigrams, trigramsOf } from './trigram-walk.ts';

/** Tags whose Things are looked at in one go. */
const LOOK_UP_STEP = 1000;
/** Tags that are read in one go: a few milliseconds of work, so that nobody waits long for their turn. */
const READ_STEP = 25_000;
/** What looking up the other tags of a Thing costs, in tags that are only walked along. As measured on SQLite. */
export const LOOK_UP_COST = 10;
/** What comparing a tag with a mask costs, likewise. */
const MASK_COST = 2;

/** So many are skipped in the time that one is read. */
const SKIPPED_PER_TAG = 3;

/** Where a walk is: after this tag, in the order of values and Things. */
interface Position {
  readonly value: string | number;
  readonly thing_id: number;
}

/** A stretch of an interval: after one tag, up to another. */
interface Stretch {
  readonly interval: Interval;
  readonly from: Position | undefined;
  /** Undefined: to the interval's end. */
  readonly to: Position | undefined;
}

/** Goes along the tags that meet one condition, in the order of their values, always the same. */
export class TagWalk {
  readonly #database: Kysely<RegistryTables>;
  readonly #condition: Condition;
  readonly #budget: SearchBudget;
  readonly #sqlite: boolean;
  readonly #trigrams: string | undefined;

  constructor(database: Kysely<RegistryTables>, condition: Condition, budget: SearchBudget) {
    this.#database = database;
    this.#condition = condition;
    this.#budget = budget;
    this.#sqlite = isSqlite(database);
    this.#trigrams = this.#sqlite ? trigramsOf(condition) : undefined;
  }

  /** Things that meet the condition, after the first so many. @throws StanzaError not-acceptable */
  async take(offset: number, limit: number): Promise<readonly number[]> {
    if (this.#condition.mask) {
      const found: number[] = [];
      for await (const ids of this.ids(offset + limit)) {
        for (const id of ids) found.push(id);
        if (found.length >= offset + limit) break;
      }
      return found.slice(offset, offset + limit);
    }
    const found: number[] = [];
    let toSkip = offset;
    for (const interval of this.#condition.intervals) {
      // What is only skipped stays in the database.
      this.#budget.spend(toSkip / SKIPPED_PER_TAG + limit - found.length);
      const stretch = { interval, from: undefined, to: undefined };
      const ids = await this.#select(stretch, undefined, limit - found.length, toSkip);
      found.push(...ids);
      if (found.length >= limit) break;
      if (ids.length === 0 && toSkip > 0) toSkip -= Math.min(toSkip, await this.#count(interval, toSkip));
      else toSkip = 0;
    }
    return found;
  }

  /**
   * Looks at the first Things on the way for those that have the other tags, too: at a thousand, and at more while so many of them have
   * that it is worth while.
   * @param most Things worth looking at: asked once it has looked at the first
   * @returns what is to be found, or undefined when it may be farther on
   * @throws StanzaError not-acceptable
   */
  async glance(
    others: readonly Condition[],
    offset: number,
    limit: number,
    most: () => Promise<number>,
  ): Promise<readonly number[] | undefined> {
    // It is known only after the whole way where these are in its order.
    if (this.#isInOneGo) return undefined;
    const filter = sql<SqlBool>`${sql.join(
      others.map((other) => hasTag('t', other, this.#sqlite)),
      sql` and `,
    )}`;
    const wanted = offset + limit;
    const found: number[] = [];
    let lookedAt = 0;
    let mostThings = Number.POSITIVE_INFINITY;
    for (const interval of this.#condition.intervals) {
      let from: Position | undefined;
      do {
        if (lookedAt > 0) {
          if (mostThings === Number.POSITIVE_INFINITY) mostThings = await most();
          if ((lookedAt / found.length) * wanted > mostThings) return undefined;
        }
        this.#budget.spend(LOOK_UP_STEP * LOOK_UP_COST);
        const to = await this.#end(interval, from, LOOK_UP_STEP);
        found.push(...(await this.#select({ interval, from, to }, filter, wanted - found.length, 0)));
        if (found.length >= wanted) return found.slice(offset);
        lookedAt += LOOK_UP_STEP;
        from = to;
        await nextTurn();
      } while (from !== undefined);
    }
    return found.slice(offset, wanted);
  }

  /**
   * Of all Things that meet the condition, in steps.
   * @param wanted so many are enough
   * @throws StanzaError not-acceptable
   */
  async *ids(wanted?: number): AsyncGenerator<readonly number[]> {
    if (this.#isInOneGo) {
      yield await this.#inOneGo(wanted);
      return;
    }
    for (const interval of this.#condition.intervals) yield* this.#along(interval);
  }

  async *#along(interval: Interval): AsyncGenerator<readonly number[]> {
    const { mask } = this.#condition;
    const step = mask ? READ_STEP / MASK_COST : READ_STEP;
    let from: Position | undefined;
    do {
      // Of one value, the last Thing says how far a step went.
      const isPoint = isOneValue(interval) && !mask;
      let to = isPoint ? undefined : await this.#end(interval, from, step);
      const ids = await this.#read({ interval, from, to }, step);
      this.#budget.spend(mask && to ? READ_STEP : ids.length);
      yield ids;
      if (isPoint && ids.length === step)
        to = { value: interval.min as string | number, thing_id: ids.at(-1) as number };
      from = to;
      await nextTurn();
    } while (from !== undefined);
  }

  /** A mask that begins with a wildcard is looked up by its trigrams, and what fits it lies anywhere. */
  get #isInOneGo(): boolean {
    return this.#trigrams !== undefined || (!this.#sqlite && this.#condition.mask?.parts[0] === '');
  }

  async #inOneGo(wanted = Number.POSITIVE_INFINITY): Promise<readonly number[]> {
    // One more than there may be, to know that there are more.
    const limit = Math.min(wanted, this.#budget.left + 1);
    if (this.#trigrams === undefined) {
      const [interval = {}] = this.#condition.intervals;
      const ids = await this.#read({ interval, from: undefined, to: undefined }, limit);
      this.#budget.spend(ids.length);
      return ids;
    }
    const tags = tagsWithTrigrams(this.#condition, this.#trigrams);
    const ids = await this.#aggregate(sql`select t.thing_id from ${tags} limit ${limit}`);
    this.#budget.spend(ids.length);
    if (ids.length < limit && !(await looksAtAll(this.#database, this.#trigrams))) throw tooWide();
    return ids;
  }

  /** The ids of a stretch whose values fit the mask. The limit keeps SQLite from thinking that their order does not matter. */
  #read(stretch: Stretch, limit: number): Promise<readonly number[]> {
    return this.#aggregate(sql`select t.thing_id from ${tableOf(this.#condition)} as t
      where ${this.#between(stretch)}${this.#inMask()} order by t.value, t.thing_id limit ${Math.floor(limit)}`);
  }

  /** The ids that a query gives, as one value: a tenth of the time that rows take. */
  async #aggregate(query: RawBuilder<unknown>): Promise<readonly number[]> {
    const all = this.#sqlite ? sql`json_group_array(thing_id)` : sql`json_agg(thing_id)::text`;
    const { rows } = await sql<{ ids: string | null }>`select ${all} as ids from (${query}) as met`.execute(
      this.#database,
    );
    return JSON.parse(rows[0]?.ids ?? '[]') as readonly number[];
  }

  async #select(
    stretch: Stretch,
    filter: RawBuilder<SqlBool> | undefined,
    limit: number,
    offset: number,
  ): Promise<readonly number[]> {
    const { rows } = await sql<{ thing_id: number }>`select t.thing_id from ${tableOf(this.#condition)} as t
      where ${this.#between(stretch)}${this.#inMask()}${filter ? sql` and ${filter}` : sql``}
      order by t.value, t.thing_id limit ${limit} offset ${offset}`.execute(this.#database);
    return rows.map(({ thing_id }) => thing_id);
  }

  async #count(interval: Interval, upTo: number): Promise<number> {
    const { rows } = await sql<{ count: number | string }>`select count(*) as count from (
      select 1 from ${tableOf(this.#condition)} as t
      where t.name = ${this.#condition.name} and ${within('t', interval)} limit ${upTo}
    ) as counted`.execute(this.#database);
    return Number(rows[0]?.count ?? 0);
  }

  /** The last tag of a stretch of so many tags; undefined: the interval ends before. */
  async #end(interval: Interval, from: Position | undefined, tags: number): Promise<Position | undefined> {
    const { rows } = await sql<Position>`select t.value, t.thing_id from ${tableOf(this.#condition)} as t
      where ${this.#between({ interval, from, to: undefined })}
      order by t.value, t.thing_id limit 1 offset ${Math.floor(tags) - 1}`.execute(this.#database);
    return rows[0];
  }

  #inMask(): RawBuilder<unknown> {
    const { mask } = this.#condition;
    return mask ? sql` and ${fits('t', mask, this.#sqlite)}` : sql``;
  }

  #between({ interval, from, to }: Stretch): RawBuilder<SqlBool> {
    const isPoint = isOneValue(interval);
    const bounds = [
      sql<SqlBool>`t.name = ${this.#condition.name}`,
      // What has become narrower replaces the ends, so that no step begins where the first one did.
      within('t', {
        ...interval,
        ...(from && !isPoint ? { min: undefined } : {}),
        ...(to && !isPoint ? { max: undefined } : {}),
      }),
    ];
    // Comparing pairs takes as long as all else.
    if (from) {
      bounds.push(
        isPoint
          ? sql<SqlBool>`t.thing_id > ${from.thing_id}`
          : sql<SqlBool>`(t.value, t.thing_id) > (${from.value}, ${from.thing_id})`,
      );
    }
    if (to) {
      bounds.push(
        isPoint
          ? sql<SqlBool>`t.thing_id <= ${to.thing_id}`
          : sql<SqlBool>`(t.value, t.thing_id) <= (${to.value}, ${to.thing_id})`,
      );
    }
    return sql<SqlBool>`${sql.join(bounds, sql` and `)}`;
  }
}
