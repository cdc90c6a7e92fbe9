import type { Element } from '@thingward/xml';
import type { Jid } from '@thingward/xmpp';
import type { Affiliation } from './affiliation.ts';
import type { NodeConfig } from './node-config.ts';
import { SHOW_VALUES, type SubscriptionOptions } from './subscription-options.ts';

/** One subscription of one JID. */
export interface Subscription {
  /** As it was given: bare or full. */
  readonly jid: Jid;
  readonly subid: string;
  readonly state: 'pending' | 'subscribed';
  readonly options: SubscriptionOptions;
}

/** An item as it was published. */
export interface Item {
  readonly id: string;
  /** Bare JID. */
  readonly publisher: string;
  /** ms since 1970 */
  readonly publishedAt: number;
  readonly payload: Element | undefined;
}

/** What is fixed when a node is made. */
export interface NodeIdentity {
  /** Its row. */
  readonly rowId: number;
  /** Address of the service, or of the account, it belongs to. */
  readonly host: Jid;
  readonly id: string;
  readonly creator: Jid;
  /** ms since 1970 */
  readonly createdAt: number;
}

/**
 * A node with all that decisions and notifications need, in memory. Changed only by the store, after the database took the change.
 * Each JID has at most one subscription.
 */
export class PubSubNode {
  readonly identity: NodeIdentity;
  config: NodeConfig;
  /** By bare JID; none is left out. */
  readonly affiliations: Map<string, Affiliation>;
  /** The item published last, where it is known. Of a transient node it lives here alone. */
  lastItem: Item | undefined;
  /** At least as many as there are items in the database. */
  itemCount = 0;
  /** Place of the newest item in the order of publication. */
  lastPosition = 0;
  /** By the JID subscribed. */
  readonly #subscriptions = new Map<string, Subscription>();
  /** How many of them are in force, by bare JID. */
  readonly #subscribers = new Map<string, number>();
  #plain: readonly Jid[] | undefined;
  #conditional: readonly Subscription[] = [];

  constructor(
    identity: NodeIdentity,
    config: NodeConfig,
    affiliations: Map<string, Affiliation>,
    subscriptions: Iterable<Subscription>,
  ) {
    this.identity = identity;
    this.config = config;
    this.affiliations = affiliations;
    for (const subscription of subscriptions) this.putSubscription(subscription);
  }

  get id(): string {
    return this.identity.id;
  }

  get host(): Jid {
    return this.identity.host;
  }

  affiliationOf(jid: Jid): Affiliation {
    return this.affiliations.get(jid.bare.toString()) ?? 'none';
  }

  /** Bare JIDs. */
  get owners(): readonly string[] {
    return [...this.affiliations].flatMap(([jid, affiliation]) => (affiliation === 'owner' ? [jid] : []));
  }

  get subscriptions(): Iterable<Subscription> {
    return this.#subscriptions.values();
  }

  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  subscription(jid: Jid): Subscription | undefined {
    return this.#subscriptions.get(jid.toString());
  }

  /** All those of the entity, whatever the resource. */
  subscriptionsOf(jid: Jid): readonly Subscription[] {
    return [...this.#subscriptions.values()].filter((subscription) => subscription.jid.bare.equals(jid.bare));
  }

  /** Has the entity, under any of its JIDs, a subscription in force? */
  isSubscriber(jid: Jid): boolean {
    return this.#subscribers.has(jid.bare.toString());
  }

  putSubscription(subscription: Subscription): void {
    this.removeSubscription(subscription.jid);
    this.#subscriptions.set(subscription.jid.toString(), subscription);
    if (subscription.state === 'subscribed') this.#count(subscription.jid, 1);
  }

  removeSubscription(jid: Jid): void {
    const present = this.#subscriptions.get(jid.toString());
    this.#plain = undefined;
    if (!present) return;
    this.#subscriptions.delete(jid.toString());
    if (present.state === 'subscribed') this.#count(jid, -1);
  }

  /** Subscribers who want each notification, whoever they are and wherever they be. Found once for many notifications. */
  get plainSubscribers(): readonly Jid[] {
    if (!this.#plain) this.#sort();
    return this.#plain as readonly Jid[];
  }

  /** Subscriptions in force whose options must be looked at each time. */
  get conditionalSubscriptions(): readonly Subscription[] {
    if (!this.#plain) this.#sort();
    return this.#conditional;
  }

  #sort(): void {
    const plain: Jid[] = [];
    const conditional: Subscription[] = [];
    for (const subscription of this.#subscriptions.values()) {
      const { state, jid, options } = subscription;
      if (state !== 'subscribed' || !options.deliver) continue;
      const isPlain = options.expire === undefined && options.showValues.length === SHOW_VALUES.length;
      if (isPlain) plain.push(jid);
      else conditional.push(subscription);
    }
    this.#plain = plain;
    this.#conditional = conditional;
  }

  #count(jid: Jid, change: 1 | -1): void {
    const bare = jid.bare.toString();
    const count = (this.#subscribers.get(bare) ?? 0) + change;
    if (count === 0) this.#subscribers.delete(bare);
    else this.#subscribers.set(bare, count);
  }
}
