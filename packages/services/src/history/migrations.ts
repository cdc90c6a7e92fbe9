import { type Kysely, type Migration, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import type { HistoryTables } from './tables.ts';

/** Steps that make the history's tables, for Kysely's Migrator. */
export const historyMigrations: Record<string, Migration> = {
  '2026-01-history': {
    async up(database: Kysely<HistoryTables>) {
      await database.schema
        .createTable('history_series')
        .addColumn('id', isSqlite(database) ? sql`integer` : sql`serial`, (column) => column.primaryKey())
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('node_id', 'text', (column) => column.notNull())
        .addColumn('source_id', 'text', (column) => column.notNull())
        .addColumn('cache_type', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('type', 'text', (column) => column.notNull())
        .addColumn('unit', 'text', (column) => column.notNull())
        .addColumn('data_type', 'text', (column) => column.notNull())
        .addUniqueConstraint('history_series_unique', [
          'jid',
          'node_id',
          'source_id',
          'cache_type',
          'name',
          'type',
          'unit',
          'data_type',
        ])
        .execute();
      const points = database.schema
        .createTable('history_points')
        .addColumn('series_id', 'integer', (column) => column.notNull())
        .addColumn('timestamp', 'bigint', (column) => column.notNull())
        .addColumn('value_text', 'text', (column) => column.notNull())
        .addColumn('value_number', 'double precision')
        .addColumn('decimals', 'smallint', (column) => column.notNull())
        .addColumn('flags', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('history_points_key', ['series_id', 'timestamp']);
      // The rows live in the primary key's tree: a series is read and written in one place.
      await (isSqlite(database) ? points.modifyEnd(sql`without rowid`) : points).execute();
      await database.schema
        .createTable('history_readers')
        .addColumn('jid', 'text', (column) => column.notNull())
        .addColumn('node_id', 'text', (column) => column.notNull())
        .addColumn('source_id', 'text', (column) => column.notNull())
        .addColumn('cache_type', 'text', (column) => column.notNull())
        .addColumn('reader', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('history_readers_key', ['jid', 'node_id', 'source_id', 'cache_type', 'reader'])
        .execute();
    },
    async down(database: Kysely<HistoryTables>) {
      for (const table of ['history_readers', 'history_points', 'history_series']) {
        await database.schema.dropTable(table).execute();
      }
    },
  },
};
