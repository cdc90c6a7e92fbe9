import type { ArchiveDefault } from '@thingward/xmpp';
import type { Generated, Kysely, Migration } from 'kysely';
import { ascendingId } from '../storage/ascending-id.ts';
import type { AccountTable } from '../storage/schema.ts';

/** A message in the archive of an account. */
export interface ArchiveMessageTable {
  sequence: Generated<number>;
  /** Whose archive. */
  localpart: string;
  /** UID; they sort as the messages came. */
  id: string;
  /** When it was sent or received: milliseconds since 1970. */
  received_at: number;
  /** Bare address of the other side. */
  peer: string;
  /** Resource of the other side; '' when it has none. */
  peer_resource: string;
  /** Resource of the account that sent it or that it was addressed to; '' when it has none. */
  own_resource: string;
  /** Characters of the text. */
  size: number;
  /** The message as XML in the default namespace `jabber:client`. */
  text: string;
}

/** What an account wants archived; an account without a row wants what the configuration says. */
export interface ArchivePreferenceTable {
  localpart: string;
  default_policy: ArchiveDefault;
  /** JSON arrays of addresses. */
  always: string;
  never: string;
}

export type ArchiveSchema = {
  account: AccountTable;
  archive_message: ArchiveMessageTable;
  archive_preference: ArchivePreferenceTable;
};

export const archiveMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-23-server-archive': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('archive_message')
        .addColumn('sequence', ...ascendingId(database))
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('id', 'text', (column) => column.notNull())
        .addColumn('received_at', 'bigint', (column) => column.notNull())
        .addColumn('peer', 'text', (column) => column.notNull())
        .addColumn('peer_resource', 'text', (column) => column.notNull())
        .addColumn('own_resource', 'text', (column) => column.notNull())
        .addColumn('size', 'integer', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .execute();
      // Both hold all that pages and counts are found by, so that no message is read that is not sent.
      await database.schema
        .createIndex('archive_message_order')
        .on('archive_message')
        .columns(['localpart', 'id', 'received_at', 'own_resource', 'peer', 'peer_resource'])
        .execute();
      await database.schema
        .createIndex('archive_message_peer')
        .on('archive_message')
        .columns(['localpart', 'peer', 'id', 'received_at', 'peer_resource'])
        .execute();
      await database.schema
        .createTable('archive_preference')
        .addColumn('localpart', 'text', (column) =>
          column.primaryKey().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('default_policy', 'text', (column) => column.notNull())
        .addColumn('always', 'text', (column) => column.notNull())
        .addColumn('never', 'text', (column) => column.notNull())
        .execute();
    },
  },
};
