import type { Kysely, Migration } from 'kysely';
import type { SettingTable } from '../storage/schema.ts';

/** A file, or the place for one. */
export interface UploadTable {
  /** Part of its address that nobody can guess. */
  id: string;
  /** Who may put it there, and whose quota it counts to. */
  localpart: string;
  filename: string;
  /** As it was announced; null when nothing was said. */
  content_type: string | null;
  /** Bytes. */
  size: number;
  /** Until when it can be put there: milliseconds since 1970. */
  put_until: number;
  /** Until when it is kept. */
  expires_at: number;
  /** 1 once the file is there. */
  stored: number;
}

export type UploadSchema = { upload: UploadTable; setting: SettingTable };

export const uploadMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-23-server-upload': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('upload')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('filename', 'text', (column) => column.notNull())
        .addColumn('content_type', 'text')
        .addColumn('size', 'bigint', (column) => column.notNull())
        .addColumn('put_until', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('stored', 'integer', (column) => column.notNull())
        .execute();
      await database.schema.createIndex('upload_account').on('upload').columns(['localpart', 'expires_at']).execute();
      await database.schema.createIndex('upload_end').on('upload').columns(['stored', 'expires_at']).execute();
    },
  },
};
