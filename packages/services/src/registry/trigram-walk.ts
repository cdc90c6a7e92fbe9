import { type Kysely, type RawBuilder, sql } from 'kysely';
import { fits } from './condition-query.ts';
import type { Condition } from './search-condition.ts';
import type { RegistryTables } from './tables.ts';

/** Values that have the trigrams of a mask, of whatever tags, that are looked at. */
const MAX_VALUES = 20_000;
const TRIGRAM = 3;

/**
 * What to look up in `registry_trigrams` for a mask that begins with a wildcard, on SQLite; undefined: it begins otherwise, or has no run
 * of three characters.
 */
export function trigramsOf({ mask }: Condition): string | undefined {
  if (mask?.parts[0] !== '') return undefined;
  const trigrams = [...new Set(mask.parts.flatMap(runs))];
  if (trigrams.length === 0) return undefined;
  return trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
}

/** Values that have all the trigrams: more than those that fit the mask, and none that fits is missing unless there are more than the bound. */
function candidates(trigrams: string): RawBuilder<unknown> {
  return sql`(select rowid as id from registry_trigrams where registry_trigrams match ${trigrams} limit ${MAX_VALUES})`;
}

/** The tags `t` that fit the mask, as what stands between `from` and `order by`: in the order of values' ids, then of Things. */
export function tagsWithTrigrams({ name, mask }: Condition, trigrams: string): RawBuilder<unknown> {
  const inMask = mask ? sql` and ${fits('v', mask, true)}` : sql``;
  return sql`${candidates(trigrams)} as looked
    cross join registry_tag_values as v on v.id = looked.id
    cross join registry_text_tags as t on t.name = v.name and t.value = v.value
    where v.name = ${name}${inMask}`;
}

/** Are there no more values with these trigrams than are looked at? Only then is what is not found not there. */
export async function looksAtAll(database: Kysely<RegistryTables>, trigrams: string): Promise<boolean> {
  const { rows } = await sql<{
    count: number;
  }>`select count(*) as count from ${candidates(trigrams)} as looked`.execute(database);
  return Number(rows[0]?.count ?? 0) < MAX_VALUES;
}

function runs(part: string): readonly string[] {
  const characters = [...part];
  return characters.slice(TRIGRAM - 1).map((_, i) => characters.slice(i, i + TRIGRAM).join(''));
}
