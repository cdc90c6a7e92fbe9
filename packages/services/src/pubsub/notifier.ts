import { randomBytes } from 'node:crypto';
import type { Element } from '@thingward/xml';
import { encodeDataForm, encodeDelay, Jid, message } from '@thingward/xmpp';
import { dependsOnRoster, retrieving } from './access.ts';
import { contactOf } from './contacts.ts';
import type { Contact, MaybePromise, PubSubEnvironment } from './environment.ts';
import { encodeEvent, type PubSubEvent } from './event.ts';
import type { NodeConfig } from './node-config.ts';
import type { Item, PubSubNode, Subscription } from './pubsub-node.ts';
import type { ItemInfo, SubscriptionInfo } from './reply.ts';
import { encodeAuthorizationRequest } from './subscribe-authorization.ts';

/** Somebody who may not see the node any more, but is still subscribed. */
export type LostAccess = (node: PubSubNode, subscription: Subscription) => void;

/**
 * Tells subscribers what happens at nodes. Whoever is told has been looked at against the access model; a message is made once for
 * all of its recipients.
 */
export class Notifier {
  readonly #environment: PubSubEnvironment;
  readonly #now: () => number;
  readonly #lostAccess: LostAccess;
  /** Ids must not come again after a restart. */
  readonly #run = randomBytes(4).toString('hex');
  #count = 0;

  constructor(environment: PubSubEnvironment, now: () => number, lostAccess: LostAccess) {
    this.#environment = environment;
    this.#now = now;
    this.#lostAccess = lostAccess;
  }

  /** Tells all subscribers, and those who are interested. At once where everything is known. */
  toSubscribers(node: PubSubNode, event: PubSubEvent): void | Promise<void> {
    const { config } = node;
    if (!config.deliverNotifications) return;
    const recipients = this.#recipients(node);
    if (!(recipients instanceof Promise)) return this.#deliver(node, event, recipients);
    return recipients.then((known) => this.#deliver(node, event, known));
  }

  /** Tells of new items: each what it may see of them. */
  published(node: PubSubNode, items: readonly Item[]): void | Promise<void> {
    const { view } = this.#environment;
    const isSame =
      !node.config.deliverPayloads || !view || !items.some(({ publisher }) => view.hidesSomething(publisher));
    if (isSame) return this.toSubscribers(node, this.#itemsEvent(node, items));
    if (node.config.deliverNotifications) return this.#publishedInParts(node, items);
  }

  /** The items as somebody may see them. */
  async itemsFor(jid: Jid, items: readonly Item[]): Promise<readonly Item[]> {
    const { view } = this.#environment;
    if (!view) return items;
    return Promise.all(
      items.map(async (item) => {
        const { payload, publisher } = item;
        if (!payload || !view.hidesSomething(publisher)) return item;
        const shown = await view.shown(payload, publisher, jid);
        return shown === payload ? item : { ...item, payload: shown };
      }),
    );
  }

  /** Tells everybody with a subscription, also those who still wait for approval. @see XEP-0060 §8.4.2 */
  toAllSubscriptions(node: PubSubNode, event: PubSubEvent): void {
    this.#deliver(
      node,
      event,
      [...node.subscriptions].map(({ jid }) => jid),
    );
  }

  /** Sends the last item to one subscriber. @see XEP-0060 §6.1.7 */
  async lastItem(node: PubSubNode, item: Item, to: Jid): Promise<void> {
    const event = this.#itemsEvent(node, await this.itemsFor(to, [item]));
    this.#send(node, [encodeEvent(event), encodeDelay({ stamp: new Date(item.publishedAt) })], [to]);
  }

  /** Tells a subscriber of the state its subscription has now. @see XEP-0060 §12.10 */
  subscriptionState(node: PubSubNode, { jid, subid }: Subscription, state: SubscriptionInfo['state']): void {
    const subscription = { node: node.id, jid, subid, state };
    this.#send(node, [encodeEvent({ kind: 'subscription', subscription })], [jid]);
  }

  /** Tells the owners of a new or lost subscriber, where they want it. */
  subscriptionToOwners(node: PubSubNode, { jid, subid }: Subscription, state: SubscriptionInfo['state']): void {
    if (!node.config.notifySub) return;
    const subscription = { node: node.id, jid, subid, state };
    this.#send(node, [encodeEvent({ kind: 'subscription', subscription })], ownersOf(node));
  }

  /** Asks the owners, or one of them, about a subscription that waits. @see XEP-0060 §8.6 */
  authorizationRequest(node: PubSubNode, { jid, subid }: Subscription, to: readonly Jid[] = ownersOf(node)): void {
    const form = encodeDataForm(encodeAuthorizationRequest({ node: node.id, jid, subid }));
    const { host } = node;
    this.#environment.deliver({
      host,
      message: message('normal', { from: host, id: this.#nextId(node) }, form),
      recipients: to,
    });
  }

  /** The item as it is shown to others. @see XEP-0060 §12.15 */
  itemInfo(node: PubSubNode, item: Item, withPayload = node.config.deliverPayloads): ItemInfo {
    return {
      id: item.id,
      publisher: replyAddress(node, node.config, item),
      payload: withPayload ? item.payload : undefined,
    };
  }

  /** The node's row that the id of a notification tells; undefined when it is none. */
  static rowOfId(id: string): number | undefined {
    const match = /^ps([0-9a-z]{1,9})-[0-9a-f]{8}-[0-9a-z]+$/.exec(id);
    return match ? Number.parseInt(match[1] as string, 36) : undefined;
  }

  #itemsEvent(node: PubSubNode, items: readonly Item[]): PubSubEvent {
    return { kind: 'items', node: node.id, items: items.map((item) => this.itemInfo(node, item)) };
  }

  /** One message for all who see the same. */
  async #publishedInParts(node: PubSubNode, items: readonly Item[]): Promise<void> {
    const parts = new Map<string, { readonly items: readonly Item[]; readonly recipients: Jid[] }>();
    for (const jid of await this.#recipients(node)) {
      const seen = await this.itemsFor(jid, items);
      const key = seen.map((item, i) => (item === items[i] ? '' : String(item.payload))).join('\n');
      const part = parts.get(key) ?? { items: seen, recipients: [] };
      part.recipients.push(jid);
      parts.set(key, part);
    }
    for (const part of parts.values()) this.#deliver(node, this.#itemsEvent(node, part.items), part.recipients);
  }

  #deliver(node: PubSubNode, event: PubSubEvent, recipients: readonly Jid[]): void {
    if (recipients.length > 0) this.#send(node, [encodeEvent(event)], recipients);
  }

  #send(node: PubSubNode, content: readonly Element[], recipients: readonly Jid[]): void {
    const { host, config } = node;
    const addressing = { from: host, id: this.#nextId(node) };
    this.#environment.deliver({ host, message: message(config.notificationType, addressing, content), recipients });
  }

  #recipients(node: PubSubNode): MaybePromise<readonly Jid[]> {
    const { interested, presence } = this.#environment;
    const isSimple =
      !interested &&
      !dependsOnRoster(node) &&
      node.conditionalSubscriptions.length === 0 &&
      !(presence && node.config.presenceBasedDelivery);
    return isSimple ? node.plainSubscribers : this.#checkedRecipients(node);
  }

  async #checkedRecipients(node: PubSubNode): Promise<readonly Jid[]> {
    const { interested, presence } = this.#environment;
    const interestedContacts = (await interested?.(node.host, node.id)) ?? [];
    const recipients = new Map<string, Jid>();
    const covered = new Set<string>();
    for (const { jid, contact } of interestedContacts) {
      if (retrieving(node, jid, contact) !== undefined) continue;
      recipients.set(jid.toString(), jid);
      covered.add(jid.bare.toString());
    }
    const plain = await this.#allowed(node, node.plainSubscribers);
    for (const jid of plain) {
      const isCovered = !jid.isFull && covered.has(jid.toString());
      const isAway = presence && node.config.presenceBasedDelivery && presence.showsOf(jid).length === 0;
      if (!isCovered && !isAway) recipients.set(jid.toString(), jid);
    }
    const wanting = node.conditionalSubscriptions.filter((subscription) => this.#wants(node, subscription));
    for (const jid of await this.#allowed(
      node,
      wanting.map(({ jid }) => jid),
    )) {
      recipients.set(jid.toString(), jid);
    }
    return [...recipients.values()];
  }

  /** Those who may see the node now: where that hangs on a roster, it may have changed since they subscribed. */
  async #allowed(node: PubSubNode, jids: readonly Jid[]): Promise<readonly Jid[]> {
    if (!dependsOnRoster(node)) return jids;
    const allowed: Jid[] = [];
    for (const jid of jids) {
      const contact: Contact = await contactOf(node, jid, this.#environment);
      if (retrieving(node, jid, contact) === undefined) {
        allowed.push(jid);
        continue;
      }
      const subscription = node.subscription(jid);
      if (subscription) this.#lostAccess(node, subscription);
    }
    return allowed;
  }

  #wants({ config }: PubSubNode, { jid, options }: Subscription): boolean {
    if (typeof options.expire === 'number' && options.expire <= this.#now()) return false;
    const shows = this.#environment.presence?.showsOf(jid);
    if (!shows) return true;
    if (shows.length === 0) return !config.presenceBasedDelivery && options.expire !== 'presence';
    return shows.some((show) => options.showValues.includes(show));
  }

  #nextId(node: PubSubNode): string {
    this.#count++;
    return `ps${node.identity.rowId.toString(36)}-${this.#run}-${this.#count.toString(36)}`;
  }
}

function ownersOf(node: PubSubNode): readonly Jid[] {
  return node.owners.map((owner) => Jid.parse(owner));
}

function replyAddress(node: PubSubNode, { itemReply }: NodeConfig, { publisher }: Item): string | undefined {
  if (itemReply === 'none') return undefined;
  return itemReply === 'owner' ? node.owners[0] : publisher;
}
