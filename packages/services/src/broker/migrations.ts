import type { Kysely, Migration } from 'kysely';
import type { BrokerTables } from './tables.ts';

const THING = ['jid', 'node_id', 'source_id', 'cache_type'] as const;

/** Steps that make the broker's tables, for Kysely's Migrator. */
export const brokerMigrations: Record<string, Migration> = {
  '2026-11-broker': {
    async up(database: Kysely<BrokerTables>) {
      await database.schema
        .createTable('broker_documents')
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('node_id', 'text', (column) => column.notNull())
        .addColumn('source_id', 'text', (column) => column.notNull())
        .addColumn('cache_type', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('media_type', 'text', (column) => column.notNull())
        .addColumn('form', 'text', (column) => column.notNull())
        .addColumn('content', 'text', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('size', 'integer', (column) => column.notNull())
        .addColumn('put_at', 'bigint', (column) => column.notNull())
        .addColumn('put_by', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('broker_documents_key', [...THING, 'kind', 'name'])
        .execute();
      await database.schema
        .createTable('broker_followers')
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('node_id', 'text', (column) => column.notNull())
        .addColumn('source_id', 'text', (column) => column.notNull())
        .addColumn('cache_type', 'text', (column) => column.notNull())
        .addColumn('follower', 'text', (column) => column.notNull())
        .addColumn('account', 'text', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('broker_followers_key', [...THING, 'follower'])
        .execute();
      await database.schema
        .createIndex('broker_followers_by_follower')
        .on('broker_followers')
        .column('follower')
        .execute();
      await database.schema
        .createTable('broker_readers')
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('node_id', 'text', (column) => column.notNull())
        .addColumn('source_id', 'text', (column) => column.notNull())
        .addColumn('cache_type', 'text', (column) => column.notNull())
        .addColumn('reader', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('broker_readers_key', [...THING, 'reader'])
        .execute();
    },
    async down(database: Kysely<BrokerTables>) {
      for (const table of ['broker_readers', 'broker_followers', 'broker_documents']) {
        await database.schema.dropTable(table).execute();
      }
    },
  },
};
