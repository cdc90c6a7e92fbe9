import type { Kysely, Migration } from 'kysely';
import type { McapTables } from './tables.ts';

/** Steps that make the MCAP's tables, for Kysely's Migrator. */
export const mcapMigrations: Record<string, Migration> = {
  '2026-11-mcap': {
    async up(database: Kysely<McapTables>) {
      await database.schema
        .createTable('mcap_ncaps')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('address', 'text', (column) => column.notNull())
        .addColumn('present', 'smallint', (column) => column.notNull())
        .addColumn('since', 'bigint', (column) => column.notNull())
        .addColumn('lease_until', 'bigint', (column) => column.notNull())
        .addColumn('tree', 'text', (column) => column.notNull())
        .execute();
      await database.schema.createIndex('mcap_ncaps_by_jid').on('mcap_ncaps').column('jid').execute();
      await database.schema
        .createIndex('mcap_ncaps_by_lease')
        .on('mcap_ncaps')
        .columns(['present', 'lease_until'])
        .execute();
      await database.schema
        .createTable('mcap_readers')
        .addColumn('ncap', 'text', (column) => column.notNull())
        .addColumn('node_id', 'text', (column) => column.notNull())
        .addColumn('source_id', 'text', (column) => column.notNull())
        .addColumn('cache_type', 'text', (column) => column.notNull())
        .addColumn('reader', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('mcap_readers_key', ['ncap', 'node_id', 'source_id', 'cache_type', 'reader'])
        .execute();
      await database.schema
        .createIndex('mcap_readers_by_reader')
        .on('mcap_readers')
        .columns(['reader', 'ncap'])
        .execute();
    },
    async down(database: Kysely<McapTables>) {
      for (const table of ['mcap_readers', 'mcap_ncaps']) await database.schema.dropTable(table).execute();
    },
  },
};
