import type { Jid } from '@thingward/xmpp';

const MAX_OF_ACCOUNT = 100;
const MAX_IN_ALL = 50_000;
const MAX_ID_LENGTH = 256;

/**
 * Which messages of accounts were copied to their other clients lately, so that errors about them are, too. It is bounded: what is pushed
 * out counts as not copied.
 * @see XEP-0280 §6.1
 */
export class CopiedMessages {
  /** By account, the ones heard of longest ago first. */
  readonly #keys = new Map<string, Set<string>>();
  #size = 0;

  /** @param other at the far end of the conversation */
  add(localpart: string, other: Jid, id: string | undefined): void {
    if (id === undefined || id.length > MAX_ID_LENGTH) return;
    const keys = this.#keys.get(localpart) ?? new Set();
    this.#keys.delete(localpart);
    this.#keys.set(localpart, keys);
    const before = keys.size;
    keys.add(keyOf(other, id));
    if (keys.size > MAX_OF_ACCOUNT) keys.delete(keys.values().next().value as string);
    this.#size += keys.size - before;
    while (this.#size > MAX_IN_ALL) this.forget(this.#keys.keys().next().value as string);
  }

  has(localpart: string, other: Jid, id: string | undefined): boolean {
    return id !== undefined && this.#keys.get(localpart)?.has(keyOf(other, id)) === true;
  }

  forget(localpart: string): void {
    this.#size -= this.#keys.get(localpart)?.size ?? 0;
    this.#keys.delete(localpart);
  }
}

/** Whoever answers for an address may do so with or without a resource. */
function keyOf({ bare }: Jid, id: string): string {
  return `${bare} ${id}`;
}
