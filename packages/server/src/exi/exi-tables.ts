import { isSqlite } from '@thingward/services';
import type { Kysely, Migration } from 'kysely';

/** A schema that came from a client, or was fetched for one. @see XEP-0322 §2.2.3, §3.7 */
export interface ExiSchemaTable {
  ns: string;
  bytes: number;
  md5: string;
  contents: Uint8Array;
  /** Localpart of the account it is for alone; '' for all. */
  owner: string;
  /** When a set-up last had it: milliseconds since 1970. */
  used_at: number;
}

/** A configuration that was agreed on. @see XEP-0322 §2.2.6 */
export interface ExiConfigurationTable {
  id: string;
  /** `StreamConfiguration` as JSON. */
  configuration: string;
  /** Localpart of the account it is for alone; '' for all. */
  owner: string;
  used_at: number;
}

export type ExiSchema = {
  exi_schema: ExiSchemaTable;
  exi_configuration: ExiConfigurationTable;
};

export const exiMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-26-server-exi': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('exi_schema')
        .addColumn('ns', 'text', (column) => column.notNull())
        .addColumn('bytes', 'integer', (column) => column.notNull())
        .addColumn('md5', 'text', (column) => column.notNull())
        .addColumn('contents', isSqlite(database) ? 'blob' : 'bytea', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('used_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('exi_schema_key', ['owner', 'ns', 'bytes', 'md5'])
        .execute();
      await database.schema
        .createTable('exi_configuration')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('configuration', 'text', (column) => column.notNull())
        .addColumn('owner', 'text', (column) => column.notNull())
        .addColumn('used_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
};
