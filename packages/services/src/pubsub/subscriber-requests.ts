import { randomUUID } from 'node:crypto';
import type { Element } from '@thingward/xml';
import { type DataForm, encodeResultSetPage, type Jid, type ResultSetRequest, StanzaError } from '@thingward/xmpp';
import { subscribing } from './access.ts';
import { contactOf } from './contacts.ts';
import type { EngineParts } from './engine-parts.ts';
import { changeNode, lastItemOf, readingForm, requireNode, requireRetrieving } from './finding.ts';
import { pubsubError, unsupported } from './pubsub-error.ts';
import type { Item, PubSubNode, Subscription } from './pubsub-node.ts';
import { encodeDefaultOptions, encodeItems, encodeOptions, encodeSubscribed, type SubscriptionInfo } from './reply.ts';
import type { SubscriptionReference, UserRequest } from './request.ts';
import {
  applySubscriptionOptions,
  DEFAULT_SUBSCRIPTION_OPTIONS,
  encodeSubscriptionOptions,
  SHOW_VALUES,
  type SubscriptionOptions,
} from './subscription-options.ts';

type Request<Kind> = Extract<UserRequest, { readonly kind: Kind }>;

/** Subscribing, subscription options, and retrieving items. @see XEP-0060 §6 */
export class SubscriberRequests {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /** @see XEP-0060 §6.1 */
  async subscribe(host: Jid, from: Jid, { node: id, jid, form }: Request<'subscribe'>): Promise<Element> {
    if (!jid.bare.equals(from.bare)) throw pubsubError('invalid-jid');
    return changeNode(this.#parts, host, id, async (node) => {
      const { nodes, environment, notifier } = this.#parts;
      const decision = subscribing(node, jid, await contactOf(node, jid, environment));
      if (decision instanceof StanzaError) throw decision;
      const present = node.subscription(jid);
      if (present?.state === 'pending') throw pubsubError('pending-subscription');
      if (!node.config.subscribe) throw unsupported('subscribe');
      const options = this.#options(form, present?.options ?? DEFAULT_SUBSCRIPTION_OPTIONS);
      const subscription: Subscription = {
        jid,
        subid: present?.subid ?? randomUUID(),
        state: present?.state ?? (decision === 'pending' ? 'pending' : 'subscribed'),
        options,
      };
      if (!present || form) await nodes.putSubscription(node, subscription);
      this.#watchPresence(node, subscription);
      if (!present) {
        if (subscription.state === 'pending') notifier.authorizationRequest(node, subscription);
        else this.#welcome(node, subscription);
      }
      return encodeSubscribed(infoOf(node, subscription), form && this.#encodeOptions(options, 'result'));
    });
  }

  /** @see XEP-0060 §6.2 */
  async unsubscribe(host: Jid, from: Jid, reference: SubscriptionReference): Promise<Element> {
    return changeNode(this.#parts, host, reference.node, async (node) => {
      const subscription = this.#own(node, from, reference);
      await this.#parts.nodes.removeSubscription(node, subscription.jid);
      this.#parts.notifier.subscriptionToOwners(node, subscription, 'none');
      return encodeSubscribed({ ...infoOf(node, subscription), state: 'none' });
    });
  }

  /** @see XEP-0060 §6.3.2 */
  async getOptions(host: Jid, from: Jid, reference: SubscriptionReference): Promise<Element> {
    const node = await requireNode(this.#parts, host, reference.node);
    const { jid, subid, options } = this.#own(node, from, reference);
    return encodeOptions({ node: node.id, jid, subid }, this.#encodeOptions(options, 'form'));
  }

  /** @see XEP-0060 §6.3.5 */
  async setOptions(host: Jid, from: Jid, request: Request<'set-options'>): Promise<undefined> {
    await changeNode(this.#parts, host, request.node, async (node) => {
      const present = this.#own(node, from, request);
      if (request.form.type === 'cancel') return;
      const changed = { ...present, options: this.#options(request.form, present.options) };
      await this.#parts.nodes.putSubscription(node, changed);
      this.#watchPresence(node, changed);
    });
  }

  /** @see XEP-0060 §6.4 */
  async defaultOptions(host: Jid, node: string | undefined): Promise<Element> {
    if (node !== undefined) await requireNode(this.#parts, host, node);
    return encodeDefaultOptions(node, this.#encodeOptions(DEFAULT_SUBSCRIPTION_OPTIONS, 'result'));
  }

  /** @see XEP-0060 §6.5 */
  async retrieve(host: Jid, from: Jid, request: Request<'items'>, set: ResultSetRequest | undefined): Promise<Element> {
    const node = await requireNode(this.#parts, host, request.node);
    await requireRetrieving(this.#parts, node, from);
    if (request.subid !== undefined) {
      const own = node.subscriptionsOf(from);
      if (own.length > 0 && !own.some(({ subid }) => subid === request.subid)) throw pubsubError('invalid-subid');
    }
    if (!node.config.persistItems) throw unsupported('persistent-items');
    if (request.ids) return this.#itemsByIds(node, from, request.ids);
    return this.#page(node, from, set, request.maxItems);
  }

  async #itemsByIds(node: PubSubNode, from: Jid, ids: readonly string[]): Promise<Element> {
    const { items, limits } = this.#parts;
    if (ids.length > limits.entriesPerAnswer) {
      throw new StanzaError('policy-violation', `at most ${limits.entriesPerAnswer} items can be asked for by id`);
    }
    const found = await items.byIds(node, ids);
    const fitting = this.#fitting(found);
    const last = fitting.at(-1);
    // Who gets less than there is must learn of it: the rest can be asked for again.
    const part =
      last && fitting.length < found.length
        ? encodeResultSetPage({ first: fitting[0]?.id, last: last.id, index: 0, count: found.length })
        : undefined;
    return encodeItems(node.id, await this.#infos(node, from, fitting), part);
  }

  /** The part asked for; without a question the first, and the note that there are more (§6.5.4). */
  async #page(
    node: PubSubNode,
    from: Jid,
    set: ResultSetRequest | undefined,
    maxItems: number | undefined,
  ): Promise<Element> {
    const { items, limits } = this.#parts;
    const isNewest = set === undefined && maxItems !== undefined;
    const most = Math.min(set?.max ?? maxItems ?? limits.entriesPerAnswer, limits.entriesPerAnswer);
    const before = set?.before ?? (isNewest ? '' : undefined);
    const page = await items.page(node, { most, after: set?.after, before, index: set?.index });
    const isBackwards = before !== undefined;
    const fitting = isBackwards ? this.#fitting([...page.items].reverse()).reverse() : this.#fitting(page.items);
    const isCut = fitting.length < page.items.length || (maxItems === undefined && page.items.length < page.count);
    if (!set && !isCut) return encodeItems(node.id, await this.#infos(node, from, fitting));
    const index = page.index + (isBackwards ? page.items.length - fitting.length : 0);
    return encodeItems(
      node.id,
      await this.#infos(node, from, fitting),
      encodeResultSetPage({ first: fitting[0]?.id, last: fitting.at(-1)?.id, index, count: page.count }),
    );
  }

  /** As many of the items, from the first on, as fit into an answer. */
  #fitting(items: readonly Item[]): Item[] {
    let bytes = 0;
    const end = items.findIndex(({ payload }, i) => {
      bytes += 100 + (payload ? Buffer.byteLength(payload.toString()) : 0);
      return bytes > this.#parts.limits.answerBytes && i > 0;
    });
    return items.slice(0, end === -1 ? items.length : end);
  }

  async #infos(node: PubSubNode, from: Jid, items: readonly Item[]) {
    return (await this.#parts.notifier.itemsFor(from, items)).map((item) =>
      this.#parts.notifier.itemInfo(node, item, true),
    );
  }

  /** A new subscriber may get the last item, after the answer. @see XEP-0060 §6.1.7 */
  #welcome(node: PubSubNode, subscription: Subscription): void {
    const { notifier, tasks } = this.#parts;
    notifier.subscriptionToOwners(node, subscription, 'subscribed');
    if (node.config.sendLastPublishedItem === 'never') return;
    tasks.start(async () => {
      const item = await lastItemOf(this.#parts, node);
      if (item && node.subscription(subscription.jid)) await notifier.lastItem(node, item, subscription.jid);
    });
  }

  /** The subscription spoken of, of the one who speaks. @see XEP-0060 §6.2.3, §6.3.4 */
  #own(node: PubSubNode, from: Jid, { jid, subid }: SubscriptionReference): Subscription {
    if (!jid.bare.equals(from.bare)) throw new StanzaError('forbidden');
    const subscription = node.subscription(jid);
    if (!subscription) throw pubsubError('not-subscribed');
    if (subid !== undefined && subid !== subscription.subid) throw pubsubError('invalid-subid');
    return subscription;
  }

  #options(form: DataForm | undefined, options: SubscriptionOptions): SubscriptionOptions {
    if (!form) return options;
    const { environment, limits, now } = this.#parts;
    const bounds = { knowsPresence: environment.presence !== undefined, latest: now() + limits.leaseMs };
    return readingForm(
      () => applySubscriptionOptions(form, options, bounds),
      (text) => pubsubError('invalid-options', text),
    );
  }

  #encodeOptions(options: SubscriptionOptions, kind: 'form' | 'result'): DataForm {
    return encodeSubscriptionOptions(options, kind, this.#parts.environment.presence !== undefined);
  }

  #watchPresence({ config }: PubSubNode, { jid, options }: Subscription): void {
    const matters =
      config.presenceBasedDelivery ||
      config.sendLastPublishedItem === 'on_sub_and_presence' ||
      options.expire === 'presence' ||
      options.showValues.length < SHOW_VALUES.length;
    if (matters) this.#parts.environment.presence?.watch(jid.bare);
  }
}

function infoOf(node: PubSubNode, { jid, subid, state }: Subscription): SubscriptionInfo {
  return { node: node.id, jid, subid, state };
}
