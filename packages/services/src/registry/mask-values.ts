import { type Kysely, sql } from 'kysely';
import { fits } from './condition-query.ts';
import type { Condition } from './search-condition.ts';
import type { RegistryTables } from './tables.ts';

/** More values than these are so many that walking along all values finds them soon. */
const MAX_VALUES = 400;
/** Values with these trigrams that are looked at, whatever tags they are of. */
const MAX_LOOKED_AT = 5000;
const TRIGRAM = 3;

/**
 * A mask that begins with a wildcard as the values it stands for, each an interval of its own, on SQLite. Undefined: there are too many
 * of them, or the mask has no run of three characters to look them up by.
 */
export async function valuesOfMask(
  database: Kysely<RegistryTables>,
  condition: Condition,
): Promise<Condition | undefined> {
  const { name, mask } = condition;
  const trigrams = [...new Set(mask?.parts.flatMap(trigramsOf))];
  if (mask === undefined || trigrams.length === 0) return undefined;
  const query = trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ');
  const { rows } = await sql<{ id: number; value: string | null }>`
    select looked.rowid as id, (select v.value from registry_tag_values as v
      where v.id = looked.rowid and v.name = ${name} and ${fits('v', mask, true)}) as value
    from (select rowid from registry_trigrams where registry_trigrams match ${query} limit ${MAX_LOOKED_AT + 1}) as looked
  `.execute(database);
  const values = rows.flatMap(({ value }) => (value === null ? [] : [value]));
  if (rows.length > MAX_LOOKED_AT || values.length > MAX_VALUES) return undefined;
  const intervals = values.sort().map((value) => ({ min: value, minIncluded: true, max: value, maxIncluded: true }));
  return { kind: 'text', name, intervals };
}

/** All runs of three characters. */
function trigramsOf(part: string): readonly string[] {
  const characters = [...part];
  return characters.slice(TRIGRAM - 1).map((_, i) => characters.slice(i, i + TRIGRAM).join(''));
}
