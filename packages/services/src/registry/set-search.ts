import { type Kysely, type SqlBool, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import { type CountedCondition, countTags } from './condition-count.ts';
import { hasTag } from './condition-query.ts';
import { IdSet } from './id-set.ts';
import type { SearchBudget } from './search-budget.ts';
import { type Condition, complementOf, isOneValue } from './search-condition.ts';
import type { RegistryTables } from './tables.ts';
import { LOOK_UP_COST, TagWalk } from './tag-walk.ts';

/** Things that are looked up in one go. */
const LOOK_UP_STEP = 500;
/** Contraries of more tags are not worth while. */
const COUNT_CONTRARY_UP_TO = 50_000;

interface SearchMeans {
  readonly database: Kysely<RegistryTables>;
  readonly budget: SearchBudget;
}

/**
 * Things along a walk that meet all other conditions, too. They are a set, out of which one condition after the other takes what does not
 * meet it, until there are so few left that looking them up costs less.
 * @param others that with the fewest tags first
 * @throws StanzaError not-acceptable
 */
export async function intersection(
  means: SearchMeans,
  walk: TagWalk,
  others: readonly CountedCondition[],
  offset: number,
  limit: number,
): Promise<readonly number[]> {
  const onTheWay: number[] = [];
  for await (const ids of walk.ids()) for (const id of ids) onTheWay.push(id);
  let left = new IdSet();
  for (const id of onTheWay) left.add(id);
  const unproven: Condition[] = [];
  for (const { condition, count } of others) {
    if (left.size === 0) return [];
    const sieve = await sieveOf(means, condition, count, left.size * LOOK_UP_COST);
    if (sieve) left = await sift(left, new TagWalk(means.database, sieve, means.budget), sieve !== condition);
    // Who has no tag of the name is not among those of the contrary either.
    if (sieve !== condition) unproven.push(condition);
  }
  const candidates = onTheWay.filter((id) => left.has(id));
  if (unproven.length === 0) return candidates.slice(offset, offset + limit);
  return proven(means, candidates, unproven, offset, limit);
}

/** The condition or the contrary of it, whichever is worth reading; undefined: looking up what is left costs less. */
async function sieveOf(
  { database, budget }: SearchMeans,
  condition: Condition,
  count: number,
  toLookUp: number,
): Promise<Condition | undefined> {
  if (count < toLookUp) return condition;
  if (count !== Number.POSITIVE_INFINITY || toLookUp <= COUNT_CONTRARY_UP_TO) return undefined;
  // Other values than one are nearly all, as a rule.
  const contrary = condition.intervals.every(isOneValue) ? undefined : complementOf(condition);
  if (contrary && (await countTags(database, contrary, COUNT_CONTRARY_UP_TO)) < toLookUp) return contrary;
  return toLookUp > budget.left / 2 ? condition : undefined;
}

async function sift(left: IdSet, walk: TagWalk, isContrary: boolean): Promise<IdSet> {
  const kept = new IdSet();
  for await (const ids of walk.ids()) {
    if (isContrary) for (const id of ids) left.delete(id);
    else for (const id of ids) if (left.has(id)) kept.add(id);
  }
  return isContrary ? left : kept;
}

/** Looks up the candidates in their order, until there are enough that meet the conditions. */
async function proven(
  { database, budget }: SearchMeans,
  candidates: readonly number[],
  conditions: readonly Condition[],
  offset: number,
  limit: number,
): Promise<readonly number[]> {
  const sqlite = isSqlite(database);
  const filter = sql<SqlBool>`${sql.join(
    conditions.map((condition) => hasTag('t', condition, sqlite)),
    sql` and `,
  )}`;
  const found: number[] = [];
  for (let i = 0; i < candidates.length && found.length < offset + limit; i += LOOK_UP_STEP) {
    const step = candidates.slice(i, i + LOOK_UP_STEP);
    budget.spend(step.length * LOOK_UP_COST);
    const list = JSON.stringify(step);
    const given = sqlite
      ? sql`(select value as thing_id from json_each(${list}))`
      : sql`(select value::bigint as thing_id from json_array_elements_text(${list}::json))`;
    const { rows } = await sql<{ thing_id: number }>`select t.thing_id from ${given} as t where ${filter}`.execute(
      database,
    );
    const meet = new Set(rows.map(({ thing_id }) => Number(thing_id)));
    found.push(...step.filter((id) => meet.has(id)));
  }
  return found.slice(offset, offset + limit);
}
