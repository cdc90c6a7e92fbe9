import { type ColumnDefinitionBuilder, type Kysely, type Migration, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import type { PubSubTables } from './tables.ts';

/** Steps that make the tables of publish-subscribe, for Kysely's Migrator. */
export const pubsubMigrations: Record<string, Migration> = {
  '2026-11-24-pubsub': {
    async up(database: Kysely<PubSubTables>) {
      const sqlite = isSqlite(database);
      const serial = sqlite ? sql`integer` : sql`serial`;
      // The id of a deleted node must not come again: what waits to be written for the old one would go to the new.
      const key = (column: ColumnDefinitionBuilder) =>
        sqlite ? column.primaryKey().autoIncrement() : column.primaryKey();
      await database.schema
        .createTable('pubsub_nodes')
        .addColumn('id', serial, key)
        .addColumn('host', 'text', (column) => column.notNull())
        .addColumn('node', 'text', (column) => column.notNull())
        .addColumn('creator', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('config', 'text', (column) => column.notNull())
        .addColumn('title', 'text', (column) => column.notNull())
        .addColumn('access_model', 'text', (column) => column.notNull())
        .addColumn('item_expire', 'bigint')
        .addColumn('last_on_presence', 'smallint', (column) => column.notNull())
        .addColumn('purge_offline', 'smallint', (column) => column.notNull())
        .addUniqueConstraint('pubsub_nodes_unique', ['host', 'node'])
        .execute();
      await database.schema
        .createTable('pubsub_affiliations')
        .addColumn('node_id', 'integer', (column) => column.notNull())
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('affiliation', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('pubsub_affiliations_key', ['node_id', 'jid'])
        .execute();
      await database.schema.createIndex('pubsub_affiliations_jid').on('pubsub_affiliations').column('jid').execute();
      await database.schema
        .createTable('pubsub_subscriptions')
        .addColumn('node_id', 'integer', (column) => column.notNull())
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('bare_jid', 'text', (column) => column.notNull())
        .addColumn('subid', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('options', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint')
        .addColumn('temporary', 'smallint', (column) => column.notNull())
        .addPrimaryKeyConstraint('pubsub_subscriptions_key', ['node_id', 'jid'])
        .execute();
      await database.schema
        .createIndex('pubsub_subscriptions_bare_jid')
        .on('pubsub_subscriptions')
        .column('bare_jid')
        .execute();
      await database.schema
        .createIndex('pubsub_subscriptions_expires_at')
        .on('pubsub_subscriptions')
        .column('expires_at')
        .execute();
      await database.schema
        .createTable('pubsub_items')
        .addColumn('node_id', 'integer', (column) => column.notNull())
        .addColumn('item', 'text', (column) => column.notNull())
        .addColumn('position', 'bigint', (column) => column.notNull())
        .addColumn('publisher', 'text', (column) => column.notNull())
        .addColumn('payload', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('pubsub_items_key', ['node_id', 'item'])
        .execute();
      // Order of publication, and with it age: retention goes along it.
      await database.schema
        .createIndex('pubsub_items_position')
        .on('pubsub_items')
        .columns(['node_id', 'position'])
        .execute();
      await database.schema
        .createTable('pubsub_redirects')
        .addColumn('id', serial, key)
        .addColumn('host', 'text', (column) => column.notNull())
        .addColumn('node', 'text', (column) => column.notNull())
        .addColumn('uri', 'text', (column) => column.notNull())
        .addUniqueConstraint('pubsub_redirects_unique', ['host', 'node'])
        .execute();
    },
    async down(database: Kysely<PubSubTables>) {
      for (const table of [
        'pubsub_redirects',
        'pubsub_items',
        'pubsub_subscriptions',
        'pubsub_affiliations',
        'pubsub_nodes',
      ]) {
        await database.schema.dropTable(table).execute();
      }
    },
  },
};
