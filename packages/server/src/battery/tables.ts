import type { CommandState, WakingPattern } from '@thingward/things';
import type { Kysely, Migration } from 'kysely';

/** An account whose Thing sleeps. Times are milliseconds since 1970. */
export interface SleeperTable {
  localpart: string;
  is_asleep: number;
  since: number;
  wakes: WakingPattern;
  every_ms: number | null;
  listen_ms: number | null;
  next_at: number | null;
  owner: string | null;
  /** Bare JIDs as JSON; null: all who see its presence. */
  readers: string | null;
  /** `<fields/>` as XML. */
  state: string | null;
  state_at: number | null;
  /** The control forms as XML: `<forms/>`, or `<x/>` alone. */
  form: string | null;
}

/** How a command came; or it is a read-out. */
export type CommandKind = 'command' | 'iq' | 'message' | 'readout';

/** A command or a read-out for a Thing that sleeps. */
export interface CommandTable {
  id: string;
  localpart: string;
  /** Full JID. */
  sender: string;
  /** Bare JID of the sender. */
  sender_account: string;
  /** The address of the Thing it was sent to. */
  addressee: string;
  kind: CommandKind;
  /** The `id` of the stanza it came in. */
  stanza_id: string | null;
  received_at: number;
  expires_at: number;
  size: number;
  /** A `<set/>` or `<req/>` as XML. */
  payload: string;
  state: CommandState;
  finished_at: number | null;
  /** It is not given to the Thing before. */
  not_before: number | null;
  /** The identity of a read-out. */
  readout: string | null;
}

export type BatterySchema = { battery_sleeper: SleeperTable; battery_command: CommandTable };

export const batteryMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-26-server-battery': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('battery_sleeper')
        .addColumn('localpart', 'text', (column) =>
          column.primaryKey().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('is_asleep', 'integer', (column) => column.notNull())
        .addColumn('since', 'bigint', (column) => column.notNull())
        .addColumn('wakes', 'text', (column) => column.notNull())
        .addColumn('every_ms', 'bigint')
        .addColumn('listen_ms', 'bigint')
        .addColumn('next_at', 'bigint')
        .addColumn('owner', 'text')
        .addColumn('readers', 'text')
        .addColumn('state', 'text')
        .addColumn('state_at', 'bigint')
        .addColumn('form', 'text')
        .execute();
      await database.schema
        .createTable('battery_command')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('sender', 'text', (column) => column.notNull())
        .addColumn('sender_account', 'text', (column) => column.notNull())
        .addColumn('addressee', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('stanza_id', 'text')
        .addColumn('received_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('size', 'integer', (column) => column.notNull())
        .addColumn('payload', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('finished_at', 'bigint')
        .execute();
      await database.schema
        .createIndex('battery_command_account')
        .on('battery_command')
        .columns(['localpart', 'received_at'])
        .execute();
      await database.schema
        .createIndex('battery_command_expiry')
        .on('battery_command')
        .columns(['state', 'expires_at'])
        .execute();
    },
  },
  '2026-11-26-server-battery-readouts': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema.alterTable('battery_command').addColumn('not_before', 'bigint').execute();
      await database.schema.alterTable('battery_command').addColumn('readout', 'text').execute();
    },
  },
};
