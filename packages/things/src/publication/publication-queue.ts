import type { Field } from '../sensor-data/field.ts';
import { type ItemNumber, newEpoch, nextItemNumber } from './item-number.ts';

/** Readings that become one item. */
export interface PublicationBatch {
  readonly number: ItemNumber;
  readonly fields: readonly Field[];
  /** Readings that were put in together and can be published apart. */
  readonly parts: number;
}

/** Readings on their way to a node, in order. Each leaves it when the service has answered that it has its item. */
export interface PublicationQueue {
  /** Takes readings of one moment in. @returns false when they were refused */
  put(fields: readonly Field[]): boolean;
  /**
   * The oldest readings: the same ones with the same number until they are removed or divided, over restarts where the queue survives
   * them; so that what is published again is the same item.
   */
  next(): PublicationBatch | undefined;
  /** They are published. The next ones get the next number. */
  remove(): void;
  /** They can't be published together: from now on the next ones are half as many. */
  divide(): void;
  /** They can't be published at all. Their number is given to the next ones. */
  drop(): void;
}

/** Bounds of an item. */
export const MAX_ITEM_FIELDS = 200;

/** A queue as long as the process lives. */
export class MemoryPublicationQueue implements PublicationQueue {
  readonly #maxFields: number;
  readonly #waiting: (readonly Field[])[] = [];
  #size = 0;
  #number: ItemNumber = { epoch: newEpoch(), number: 1 };
  /** Parts of the item that is under way. */
  #taken = 0;

  /** @param maxFields fields it holds at most */
  constructor(maxFields = 100_000) {
    this.#maxFields = maxFields;
  }

  put(fields: readonly Field[]): boolean {
    if (fields.length === 0) return true;
    if (this.#size + fields.length > this.#maxFields) return false;
    for (let start = 0; start < fields.length; start += MAX_ITEM_FIELDS) {
      this.#waiting.push(fields.slice(start, start + MAX_ITEM_FIELDS));
    }
    this.#size += fields.length;
    return true;
  }

  next(): PublicationBatch | undefined {
    if (this.#taken === 0) this.#taken = this.#fitting();
    if (this.#taken === 0) return undefined;
    return { number: this.#number, fields: this.#waiting.slice(0, this.#taken).flat(), parts: this.#taken };
  }

  remove(): void {
    if (this.#taken === 0) return;
    this.drop();
    this.#number = nextItemNumber(this.#number);
  }

  divide(): void {
    this.#taken = Math.max(Math.min(this.#taken, 1), Math.floor(this.#taken / 2));
  }

  drop(): void {
    for (const fields of this.#waiting.splice(0, this.#taken)) this.#size -= fields.length;
    this.#taken = 0;
  }

  #fitting(): number {
    let fields = 0;
    const end = this.#waiting.findIndex((part, i) => {
      fields += part.length;
      return i > 0 && fields > MAX_ITEM_FIELDS;
    });
    return end === -1 ? this.#waiting.length : end;
  }
}
