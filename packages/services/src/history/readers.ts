import type { NodeReference, Readers } from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { thingColumns } from '../node-columns.ts';
import type { HistoryTables } from './tables.ts';

/** Rows written by one statement; each takes five parameters, of which old SQLites allow 999. */
const ROWS_PER_INSERT = 150;

/**
 * Replaces the list of those who may query the history of a Thing.
 * @param maxRows most readers of all the Things behind the JID together
 * @throws StanzaError resource-constraint
 */
export async function replaceReaders(
  database: Kysely<HistoryTables>,
  jid: Jid,
  { node, readers }: Readers,
  maxRows: number,
): Promise<void> {
  const thing = thingColumns(jid, node);
  const rows = [...new Set(readers.map((reader) => reader.bare.toString()))].map((reader) => ({ ...thing, reader }));
  await database.transaction().execute(async (transaction) => {
    await transaction
      .deleteFrom('history_readers')
      .where('jid', '=', thing.jid)
      .where('node_id', '=', thing.node_id)
      .where('source_id', '=', thing.source_id)
      .where('cache_type', '=', thing.cache_type)
      .execute();
    const { count } = await transaction
      .selectFrom('history_readers')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('jid', '=', thing.jid)
      .executeTakeFirstOrThrow();
    if (Number(count) + rows.length > maxRows) {
      throw new StanzaError('resource-constraint', 'the Things behind this JID have too many readers');
    }
    for (let i = 0; i < rows.length; i += ROWS_PER_INSERT) {
      await transaction
        .insertInto('history_readers')
        .values(rows.slice(i, i + ROWS_PER_INSERT))
        .execute();
    }
  });
}

/** May this address query the history of the Thing? */
export async function mayRead(
  database: Kysely<HistoryTables>,
  reader: Jid,
  jid: Jid,
  node: NodeReference | undefined,
): Promise<boolean> {
  if (reader.bare.equals(jid.bare)) return true;
  const thing = thingColumns(jid, node);
  const row = await database
    .selectFrom('history_readers')
    .select('reader')
    .where('jid', '=', thing.jid)
    .where('node_id', '=', thing.node_id)
    .where('source_id', '=', thing.source_id)
    .where('cache_type', '=', thing.cache_type)
    .where('reader', '=', reader.bare.toString())
    .executeTakeFirst();
  return row !== undefined;
}
