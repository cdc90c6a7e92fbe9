import type { DescribedItem, FieldType, ItemKind } from '@thingward/things';
import type { Kysely } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';
import type { ProvisioningTables } from './tables.ts';

/** Fields, and parameters, that are remembered of one Thing. */
export const MAX_ITEMS = 100;
/** Longest name that is remembered. */
const MAX_NAME_LENGTH = 256;
/** What was written down lately need not be looked up again. */
const MAX_RECENT = 10_000;

/** What has been heard of the fields and parameters of Things, for owners to choose from. @see XEP-0324 §5.4 */
export class KnownItems {
  readonly #database: Kysely<ProvisioningTables>;
  readonly #recent = new Set<string>();

  constructor(database: Kysely<ProvisioningTables>) {
    this.#database = database;
  }

  /** These were told or asked about. */
  async heard(thing: ThingColumns, items: readonly DescribedItem[]): Promise<void> {
    const { jid, node_id, source_id, cache_type } = thing;
    const about = { jid, node_id, source_id, cache_type };
    const fresh = items
      .filter(({ name }) => name !== '' && name.length <= MAX_NAME_LENGTH)
      .slice(0, 2 * MAX_ITEMS)
      .filter((item) => !this.#recent.has(JSON.stringify([about, item])));
    if (fresh.length === 0) return;
    await this.#database.transaction().execute(async (transaction) => {
      for (const kind of ['field', 'parameter'] as const) {
        const wanted = fresh.filter((item) => item.kind === kind);
        if (wanted.length === 0) continue;
        const rows = await transaction
          .selectFrom('provisioning_items')
          .select(['name', 'types'])
          .where(({ and }) => and({ ...about, kind }))
          .execute();
        const known = new Map(rows.map(({ name, types }) => [name, JSON.parse(types) as FieldType[]]));
        for (const { name, types } of wanted) {
          const before = known.get(name);
          if (!before && known.size >= MAX_ITEMS) continue;
          const all = [...new Set([...(before ?? []), ...types])];
          if (before && all.length === before.length) continue;
          known.set(name, all);
          await transaction
            .insertInto('provisioning_items')
            .values({ ...about, kind, name, types: JSON.stringify(all) })
            .onConflict((conflict) =>
              conflict
                .columns(['jid', 'node_id', 'source_id', 'cache_type', 'kind', 'name'])
                .doUpdateSet({ types: JSON.stringify(all) }),
            )
            .execute();
        }
      }
    });
    for (const item of fresh) {
      if (this.#recent.size >= MAX_RECENT) this.#recent.clear();
      this.#recent.add(JSON.stringify([about, item]));
    }
  }

  async of(thing: ThingColumns, kind: ItemKind): Promise<ReadonlyMap<string, readonly FieldType[]>> {
    const { jid, node_id, source_id, cache_type } = thing;
    const rows = await this.#database
      .selectFrom('provisioning_items')
      .select(['name', 'types'])
      .where(({ and }) => and({ jid, node_id, source_id, cache_type, kind }))
      .orderBy('name')
      .limit(MAX_ITEMS)
      .execute();
    return new Map(rows.map(({ name, types }) => [name, JSON.parse(types) as FieldType[]]));
  }
}
