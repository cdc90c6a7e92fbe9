import { Jid, StanzaError } from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';

export type BlockingSchema = { blocked: { localpart: string; jid: string } };

export const blockingMigrations: Readonly<Record<string, Migration>> = {
  '2026-11-23-server-blocking': {
    async up(database: Kysely<unknown>): Promise<void> {
      await database.schema
        .createTable('blocked')
        .addColumn('localpart', 'text', (column) =>
          column.notNull().references('account.localpart').onDelete('cascade'),
        )
        .addColumn('jid', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('blocked_key', ['localpart', 'jid'])
        .execute();
    },
  },
};

/** Entries that are kept in memory, an empty list counted as one; whole lists go, the one that was read longest ago first. */
const MAX_CACHED_ENTRIES = 200_000;
const MAX_ENTRIES = 5000;

/** Whom accounts have blocked: in the database, those read lately in memory too. */
export class BlockList {
  readonly #database: Kysely<BlockingSchema>;
  readonly #cache = new Map<string, ReadonlyMap<string, Jid>>();
  #cachedEntries = 0;

  constructor(database: Kysely<BlockingSchema>) {
    this.#database = database;
  }

  /** The list of an account by address, when it is in memory. */
  cached(localpart: string): ReadonlyMap<string, Jid> | undefined {
    return this.#cache.get(localpart);
  }

  async of(localpart: string): Promise<ReadonlyMap<string, Jid>> {
    const known = this.#cache.get(localpart);
    if (known) return known;
    const rows = await this.#database.selectFrom('blocked').select('jid').where('localpart', '=', localpart).execute();
    const list = new Map(rows.map(({ jid }) => [jid, Jid.parse(jid)]));
    this.#remember(localpart, list);
    return list;
  }

  /** Addresses beyond the most that an account may block are refused. @throws StanzaError `resource-constraint` */
  async add(localpart: string, jids: readonly Jid[]): Promise<void> {
    const list = new Map(await this.of(localpart));
    for (const jid of jids) list.set(jid.toString(), jid);
    if (list.size > MAX_ENTRIES) throw new StanzaError('resource-constraint', `at most ${MAX_ENTRIES} can be blocked`);
    const values = jids.map((jid) => ({ localpart, jid: jid.toString() }));
    await this.#database
      .insertInto('blocked')
      .values(values)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    this.#remember(localpart, list);
  }

  async remove(localpart: string, jids: readonly Jid[]): Promise<void> {
    if (jids.length === 0) return;
    const list = new Map(await this.of(localpart));
    const texts = jids.map((jid) => jid.toString());
    for (const text of texts) list.delete(text);
    await this.#database.deleteFrom('blocked').where('localpart', '=', localpart).where('jid', 'in', texts).execute();
    this.#remember(localpart, list);
  }

  forget(localpart: string): void {
    const list = this.#cache.get(localpart);
    if (!list) return;
    this.#cachedEntries -= list.size + 1;
    this.#cache.delete(localpart);
  }

  #remember(localpart: string, list: ReadonlyMap<string, Jid>): void {
    this.forget(localpart);
    this.#cachedEntries += list.size + 1;
    for (const oldest of this.#cache.keys()) {
      if (this.#cachedEntries <= MAX_CACHED_ENTRIES) break;
      this.forget(oldest);
    }
    this.#cache.set(localpart, list);
  }

  /** @see XEP-0191 §5 */
  matches(list: ReadonlyMap<string, Jid>, jid: Jid): boolean {
    return list.has(jid.toString()) || list.has(jid.bare.toString()) || list.has(jid.domain);
  }
}
