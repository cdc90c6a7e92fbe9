import { parseElement } from '@thingward/xml';
import { type Logger, StanzaError } from '@thingward/xmpp';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { PubSubLimits } from './limits.ts';
import { pubsubError } from './pubsub-error.ts';
import type { Item, PubSubNode } from './pubsub-node.ts';
import type { PubSubItemsTable, PubSubTables } from './tables.ts';

type ItemRow = Selectable<PubSubItemsTable>;

/** Old SQLites allow 999 parameters in a statement; an item has five. */
const ROWS_PER_INSERT = 150;
const MOST_PER_TRANSACTION = 1000;
/** Positions are about µs since 1970, so that some thousand items can follow each other in the same ms. */
const POSITIONS_PER_MS = 1000;

/** A page of the items of a node, oldest first. */
export interface ItemPage {
  readonly items: readonly Item[];
  /** Place of the first of them among all, from 0. */
  readonly index: number;
  readonly count: number;
}

/** Which items: the first or last of all, or of those behind or before one; or from a place on. */
export interface ItemRange {
  readonly most: number;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly index?: number | undefined;
}

/** One write that waits for its turn. */
interface Write {
  readonly node: PubSubNode;
  /** @throws StanzaError when this one can't be done; the others go on */
  run(batch: WriteBatch): Promise<void>;
  settle(error?: unknown): void;
}

/**
 * Items in the database. Writes that come in one turn of the event loop share a transaction, in the order they came; each is
 * answered when it is committed.
 */
export class ItemStore {
  readonly #database: Kysely<PubSubTables>;
  readonly #limits: PubSubLimits;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #queue: Write[] = [];
  #isFlushing = false;

  constructor(database: Kysely<PubSubTables>, limits: PubSubLimits, log: Logger, now: () => number) {
    this.#database = database;
    this.#limits = limits;
    this.#log = log;
    this.#now = now;
  }

  /**
   * Stores items; one with the same id is replaced, and is the newest then.
   * @returns the ids of items that had to go, when the node makes room that way
   * @throws StanzaError also when the node is full and refuses
   */
  publish(node: PubSubNode, items: readonly Item[]): Promise<readonly string[]> {
    const rows = items.map((item): ItemRow => {
      node.lastPosition = Math.max(item.publishedAt * POSITIONS_PER_MS, node.lastPosition + 1);
      return {
        node_id: node.identity.rowId,
        item: item.id,
        position: node.lastPosition,
        publisher: item.publisher,
        payload: item.payload?.toString() ?? '',
      };
    });
    let removed: readonly string[] = [];
    return this.#write(
      node,
      async (batch) => {
        const most = this.#mostItems(node);
        if (node.config.publishNodeFull === 'reject') await batch.requireRoom(rows, most);
        await batch.put(rows);
        node.itemCount += rows.length;
        if (node.itemCount > most) {
          removed = await batch.prune(node.identity.rowId, most);
          node.itemCount = most;
        }
      },
      () => removed,
    );
  }

  /**
   * Deletes items, all of them or none.
   * @param check throws where items of this publisher must not be deleted
   * @throws StanzaError `item-not-found` when one is not there
   */
  retract(node: PubSubNode, ids: readonly string[], check: (publisher: string) => void): Promise<void> {
    return this.#write(
      node,
      async (batch) => {
        const publishers = await batch.publishersOf(node.identity.rowId, ids);
        if (publishers.length < ids.length) throw new StanzaError('item-not-found');
        for (const publisher of publishers) check(publisher);
        await batch.delete(node.identity.rowId, ids);
      },
      () => undefined,
    );
  }

  /** Deletes all items. */
  purge(node: PubSubNode): Promise<void> {
    return this.#write(
      node,
      async (batch) => {
        await batch.deleteAll(node.identity.rowId);
        node.itemCount = 0;
      },
      () => undefined,
    );
  }

  /** Deletes the oldest items when there are more than the node's configuration allows. @returns their ids */
  prune(node: PubSubNode): Promise<readonly string[]> {
    let removed: readonly string[] = [];
    return this.#write(
      node,
      async (batch) => {
        removed = await batch.prune(node.identity.rowId, this.#mostItems(node));
      },
      () => removed,
    );
  }

  /** Deletes the items that somebody (a bare JID) has published. @returns their ids */
  removeOf(node: PubSubNode, publisher: string): Promise<readonly string[]> {
    let removed: readonly string[] = [];
    return this.#write(
      node,
      async (batch) => {
        removed = await batch.deleteOf(node.identity.rowId, publisher);
      },
      () => removed,
    );
  }

  /** Deletes items of a node that are older. @param rowId the node's @param before ms since 1970 */
  async removeOlder(rowId: number, before: number): Promise<void> {
    await this.#database
      .deleteFrom('pubsub_items')
      .where('node_id', '=', rowId)
      .where('position', '<', before * POSITIONS_PER_MS)
      .execute();
  }

  /** The item published last. */
  async last(node: PubSubNode): Promise<Item | undefined> {
    const row = await this.#visible(node).selectAll().orderBy('position', 'desc').limit(1).executeTakeFirst();
    return row && toItem(row);
  }

  /** Those of the items that are there, in the order asked for. */
  async byIds(node: PubSubNode, ids: readonly string[]): Promise<readonly Item[]> {
    const rows = await this.#visible(node).selectAll().where('item', 'in', ids).execute();
    const items = new Map(rows.map((row) => [row.item, toItem(row)]));
    return ids.flatMap((id) => items.get(id) ?? []);
  }

  /** Ids of the newest items, oldest first. */
  async newestIds(node: PubSubNode, most: number): Promise<readonly string[]> {
    const rows = await this.#visible(node).select('item').orderBy('position', 'desc').limit(most).execute();
    return rows.map(({ item }) => item).reverse();
  }

  /** @throws StanzaError `item-not-found` when the range begins at an item that is not there */
  async page(node: PubSubNode, { most, after, before, index }: ItemRange): Promise<ItemPage> {
    const isBackwards = before !== undefined;
    let query = this.#visible(node).selectAll();
    if (after !== undefined) query = query.where('position', '>', await this.#positionOf(node, after));
    if (before) query = query.where('position', '<', await this.#positionOf(node, before));
    query = query.orderBy('position', isBackwards ? 'desc' : 'asc').limit(most);
    if (index !== undefined && !isBackwards && after === undefined) query = query.offset(index);
    const rows = most === 0 ? [] : await query.execute();
    if (isBackwards) rows.reverse();
    const [first] = rows;
    const earlier = first ? await this.#count(node, Number(first.position)) : 0;
    return { items: rows.map(toItem), index: earlier, count: await this.#count(node) };
  }

  async #positionOf(node: PubSubNode, id: string): Promise<number> {
    const row = await this.#visible(node).select('position').where('item', '=', id).executeTakeFirst();
    if (!row) throw new StanzaError('item-not-found', 'the page begins at an item that is not there');
    return Number(row.position);
  }

  /** How many items there are, or how many before a position. */
  async #count(node: PubSubNode, before?: number): Promise<number> {
    let query = this.#visible(node).select(({ fn }) => fn.countAll().as('count'));
    if (before !== undefined) query = query.where('position', '<', before);
    return Number((await query.executeTakeFirstOrThrow()).count);
  }

  /** Items that are not too old, whether or not the old ones are deleted yet. */
  #visible(node: PubSubNode) {
    const query = this.#database.selectFrom('pubsub_items').where('node_id', '=', node.identity.rowId);
    const { itemExpire } = node.config;
    if (itemExpire === 'max') return query;
    return query.where('position', '>=', (this.#now() - itemExpire * 1000) * POSITIONS_PER_MS);
  }

  #mostItems({ config }: PubSubNode): number {
    return config.maxItems === 'max' ? this.#limits.itemsPerNode : config.maxItems;
  }

  #write<T>(node: PubSubNode, run: (batch: WriteBatch) => Promise<void>, result: () => T): Promise<T> {
    if (this.#queue.length >= this.#limits.waitingWrites) {
      return Promise.reject(new StanzaError('resource-constraint', 'too much waits to be written; try again later'));
    }
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve(result()) : reject(error));
      this.#queue.push({ node, run, settle });
      if (this.#isFlushing) return;
      this.#isFlushing = true;
      setImmediate(() => void this.#flush());
    });
  }

  /** Never throws: what goes wrong is told to those who wait. */
  async #flush(): Promise<void> {
    while (this.#queue.length > 0) await this.#commit(this.#queue.splice(0, MOST_PER_TRANSACTION));
    this.#isFlushing = false;
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    const refused = new Map<Write, unknown>();
    try {
      await this.#database.transaction().execute(async (transaction) => {
        const batch = new WriteBatch(transaction);
        const alive = await existing(transaction, writes);
        for (const write of writes) {
          try {
            if (!alive.has(write.node.identity.rowId)) throw new StanzaError('item-not-found', 'the node was deleted');
            await write.run(batch);
          } catch (error) {
            if (!(error instanceof StanzaError)) throw error;
            refused.set(write, error);
          }
        }
        await batch.flush();
      });
    } catch (error) {
      // A full disk, say: no reason for who asked to give up for good.
      this.#log.error({ err: error }, 'the database refused to write items');
      const failure = new StanzaError('internal-server-error', 'nothing was stored; try again later', { type: 'wait' });
      for (const write of writes) write.settle(failure);
      return;
    }
    for (const write of writes) write.settle(refused.get(write));
  }
}

/** Writes within one transaction: items are gathered and inserted together, before anything else looks at the table. */
class WriteBatch {
  readonly #transaction: Transaction<PubSubTables>;
  /** By node and item: PostgreSQL takes no item twice in one statement. */
  readonly #rows = new Map<string, ItemRow>();

  constructor(transaction: Transaction<PubSubTables>) {
    this.#transaction = transaction;
  }

  async put(rows: readonly ItemRow[]): Promise<void> {
    for (const row of rows) this.#rows.set(`${row.node_id} ${row.item}`, row);
    if (this.#rows.size >= ROWS_PER_INSERT) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = [...this.#rows.values()];
    this.#rows.clear();
    for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
      await this.#transaction
        .insertInto('pubsub_items')
        .values(rows.slice(start, start + ROWS_PER_INSERT))
        .onConflict((conflict) =>
          conflict.columns(['node_id', 'item']).doUpdateSet(({ ref }) => ({
            position: ref('excluded.position'),
            publisher: ref('excluded.publisher'),
            payload: ref('excluded.payload'),
          })),
        )
        .execute();
    }
  }

  /** @throws StanzaError when not all of the rows fit */
  async requireRoom(rows: readonly ItemRow[], most: number): Promise<void> {
    const nodeId = rows[0]?.node_id ?? 0;
    const present = await this.publishersOf(
      nodeId,
      rows.map(({ item }) => item),
    );
    const { count } = await this.#transaction
      .selectFrom('pubsub_items')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('node_id', '=', nodeId)
      .executeTakeFirstOrThrow();
    if (Number(count) + rows.length - present.length > most) throw pubsubError('node-full');
  }

  async prune(nodeId: number, most: number): Promise<readonly string[]> {
    await this.flush();
    const newest = await this.#transaction
      .selectFrom('pubsub_items')
      .select('position')
      .where('node_id', '=', nodeId)
      .orderBy('position', 'desc')
      .offset(most)
      .limit(1)
      .executeTakeFirst();
    if (!newest) return [];
    const rows = await this.#transaction
      .deleteFrom('pubsub_items')
      .where('node_id', '=', nodeId)
      .where('position', '<=', newest.position)
      .returning('item')
      .execute();
    return rows.map(({ item }) => item);
  }

  /** Of those of the items that are there. */
  async publishersOf(nodeId: number, ids: readonly string[]): Promise<readonly string[]> {
    await this.flush();
    const rows = await this.#transaction
      .selectFrom('pubsub_items')
      .select('publisher')
      .where('node_id', '=', nodeId)
      .where('item', 'in', ids)
      .execute();
    return rows.map(({ publisher }) => publisher);
  }

  async delete(nodeId: number, ids: readonly string[]): Promise<void> {
    await this.flush();
    await this.#transaction.deleteFrom('pubsub_items').where('node_id', '=', nodeId).where('item', 'in', ids).execute();
  }

  async deleteAll(nodeId: number): Promise<void> {
    await this.flush();
    await this.#transaction.deleteFrom('pubsub_items').where('node_id', '=', nodeId).execute();
  }

  async deleteOf(nodeId: number, publisher: string): Promise<readonly string[]> {
    await this.flush();
    const rows = await this.#transaction
      .deleteFrom('pubsub_items')
      .where('node_id', '=', nodeId)
      .where('publisher', '=', publisher)
      .returning('item')
      .execute();
    return rows.map(({ item }) => item);
  }
}

/** Rows of the nodes that have not been deleted meanwhile. */
async function existing(
  transaction: Transaction<PubSubTables>,
  writes: readonly Write[],
): Promise<ReadonlySet<number>> {
  const ids = [...new Set(writes.map(({ node }) => node.identity.rowId))];
  const found = new Set<number>();
  for (let start = 0; start < ids.length; start += 500) {
    const rows = await transaction
      .selectFrom('pubsub_nodes')
      .select('id')
      .where('id', 'in', ids.slice(start, start + 500))
      .execute();
    for (const { id } of rows) found.add(id);
  }
  return found;
}

function toItem({ item, position, publisher, payload }: ItemRow): Item {
  return {
    id: item,
    publisher,
    publishedAt: Math.floor(Number(position) / POSITIONS_PER_MS),
    payload: payload === '' ? undefined : parseElement(payload),
  };
}
