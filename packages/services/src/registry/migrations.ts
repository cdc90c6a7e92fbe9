import { type Kysely, type Migration, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import { searchMigration } from './search-migration.ts';

/** Steps that make the registry's tables, for Kysely's Migrator. */
export const registryMigrations: Record<string, Migration> = {
  '2026-01-registry': {
    async up(database: Kysely<unknown>) {
      const id = isSqlite(database) ? sql`integer` : sql`serial`;
      // Strings compare by code point in searches, whatever the database's locale.
      const codePoints = isSqlite(database) ? sql`text` : sql`text collate "C"`;
      await database.schema
        .createTable('registry_things')
        .addColumn('id', id, (column) => column.primaryKey())
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('node_id', 'text', (column) => column.notNull())
        .addColumn('source_id', 'text', (column) => column.notNull())
        .addColumn('cache_type', 'text', (column) => column.notNull())
        .addColumn('full_jid', 'text', (column) => column.notNull())
        .addColumn('owner', 'text')
        .addColumn('is_public', 'integer', (column) => column.notNull())
        .addColumn('claim_digest', 'text')
        .addUniqueConstraint('registry_things_unique', ['jid', 'node_id', 'source_id', 'cache_type'])
        .execute();
      await database.schema
        .createIndex('registry_things_claim_digest')
        .on('registry_things')
        .column('claim_digest')
        .execute();
      await database.schema
        .createTable('registry_tags')
        .addColumn('thing_id', 'integer', (column) =>
          column.notNull().references('registry_things.id').onDelete('cascade'),
        )
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('position', 'integer', (column) => column.notNull())
        .addColumn('text_value', codePoints)
        .addColumn('number_value', 'double precision')
        .addPrimaryKeyConstraint('registry_tags_key', ['thing_id', 'name'])
        .execute();
      await database.schema
        .createIndex('registry_tags_text')
        .on('registry_tags')
        .columns(['name', 'text_value'])
        .execute();
      await database.schema
        .createIndex('registry_tags_number')
        .on('registry_tags')
        .columns(['name', 'number_value'])
        .execute();
      await database.schema
        .createTable('registry_notifications')
        .addColumn('id', id, (column) => column.primaryKey())
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('node_id', 'text', (column) => column.notNull())
        .addColumn('source_id', 'text', (column) => column.notNull())
        .addColumn('cache_type', 'text', (column) => column.notNull())
        .addColumn('full_jid', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('owner', 'text')
        .addColumn('is_public', 'integer', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('due_at', 'bigint', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      await database.schema
        .createIndex('registry_notifications_jid')
        .on('registry_notifications')
        .column('jid')
        .execute();
      await database.schema
        .createIndex('registry_notifications_due')
        .on('registry_notifications')
        .column('due_at')
        .execute();
    },
  },
  '2026-11-27-registry-search': searchMigration,
};
