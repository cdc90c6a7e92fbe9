/** A subscription as it is kept over restarts. */
export interface StoredSubscription {
  /** Full JID. */
  readonly subscriber: string;
  /** `nodeKey` of the Thing. A subscriber has one subscription for each. */
  readonly thing: string;
  /** The address that the subscription was sent to. */
  readonly to: string;
  /** The `<subscribe/>` as it came: with it, access can be decided again. */
  readonly request: string;
}

/** Keeps subscriptions over restarts. */
export interface SubscriptionStore {
  load(): Promise<readonly StoredSubscription[]>;
  /** In place of the one that the subscriber has for the Thing. Resolves when it is durable. */
  save(subscription: StoredSubscription): Promise<void>;
  remove(subscription: Pick<StoredSubscription, 'subscriber' | 'thing'>): Promise<void>;
}

/** Keeps subscriptions as long as the process lives. */
export class MemorySubscriptionStore implements SubscriptionStore {
  readonly #saved = new Map<string, StoredSubscription>();

  async load(): Promise<readonly StoredSubscription[]> {
    return [...this.#saved.values()];
  }

  async save(subscription: StoredSubscription): Promise<void> {
    this.#saved.set(keyOf(subscription), subscription);
  }

  async remove(subscription: Pick<StoredSubscription, 'subscriber' | 'thing'>): Promise<void> {
    this.#saved.delete(keyOf(subscription));
  }
}

function keyOf({ subscriber, thing }: Pick<StoredSubscription, 'subscriber' | 'thing'>): string {
  return `${subscriber} ${thing}`;
}
