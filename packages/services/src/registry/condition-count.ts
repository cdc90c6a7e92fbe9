import { type Kysely, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import { fits, tableOf, within } from './condition-query.ts';
import type { Condition } from './search-condition.ts';
import type { RegistryTables } from './tables.ts';
import { looksAtAll, tagsWithTrigrams, trigramsOf } from './trigram-walk.ts';

/** How far tags are counted, to find the condition that the fewest Things meet. */
const COUNT_UP_TO = [200, 3000, 50_000] as const;
/** Tags that are counted of all conditions together, however many these are. */
const COUNTED_IN_ALL = 150_000;

/** A condition, and how many tags meet it. */
export interface CountedCondition {
  readonly condition: Condition;
  /** Infinity: more than are counted. Of what PostgreSQL compares with a mask, at most so many. */
  readonly count: number;
}

/** The conditions, that which the fewest tags meet first; undefined when one of them is met by none. */
export async function byFewest(
  database: Kysely<RegistryTables>,
  conditions: readonly Condition[],
): Promise<readonly CountedCondition[] | undefined> {
  let counted: readonly CountedCondition[] = [];
  for (const mostTags of COUNT_UP_TO) {
    const upTo = Math.min(mostTags, Math.floor(COUNTED_IN_ALL / conditions.length));
    const counts: CountedCondition[] = [];
    for (const condition of conditions) {
      const count = await countTags(database, condition, upTo);
      if (count === 0) return undefined;
      counts.push({ condition, count });
    }
    // What is equal stays in its order, so that a search goes the same way each time.
    counted = counts.sort((a, b) => (a.count === b.count ? 0 : a.count - b.count));
    if (counted.some(({ count }) => count < upTo)) break;
  }
  return counted;
}

/** So many tags meet the condition; Infinity: as many as it is counted up to, or more. */
export async function countTags(database: Kysely<RegistryTables>, condition: Condition, upTo: number): Promise<number> {
  let count = 0;
  const trigrams = isSqlite(database) ? trigramsOf(condition) : undefined;
  if (trigrams !== undefined) {
    const tags = sql`select 1 from ${tagsWithTrigrams(condition, trigrams)} limit ${upTo}`;
    const { rows } = await sql<{ count: number }>`select count(*) as count from (${tags}) as counted`.execute(database);
    count = Number(rows[0]?.count ?? 0);
    return count < upTo && (await looksAtAll(database, trigrams)) ? count : Number.POSITIVE_INFINITY;
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
    if (count >= upTo) return Number.POSITIVE_INFINITY;
  }
  return count;
}
