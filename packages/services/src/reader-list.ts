import type { NodeReference, ReaderList } from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { type ThingColumns, thingColumns } from './node-columns.ts';

/** Who may ask a service about a Thing besides the Thing itself. */
export interface ReadersTable extends ThingColumns {
  /** Bare JID. */
  reader: string;
}

/** Tables of readers; each service has one of its own. */
export interface ReadersTables {
  history_readers: ReadersTable;
  broker_readers: ReadersTable;
}

/** Rows written by one statement; each takes five parameters, of which old SQLites allow 999. */
const ROWS_PER_INSERT = 150;

/** Whom Things have told a service to be their readers. */
export class ReaderLists<Table extends keyof ReadersTables> {
  readonly #database: Kysely<Pick<ReadersTables, 'history_readers'>>;
  // All tables of readers are alike: one type stands for each.
  readonly #table: 'history_readers';

  constructor(database: Kysely<Pick<ReadersTables, Table>>, table: Table) {
    this.#database = database as unknown as Kysely<Pick<ReadersTables, 'history_readers'>>;
    this.#table = table as 'history_readers';
  }

  /**
   * Replaces the list of those who may read what is kept of a Thing.
   * @param maxRows most readers of all the Things behind the JID together
   * @throws StanzaError resource-constraint
   */
  async replace(jid: Jid, { node, readers }: ReaderList, maxRows: number): Promise<void> {
    const thing = thingColumns(jid, node);
    const rows = [...new Set(readers.map((reader) => reader.bare.toString()))].map((reader) => ({ ...thing, reader }));
    await this.#database.transaction().execute(async (transaction) => {
      await transaction
        .deleteFrom(this.#table)
        .where('jid', '=', thing.jid)
        .where('node_id', '=', thing.node_id)
        .where('source_id', '=', thing.source_id)
        .where('cache_type', '=', thing.cache_type)
        .execute();
      const { count } = await transaction
        .selectFrom(this.#table)
        .select(({ fn }) => fn.countAll().as('count'))
        .where('jid', '=', thing.jid)
        .executeTakeFirstOrThrow();
      if (Number(count) + rows.length > maxRows) {
        throw new StanzaError('resource-constraint', 'the Things behind this JID have too many readers');
      }
      for (let i = 0; i < rows.length; i += ROWS_PER_INSERT) {
        await transaction
          .insertInto(this.#table)
          .values(rows.slice(i, i + ROWS_PER_INSERT))
          .execute();
      }
    });
  }

  /** May this address read what is kept of the Thing? The Thing itself may. */
  async mayRead(reader: Jid, jid: Jid, node: NodeReference | undefined): Promise<boolean> {
    if (reader.bare.equals(jid.bare)) return true;
    const thing = thingColumns(jid, node);
    const row = await this.#database
      .selectFrom(this.#table)
      .select('reader')
      .where('jid', '=', thing.jid)
      .where('node_id', '=', thing.node_id)
      .where('source_id', '=', thing.source_id)
      .where('cache_type', '=', thing.cache_type)
      .where('reader', '=', reader.bare.toString())
      .executeTakeFirst();
    return row !== undefined;
  }
}
