import type { MetaTag } from '@thingward/things';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { isSqlite } from '../dialect.ts';
import type { ThingColumns } from '../node-columns.ts';
import { mergedTags, storedTags, tagsOfStored } from './stored-tags.ts';
import type { RegistryTables, RegistryThingsTable } from './tables.ts';
import { addToIndex, removeFromIndex } from './tag-index.ts';

type Database = Kysely<RegistryTables>;
export type ThingRow = Selectable<RegistryThingsTable>;

/** What is written about a Thing besides its address. */
export type ThingState = Pick<ThingRow, 'full_jid' | 'dialect' | 'owner' | 'is_public' | 'claim_digest'>;

export function findThing(database: Database, thing: ThingColumns): Promise<ThingRow | undefined> {
  return selectThing(database, thing).executeTakeFirst();
}

/** Like `findThing`; until the transaction ends, nobody else changes it. */
export function lockThing(
  transaction: Transaction<RegistryTables>,
  thing: ThingColumns,
): Promise<ThingRow | undefined> {
  const query = selectThing(transaction, thing);
  // A transaction of SQLite is alone.
  return (isSqlite(transaction) ? query : query.forUpdate()).executeTakeFirst();
}

function selectThing(database: Database, thing: ThingColumns) {
  return database
    .selectFrom('registry_things')
    .selectAll()
    .where('jid', '=', thing.jid)
    .where('node_id', '=', thing.node_id)
    .where('source_id', '=', thing.source_id)
    .where('cache_type', '=', thing.cache_type);
}

/**
 * The Thing that a claim means: one of the claimer's own before one that has no owner, so that a claim can be repeated. Whatever is
 * wrong with the claim, the work is the same.
 * @param node that the claim names; undefined: none
 */
export async function findClaimable(
  database: Database,
  claimDigest: string,
  claimer: string,
  node: Omit<ThingColumns, 'jid'> | undefined,
): Promise<ThingRow | undefined> {
  const all = database.selectFrom('registry_things').selectAll().where('claim_digest', '=', claimDigest);
  const candidates = node
    ? all
        .where('node_id', '=', node.node_id)
        .where('source_id', '=', node.source_id)
        .where('cache_type', '=', node.cache_type)
    : all;
  const own = await candidates.where('owner', '=', claimer).orderBy('id').limit(1).executeTakeFirst();
  const free = await candidates.where('owner', 'is', null).orderBy('id').limit(1).executeTakeFirst();
  return own ?? free;
}

/** Makes the claimer the owner of a Thing that still has none and the same meta data. @returns false when somebody was faster */
export async function setOwner(
  transaction: Transaction<RegistryTables>,
  { id, claim_digest, tags }: ThingRow,
  owner: string,
  isPublic: boolean,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('registry_things')
    .set({ owner, is_public: isPublic ? 1 : 0 })
    .where('id', '=', id)
    .where('owner', 'is', null)
    .where('claim_digest', '=', claim_digest)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  if (isPublic) await addToIndex(transaction, id, tagsOfStored(tags));
  return true;
}

/**
 * Writes the Thing with exactly these tags, whatever was there before.
 * @returns false, with nothing written, when somebody else owns it now
 */
export async function putThing(
  transaction: Transaction<RegistryTables>,
  thing: ThingColumns,
  state: ThingState,
  tags: readonly MetaTag[],
): Promise<boolean> {
  const values = { ...state, tags: storedTags(tags) };
  const row = await transaction
    .insertInto('registry_things')
    .values({ ...thing, ...values })
    .onConflict((conflict) =>
      conflict
        .columns(['jid', 'node_id', 'source_id', 'cache_type'])
        .doUpdateSet(values)
        .where(({ or, eb }) =>
          or([eb('registry_things.owner', 'is', null), eb('registry_things.owner', '=', thing.jid)]),
        ),
    )
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) return false;
  await removeFromIndex(transaction, row.id);
  if (isFound(state)) await addToIndex(transaction, row.id, tags);
  return true;
}

/** Sets tags, and removes those given as an empty string. @returns how many tags the Thing has then */
export async function mergeTags(
  transaction: Transaction<RegistryTables>,
  thing: ThingRow,
  tags: readonly MetaTag[],
): Promise<number> {
  const merged = mergedTags(tagsOfStored(thing.tags), tags);
  await transaction
    .updateTable('registry_things')
    .set({ tags: storedTags(merged) })
    .where('id', '=', thing.id)
    .execute();
  if (isFound(thing)) {
    await removeFromIndex(transaction, thing.id);
    await addToIndex(transaction, thing.id, merged);
  }
  return merged.length;
}

/** The Thing has no owner and no tags any more, and nobody can claim it. @see XEP-0347 §3.17 */
export async function setFree(transaction: Transaction<RegistryTables>, id: number): Promise<void> {
  await transaction
    .updateTable('registry_things')
    .set({ owner: null, is_public: 0, claim_digest: null, tags: storedTags([]) })
    .where('id', '=', id)
    .execute();
  await removeFromIndex(transaction, id);
}

export async function deleteThing(transaction: Transaction<RegistryTables>, id: number): Promise<void> {
  await removeFromIndex(transaction, id);
  await transaction.deleteFrom('registry_things').where('id', '=', id).execute();
}

/** How many Things there are behind a bare JID. */
export async function countThings(database: Database, jid: string): Promise<number> {
  const { count } = await database
    .selectFrom('registry_things')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('jid', '=', jid)
    .executeTakeFirstOrThrow();
  return Number(count);
}

function isFound({ owner, is_public }: Pick<ThingRow, 'owner' | 'is_public'>): boolean {
  return owner !== null && is_public === 1;
}
