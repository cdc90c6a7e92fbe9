import { type FoundThing, KEY_TAG, type Search } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { nodeOfColumns } from '../node-columns.ts';
import { byFewest, countTags } from './condition-count.ts';
import { SearchBudget, tooWide } from './search-budget.ts';
import { type Condition, conditionOf, joined } from './search-condition.ts';
import { intersection } from './set-search.ts';
import { tagsOfStored } from './stored-tags.ts';
import type { RegistryTables } from './tables.ts';
import { LOOK_UP_COST, TagWalk } from './tag-walk.ts';

/** So many are read in no time, so that a glance at the first of them would be in vain. */
const FEW = 3000;

/**
 * Public Things with an owner for which all operators hold, in the order of the tags that meet one of them, that which the fewest Things
 * meet. The first on the way are looked up for the other tags, which is all there is to do where many have them; else the Things that meet
 * each condition are put together as sets. So the cost goes by the tags that meet a condition, never by how many Things there are. Pages
 * fit together as long as nothing changes.
 * @param limit most Things
 * @param maxTags most tags to walk along
 * @throws StanzaError not-acceptable when they are not enough
 * @see XEP-0347 §3.15
 */
export async function findPublicThings(
  database: Kysely<RegistryTables>,
  { operators, offset }: Search,
  limit: number,
  maxTags: number,
): Promise<readonly FoundThing[]> {
  // What refers to KEY never finds anything.
  if (operators.some(({ name }) => name === KEY_TAG)) return [];
  const budget = new SearchBudget(maxTags);
  const conditions = joined(operators.map(conditionOf));
  if (conditions.some(({ intervals }) => intervals.length === 0)) return [];
  if (conditions.length === 1) {
    return thingsOf(database, await new TagWalk(database, conditions[0] as Condition, budget).take(offset, limit));
  }
  const [fewest, ...others] = (await byFewest(database, conditions)) ?? [];
  if (fewest === undefined) return [];
  const walk = new TagWalk(database, fewest.condition, budget);
  let { count } = fewest;
  const countAll = async () => {
    if (count === Number.POSITIVE_INFINITY) count = await countTags(database, fewest.condition, maxTags);
    return Math.min(count, maxTags) / LOOK_UP_COST;
  };
  if (count > FEW) {
    const rest = others.map(({ condition }) => condition);
    const ids = await walk.glance(rest, offset, limit, countAll);
    if (ids) return thingsOf(database, ids);
    await countAll();
    if (count === Number.POSITIVE_INFINITY) throw tooWide();
  }
  return thingsOf(database, await intersection({ database, budget }, walk, others, offset, limit));
}

async function thingsOf(database: Kysely<RegistryTables>, ids: readonly number[]): Promise<readonly FoundThing[]> {
  if (ids.length === 0) return [];
  const rows = await database
    .selectFrom('registry_things')
    .selectAll()
    .where('id', 'in', ids)
    .where('is_public', '=', 1)
    .where('owner', 'is not', null)
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    if (row === undefined) return [];
    return {
      jid: Jid.parse(row.jid),
      node: nodeOfColumns(row),
      owner: Jid.parse(row.owner ?? row.jid),
      tags: tagsOfStored(row.tags),
    };
  });
}
