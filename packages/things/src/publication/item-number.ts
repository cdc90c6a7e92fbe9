/**
 * The place of an item among all that a Thing has ever published to a node. The id of the item is made of it, so that what is published
 * again replaces itself, and a subscriber sees what it has missed.
 */
export interface ItemNumber {
  /** Chosen by chance when the Thing begins to count; another one says that it has lost count. */
  readonly epoch: string;
  /** From 1, without holes. */
  readonly number: number;
}

/** The largest number: it is the seqnr of the payload, too. */
export const MAX_ITEM_NUMBER = 2_147_483_647;

const ITEM_ID = /^([0-9a-z]{8,16})\.([1-9]\d{0,9})$/;

/** A new epoch. */
export function newEpoch(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return `${high.toString(36).padStart(7, '0')}${low.toString(36).padStart(7, '0')}`;
}

/** The id of an item. */
export function formatItemId({ epoch, number }: ItemNumber): string {
  return `${epoch}.${number}`;
}

/** Undefined for the id of an item that is not counted: one of somebody else's making. */
export function parseItemId(id: string | undefined): ItemNumber | undefined {
  const [, epoch, digits] = ITEM_ID.exec(id ?? '') ?? [];
  const number = Number(digits);
  return epoch === undefined || number > MAX_ITEM_NUMBER ? undefined : { epoch, number };
}

/** The number after this one, in a new epoch when all are used up. */
export function nextItemNumber({ epoch, number }: ItemNumber): ItemNumber {
  return number < MAX_ITEM_NUMBER ? { epoch, number: number + 1 } : { epoch: newEpoch(), number: 1 };
}
