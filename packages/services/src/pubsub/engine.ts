import type { Element } from '@thingward/xml';
import {
  type DataForm,
  type DiscoInfo,
  type DiscoItem,
  findResultSetRequest,
  type Jid,
  type Logger,
  type ResultSetRequest,
  SILENT_LOGGER,
  type StanzaError,
  type Unsubscribe,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { Tasks } from '../tasks.ts';
import { retrieving } from './access.ts';
import { contactOf } from './contacts.ts';
import { type DiscoPage, Discovery } from './discovery.ts';
import type { EngineParts, PubSubProfile } from './engine-parts.ts';
import { EntityRequests } from './entity-requests.ts';
import type { PubSubEnvironment } from './environment.ts';
import { pubsubFeatures } from './features.ts';
import { lastItemOf } from './finding.ts';
import { ItemStore } from './item-store.ts';
import { DEFAULT_PUBSUB_LIMITS, type PubSubLimits } from './limits.ts';
import { type AccessModel, NodeConfigForms } from './node-config.ts';
import { NodeStore, type SubscriptionAtNode } from './node-store.ts';
import { Notifier } from './notifier.ts';
import { OwnerRequests } from './owner-requests.ts';
import { decodePendingCommand, encodePendingDone, encodePendingNodes } from './pending-command.ts';
import { PublisherRequests } from './publisher-requests.ts';
import type { PubSubNode, Subscription } from './pubsub-node.ts';
import { decodePubSubRequest, type PubSubRequest } from './request.ts';
import { decodeAuthorizationAnswer } from './subscribe-authorization.ts';
import { SubscriberRequests } from './subscriber-requests.ts';
import type { PubSubTables } from './tables.ts';

/** A request that holds a `<pubsub/>`. */
export interface EngineRequest {
  readonly type: 'get' | 'set';
  /** Full JID of who asks, as the server vouches for it. */
  readonly from: Jid;
  readonly payload: Element;
}

export interface PubSubEngineOptions {
  /** Migrated with `pubsubMigrations`. */
  readonly database: Kysely<PubSubTables>;
  readonly profile: PubSubProfile;
  readonly environment: PubSubEnvironment;
  readonly limits?: Partial<PubSubLimits> | undefined;
  readonly log?: Logger;
  readonly clock?: () => Date;
}

/** Pause between two looks for leases and items whose time is over. */
const SWEEP_PAUSE_MS = 60_000;
const SWEEP_STEP = 100;

/**
 * Publish-subscribe for the hosts of a profile: one service, or all accounts of a domain. It answers requests that somebody else
 * takes in, and has its notifications delivered by its environment.
 * @see XEP-0060, XEP-0163
 */
export class PubSubEngine {
  /** For service discovery, of the host itself. */
  readonly features: readonly string[];
  readonly #parts: EngineParts;
  readonly #entity: EntityRequests;
  readonly #subscriber: SubscriberRequests;
  readonly #publisher: PublisherRequests;
  readonly #owner: OwnerRequests;
  readonly #discovery: Discovery;
  #stopSweeping: Unsubscribe | undefined;

  constructor(options: PubSubEngineOptions) {
    const { database, profile, environment, log = SILENT_LOGGER, clock = () => new Date() } = options;
    const limits = { ...DEFAULT_PUBSUB_LIMITS, ...options.limits };
    const now = () => clock().getTime();
    const knowsPresence = environment.presence !== undefined;
    const ofRosters: readonly AccessModel[] = environment.contact ? ['presence', 'roster'] : [];
    this.#parts = {
      profile,
      nodes: new NodeStore(database, profile.scope, limits),
      items: new ItemStore(database, limits, log, now),
      forms: new NodeConfigForms({
        accessModels: ['open', ...ofRosters, 'authorize', 'whitelist'],
        knowsPresence,
        maxItems: limits.itemsPerNode,
        maxPayloadBytes: limits.payloadBytes,
      }),
      notifier: new Notifier(environment, now, (node, subscription) => this.#lostAccess(node, subscription)),
      environment,
      limits,
      tasks: new Tasks((error) => log.error({ err: error }, 'a task of publish-subscribe failed')),
      now,
    };
    this.features = pubsubFeatures(profile.defaultConfig, {
      knowsPresence,
      ofAccounts: !('service' in profile.scope),
    });
    this.#entity = new EntityRequests(this.#parts);
    this.#subscriber = new SubscriberRequests(this.#parts);
    this.#publisher = new PublisherRequests(this.#parts);
    this.#owner = new OwnerRequests(this.#parts);
    this.#discovery = new Discovery(this.#parts);
  }

  /** Begins to end leases and to remove old items. */
  start(): void {
    this.#stopSweeping = this.#parts.tasks.every(SWEEP_PAUSE_MS, () => this.sweep());
  }

  /** Asks for the presence of those for whom it matters. */
  watchPresence(): void {
    const { presence } = this.#parts.environment;
    if (presence) this.#parts.tasks.start((signal) => this.#watchDependents(presence.watch, signal));
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#stopSweeping?.();
    await this.#parts.tasks.stop();
  }

  /**
   * Answers a request.
   * @returns the payload of the result
   * @throws StanzaError the answer
   */
  async handle(host: Jid, { type, from, payload }: EngineRequest): Promise<Element | undefined> {
    const set = type === 'get' ? findResultSetRequest(payload) : undefined;
    return this.#parts.tasks.run(() => this.#dispatch(host, from, decodePubSubRequest(type, payload), set));
  }

  nodeInfo(host: Jid, node: string, from: Jid): Promise<DiscoInfo> {
    return this.#discovery.nodeInfo(host, node, from);
  }

  listNodes(host: Jid, from: Jid, set?: ResultSetRequest): Promise<DiscoPage> {
    return this.#discovery.nodes(host, from, set);
  }

  listItems(host: Jid, node: string, from: Jid): Promise<readonly DiscoItem[]> {
    return this.#discovery.items(host, node, from);
  }

  /** A form that came in a message: perhaps an owner's answer. @returns whether it was one. @throws StanzaError */
  async answerAuthorization(host: Jid, from: Jid, form: DataForm): Promise<boolean> {
    const answer = decodeAuthorizationAnswer(form);
    if (!answer) return false;
    await this.#parts.tasks.run(() => this.#owner.authorize(host, from, answer));
    return true;
  }

  /** The command `pubsub#get-pending`. @throws StanzaError. @see XEP-0060 §8.7 */
  async handlePendingCommand(host: Jid, from: Jid, command: Element): Promise<Element> {
    const request = decodePendingCommand(command);
    switch (request.kind) {
      case 'list':
        return encodePendingNodes(await this.#owner.nodesWithPending(host, from));
      case 'node':
        await this.#owner.askAgain(host, from, request.node);
        return encodePendingDone(request.sessionId, 'completed');
      case 'cancel':
        return encodePendingDone(request.sessionId, 'canceled');
    }
  }

  /**
   * A notification came back. Who is gone for good is not notified any more: a resource that is no more, or an account.
   * @param id of the notification
   * @see XEP-0060 §12.4
   */
  async bounced(host: Jid, from: Jid, id: string, { type, condition }: StanzaError): Promise<void> {
    const rowId = Notifier.rowOfId(id);
    const isGone = condition === 'gone' || condition === 'item-not-found' || (from.isFull && type === 'cancel');
    if (rowId === undefined || !isGone) return;
    const found = await this.#parts.nodes.nodeOfRow(rowId);
    if (!found?.host.equals(host)) return;
    await this.#parts.nodes.change(host, found.node, async (node) => {
      const subscription = node?.subscription(from);
      if (!node || !subscription) return;
      await this.#parts.nodes.removeSubscription(node, subscription.jid);
      this.#parts.notifier.subscriptionToOwners(node, subscription, 'none');
    });
  }

  /** A resource became available: it gets what was published last where it is subscribed. @param jid full */
  async cameOnline(jid: Jid): Promise<void> {
    for (const { host, node: id, subscription } of await this.#parts.nodes.subscriptionsByPresence(jid, 'last-item')) {
      if (subscription.jid.isFull && !subscription.jid.equals(jid)) continue;
      const node = await this.#parts.nodes.get(host, id);
      const present = node?.subscription(subscription.jid);
      if (node && present?.state === 'subscribed' && present.options.deliver) await this.#sendLastItem(node, jid);
    }
  }

  /**
   * A resource became unavailable: its temporary subscriptions end, and items go that should not be there without their publisher.
   * @param jid full
   * @param isLast whether no other resource of the same entity is available
   */
  async wentOffline(jid: Jid, isLast: boolean): Promise<void> {
    const { nodes, items, notifier } = this.#parts;
    for (const entry of await nodes.subscriptionsByPresence(jid, 'temporary')) {
      const { jid: subscribed } = entry.subscription;
      if (subscribed.isFull ? subscribed.equals(jid) : isLast) await this.#removeSilently(entry);
    }
    if (!isLast) return;
    for (const { host, node: id } of await nodes.nodesPurgedWith(jid.bare.toString())) {
      const node = await nodes.get(host, id);
      if (!node?.config.purgeOffline) continue;
      const ids = await items.removeOf(node, jid.bare.toString());
      if (ids.length > 0 && node.config.notifyRetract) {
        await notifier.toSubscribers(node, { kind: 'retracted', node: id, ids });
      }
    }
  }

  /**
   * Sends the last items of some nodes of some hosts to who has just become available, where it may see them.
   * @param to full JID
   * @see XEP-0163 §4.3.4
   */
  async sendLastItems(to: Jid, hosts: readonly Jid[], nodes: readonly string[]): Promise<void> {
    const texts = hosts.map((host) => host.toString());
    for (let start = 0; start < texts.length; start += 200) {
      const found = await this.#parts.nodes.nodesWithLastOnPresence(texts.slice(start, start + 200), nodes);
      for (const { host, node: id } of found) {
        const node = await this.#parts.nodes.get(host, id);
        if (node) await this.#sendLastItem(node, to);
      }
    }
  }

  /** Removes all nodes of a host that is no more. */
  removeHost(host: Jid): Promise<void> {
    return this.#parts.nodes.removeHost(host);
  }

  /** Ends leases and removes items whose time is over: once. */
  async sweep(): Promise<void> {
    const { nodes, items, notifier, now } = this.#parts;
    for (;;) {
      const expired = await nodes.expiredSubscriptions(now(), SWEEP_STEP);
      for (const entry of expired) {
        await nodes.change(entry.host, entry.node, async (node) => {
          const present = node?.subscription(entry.subscription.jid);
          const { expire } = present?.options ?? {};
          if (!node || !present || typeof expire !== 'number' || expire > now()) return;
          await nodes.removeSubscription(node, present.jid);
          notifier.subscriptionState(node, present, 'none');
          notifier.subscriptionToOwners(node, present, 'none');
        });
      }
      if (expired.length < SWEEP_STEP) break;
    }
    for (let after = 0; ; ) {
      const expiring = await nodes.expiringNodes(after, SWEEP_STEP);
      for (const { rowId, seconds } of expiring) {
        await items.removeOlder(rowId, now() - seconds * 1000);
        after = rowId;
      }
      if (expiring.length < SWEEP_STEP) return;
    }
  }

  #dispatch(
    host: Jid,
    from: Jid,
    request: PubSubRequest,
    set: ResultSetRequest | undefined,
  ): Promise<Element | undefined> {
    switch (request.kind) {
      case 'publish':
        return this.#publisher.publish(host, from, request);
      case 'retract':
        return this.#publisher.retract(host, from, request);
      case 'subscribe':
        return this.#subscriber.subscribe(host, from, request);
      case 'unsubscribe':
        return this.#subscriber.unsubscribe(host, from, request);
      case 'get-options':
        return this.#subscriber.getOptions(host, from, request);
      case 'set-options':
        return this.#subscriber.setOptions(host, from, request);
      case 'default-options':
        return this.#subscriber.defaultOptions(host, request.node);
      case 'items':
        return this.#subscriber.retrieve(host, from, request, set);
      case 'subscriptions':
        return this.#entity.subscriptions(host, from, request.node);
      case 'affiliations':
        return this.#entity.affiliations(host, from, request.node);
      case 'create':
        return this.#owner.create(host, from, request);
      case 'get-configuration':
        return this.#owner.getConfiguration(host, from, request.node);
      case 'configure':
        return this.#owner.configure(host, from, request);
      case 'default-configuration':
        return Promise.resolve(this.#owner.defaultConfiguration());
      case 'delete':
        return this.#owner.delete(host, from, request);
      case 'purge':
        return this.#owner.purge(host, from, request.node);
      case 'get-subscriptions':
        return this.#owner.getSubscriptions(host, from, request.node, set);
      case 'set-subscriptions':
        return this.#owner.setSubscriptions(host, from, request);
      case 'get-affiliations':
        return this.#owner.getAffiliations(host, from, request.node, set);
      case 'set-affiliations':
        return this.#owner.setAffiliations(host, from, request);
    }
  }

  async #sendLastItem(node: PubSubNode, to: Jid): Promise<void> {
    if (node.config.sendLastPublishedItem !== 'on_sub_and_presence') return;
    if (!node.config.deliverNotifications) return;
    if (retrieving(node, to, await contactOf(node, to, this.#parts.environment))) return;
    const item = await lastItemOf(this.#parts, node);
    if (item) await this.#parts.notifier.lastItem(node, item, to);
  }

  async #removeSilently({ host, node: id, subscription }: SubscriptionAtNode): Promise<void> {
    await this.#parts.nodes.change(host, id, async (node) => {
      const present = node?.subscription(subscription.jid);
      if (!node || present?.options.expire !== 'presence') return;
      await this.#parts.nodes.removeSubscription(node, present.jid);
      this.#parts.notifier.subscriptionToOwners(node, present, 'none');
    });
  }

  /** Not at once: whoever notices may hold the node. */
  #lostAccess({ host, id }: PubSubNode, { jid, subid }: Subscription): void {
    this.#parts.tasks.start(() =>
      this.#parts.nodes.change(host, id, async (node) => {
        const present = node?.subscription(jid);
        if (!node || present?.subid !== subid) return;
        if (!retrieving(node, jid, await contactOf(node, jid, this.#parts.environment))) return;
        await this.#owner.endSubscription(node, present);
      }),
    );
  }

  async #watchDependents(watch: (jid: Jid) => void, signal: AbortSignal): Promise<void> {
    for (let after = ''; !signal.aborted; ) {
      const dependents = await this.#parts.nodes.presenceDependents(after, SWEEP_STEP);
      for (const jid of dependents) watch(jid);
      if (dependents.length < SWEEP_STEP) return;
      after = dependents.at(-1)?.toString() ?? '';
    }
  }
}
