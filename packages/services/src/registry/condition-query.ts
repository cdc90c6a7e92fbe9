import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import { type Condition, type Interval, isOneValue, type Mask } from './search-condition.ts';

/** The table with the tags that a condition is about. */
export function tableOf({ kind }: Condition): RawBuilder<unknown> {
  return sql.table(kind === 'text' ? 'registry_text_tags' : 'registry_number_tags');
}

/** Is `alias.value` in the interval? */
export function within(alias: string, interval: Interval): Expression<SqlBool> {
  const { min, minIncluded, max, maxIncluded } = interval;
  const value = sql.ref(`${alias}.value`);
  const bounds: RawBuilder<SqlBool>[] = [];
  if (isOneValue(interval)) return sql<SqlBool>`${value} = ${min}`;
  if (min !== undefined) bounds.push(minIncluded ? sql`${value} >= ${min}` : sql`${value} > ${min}`);
  if (max !== undefined) bounds.push(maxIncluded ? sql`${value} <= ${max}` : sql`${value} < ${max}`);
  return bounds.length === 0 ? sql<SqlBool>`1 = 1` : sql<SqlBool>`${sql.join(bounds, sql` and `)}`;
}

/** Does `alias.value` fit the mask? */
export function fits(alias: string, { parts }: Mask, sqlite: boolean): Expression<SqlBool> {
  const value = sql.ref(`${alias}.value`);
  // LIKE ignores the case of letters on SQLite, and GLOB is unknown on PostgreSQL.
  return sqlite
    ? sql<SqlBool>`${value} glob ${parts.map((part) => part.replace(/[[*?]/g, '[$&]')).join('*')}`
    : sql<SqlBool>`${value} like ${parts.map((part) => part.replace(/[\\%_]/g, '\\$&')).join('%')}`;
}

/** Has the Thing of `alias.thing_id` a tag that meets the condition? */
export function hasTag(alias: string, condition: Condition, sqlite: boolean): Expression<SqlBool> {
  const { name, intervals, mask } = condition;
  const inIntervals = sql.join(
    intervals.map((interval) => sql`(${within('other', interval)})`),
    sql` or `,
  );
  const inMask = mask ? sql` and ${fits('other', mask, sqlite)}` : sql``;
  const found = sql`select 1 from ${tableOf(condition)} as other
    where other.thing_id = ${sql.ref(`${alias}.thing_id`)} and other.name = ${name} and (${inIntervals})${inMask}`;
  // PostgreSQL would make a join of `exists`, and may read all tags of a name for a few Things.
  return sqlite ? sql<SqlBool>`exists (${found})` : sql<SqlBool>`(${found} limit 1) is not null`;
}
