import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FoundThing, KEY_TAG, type Search } from '@thingward/things';
import { Jid, StanzaError } from '@thingward/xmpp';
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import { nodeOfColumns } from '../node-columns.ts';
import { fits, hasTag, tableOf, within } from './condition-query.ts';
import { type Condition, conditionOf, type Interval } from './search-condition.ts';
import { tagsOfStored } from './stored-tags.ts';
import type { RegistryTables } from './tables.ts';
import { candidates, MAX_VALUES, tagsWithTrigrams, trigramsOf } from './trigram-walk.ts';

/** Tags looked at in one go on SQLite: a few milliseconds of work, so that nobody waits long for their turn. */
const STEP = 4000;
/** On PostgreSQL, whose work keeps nobody here waiting, and which may begin anew with each step what it compares with. */
const POSTGRES_STEP = 50_000;
/** How far tags are counted, to find the condition that the fewest Things meet. */
const COUNT_UP_TO = [200, 3000, 50_000] as const;

/** Where a search is: after this tag, in the order of values and Things. */
interface Position {
  readonly value: string | number;
  readonly thing_id: number;
}

/**
 * Public Things with an owner for which all operators hold. It walks along the tags that meet one of them, that which the fewest Things
 * meet, in the order of their values, and looks up the others for each Thing on the way: the cost goes by how far it has to walk, never
 * by how many Things there are. Pages fit together as long as nothing changes.
 * @param limit most Things
 * @param maxLookedAt most tags to walk along
 * @throws StanzaError not-acceptable when it had to walk farther
 * @see XEP-0347 §3.15
 */
export async function findPublicThings(
  database: Kysely<RegistryTables>,
  { operators, offset }: Search,
  limit: number,
  maxLookedAt: number,
): Promise<readonly FoundThing[]> {
  // What refers to KEY never finds anything.
  if (operators.some(({ name }) => name === KEY_TAG)) return [];
  const ordered = await byFewest(database, operators.map(conditionOf));
  if (ordered === undefined) return [];
  const [first, ...others] = ordered;
  const walk = new Walk(database, first as Condition, others, maxLookedAt);
  return thingsOf(database, await walk.take(offset, limit));
}

/** The conditions, that with the fewest tags first; undefined when one of them has none. */
async function byFewest(
  database: Kysely<RegistryTables>,
  conditions: readonly Condition[],
): Promise<readonly Condition[] | undefined> {
  if (conditions.length === 1) return conditions;
  for (const upTo of COUNT_UP_TO) {
    const counts = new Map<Condition, number>();
    for (const condition of conditions) {
      const count = await countTags(database, condition, upTo);
      if (count === 0) return undefined;
      counts.set(condition, count);
    }
    const ordered = [...conditions].sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0));
    const fewest = counts.get(ordered[0] as Condition) ?? 0;
    if (fewest < upTo || upTo === COUNT_UP_TO.at(-1)) return ordered;
  }
  return conditions;
}

async function countTags(database: Kysely<RegistryTables>, condition: Condition, upTo: number): Promise<number> {
  let count = 0;
  const trigrams = isSqlite(database) ? trigramsOf(condition) : undefined;
  if (trigrams !== undefined) {
    const tags = sql`select 1 from ${tagsWithTrigrams(condition, trigrams)} limit ${upTo}`;
    const { rows } = await sql<{ count: number }>`select count(*) as count from (${tags}) as counted`.execute(database);
    return Number(rows[0]?.count ?? 0);
  }
  // Of others the interval tells enough, and is counted without comparing.
  const { mask } = condition;
  const filter = mask?.parts[0] === '' && !isSqlite(database) ? sql` and ${fits('t', mask, false)}` : sql``;
  for (const interval of condition.intervals) {
    const { rows } = await sql<{ count: number | string }>`select count(*) as count from (
      select 1 from ${tableOf(condition)} as t
      where t.name = ${condition.name} and ${within('t', interval)}${filter} limit ${upTo - count}
    ) as counted`.execute(database);
    count += Number(rows[0]?.count ?? 0);
    if (count >= upTo) break;
  }
  return count;
}

/** Goes along the tags of one condition. */
class Walk {
  readonly #database: Kysely<RegistryTables>;
  readonly #condition: Condition;
  readonly #sqlite: boolean;
  readonly #step: number;
  /** What else a tag on the way must fulfil; undefined: nothing. */
  readonly #filter: RawBuilder<SqlBool> | undefined;
  #left: number;

  constructor(
    database: Kysely<RegistryTables>,
    condition: Condition,
    others: readonly Condition[],
    maxLookedAt: number,
  ) {
    this.#database = database;
    this.#condition = condition;
    this.#left = maxLookedAt;
    this.#sqlite = isSqlite(database);
    this.#step = this.#sqlite ? STEP : POSTGRES_STEP;
    const filters = [
      // Along trigrams, the mask is looked at where its values are.
      ...(condition.mask ? [fits('t', condition.mask, this.#sqlite)] : []),
      ...others.map((other) => hasTag('t', other, this.#sqlite)),
    ];
    this.#filter = filters.length === 0 ? undefined : sql<SqlBool>`${sql.join(filters, sql` and `)}`;
  }

  /** Ids of Things, after the first so many. @throws StanzaError not-acceptable */
  async take(offset: number, limit: number): Promise<readonly number[]> {
    const { mask, intervals } = this.#condition;
    const trigrams = this.#sqlite ? trigramsOf(this.#condition) : undefined;
    if (trigrams !== undefined) return this.#alongTrigrams(trigrams, offset, limit);
    // The trigrams of PostgreSQL find what a mask means, wherever in the order it is.
    if (!this.#sqlite && mask?.parts[0] === '')
      return (await this.#rows({}, undefined, undefined, limit, offset)).map(({ thing_id }) => thing_id);
    const found: number[] = [];
    let toSkip = offset;
    for (const interval of intervals) {
      let from: Position | undefined;
      for (;;) {
        const wanted = toSkip + limit - found.length;
        // When everything on the way is taken, the way is as short as what is wanted.
        const to = this.#filter === undefined && wanted <= this.#step ? undefined : await this.#stepEnd(interval, from);
        const rows = await this.#rows(interval, from, to, wanted, 0);
        const taken = rows.slice(toSkip);
        toSkip -= rows.length - taken.length;
        found.push(...taken.map(({ thing_id }) => thing_id));
        if (found.length >= limit) return found;
        if (to === undefined) break;
        this.#left -= this.#step;
        if (this.#left <= 0) throw tooFar();
        from = to;
        await nextTurn();
      }
    }
    return found;
  }

  async #alongTrigrams(trigrams: string, offset: number, limit: number): Promise<readonly number[]> {
    const { rows } = await sql<{
      thing_id: number;
    }>`select t.thing_id from ${tagsWithTrigrams(this.#condition, trigrams)}
      ${this.#andFilter()} limit ${limit} offset ${offset}`.execute(this.#database);
    if (rows.length < limit) {
      const values = sql<{ count: number }>`select count(*) as count from ${candidates(trigrams)} as looked`;
      if (Number((await values.execute(this.#database)).rows[0]?.count ?? 0) >= MAX_VALUES) throw tooFar();
    }
    return rows.map(({ thing_id }) => thing_id);
  }

  #andFilter(): RawBuilder<unknown> {
    return this.#filter ? sql` and ${this.#filter}` : sql``;
  }

  /** The last tag of the step that begins after a position; undefined: the interval ends before. */
  async #stepEnd(interval: Interval, from: Position | undefined): Promise<Position | undefined> {
    const { rows } = await sql<Position>`select t.value, t.thing_id from ${tableOf(this.#condition)} as t
      where ${this.#between(interval, from, undefined)} order by t.value, t.thing_id limit 1 offset ${this.#step - 1}`.execute(
      this.#database,
    );
    return rows[0];
  }

  async #rows(
    interval: Interval,
    from: Position | undefined,
    to: Position | undefined,
    limit: number,
    offset: number,
  ): Promise<readonly { readonly thing_id: number }[]> {
    const { rows } = await sql<{ thing_id: number }>`select t.thing_id from ${tableOf(this.#condition)} as t
      where ${this.#between(interval, from, to)}${this.#andFilter()}
      order by t.value, t.thing_id limit ${limit} offset ${offset}`.execute(this.#database);
    return rows;
  }

  #between(interval: Interval, from: Position | undefined, to: Position | undefined): RawBuilder<SqlBool> {
    const bounds = [
      sql<SqlBool>`t.name = ${this.#condition.name}`,
      // What has become narrower replaces the ends, so that no step begins where the first one did.
      within('t', { ...interval, ...(from ? { min: undefined } : {}), ...(to ? { max: undefined } : {}) }),
      ...(from ? [sql<SqlBool>`(t.value, t.thing_id) > (${from.value}, ${from.thing_id})`] : []),
      ...(to ? [sql<SqlBool>`(t.value, t.thing_id) <= (${to.value}, ${to.thing_id})`] : []),
    ];
    return sql<SqlBool>`${sql.join(bounds, sql` and `)}`;
  }
}

function tooFar(): StanzaError {
  return new StanzaError(
    'not-acceptable',
    'too many Things would have to be looked at: add a condition that fewer of them meet, or begin the mask with more characters',
  );
}

async function thingsOf(database: Kysely<RegistryTables>, ids: readonly number[]): Promise<readonly FoundThing[]> {
  if (ids.length === 0) return [];
  const rows = await database
    .selectFrom('registry_things')
    .selectAll()
    .where('id', 'in', ids)
    .where('is_public', '=', 1)
    .where('owner', 'is not', null)
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    if (row === undefined) return [];
    return {
      jid: Jid.parse(row.jid),
      node: nodeOfColumns(row),
      owner: Jid.parse(row.owner ?? row.jid),
      tags: tagsOfStored(row.tags),
    };
  });
}
