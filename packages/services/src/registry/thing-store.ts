import { type FoundThing, KEY_TAG, type MetaTag, type Search } from '@thingward/things';
import { Jid, StanzaError } from '@thingward/xmpp';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { isSqlite } from '../dialect.ts';
import { nodeOfColumns, type ThingColumns } from '../node-columns.ts';
import { tagCondition } from './search-query.ts';
import type { RegistryTables, RegistryThingsTable } from './tables.ts';

type Database = Kysely<RegistryTables>;
export type ThingRow = Selectable<RegistryThingsTable>;

/** What is written about a Thing besides its address. */
export type ThingState = Pick<ThingRow, 'full_jid' | 'owner' | 'is_public' | 'claim_digest'>;

/** Tags written by one statement; each takes five parameters, of which old SQLites allow 999. */
const TAGS_PER_INSERT = 150;

export function findThing(database: Database, thing: ThingColumns): Promise<ThingRow | undefined> {
  return database
    .selectFrom('registry_things')
    .selectAll()
    .where('jid', '=', thing.jid)
    .where('node_id', '=', thing.node_id)
    .where('source_id', '=', thing.source_id)
    .where('cache_type', '=', thing.cache_type)
    .executeTakeFirst();
}

/** The Thing that a claim means: one of the claimer's own before one that has no owner, so that a claim can be repeated. */
export async function findClaimable(
  database: Database,
  claimDigest: string,
  claimer: string,
): Promise<ThingRow | undefined> {
  const candidates = database.selectFrom('registry_things').selectAll().where('claim_digest', '=', claimDigest);
  const own = await candidates.where('owner', '=', claimer).orderBy('id').limit(1).executeTakeFirst();
  return own ?? candidates.where('owner', 'is', null).orderBy('id').limit(1).executeTakeFirst();
}

/** Makes the claimer the owner of a Thing that has none. @returns false when somebody was faster */
export async function setOwner(database: Database, id: number, owner: string, isPublic: boolean): Promise<boolean> {
  const { numUpdatedRows } = await database
    .updateTable('registry_things')
    .set({ owner, is_public: isPublic ? 1 : 0 })
    .where('id', '=', id)
    .where('owner', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Writes the Thing with exactly these tags, whatever was there before. */
export async function putThing(
  transaction: Transaction<RegistryTables>,
  thing: ThingColumns,
  state: ThingState,
  tags: readonly MetaTag[],
): Promise<void> {
  const { id } = await transaction
    .insertInto('registry_things')
    .values({ ...thing, ...state })
    .onConflict((conflict) => conflict.columns(['jid', 'node_id', 'source_id', 'cache_type']).doUpdateSet(state))
    .returning('id')
    .executeTakeFirstOrThrow();
  await transaction.deleteFrom('registry_tags').where('thing_id', '=', id).execute();
  await insertTags(transaction, id, tags);
}

/** Sets tags, and removes those given as an empty string. @returns how many tags the Thing has then */
export async function mergeTags(
  transaction: Transaction<RegistryTables>,
  id: number,
  tags: readonly MetaTag[],
): Promise<number> {
  const present = await transaction
    .selectFrom('registry_tags')
    .select(['name', 'position'])
    .where('thing_id', '=', id)
    .orderBy('position')
    .execute();
  const positions = new Map(present.map(({ name, position }) => [name, position]));
  const names = tags.map(({ name }) => name);
  if (names.length > 0) {
    await transaction.deleteFrom('registry_tags').where('thing_id', '=', id).where('name', 'in', names).execute();
  }
  await insertTags(transaction, id, tags, positions, (present.at(-1)?.position ?? -1) + 1);
  const kept = tags.filter(isStored);
  return present.filter(({ name }) => !names.includes(name)).length + kept.length;
}

export async function deleteThing(transaction: Transaction<RegistryTables>, id: number): Promise<void> {
  await transaction.deleteFrom('registry_tags').where('thing_id', '=', id).execute();
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

/** Public Things with an owner for which all operators hold, in the order in which they first registered. */
export async function findPublicThings(
  database: Database,
  { operators, offset }: Search,
  limit: number,
): Promise<readonly FoundThing[]> {
  const sqlite = isSqlite(database);
  let query = database
    .selectFrom('registry_things')
    .selectAll()
    .where('owner', 'is not', null)
    .where('is_public', '=', 1);
  for (const operator of operators) {
    query = query.where(({ exists, selectFrom }) =>
      exists(
        selectFrom('registry_tags')
          .select('registry_tags.thing_id')
          .whereRef('registry_tags.thing_id', '=', 'registry_things.id')
          .where('registry_tags.name', '=', operator.name)
          .where((eb) => tagCondition(eb, operator, sqlite)),
      ),
    );
  }
  const rows = await query.orderBy('id').limit(limit).offset(offset).execute();
  if (rows.length === 0) return [];
  const tags = await database
    .selectFrom('registry_tags')
    .selectAll()
    .where(
      'thing_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('position')
    .execute();
  return rows.map((row) => ({
    jid: Jid.parse(row.jid),
    node: nodeOfColumns(row),
    owner: Jid.parse(row.owner ?? row.jid),
    tags: tags.filter(({ thing_id }) => thing_id === row.id).map(tagOfRow),
  }));
}

/** KEY never gets into the table that searches read; an empty string means that there is no such tag. */
function isStored({ name, value }: MetaTag): boolean {
  return name !== KEY_TAG && value !== '';
}

async function insertTags(
  transaction: Transaction<RegistryTables>,
  thingId: number,
  tags: readonly MetaTag[],
  positions: ReadonlyMap<string, number> = new Map(),
  firstFree = 0,
): Promise<void> {
  const rows = tags.filter(isStored).map((tag, i) => ({
    thing_id: thingId,
    name: tag.name,
    position: positions.get(tag.name) ?? firstFree + i,
    text_value: tag.type === 'str' ? tag.value : null,
    number_value: tag.type === 'num' ? tag.value : null,
  }));
  for (let i = 0; i < rows.length; i += TAGS_PER_INSERT) {
    await transaction
      .insertInto('registry_tags')
      .values(rows.slice(i, i + TAGS_PER_INSERT))
      .execute();
  }
}

function tagOfRow(row: { name: string; text_value: string | null; number_value: number | null }): MetaTag {
  if (row.text_value !== null) return { name: row.name, type: 'str', value: row.text_value };
  if (row.number_value !== null) return { name: row.name, type: 'num', value: row.number_value };
  throw new StanzaError('internal-server-error');
}
