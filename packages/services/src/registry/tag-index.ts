import type { MetaTag } from '@thingward/things';
import { type Kysely, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import { kept } from './stored-tags.ts';
import type { RegistryTables } from './tables.ts';

/** Tags written by one statement; each takes three parameters, of which old SQLites allow 999. */
const TAGS_PER_STATEMENT = 300;
/** Shorter values have no run of three characters. */
const TRIGRAM = 3;

/** Lets searches find a Thing by these tags. It must not be found by any yet. */
export async function addToIndex(
  database: Kysely<RegistryTables>,
  id: number,
  tags: readonly MetaTag[],
): Promise<void> {
  const texts: { name: string; value: string; thing_id: number }[] = [];
  const numbers: { name: string; value: number; thing_id: number }[] = [];
  for (const { name, value } of kept(tags)) {
    if (typeof value === 'number') numbers.push({ name, value, thing_id: id });
    else texts.push({ name, value, thing_id: id });
  }
  for (const rows of chunks(texts)) await database.insertInto('registry_text_tags').values(rows).execute();
  for (const rows of chunks(numbers)) await database.insertInto('registry_number_tags').values(rows).execute();
  if (isSqlite(database)) await addValues(database, texts);
}

/** Takes a Thing out of searches. */
export async function removeFromIndex(database: Kysely<RegistryTables>, id: number): Promise<void> {
  await database.deleteFrom('registry_number_tags').where('thing_id', '=', id).execute();
  const deleted = await database
    .deleteFrom('registry_text_tags')
    .where('thing_id', '=', id)
    .returning(['name', 'value'])
    .execute();
  if (isSqlite(database)) await removeUnusedValues(database, deleted);
}

async function addValues(
  database: Kysely<RegistryTables>,
  tags: readonly { readonly name: string; readonly value: string }[],
): Promise<void> {
  const values = tags.filter(({ value }) => value.length >= TRIGRAM).map(({ name, value }) => ({ name, value }));
  for (const rows of chunks(values)) {
    const added = await database
      .insertInto('registry_tag_values')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .returning(['id', 'value'])
      .execute();
    for (const { id, value } of added) {
      await sql`insert into registry_trigrams (rowid, value) values (${id}, ${value})`.execute(database);
    }
  }
}

async function removeUnusedValues(
  database: Kysely<RegistryTables>,
  tags: readonly { readonly name: string; readonly value: string }[],
): Promise<void> {
  for (const { name, value } of tags) {
    const removed = await database
      .deleteFrom('registry_tag_values')
      .where('name', '=', name)
      .where('value', '=', value)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('registry_text_tags as other')
              .select('other.thing_id')
              .where('other.name', '=', name)
              .where('other.value', '=', value),
          ),
        ),
      )
      .returning('id')
      .executeTakeFirst();
    if (removed) await sql`delete from registry_trigrams where rowid = ${removed.id}`.execute(database);
  }
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += TAGS_PER_STATEMENT) yield items.slice(i, i + TAGS_PER_STATEMENT);
}
