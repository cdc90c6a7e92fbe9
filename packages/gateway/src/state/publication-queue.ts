import {
  type Field,
  type ItemNumber,
  MAX_ITEM_FIELDS,
  newEpoch,
  nextItemNumber,
  type PublicationBatch,
  type PublicationQueue,
} from '@thingward/things';
import type { Batch, Outbox } from './outbox.ts';
import type { StateDatabase } from './state-database.ts';

/** Of the readings as they are kept, about as many as the item has: below the 65,536 bytes that services usually take. */
const ITEM_CHARACTERS = 40_000;

interface PublicationRow {
  readonly epoch: string;
  readonly number: number;
  readonly last_reading: number | null;
}

/**
 * Readings of the outbox on their way to a node. What is in an item is settled on the disk before it is published, so that after whatever
 * happens the same readings have the same number, and no number is used for others.
 */
export class StoredPublicationQueue implements PublicationQueue {
  readonly #database: StateDatabase;
  readonly #outbox: Outbox;
  readonly #queue: string;

  /** @param queue under which the outbox keeps its readings, and no others */
  constructor(database: StateDatabase, outbox: Outbox, queue: string) {
    this.#database = database;
    this.#outbox = outbox;
    this.#queue = queue;
    database
      .prepare('INSERT INTO publication (queue, epoch, number) VALUES (?, ?, 1) ON CONFLICT DO NOTHING')
      .run(queue, newEpoch());
  }

  put(fields: readonly Field[]): boolean {
    return this.#outbox.put(this.#queue, fields);
  }

  next(): PublicationBatch | undefined {
    const { epoch, number, last_reading: last } = this.#row();
    const batch = last === null ? this.#settle() : this.#outbox.upTo(this.#queue, last);
    if (batch.ids.length === 0) return undefined;
    return { number: { epoch, number }, fields: batch.fields, parts: batch.ids.length };
  }

  remove(): void {
    const { epoch, number } = this.#row();
    this.#leave(nextItemNumber({ epoch, number }));
  }

  drop(): void {
    this.#leave(this.#row());
  }

  divide(): void {
    const { last_reading: last } = this.#row();
    if (last === null) return;
    const { ids } = this.#outbox.upTo(this.#queue, last);
    const half = ids[Math.max(0, Math.floor(ids.length / 2) - 1)];
    if (half !== undefined) this.#saveLast(half);
  }

  #settle(): Batch {
    const batch = this.#outbox.next(this.#queue, MAX_ITEM_FIELDS, ITEM_CHARACTERS);
    const last = batch.ids.at(-1);
    if (last !== undefined) this.#saveLast(last);
    return batch;
  }

  /** On the disk itself when it returns: a number that others have seen must not be given away again after a power failure. */
  #saveLast(id: number): void {
    this.#database.exec('PRAGMA synchronous = FULL');
    try {
      this.#database.prepare('UPDATE publication SET last_reading = ? WHERE queue = ?').run(id, this.#queue);
    } finally {
      this.#database.exec('PRAGMA synchronous = NORMAL');
    }
  }

  #leave({ epoch, number }: ItemNumber): void {
    const { last_reading: last } = this.#row();
    if (last === null) return;
    this.#database.transaction(() => {
      this.#outbox.remove(this.#outbox.upTo(this.#queue, last));
      this.#database
        .prepare('UPDATE publication SET epoch = ?, number = ?, last_reading = NULL WHERE queue = ?')
        .run(epoch, number, this.#queue);
    })();
  }

  #row(): PublicationRow {
    return this.#database
      .prepare('SELECT epoch, number, last_reading FROM publication WHERE queue = ?')
      .get(this.#queue) as PublicationRow;
  }
}
