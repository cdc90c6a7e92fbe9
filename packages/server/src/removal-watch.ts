import { isSqlite } from '@thingward/services';
import { type Logger, StreamError } from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import { sql } from 'kysely';
import type { AccountChanges } from './account-changes.ts';
import { ascendingId } from './storage/ascending-id.ts';
import { PreparedQuery } from './storage/prepared-query.ts';
import type { ServerSchema } from './storage/schema.ts';

interface AccountRemovalTable {
  /** Ascending. */
  id: number;
  localpart: string;
  /** Milliseconds since 1970. */
  removed_at: number;
  /** `ended`: the account stays, but its sessions are over. */
  kind: 'removed' | 'ended';
}

type RemovalSchema = { account_removal: AccountRemovalTable };

const LOOK_EVERY_MS = 1000;
/** No account is removed, made anew and signed in to in so short a time. When many sign in at once, one look is for all. */
const FRESH_MS = 10;
const KEEP_MS = 3_600_000;
const BATCH = 1000;

/** Each account that goes leaves a note, whichever process has removed it. */
export const removalMigration: Migration = {
  async up(database: Kysely<unknown>): Promise<void> {
    await database.schema
      .createTable('account_removal')
      .addColumn('id', ...ascendingId(database))
      .addColumn('localpart', 'text', (column) => column.notNull())
      .addColumn('removed_at', 'bigint', (column) => column.notNull())
      .execute();
    if (!isSqlite(database)) {
      // One at a time: the ids must become visible in their order.
      await sql`create function account_removal_note() returns trigger language plpgsql as $note$ begin
        perform pg_advisory_xact_lock(hashtext('account_removal ' || current_schema()));
        insert into account_removal (localpart, removed_at)
          values (old.localpart, (extract(epoch from clock_timestamp()) * 1000)::bigint);
        return null;
      end $note$`.execute(database);
      await sql`create trigger account_removal_noted after delete on account
        for each row execute function account_removal_note()`.execute(database);
      return;
    }
    const now = sql.raw(`cast((julianday('now') - 2440587.5) * 86400000 as integer)`);
    await sql`create trigger account_removal_noted after delete on account begin
      insert into account_removal (localpart, removed_at) values (old.localpart, ${now});
    end`.execute(database);
  },
};

export interface RemovalWatchOptions {
  readonly database: Kysely<ServerSchema>;
  readonly changes: AccountChanges;
  readonly log: Logger;
}

/**
 * Notices accounts that another process has removed or locked, such as the command line beside the running server: their sessions end,
 * and who has the name of one that was removed next finds nothing of theirs in memory.
 */
export class RemovalWatch {
  readonly #database: Kysely<RemovalSchema>;
  readonly #options: RemovalWatchOptions;
  readonly #later: PreparedQuery<AccountRemovalTable, [last: number, limit: number]>;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RemovalWatchOptions) {
    this.#options = options;
    this.#database = options.database.withTables<RemovalSchema>();
    this.#later = new PreparedQuery(
      this.#database,
      this.#database.selectFrom('account_removal').selectAll().where('id', '>', 0).orderBy('id').limit(BATCH),
    );
  }

  async start(): Promise<void> {
    await this.#database
      .deleteFrom('account_removal')
      .where('removed_at', '<', Date.now() - KEEP_MS)
      .execute();
    const newest = await this.#database
      .selectFrom('account_removal')
      .select(({ fn }) => fn.max('id').as('id'))
      .executeTakeFirst();
    this.#last = Number(newest?.id ?? 0);
    this.#schedule();
  }

  /** Looks now. Sessions are bound after that, so that none of an account made anew is taken for one of the old. Never throws. */
  check(): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAt < FRESH_MS) return this.#looking;
    this.#lookedAt = now;
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'removed accounts could not be looked for'));
    return this.#looking;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.check().then(() => this.#schedule()), LOOK_EVERY_MS).unref();
  }

  async #look(): Promise<void> {
    for (const { id, localpart, removed_at, kind } of await this.#later.run(this.#last, BATCH)) {
      this.#last = id;
      if (kind === 'ended') {
        const error = new StreamError(
          'policy-violation',
          'the account is not to be used any more, or not with these credentials',
        );
        await this.#options.changes.endedElsewhere(localpart, Number(removed_at), error);
        continue;
      }
      const error = new StreamError('not-authorized', 'the account was removed');
      await this.#options.changes.removedElsewhere(localpart, Number(removed_at), error);
    }
  }
}
