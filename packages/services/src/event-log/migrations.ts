import { type Kysely, type Migration, sql } from 'kysely';
import { isSqlite } from '../dialect.ts';
import type { EventLogTables } from './tables.ts';

/** Steps that make the tables of the log of events, for Kysely's Migrator. */
export const eventLogMigrations: Record<string, Migration> = {
  '2026-11-event-log': {
    async up(database: Kysely<EventLogTables>) {
      const sqlite = isSqlite(database);
      await database.schema
        .createTable('event_log')
        // A sequence number is never given twice: who follows the log must not miss an event.
        .addColumn('sequence', sqlite ? sql`integer` : sql`bigserial`, (column) =>
          sqlite ? column.primaryKey().autoIncrement() : column.primaryKey(),
        )
        .addColumn('sender', 'text', (column) => column.notNull())
        .addColumn('received', 'bigint', (column) => column.notNull())
        .addColumn('timestamp', 'bigint', (column) => column.notNull())
        .addColumn('type', 'smallint', (column) => column.notNull())
        .addColumn('level', 'smallint', (column) => column.notNull())
        .addColumn('event_id', 'text', (column) => column.notNull())
        .addColumn('object', 'text', (column) => column.notNull())
        .addColumn('subject', 'text', (column) => column.notNull())
        .addColumn('facility', 'text', (column) => column.notNull())
        .addColumn('module', 'text', (column) => column.notNull())
        .addColumn('message', 'text', (column) => column.notNull())
        .addColumn('tags', 'text', (column) => column.notNull())
        .addColumn('stack_trace', 'text')
        .execute();
      for (const column of ['received', 'sender', 'facility', 'object'] as const) {
        await database.schema
          .createIndex(`event_log_by_${column}`)
          .on('event_log')
          .columns([column, 'sequence'])
          .execute();
      }
    },
    async down(database: Kysely<EventLogTables>) {
      await database.schema.dropTable('event_log').execute();
    },
  },
};
