import type { MetaTag } from '@thingward/things';
import { type Kysely, type Migration, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import { storedTags } from './stored-tags.ts';
import type { RegistryTables } from './tables.ts';
import { addToIndex } from './tag-index.ts';

/** What kept tags before: a row for each tag of each Thing. */
type Before = RegistryTables & {
  registry_tags: {
    thing_id: number;
    name: string;
    position: number;
    text_value: string | null;
    number_value: number | null;
  };
};

const THINGS_PER_STEP = 500;

/** Tags move beside their Things; those that searches may find get tables in the order that searches go. */
export const searchMigration: Migration = {
  async up(given: Kysely<unknown>) {
    const database = given as Kysely<Before>;
    const sqlite = isSqlite(database);
    for (const table of ['registry_things', 'registry_notifications']) {
      await database.schema
        .alterTable(table)
        .addColumn('dialect', 'text', (column) => column.notNull().defaultTo('xep'))
        .execute();
    }
    await database.schema
      .alterTable('registry_things')
      .addColumn('tags', 'text', (column) => column.notNull().defaultTo('[]'))
      .execute();
    // Strings compare by code point in searches, whatever the database's locale.
    const text = sqlite ? sql`text` : sql`text collate "C"`;
    for (const [table, type] of [
      ['registry_text_tags', text],
      ['registry_number_tags', sql`double precision`],
    ] as const) {
      const tags = database.schema
        .createTable(table)
        .addColumn('name', text, (column) => column.notNull())
        .addColumn('value', type, (column) => column.notNull())
        .addColumn('thing_id', sqlite ? 'integer' : 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint(`${table}_key`, ['name', 'value', 'thing_id']);
      // The rows live in the primary key's tree: a search walks along them.
      await (sqlite ? tags.modifyEnd(sql`without rowid`) : tags).execute();
      const ofThing = database.schema.createIndex(`${table}_thing`).on(table);
      await ofThing.columns(sqlite ? ['thing_id', 'name'] : ['thing_id', 'name', 'value']).execute();
    }
    await (sqlite ? makeTrigrams(database) : indexTrigrams(database));
    await moveTags(database);
    await database.schema.dropTable('registry_tags').execute();
  },
};

/** Case counts, as in all searches. The values themselves are in `registry_tag_values`. */
async function makeTrigrams(database: Kysely<Before>): Promise<void> {
  await database.schema
    .createTable('registry_tag_values')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addUniqueConstraint('registry_tag_values_unique', ['name', 'value'])
    .execute();
  await sql`create virtual table registry_trigrams using fts5(
    value, content = '', contentless_delete = 1, detail = 'none', tokenize = 'trigram case_sensitive 1'
  )`.execute(database);
}

/** PostgreSQL has trigrams in an extension that comes with it, but may not be installed: then masks are compared one by one. */
async function indexTrigrams(database: Kysely<Before>): Promise<void> {
  const { rows } = await sql<{ usable: boolean }>`select exists (select 1 from pg_extension where extname = 'pg_trgm')
    or (exists (select 1 from pg_available_extensions where name = 'pg_trgm')
      and has_database_privilege(current_database(), 'create')) as usable`.execute(database);
  if (!rows[0]?.usable) return;
  await sql`create extension if not exists pg_trgm`.execute(database);
  await sql`create index registry_text_tags_trigrams on registry_text_tags using gin (value gin_trgm_ops)`.execute(
    database,
  );
}

async function moveTags(database: Kysely<Before>): Promise<void> {
  for (let after = 0; ; ) {
    const things = await database
      .selectFrom('registry_things')
      .select(['id', 'owner', 'is_public'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(THINGS_PER_STEP)
      .execute();
    for (const { id, owner, is_public } of things) {
      const rows = await database
        .selectFrom('registry_tags')
        .selectAll()
        .where('thing_id', '=', id)
        .orderBy('position')
        .execute();
      const tags = rows.map(
        ({ name, text_value, number_value }): MetaTag =>
          text_value === null
            ? { name, type: 'num', value: number_value ?? 0 }
            : { name, type: 'str', value: text_value },
      );
      await database
        .updateTable('registry_things')
        .set({ tags: storedTags(tags) })
        .where('id', '=', id)
        .execute();
      if (owner !== null && is_public === 1) await addToIndex(database as unknown as Kysely<RegistryTables>, id, tags);
    }
    const last = things.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
