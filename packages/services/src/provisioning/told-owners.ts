import type { Kysely } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';
import type { Owners } from './owners.ts';
import type { ProvisioningTables } from './tables.ts';

/** Nodes behind one JID whose owners are remembered. */
const MAX_NODES = 10_000;

/**
 * Owners as Things name them, for a server that has no registry beside it. A Thing speaks for itself alone. Somebody named who has never
 * decided anything about the Thing is asked one question of it at a time.
 */
export class ToldOwners implements Owners {
  readonly #database: Kysely<ProvisioningTables>;

  constructor(database: Kysely<ProvisioningTables>) {
    this.#database = database;
  }

  async ownerOf({ jid, node_id, source_id, cache_type }: ThingColumns): Promise<string | undefined> {
    const row = await this.#database
      .selectFrom('provisioning_told_owners')
      .select('owner')
      .where(({ and }) => and({ jid, node_id, source_id, cache_type }))
      .executeTakeFirst();
    return row?.owner;
  }

  async ownersBehind(jid: string): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom('provisioning_told_owners')
      .select('owner')
      .distinct()
      .where('jid', '=', jid)
      .execute();
    return rows.map(({ owner }) => owner);
  }

  async knowsOf(owner: string, jid: string): Promise<boolean> {
    const row = await this.#database
      .selectFrom('provisioning_told_owners')
      .select('jid')
      .where(({ and }) => and({ jid, owner, is_confirmed: 1 }))
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  async confirm(owner: string, jid: string): Promise<void> {
    await this.#database
      .updateTable('provisioning_told_owners')
      .set({ is_confirmed: 1 })
      .where(({ and }) => and({ jid, owner }))
      .execute();
  }

  /** @param owner bare JID; undefined: nobody */
  async told({ jid, node_id, source_id, cache_type }: ThingColumns, owner: string | undefined): Promise<boolean> {
    const thing = { jid, node_id, source_id, cache_type };
    // A Thing that owns itself has nobody who could decide.
    if (owner === undefined || owner === jid) {
      const { numDeletedRows } = await this.#database
        .deleteFrom('provisioning_told_owners')
        .where(({ and }) => and(thing))
        .executeTakeFirst();
      return numDeletedRows > 0n;
    }
    const before = await this.ownerOf(thing);
    if (before === owner) return false;
    if (before === undefined) {
      const row = await this.#database
        .selectFrom('provisioning_told_owners')
        .select(({ fn }) => fn.countAll().as('count'))
        .where('jid', '=', jid)
        .executeTakeFirst();
      if (Number(row?.count ?? 0) >= MAX_NODES) return false;
    }
    const is_confirmed = (await this.knowsOf(owner, jid)) ? 1 : 0;
    await this.#database
      .insertInto('provisioning_told_owners')
      .values({ ...thing, owner, is_confirmed })
      .onConflict((conflict) =>
        conflict.columns(['jid', 'node_id', 'source_id', 'cache_type']).doUpdateSet({ owner, is_confirmed }),
      )
      .execute();
    return true;
  }
}
