/** Who a Thing belongs to and whom it trusts. */
export interface Ownership {
  /** Bare JID; undefined: nobody has claimed it. */
  readonly owner?: string | undefined;
  /** Is it found in searches of the registry? */
  readonly public?: boolean | undefined;
  /** Bare JIDs that may read and control it, besides the owner. */
  readonly friends: readonly string[];
}

/** What a Thing nobody has claimed starts with. */
export const UNCLAIMED: Ownership = { friends: [] };

/** Keeps ownership over restarts. Errors make the one who told of a change tell it again. */
export interface OwnershipStore {
  /** @param key `nodeKey` of the Thing; undefined: nothing was saved for it yet */
  load(key: string): Promise<Ownership | undefined>;
  /** Resolves when it is durable. */
  save(key: string, ownership: Ownership): Promise<void>;
}

/** Keeps ownership as long as the process lives. */
export class MemoryOwnershipStore implements OwnershipStore {
  readonly #saved = new Map<string, Ownership>();

  async load(key: string): Promise<Ownership | undefined> {
    return this.#saved.get(key);
  }

  async save(key: string, ownership: Ownership): Promise<void> {
    this.#saved.set(key, ownership);
  }
}

/** Owner and friends: bare JIDs, none of them twice. */
export function trustedBy({ owner, friends }: Ownership): ReadonlySet<string> {
  return new Set(owner === undefined ? friends : [owner, ...friends]);
}
