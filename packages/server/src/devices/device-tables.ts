import { isSqlite } from '@thingward/services';
import { type Kysely, type Migration, sql } from 'kysely';

/** A device that was enrolled; its account is there for as long as this is. */
interface DeviceTable {
  localpart: string;
  /** Which of the lists of devices it came with. */
  batch: string;
  /** For people. */
  label: string;
  /** Milliseconds since 1970. */
  enrolled_at: number;
}

/** A certificate the device authority has issued. It is on record for longer than the account it was for. */
interface DeviceCertificateTable {
  /** SHA-256 of the certificate, in hexadecimal digits. */
  fingerprint: string;
  localpart: string;
  issued_at: number;
  expires_at: number;
  /** Since when it is refused; null while it is taken. */
  revoked_at: number | null;
}

export type DeviceSchema = { device: DeviceTable; device_certificate: DeviceCertificateTable };

export const deviceMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-26-server-devices': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('device')
        .addColumn('localpart', 'text', (column) =>
          column.primaryKey().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('batch', 'text', (column) => column.notNull())
        .addColumn('label', 'text', (column) => column.notNull())
        .addColumn('enrolled_at', 'bigint', (column) => column.notNull())
        .execute();
      await database.schema.createIndex('device_batch').on('device').columns(['batch', 'localpart']).execute();
      await database.schema
        .createTable('device_certificate')
        .addColumn('fingerprint', 'text', (column) => column.primaryKey())
        .addColumn('localpart', 'text', (column) => column.notNull())
        .addColumn('issued_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('revoked_at', 'bigint')
        .execute();
      await database.schema
        .createIndex('device_certificate_account')
        .on('device_certificate')
        .column('localpart')
        .execute();
    },
  },
  '2026-11-26-server-devices-session-ends': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .alterTable('account_removal')
        .addColumn('kind', 'text', (column) => column.notNull().defaultTo('removed'))
        .execute();
      if (!isSqlite(database)) {
        // In turn with the notes of removals, so that ids become visible in their order.
        await sql`create function account_disabled_note() returns trigger language plpgsql as $note$ begin
          perform pg_advisory_xact_lock(hashtext('account_removal ' || current_schema()));
          insert into account_removal (localpart, removed_at, kind)
            values (old.localpart, (extract(epoch from clock_timestamp()) * 1000)::bigint, 'ended');
          return null;
        end $note$`.execute(database);
        await sql`create trigger account_disabled_noted after update of disabled_at on account
          for each row when (new.disabled_at is not null and old.disabled_at is null)
          execute function account_disabled_note()`.execute(database);
        return;
      }
      const now = sql.raw(`cast((julianday('now') - 2440587.5) * 86400000 as integer)`);
      await sql`create trigger account_disabled_noted after update of disabled_at on account
        when new.disabled_at is not null and old.disabled_at is null begin
        insert into account_removal (localpart, removed_at, kind) values (old.localpart, ${now}, 'ended');
      end`.execute(database);
    },
  },
};
