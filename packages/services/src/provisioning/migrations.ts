import type { Kysely, Migration } from 'kysely';
import { isSqlite } from '../dialect.ts';
import type { ProvisioningTables } from './tables.ts';

export const provisioningMigrations: Record<string, Migration> = {
  '2026-11-provisioning': {
    async up(database: Kysely<ProvisioningTables>) {
      const id = isSqlite(database) ? 'integer' : 'serial';
      for (const name of ['provisioning_rules', 'provisioning_questions'] as const) {
        const table = database.schema
          .createTable(name)
          .addColumn('id', id, (column) => column.primaryKey())
          .addColumn('jid', 'text', (column) => column.notNull())
          .addColumn('node_id', 'text', (column) => column.notNull())
          .addColumn('source_id', 'text', (column) => column.notNull())
          .addColumn('cache_type', 'text', (column) => column.notNull())
          .addColumn('owner', 'text', (column) => column.notNull())
          .addColumn('kind', 'text', (column) => column.notNull())
          .addColumn('requester', 'text', (column) => column.notNull())
          .addUniqueConstraint(`${name}_unique`, [
            'jid',
            'node_id',
            'source_id',
            'cache_type',
            'owner',
            'kind',
            'requester',
          ]);
        await (name === 'provisioning_questions'
          ? table
          : table.addColumn('is_allowed', 'integer', (column) => column.notNull()).addColumn('names', 'text')
        ).execute();
        await database.schema.createIndex(`${name}_owner`).on(name).column('owner').execute();
      }
      await database.schema
        .createTable('provisioning_things')
        .addColumn('jid', 'text', (column) => column.primaryKey())
        .addColumn('full_jid', 'text', (column) => column.notNull())
        .addColumn('needs_clear', 'integer', (column) => column.notNull())
        .execute();
    },
    async down(database: Kysely<ProvisioningTables>) {
      for (const table of ['provisioning_things', 'provisioning_questions', 'provisioning_rules']) {
        await database.schema.dropTable(table).execute();
      }
    },
  },
};
