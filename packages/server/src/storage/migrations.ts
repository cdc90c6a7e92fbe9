import type { Kysely, Migration } from 'kysely';
import { deviceMigrations } from '../devices/device-tables.ts';
import { exiMigrations } from '../exi/exi-tables.ts';
import { removalMigration } from '../removal-watch.ts';
import { sessionMigrations } from '../session-store.ts';
import { ascendingId } from './ascending-id.ts';

/** Tables of the server itself; services bring their own. */
export const serverMigrations: Record<string, Migration> = {
  ...exiMigrations,
  ...sessionMigrations,
  '2026-11-01-server-accounts': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('account')
        .addColumn('localpart', 'text', (column) => column.primaryKey())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      await database.schema
        .createTable('credential')
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('hash', 'text', (column) => column.notNull())
        .addColumn('salt', 'text', (column) => column.notNull())
        .addColumn('iterations', 'integer', (column) => column.notNull())
        .addColumn('stored_key', 'text', (column) => column.notNull())
        .addColumn('server_key', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('credential_key', ['localpart', 'hash'])
        .execute();
      await database.schema
        .createTable('roster')
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('contact', 'text', (column) => column.notNull())
        .addColumn('name', 'text')
        .addColumn('groups', 'text', (column) => column.notNull())
        .addColumn('subscription_to', 'integer', (column) => column.notNull())
        .addColumn('subscription_from', 'integer', (column) => column.notNull())
        .addColumn('pending_out', 'integer', (column) => column.notNull())
        .addColumn('pending_in', 'integer', (column) => column.notNull())
        .addColumn('in_roster', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('roster_key', ['localpart', 'contact'])
        .execute();
      await database.schema
        .createTable('setting')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '2026-11-26-server-tokens': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .alterTable('account')
        .addColumn('is_temporary', 'integer', (column) => column.notNull().defaultTo(0))
        .execute();
      await database.schema
        .createTable('token')
        .addColumn('id', ...ascendingId(database))
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('user_agent', 'text', (column) => column.notNull())
        .addColumn('mechanism', 'text', (column) => column.notNull())
        .addColumn('seed', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('is_used', 'integer', (column) => column.notNull())
        .addColumn('last_count', 'integer', (column) => column.notNull())
        .execute();
      await database.schema.createIndex('token_client').on('token').columns(['localpart', 'user_agent']).execute();
      await database.schema.createIndex('token_expiry').on('token').column('expires_at').execute();
    },
  },
  '2026-11-26-server-account-state': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema.alterTable('account').addColumn('disabled_at', 'bigint').execute();
      await database.schema.alterTable('account').addColumn('last_login_at', 'bigint').execute();
    },
  },
  '2026-11-26-server-account-removals': removalMigration,
  '2026-11-27-server-account-roles': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('account_role')
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('account_role_key', ['localpart', 'role', 'source'])
        .execute();
    },
  },
  ...deviceMigrations,
};
