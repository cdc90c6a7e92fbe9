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

/** Lists that are kept in memory; the one that was read longest ago goes first. */
const MAX_CACHED = 20_000;
const MAX_ENTRIES = 5000;

/** Whom accounts have blocked: in the database, those read lately in memory too. */
export class BlockList {
  readonly #database: Kysely<BlockingSchema>;
  readonly #cache = new Map<string, ReadonlyMap<string, Jid>>();

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
    const oldest = this.#cache.size >= MAX_CACHED ? this.#cache.keys().next().value : undefined;
    if (oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(localpart, list);
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
    this.#cache.set(localpart, list);
  }

  async remove(localpart: string, jids: readonly Jid[]): Promise<void> {
    if (jids.length === 0) return;
    const list = new Map(await this.of(localpart));
    const texts = jids.map((jid) => jid.toString());
    for (const text of texts) list.delete(text);
    await this.#database.deleteFrom('blocked').where('localpart', '=', localpart).where('jid', 'in', texts).execute();
    this.#cache.set(localpart, list);
  }

  forget(localpart: string): void {
    this.#cache.delete(localpart);
  }

  /** @see XEP-0191 §5 */
  matches(list: ReadonlyMap<string, Jid>, jid: Jid): boolean {
    if (list.has(jid.toString()) || list.has(jid.bare.toString()) || list.has(jid.domain)) return true;
    return jid.resource !== undefined && list.has(`${jid.domain}/${jid.resource}`);
  }
}
