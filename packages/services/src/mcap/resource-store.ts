import {
  type Announcement,
  decodeResources,
  encodeResources,
  type McapReaders,
  type NcapResource,
  nodesOf,
} from '@thingward/ieee1451/mcap';
import { nodeKey } from '@thingward/things';
import { parseElement } from '@thingward/xml';
import { Jid, type ResultSetRequest, StanzaError } from '@thingward/xmpp';
import type { Kysely, Transaction } from 'kysely';
import { nodeOfColumns, thingColumns } from '../node-columns.ts';
import type { McapLimits } from './limits.ts';
import type { McapNcapsTable, McapTables } from './tables.ts';
import type { Readable } from './visible.ts';

/** Rows written by one statement; each takes five parameters, of which old SQLites allow 999. */
const ROWS_PER_INSERT = 150;

export interface StoredNcap {
  readonly ncap: NcapResource;
  /** Full JID of who speaks for it. */
  readonly address: Jid;
}

/** What an NCAP was before a change, and is after it. */
export interface NcapChange {
  readonly before: NcapResource | undefined;
  readonly after: NcapResource | undefined;
}

/** A part of all NCAPs, in order of their UUIDs. */
export interface NcapPage {
  readonly found: readonly StoredNcap[];
  /** Those of the whole, and before the first one of the page. */
  readonly count: number;
  readonly index: number;
}

/** The tree of resources in the database: several MCAPs may share it. */
export class ResourceStore {
  readonly #database: Kysely<McapTables>;
  readonly #limits: McapLimits;
  readonly #now: () => number;

  constructor(database: Kysely<McapTables>, limits: McapLimits, now: () => number) {
    this.#database = database;
    this.#limits = limits;
    this.#now = now;
  }

  /** @throws StanzaError `conflict` for an NCAP that somebody else speaks for, `resource-constraint` */
  async announce(from: Jid, { ncap: announced, lease }: Announcement): Promise<NcapChange> {
    const now = this.#now();
    const jid = from.bare.toString();
    const id = announced.id;
    return this.#database.transaction().execute(async (transaction) => {
      const row = await rowOf(transaction, id);
      if (row && row.jid !== jid) throw new StanzaError('conflict', `another account speaks for the NCAP ${id}`);
      if (!row) await this.#checkCount(transaction, jid);
      const before = row && ncapOf(row);
      const after = sinceWhen({ ...announced, jid, isPresent: true }, before, now);
      const tree = treeOf(after);
      const values = {
        jid,
        address: from.toString(),
        present: 1,
        since: after.since?.getTime() ?? now,
        lease_until: now + lease * 1000,
        tree,
      };
      await transaction
        .insertInto('mcap_ncaps')
        .values({ id, ...values })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
        .execute();
      if (row && row.tree !== tree) await forgetReadersOfOthers(transaction, id, after);
      // Both as they were read, so that what is the same looks the same.
      return { before, after: row?.tree === tree ? before : ncapOf({ id, tree }) };
    });
  }

  /** Marks an NCAP as gone. @param onlyIf looked at again where nothing else can change it */
  async depart(id: string, onlyIf: (row: McapNcapsTable) => boolean): Promise<NcapChange | undefined> {
    const since = new Date(this.#now());
    return this.#database.transaction().execute(async (transaction) => {
      const row = await rowOf(transaction, id);
      if (!row || row.present === 0 || !onlyIf(row)) return undefined;
      const before = ncapOf(row);
      const tims = before.tims.map((tim) => (tim.isPresent ? { ...tim, isPresent: false, since } : tim));
      const after = { ...before, isPresent: false, since, tims };
      await transaction
        .updateTable('mcap_ncaps')
        .set({ present: 0, since: since.getTime(), tree: treeOf(after) })
        .where('id', '=', id)
        .execute();
      return { before, after };
    });
  }

  /** UUIDs of those that are there, announced from this full JID. */
  async presentAt(address: Jid): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom('mcap_ncaps')
      .select('id')
      .where('jid', '=', address.bare.toString())
      .where('address', '=', address.toString())
      .where('present', '=', 1)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** UUIDs of those whose lease is over. */
  async overdue(): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom('mcap_ncaps')
      .select('id')
      .where('present', '=', 1)
      .where('lease_until', '<', this.#now())
      .limit(200)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Forgets NCAPs that left long ago. */
  async forget(): Promise<void> {
    const rows = await this.#database
      .selectFrom('mcap_ncaps')
      .select('id')
      .where('present', '=', 0)
      .where('since', '<', this.#now() - this.#limits.rememberMs)
      .limit(200)
      .execute();
    for (const { id } of rows) {
      await this.#database.deleteFrom('mcap_readers').where('ncap', '=', id).execute();
      await this.#database.deleteFrom('mcap_ncaps').where('id', '=', id).where('present', '=', 0).execute();
    }
  }

  async find(id: string): Promise<StoredNcap | undefined> {
    const row = await rowOf(this.#database, id);
    return row && storedOf(row);
  }

  /** @param reader a bare JID; undefined: everything is wanted */
  async page(reader: string | undefined, part: ResultSetRequest, most: number): Promise<NcapPage> {
    const { before, after } = part;
    const readable = () => {
      const all = this.#database.selectFrom('mcap_ncaps');
      if (reader === undefined) return all;
      return all.where(({ eb, selectFrom }) =>
        eb.or([
          eb('jid', '=', reader),
          eb('id', 'in', selectFrom('mcap_readers').select('ncap').where('reader', '=', reader)),
        ]),
      );
    };
    const count = async (query: ReturnType<typeof readable>) => {
      const row = await query.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
      return Number(row.count);
    };
    let query = readable().selectAll().limit(most);
    if (after !== undefined) query = query.where('id', '>', after);
    if (before) query = query.where('id', '<', before);
    const rows = await query.orderBy('id', before === undefined ? 'asc' : 'desc').execute();
    if (before !== undefined) rows.reverse();
    const first = rows[0]?.id;
    return {
      found: rows.map(storedOf),
      count: await count(readable()),
      index: first === undefined ? 0 : await count(readable().where('id', '<', first)),
    };
  }

  /**
   * Replaces the list of those who may read a Thing.
   * @returns the one before. @throws StanzaError `resource-constraint`
   */
  async replaceReaders(from: Jid, { ncap, node, readers }: McapReaders): Promise<readonly string[]> {
    const { jid: _, ...columns } = thingColumns(from, node);
    const wanted = [...new Set(readers)];
    return this.#database.transaction().execute(async (transaction) => {
      const own = transaction.selectFrom('mcap_readers').where('ncap', '=', ncap);
      const before = await own
        .select('reader')
        .where('node_id', '=', columns.node_id)
        .where('source_id', '=', columns.source_id)
        .where('cache_type', '=', columns.cache_type)
        .execute();
      const { count } = await own.select(({ fn }) => fn.countAll().as('count')).executeTakeFirstOrThrow();
      if (Number(count) - before.length + wanted.length > this.#limits.readersPerNcap) {
        throw new StanzaError('resource-constraint', `an NCAP has at most ${this.#limits.readersPerNcap} readers`);
      }
      await deleteNode(transaction, ncap, columns);
      for (let i = 0; i < wanted.length; i += ROWS_PER_INSERT) {
        const rows = wanted.slice(i, i + ROWS_PER_INSERT).map((reader) => ({ ncap, ...columns, reader }));
        await transaction.insertInto('mcap_readers').values(rows).execute();
      }
      return before.map(({ reader }) => reader);
    });
  }

  /** What somebody may read of an NCAP. @param reader a bare JID */
  async readable(ncap: string, reader: string): Promise<Readable> {
    const rows = await this.#database
      .selectFrom('mcap_readers')
      .selectAll()
      .where('ncap', '=', ncap)
      .where('reader', '=', reader)
      .execute();
    return new Set(rows.map((row) => nodeKey(nodeOfColumns(row))));
  }

  async #checkCount(transaction: Transaction<McapTables>, jid: string): Promise<void> {
    const { count } = await transaction
      .selectFrom('mcap_ncaps')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('jid', '=', jid)
      .executeTakeFirstOrThrow();
    if (Number(count) < this.#limits.ncapsPerJid) return;
    throw new StanzaError('resource-constraint', `an account speaks for at most ${this.#limits.ncapsPerJid} NCAPs`);
  }
}

function rowOf(database: Kysely<McapTables>, id: string): Promise<McapNcapsTable | undefined> {
  return database.selectFrom('mcap_ncaps').selectAll().where('id', '=', id).executeTakeFirst();
}

async function forgetReadersOfOthers(
  transaction: Transaction<McapTables>,
  ncap: string,
  tree: NcapResource,
): Promise<void> {
  const kept = new Set(nodesOf(tree).map((node) => nodeKey(node)));
  const rows = await transaction
    .selectFrom('mcap_readers')
    .select(['node_id', 'source_id', 'cache_type'])
    .distinct()
    .where('ncap', '=', ncap)
    .execute();
  for (const row of rows) if (!kept.has(nodeKey(nodeOfColumns(row)))) await deleteNode(transaction, ncap, row);
}

async function deleteNode(
  transaction: Transaction<McapTables>,
  ncap: string,
  node: { readonly node_id: string; readonly source_id: string; readonly cache_type: string },
): Promise<void> {
  await transaction
    .deleteFrom('mcap_readers')
    .where('ncap', '=', ncap)
    .where('node_id', '=', node.node_id)
    .where('source_id', '=', node.source_id)
    .where('cache_type', '=', node.cache_type)
    .execute();
}

/** What is announced, with the time since when each is there or gone. */
function sinceWhen(announced: NcapResource, before: NcapResource | undefined, now: number): NcapResource {
  const time = new Date(now);
  const sinceOf = (
    after: { readonly isPresent: boolean },
    known: { readonly isPresent: boolean; readonly since?: Date } | undefined,
  ) => (known?.isPresent === after.isPresent && known.since ? known.since : time);
  const tims = new Map(before?.tims.map((tim) => [tim.id, tim]));
  return {
    ...announced,
    since: sinceOf(announced, before),
    tims: announced.tims.map((tim) => ({ ...tim, since: sinceOf(tim, tims.get(tim.id)) })),
  };
}

function treeOf(ncap: NcapResource): string {
  return encodeResources([ncap]).toString();
}

function ncapOf({ id, tree }: Pick<McapNcapsTable, 'id' | 'tree'>): NcapResource {
  const [ncap] = decodeResources(parseElement(tree));
  if (!ncap) throw new Error(`the tree of the NCAP ${id} is empty`);
  return ncap;
}

function storedOf(row: McapNcapsTable): StoredNcap {
  return { ncap: ncapOf(row), address: Jid.parse(row.address) };
}
