import type { Generated, Kysely, Migration } from 'kysely';
import { ascendingId } from './storage/ascending-id.ts';
import type { ServerSchema } from './storage/schema.ts';

/** A message that waits for its account. */
interface OfflineTable {
  /** Ascending in order of arrival. */
  id: Generated<number>;
  localpart: string;
  /** Milliseconds since 1970. */
  received_at: number;
  /** Length of the text. */
  size: number;
  /** The message as XML. */
  text: string;
}

export type OfflineSchema = { offline_message: OfflineTable };

export interface OfflineLimits {
  /** Most messages and characters that wait for one account. */
  readonly maxMessages: number;
  readonly maxBytes: number;
}

export const offlineMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-23-server-offline': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('offline_message')
        .addColumn('id', ...ascendingId(database))
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('received_at', 'bigint', (column) => column.notNull())
        .addColumn('size', 'integer', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .execute();
      await database.schema
        .createIndex('offline_message_account')
        .on('offline_message')
        .columns(['localpart', 'id'])
        .execute();
    },
  },
};

const PAGE = 100;
/** Messages that are being stored at the same time: those that services send come as fast as they like. */
const MAX_UNDER_WAY = 10_000;

/** Messages of accounts that are not there, in the database. */
export class OfflineStore {
  readonly #database: Kysely<OfflineSchema>;
  readonly #limits: OfflineLimits;
  #doomed: number[] = [];
  #flushing: Promise<void> | undefined;
  #underWay = 0;

  constructor(database: Kysely<OfflineSchema>, limits: OfflineLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /** @param receivedAt milliseconds since 1970 @returns false when the account has no room left, or too much is being stored */
  async add(localpart: string, text: string, receivedAt: number): Promise<boolean> {
    if (this.#underWay >= MAX_UNDER_WAY) return false;
    this.#underWay++;
    try {
      return await this.#add(localpart, text, receivedAt);
    } finally {
      this.#underWay--;
    }
  }

  async #add(localpart: string, text: string, receivedAt: number): Promise<boolean> {
    await this.flush();
    const { count, bytes } = await this.#database
      .selectFrom('offline_message')
      .select(({ fn }) => [fn.countAll().as('count'), fn.sum('size').as('bytes')])
      .where('localpart', '=', localpart)
      .executeTakeFirstOrThrow();
    if (Number(count) >= this.#limits.maxMessages || Number(bytes) + text.length > this.#limits.maxBytes) return false;
    await this.#database
      .insertInto('offline_message')
      .values({ localpart, received_at: receivedAt, size: text.length, text })
      .execute();
    return true;
  }

  /** The next messages of an account, oldest first. */
  async list(
    localpart: string,
    after: number,
  ): Promise<readonly { readonly id: number; readonly text: string; readonly receivedAt: number }[]> {
    const rows = await this.#database
      .selectFrom('offline_message')
      .selectAll()
      .where('localpart', '=', localpart)
      .where('id', '>', after)
      .orderBy('id')
      .limit(PAGE)
      .execute();
    return rows.map(({ id, text, received_at }) => ({ id, text, receivedAt: Number(received_at) }));
  }

  /** Removes a message with the others of this turn. */
  removeSoon(id: number): void {
    this.#doomed.push(id);
    if (this.#doomed.length === 1) setImmediate(() => void this.flush().catch(() => undefined));
  }

  /** Removes what is to be removed. Rows that could not be removed are tried again with the next. */
  async flush(): Promise<void> {
    await this.#flushing;
    if (this.#doomed.length === 0) return;
    const ids = this.#doomed;
    this.#doomed = [];
    this.#flushing = this.#remove(ids);
    await this.#flushing;
  }

  async #remove(ids: number[]): Promise<void> {
    try {
      await this.#database.deleteFrom('offline_message').where('id', 'in', ids).execute();
    } catch (error) {
      this.#doomed = [...ids, ...this.#doomed];
      throw error;
    }
  }
}

/** Messages that wait for all accounts together. */
export async function countOfflineMessages(database: Kysely<ServerSchema>): Promise<number> {
  const { count } = await database
    .withTables<OfflineSchema>()
    .selectFrom('offline_message')
    .select(({ fn }) => fn.countAll().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}
