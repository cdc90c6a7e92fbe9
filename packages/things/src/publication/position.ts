import type { NodeItem } from '@thingward/xmpp';
import type { Field } from '../sensor-data/field.ts';
import { nodeKey } from '../thing/node.ts';
import { type ItemNumber, parseItemId } from './item-number.ts';

/** Items that lie between the last one and another. */
export interface MissedItems {
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
}

/** Fields of uncounted items that are remembered. */
const MAX_FIELDS = 10_000;

/** How far a subscriber has come at a node. */
export class Position {
  #last: ItemNumber | undefined;
  /** When the values were sampled that came last in items that are not counted, by field. */
  readonly #timestamps = new Map<string, number>();

  /**
   * What an item is after those that have come: the next one, one that has come already, the first of a new count, or one with others
   * missing before it.
   */
  before(id: string | undefined): 'next' | 'again' | 'anew' | MissedItems {
    const number = parseItemId(id);
    const last = this.#last;
    if (!number || !last) return 'next';
    if (number.epoch !== last.epoch) return 'anew';
    if (number.number <= last.number) return 'again';
    if (number.number === last.number + 1) return 'next';
    return { epoch: last.epoch, from: last.number + 1, to: number.number - 1 };
  }

  /** An item has come. @returns its number; undefined for one that is not counted */
  reached(id: string | undefined): ItemNumber | undefined {
    const number = parseItemId(id);
    if (number) this.#last = number;
    return number;
  }

  /** Those fields of an uncounted item that have not come before: the last value may come twice. */
  fresh(fields: readonly Field[]): readonly Field[] {
    return fields.filter((field) => {
      const key = `${nodeKey(field.node)} ${field.name}`;
      const at = field.timestamp.getTime();
      if (this.#timestamps.get(key) === at) return false;
      if (this.#timestamps.size >= MAX_FIELDS) this.#timestamps.clear();
      this.#timestamps.set(key, at);
      return true;
    });
  }

  /** Items in the order they were published in, as far as it can be told: services list them forwards or backwards. */
  static inOrder(items: readonly NodeItem[]): readonly NodeItem[] {
    const [first, last] = [parseItemId(items[0]?.id), parseItemId(items.at(-1)?.id)];
    const isBackwards =
      first !== undefined && last !== undefined && first.epoch === last.epoch && first.number > last.number;
    return isBackwards ? [...items].reverse() : items;
  }
}
