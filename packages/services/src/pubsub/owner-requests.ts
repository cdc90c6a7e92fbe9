import { randomUUID } from 'node:crypto';
import type { Element } from '@thingward/xml';
import { type DataForm, encodeResultSetPage, type Jid, type ResultSetRequest, StanzaError } from '@thingward/xmpp';
import { owning, retrieving, subscribing } from './access.ts';
import { type Affiliation, mayBecome } from './affiliation.ts';
import { contactOf } from './contacts.ts';
import type { EngineParts } from './engine-parts.ts';
import { changeNode, lastItemOf, readingForm, requireNode } from './finding.ts';
import type { NodeConfig } from './node-config.ts';
import { checkNodeId, createNode } from './node-creation.ts';
import { notAllChanged, unsupported } from './pubsub-error.ts';
import type { PubSubNode, Subscription } from './pubsub-node.ts';
import {
  encodeAffiliations,
  encodeConfiguration,
  encodeCreated,
  encodeDefaultConfiguration,
  encodeSubscriptions,
  type SubscriptionInfo,
} from './reply.ts';
import type { AffiliationChange, OwnerRequest, SubscriptionChange, UserRequest } from './request.ts';
import { paged } from './result-page.ts';
import type { AuthorizationAnswer } from './subscribe-authorization.ts';
import { DEFAULT_SUBSCRIPTION_OPTIONS } from './subscription-options.ts';

type Request<Kind> = Extract<OwnerRequest | UserRequest, { readonly kind: Kind }>;

/** Making, configuring and deleting nodes, and who is what to them. @see XEP-0060 §8 */
export class OwnerRequests {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  /** @see XEP-0060 §8.1 */
  async create(host: Jid, from: Jid, { node, form }: Request<'create'>): Promise<Element> {
    const { profile, limits } = this.#parts;
    if (!profile.mayCreate(host, from)) throw new StanzaError('forbidden', 'you may not make nodes here');
    const id = node ?? randomUUID();
    checkNodeId(id, limits);
    const config = form ? this.#configured(form, profile.defaultConfig) : profile.defaultConfig;
    await this.#parts.nodes.change(host, id, async (present) => {
      if (present) throw new StanzaError('conflict', 'there is such a node already');
      await createNode(this.#parts, host, from, id, config);
    });
    return encodeCreated(id);
  }

  /** @see XEP-0060 §8.2.1 */
  async getConfiguration(host: Jid, from: Jid, id: string): Promise<Element> {
    const node = await this.#owned(host, from, id);
    return encodeConfiguration(id, this.#parts.forms.encode(node.config, 'form'));
  }

  /** @see XEP-0060 §8.2.4 */
  async configure(host: Jid, from: Jid, { node: id, form }: Request<'configure'>): Promise<undefined> {
    await this.#changeOwned(host, from, id, async (node) => {
      if (form.type === 'cancel') return;
      const before = node.config;
      const config = this.#configured(form, before);
      await this.#parts.nodes.configure(node, config);
      await this.#applyConfiguration(node, before);
      if (!config.notifyConfig) return;
      const shown = config.deliverPayloads ? this.#parts.forms.encode(config, 'result') : undefined;
      await this.#parts.notifier.toSubscribers(node, { kind: 'configured', node: id, form: shown });
    });
  }

  /** @see XEP-0060 §8.3 */
  defaultConfiguration(): Element {
    return encodeDefaultConfiguration(this.#parts.forms.encode(this.#parts.profile.defaultConfig, 'form'));
  }

  /** @see XEP-0060 §8.4 */
  async delete(host: Jid, from: Jid, { node: id, redirect }: Request<'delete'>): Promise<undefined> {
    if (redirect !== undefined && redirect.length > 2048) throw new StanzaError('bad-request', 'the URI is too long');
    await this.#changeOwned(host, from, id, async (node) => {
      await this.#parts.nodes.remove(node, redirect);
      if (!node.config.notifyDelete) return;
      this.#parts.notifier.toAllSubscriptions(node, { kind: 'deleted', node: id, redirect });
    });
  }

  /** @see XEP-0060 §8.5 */
  async purge(host: Jid, from: Jid, id: string): Promise<undefined> {
    const node = await this.#owned(host, from, id);
    if (!node.config.persistItems) throw unsupported('persistent-items');
    await this.#parts.items.purge(node);
    if (node.config.notifyRetract) await this.#parts.notifier.toSubscribers(node, { kind: 'purged', node: id });
  }

  /** An owner answers the question whether somebody may subscribe. @see XEP-0060 §8.6 */
  async authorize(host: Jid, from: Jid, { node: id, jid, subid, allow }: AuthorizationAnswer): Promise<void> {
    await this.#changeOwned(host, from, id, async (node) => {
      const pending = node.subscription(jid);
      // Somebody else may have been quicker.
      if (pending?.state !== 'pending' || (subid !== undefined && subid !== pending.subid)) return;
      if (allow) await this.#approve(node, pending);
      else await this.#cancel(node, pending);
    });
  }

  /** Ids of the nodes of an owner where somebody waits for approval. @see XEP-0060 §8.7.2 */
  async nodesWithPending(host: Jid, from: Jid): Promise<readonly string[]> {
    const { nodes, limits } = this.#parts;
    const waiting: string[] = [];
    for (const { node: id, affiliation } of await nodes.affiliationsOf(host, from, 2 * limits.nodesPerOwner)) {
      if (affiliation !== 'owner') continue;
      const node = await nodes.get(host, id);
      if (node && pendingOf(node).length > 0) waiting.push(id);
    }
    return waiting;
  }

  /** Asks the owner again about all who wait. @see XEP-0060 §8.7.4 */
  async askAgain(host: Jid, from: Jid, id: string): Promise<void> {
    const node = await this.#owned(host, from, id);
    for (const pending of pendingOf(node)) this.#parts.notifier.authorizationRequest(node, pending, [from]);
  }

  /** @see XEP-0060 §8.8.1 */
  async getSubscriptions(host: Jid, from: Jid, id: string, set: ResultSetRequest | undefined): Promise<Element> {
    const node = await this.#owned(host, from, id);
    const subscribed = [...node.subscriptions].filter(({ state }) => state === 'subscribed').map(infoOf);
    const { entries, page } = paged(subscribed, ({ jid }) => jid.toString(), set, this.#parts.limits.entriesPerAnswer);
    return encodeSubscriptions(id, entries, page && encodeResultSetPage(page));
  }

  /** Changes what can be changed. @throws StanzaError with those that can't. @see XEP-0060 §8.8.2 */
  async setSubscriptions(
    host: Jid,
    from: Jid,
    { node: id, changes }: Request<'set-subscriptions'>,
  ): Promise<undefined> {
    this.#checkCount(changes);
    const unchanged = await this.#changeOwned(host, from, id, async (node) => {
      const refused: SubscriptionInfo[] = [];
      for (const change of changes) {
        if (await this.#setSubscription(node, change)) continue;
        const present = node.subscription(change.jid);
        refused.push(present ? infoOf(present) : { jid: change.jid, state: 'none' });
      }
      return refused;
    });
    if (unchanged.length > 0) throw notAllChanged(encodeSubscriptions(id, unchanged));
  }

  /** @see XEP-0060 §8.9.1 */
  async getAffiliations(host: Jid, from: Jid, id: string, set: ResultSetRequest | undefined): Promise<Element> {
    const node = await this.#owned(host, from, id);
    const all = [...node.affiliations].map(([jid, affiliation]) => ({ jid, affiliation }));
    const { entries, page } = paged(all, ({ jid }) => jid, set, this.#parts.limits.entriesPerAnswer);
    return encodeAffiliations(id, entries, page && encodeResultSetPage(page));
  }

  /** Changes what can be changed. @throws StanzaError with those that can't. @see XEP-0060 §8.9.2 */
  async setAffiliations(host: Jid, from: Jid, { node: id, changes }: Request<'set-affiliations'>): Promise<undefined> {
    this.#checkCount(changes);
    if (new Set(changes.map(({ jid }) => jid.toString())).size < changes.length) {
      throw new StanzaError('bad-request', 'an entity can be named once');
    }
    const unchanged = await this.#changeOwned(host, from, id, async (node) => {
      const refused: { jid: string; affiliation: Affiliation }[] = [];
      for (const change of changes) {
        if (await this.#setAffiliation(node, from, change)) continue;
        refused.push({ jid: change.jid.toString(), affiliation: node.affiliationOf(change.jid) });
      }
      return refused;
    });
    if (unchanged.length > 0) throw notAllChanged(encodeAffiliations(id, unchanged));
  }

  /** Ends a subscription that may not go on, and says so. Within the node's change. */
  async endSubscription(node: PubSubNode, subscription: Subscription): Promise<void> {
    await this.#cancel(node, subscription);
  }

  /** @returns whether it is now as wanted */
  async #setSubscription(node: PubSubNode, { jid, subid, state }: SubscriptionChange): Promise<boolean> {
    const present = node.subscription(jid);
    if (subid !== undefined && subid !== present?.subid) return false;
    if (state === undefined || state === (present?.state ?? 'none')) return true;
    if (state === 'none') {
      await this.#cancel(node, present as Subscription);
      return true;
    }
    if (state !== 'subscribed') return false;
    const contact = await contactOf(node, jid, this.#parts.environment);
    if (subscribing(node, jid, contact) instanceof StanzaError) return false;
    const pending: Subscription = present ?? {
      jid,
      subid: randomUUID(),
      state: 'pending',
      options: DEFAULT_SUBSCRIPTION_OPTIONS,
    };
    await this.#approve(node, pending);
    return true;
  }

  /** @returns whether it is now as wanted */
  async #setAffiliation(node: PubSubNode, from: Jid, { jid, affiliation }: AffiliationChange): Promise<boolean> {
    const before = node.affiliationOf(jid);
    if (affiliation === undefined || affiliation === before) return true;
    // Owners resign themselves, and the last one can't.
    const isResigning = jid.equals(from.bare) && node.owners.length > 1;
    if (!mayBecome(before, affiliation) || (before === 'owner' && !isResigning)) return false;
    if (!('service' in this.#parts.profile.scope) && affiliation === 'owner') return false;
    if (before === 'none' && node.affiliations.size >= this.#parts.limits.affiliationsPerNode) {
      throw new StanzaError(
        'resource-constraint',
        `a node has at most ${this.#parts.limits.affiliationsPerNode} affiliations`,
      );
    }
    await this.#parts.nodes.setAffiliation(node, jid, affiliation);
    for (const subscription of node.subscriptionsOf(jid)) await this.#reconsider(node, subscription);
    return true;
  }

  /** A subscription that must go on as the new affiliation or configuration says. @see XEP-0060 §8.7.4, §12.10 */
  async #reconsider(node: PubSubNode, subscription: Subscription): Promise<void> {
    const { jid, state } = subscription;
    const contact = await contactOf(node, jid, this.#parts.environment);
    if (state === 'subscribed') {
      if (retrieving(node, jid, contact)) await this.#cancel(node, subscription);
      return;
    }
    const decision = subscribing(node, jid, contact);
    if (decision instanceof StanzaError) await this.#cancel(node, subscription);
    else if (decision === undefined) await this.#approve(node, subscription);
  }

  async #approve(node: PubSubNode, subscription: Subscription): Promise<void> {
    const { nodes, notifier, tasks } = this.#parts;
    await nodes.putSubscription(node, { ...subscription, state: 'subscribed' });
    notifier.subscriptionState(node, subscription, 'subscribed');
    notifier.subscriptionToOwners(node, subscription, 'subscribed');
    if (node.config.sendLastPublishedItem === 'never') return;
    tasks.start(async () => {
      const item = await lastItemOf(this.#parts, node);
      if (item && node.subscription(subscription.jid)) await notifier.lastItem(node, item, subscription.jid);
    });
  }

  async #cancel(node: PubSubNode, subscription: Subscription): Promise<void> {
    const { nodes, notifier } = this.#parts;
    await nodes.removeSubscription(node, subscription.jid);
    notifier.subscriptionState(node, subscription, 'none');
    notifier.subscriptionToOwners(node, subscription, 'none');
  }

  /** What follows from a new configuration. */
  async #applyConfiguration(node: PubSubNode, before: NodeConfig): Promise<void> {
    const { config } = node;
    const { items, environment } = this.#parts;
    const accessChanged =
      config.accessModel !== before.accessModel ||
      (config.accessModel === 'roster' &&
        JSON.stringify(config.rosterGroupsAllowed) !== JSON.stringify(before.rosterGroupsAllowed));
    if (accessChanged) {
      for (const subscription of [...node.subscriptions]) await this.#reconsider(node, subscription);
    }
    if (!config.persistItems && before.persistItems) await items.purge(node);
    else if (config.persistItems && config.maxItems !== before.maxItems) await items.prune(node);
    if (config.presenceBasedDelivery || config.sendLastPublishedItem === 'on_sub_and_presence') {
      for (const { jid } of node.subscriptions) environment.presence?.watch(jid.bare);
    }
  }

  #configured(form: DataForm, config: NodeConfig): NodeConfig {
    return readingForm(
      () => this.#parts.forms.apply(form, config),
      (text) => new StanzaError('not-acceptable', text),
    );
  }

  #checkCount(changes: readonly unknown[]): void {
    const most = this.#parts.limits.entriesPerAnswer;
    if (changes.length > most) throw new StanzaError('policy-violation', `at most ${most} can be changed at once`);
  }

  async #owned(host: Jid, from: Jid, id: string): Promise<PubSubNode> {
    const node = await requireNode(this.#parts, host, id);
    const refusal = owning(node, from);
    if (refusal) throw refusal;
    return node;
  }

  #changeOwned<T>(host: Jid, from: Jid, id: string, change: (node: PubSubNode) => Promise<T>): Promise<T> {
    return changeNode(this.#parts, host, id, async (node) => {
      const refusal = owning(node, from);
      if (refusal) throw refusal;
      return change(node);
    });
  }
}

function pendingOf(node: PubSubNode): readonly Subscription[] {
  return [...node.subscriptions].filter(({ state }) => state === 'pending');
}

function infoOf({ jid, subid, state }: Subscription): SubscriptionInfo {
  return { jid, subid, state };
}
