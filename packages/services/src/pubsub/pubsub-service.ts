import type { Element } from '@thingward/xml';
import {
  COMMANDS,
  DATA_FORM_NAMESPACE,
  DataFormError,
  DISCO_INFO,
  DISCO_ITEMS,
  type DiscoInfo,
  decodeDataForm,
  encodeDiscoInfo,
  encodeDiscoItems,
  encodeResultSetPage,
  findResultSetRequest,
  type IqRequest,
  type Jid,
  type Logger,
  NS,
  PeerError,
  PING,
  type Received,
  SILENT_LOGGER,
  StanzaError,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { isServedBy, isServiceBeside } from '../served-domain.ts';
import { PubSubEngine } from './engine.ts';
import type { PubSubEnvironment } from './environment.ts';
import type { PubSubLimits } from './limits.ts';
import { PUBSUB, PUBSUB_OWNER } from './namespaces.ts';
import { DEFAULT_NODE_CONFIG, type NodeConfig } from './node-config.ts';
import { GET_PENDING } from './pending-command.ts';
import { DEFAULT_PRESENCE_LIMITS, PresenceBook, type PresenceLimits } from './presence-book.ts';
import type { PubSubTables } from './tables.ts';

export interface PubSubServiceOptions {
  /** Its `jid` is the service's. */
  readonly peer: XmppPeer;
  /** Migrated with `pubsubMigrations`. */
  readonly database: Kysely<PubSubTables>;
  /** Who may make nodes; when not given, every address of the domain that the service's own domain lies under, and the services beside it. */
  readonly mayCreate?: (jid: Jid) => boolean;
  /** What the owner's roster says of somebody, where that is known: it makes the access models `presence` and `roster` possible. */
  readonly contact?: PubSubEnvironment['contact'];
  /** What somebody may see of what was published, where policies say so. */
  readonly view?: PubSubEnvironment['view'];
  /** The configuration of new nodes. */
  readonly defaultConfig?: Partial<NodeConfig>;
  readonly limits?: Partial<PubSubLimits>;
  readonly presenceLimits?: Partial<PresenceLimits>;
  readonly log?: Logger;
  readonly clock?: () => Date;
}

/**
 * A publish-subscribe service behind one JID.
 * @see XEP-0060
 */
export class PubSubService {
  readonly #peer: XmppPeer;
  readonly #engine: PubSubEngine;
  readonly #presence: PresenceBook;
  readonly #info: DiscoInfo;
  #stops: Unsubscribe[] = [];

  constructor(options: PubSubServiceOptions) {
    const { peer, database, contact, view, limits, log = SILENT_LOGGER } = options;
    this.#peer = peer;
    const presence = new PresenceBook(peer, { ...DEFAULT_PRESENCE_LIMITS, ...options.presenceLimits });
    this.#presence = presence;
    const mayCreate = options.mayCreate ?? ((jid: Jid) => isServedBy(jid, peer.jid) || isServiceBeside(jid, peer.jid));
    this.#engine = new PubSubEngine({
      database,
      profile: {
        scope: { service: peer.jid },
        defaultConfig: { ...DEFAULT_NODE_CONFIG, ...options.defaultConfig },
        mayCreate: (_, jid) => mayCreate(jid),
      },
      environment: {
        ...(contact ? { contact } : {}),
        view,
        presence: {
          showsOf: (jid) => presence.showsOf(jid),
          watch: (jid) => ifReachable(() => presence.watch(jid), log),
        },
        deliver: ({ message, recipients }) => ifReachable(() => peer.sendEach(message, recipients), log),
      },
      limits,
      log,
      ...(options.clock ? { clock: options.clock } : {}),
    });
    this.#info = {
      identities: [{ category: 'pubsub', type: 'service', name: 'Publish-Subscribe' }],
      features: [...this.#engine.features, COMMANDS, PING],
    };
  }

  /** Begins to answer. */
  async start(): Promise<void> {
    const peer = this.#peer;
    const answer = ({ type, from, payload }: IqRequest) => this.#engine.handle(peer.jid, { type, from, payload });
    this.#stops = [
      servePing(peer),
      peer.onIq('get', { name: 'pubsub', namespace: PUBSUB }, answer),
      peer.onIq('set', { name: 'pubsub', namespace: PUBSUB }, answer),
      peer.onIq('get', { name: 'pubsub', namespace: PUBSUB_OWNER }, answer),
      peer.onIq('set', { name: 'pubsub', namespace: PUBSUB_OWNER }, answer),
      peer.onIq('set', { name: 'command', namespace: COMMANDS }, ({ from, payload }) =>
        this.#engine.handlePendingCommand(peer.jid, from, payload),
      ),
      peer.onIq('get', { name: 'query', namespace: DISCO_INFO }, (request) => this.#discoInfo(request)),
      peer.onIq('get', { name: 'query', namespace: DISCO_ITEMS }, (request) => this.#discoItems(request)),
      peer.onMessage({ name: 'x', namespace: DATA_FORM_NAMESPACE }, (message, x) => this.#form(message, x)),
      peer.onMessage({ name: 'error', namespace: NS.client }, (message) => this.#bounced(message)),
      peer.onPresence((received) => this.#presence.receive(received, this.#engine)),
      peer.onOnline(() => {
        this.#presence.reset();
        this.#engine.watchPresence();
      }),
    ];
    this.#engine.start();
  }

  /** Stops answering, and waits for what is under way. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#engine.stop();
  }

  async #discoInfo({ from, payload }: IqRequest): Promise<Element> {
    const node = payload.attribute('node');
    if (!node) return encodeDiscoInfo(this.#info);
    if (node === GET_PENDING) {
      const identities = [{ category: 'automation', type: 'command-node', name: 'Pending subscriptions' }];
      return encodeDiscoInfo({ identities, features: [COMMANDS, DATA_FORM_NAMESPACE] }, node);
    }
    return encodeDiscoInfo(await this.#engine.nodeInfo(this.#peer.jid, node, from), node);
  }

  async #discoItems({ from, payload }: IqRequest): Promise<Element> {
    const node = payload.attribute('node');
    const { jid } = this.#peer;
    if (node === COMMANDS) {
      return encodeDiscoItems([{ jid, node: GET_PENDING, name: 'Pending subscriptions' }], node);
    }
    if (node) return encodeDiscoItems(await this.#engine.listItems(jid, node, from), node);
    const { items, page } = await this.#engine.listNodes(jid, from, findResultSetRequest(payload));
    return encodeDiscoItems(items, undefined, page && encodeResultSetPage(page));
  }

  async #form({ from, type }: Received, x: Element): Promise<void> {
    if (type === 'error') return;
    try {
      await this.#engine.answerAuthorization(this.#peer.jid, from, decodeDataForm(x));
    } catch (error) {
      if (error instanceof DataFormError) throw new StanzaError('bad-request', error.message);
      throw error;
    }
  }

  async #bounced({ from, type, stanza }: Received): Promise<void> {
    const id = stanza.attribute('id');
    if (type === 'error' && id) await this.#engine.bounced(this.#peer.jid, from, id, StanzaError.fromStanza(stanza));
  }
}

/** Notifications are not kept while the service itself is out of reach: what was published can be retrieved. */
function ifReachable(send: () => void, log: Logger): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    log.debug({ code: error.code }, 'a notification could not be sent');
  }
}
