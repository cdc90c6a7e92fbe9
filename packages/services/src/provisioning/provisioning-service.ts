import {
  type AccessKind,
  type ControlAnswer,
  decodeDescriptions,
  decodeFriendQuestion,
  decodingRequest,
  encodeFriendAnswer,
  encodeHarmonizedOwnerQuestion,
  encodeOwnerQuestion,
  encodeSeenServices,
  FIELD_TYPES,
  type FieldType,
  type NodeReference,
  PROVISIONING_DIALECTS,
  PROVISIONING_OWNER,
  type ProvisioningDialect,
  type Tokens,
  XEP_PROVISIONING,
} from '@thingward/things';
import { type Element, xml } from '@thingward/xml';
import {
  type IqRequest,
  Jid,
  type Logger,
  message,
  PeerError,
  PING,
  presence,
  type Received,
  SILENT_LOGGER,
  StanzaError,
  serveDisco,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { thingColumns } from '../node-columns.ts';
import { Tasks } from '../tasks.ts';
import { type AccessPolicy, type Decision, Decisions, wantedBy } from './decisions.ts';
import { KnownItems } from './known-items.ts';
import { announcement, converse, quickAnswers } from './owner-conversation.ts';
import { OwnerDesk } from './owner-desk.ts';
import { serveOwners } from './owner-requests.ts';
import type { Owners } from './owners.ts';
import { type Question, RuleStore, type Wanted } from './rule-store.ts';
import { type ProvisionedService, ServiceAccess } from './service-access.ts';
import { splitTokens } from './subject-column.ts';
import type { ProvisioningTables } from './tables.ts';
import { ThingCaches } from './thing-caches.ts';
import { TokenAuthority } from './token-authority.ts';

/** Answers one can give with one touch. @see XEP-0439 §2 */
const QUICK_RESPONSE = 'urn:xmpp:tmp:quick-response';
/** Nodes in one question, and Things in one description. */
const MAX_NODES = 1000;

export interface ProvisioningOptions {
  /** Its `jid` is the service's: a domain, or an account with its resource. */
  readonly peer: XmppPeer;
  /** Migrated with `provisioningMigrations`. */
  readonly database: Kysely<ProvisioningTables>;
  readonly owners: Owners;
  /** What is decided before owners are asked; nothing when not given. */
  readonly policy?: AccessPolicy | undefined;
  /** Who may see what was heard of services; nobody when not given. */
  readonly isAdministrator?: ((jid: Jid) => Promise<boolean>) | undefined;
  /** Services that may ask about their users; none when not given. */
  readonly services?: readonly ProvisionedService[] | undefined;
  /** May Things trust other provisioning servers, too? @see XEP-0324 §3.1.4 */
  readonly secondaryTrustAllowed?: boolean | undefined;
  /** Rules of one owner, and questions that wait for it; more are answered with no and not remembered. 500 when not given. */
  readonly maxQuestions?: number | undefined;
  /** How long a Thing has to acknowledge that rules have changed. */
  readonly acknowledgementTimeoutMs?: number | undefined;
  /** How long who shows a token has to meet a challenge. 5,000 ms when not given: less than Things wait for answers. */
  readonly challengeTimeoutMs?: number | undefined;
  /** How often to tell Things again that did not acknowledge. */
  readonly retryIntervalMs?: number | undefined;
  /** How often to look for rules that have ended. */
  readonly expiryIntervalMs?: number | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: (() => Date) | undefined;
}

/**
 * A provisioning server: Things ask it who may be their friend, read and control them, and their owners say. What no rule is for is
 * refused at once and becomes a question to the owner, whose answer is the rule from then on; Things are told of each change. It runs
 * behind a domain, or as an account whose friends the Things are.
 * @see XEP-0324
 */
export class ProvisioningService {
  readonly #peer: XmppPeer;
  readonly #options: ProvisioningOptions;
  readonly #owners: Owners;
  readonly #store: RuleStore;
  readonly #items: KnownItems;
  readonly #caches: ThingCaches;
  readonly #tokens: TokenAuthority;
  readonly #access: ServiceAccess;
  readonly #decisions: Decisions;
  readonly #desk: OwnerDesk;
  readonly #log: Logger;
  readonly #tasks: Tasks;
  readonly #now: () => number;
  #stops: Unsubscribe[] = [];

  constructor(options: ProvisioningOptions) {
    const { peer, database, owners, clock = () => new Date(), log = SILENT_LOGGER } = options;
    this.#options = options;
    this.#peer = peer;
    this.#owners = owners;
    this.#log = log;
    const now = () => clock().getTime();
    this.#now = now;
    this.#tasks = new Tasks((error) => this.#log.error({ error }, 'a task of provisioning failed'));
    const store = new RuleStore(database, options.maxQuestions ?? 500, now);
    this.#store = store;
    this.#items = new KnownItems(database);
    const { acknowledgementTimeoutMs = 5000, challengeTimeoutMs = 5000 } = options;
    this.#caches = new ThingCaches({ peer, database, tasks: this.#tasks, acknowledgementTimeoutMs, log });
    this.#tokens = new TokenAuthority({ peer, database, now, challengeTimeoutMs });
    const services = options.services ?? [];
    this.#access = new ServiceAccess({ peer, database, tokens: this.#tokens, services, now, log });
    this.#desk = new OwnerDesk({ store, items: this.#items, owners, caches: this.#caches, log, now });
    this.#decisions = new Decisions({
      policy: options.policy,
      store,
      owners,
      mayUseToken: (scope, token, wanted) => this.#mayUseToken(scope, token, wanted),
      onQuestion: (question) => this.#ask(question),
    });
  }

  /** Begins to answer. */
  async start(): Promise<void> {
    const peer = this.#peer;
    const identities = [{ category: 'component', type: 'generic', name: 'Provisioning' }];
    const namespaces = PROVISIONING_DIALECTS.flatMap((dialect) => [
      dialect.namespace,
      dialect.tokenNamespace,
      ...(dialect.ownerNamespace === undefined ? [] : [dialect.ownerNamespace]),
    ]);
    this.#stops = [
      serveDisco(peer, { identities, features: [...new Set(namespaces), PROVISIONING_OWNER, PING] }),
      servePing(peer),
      ...PROVISIONING_DIALECTS.flatMap((dialect) => this.#serveThings(dialect)),
      peer.onIq('set', { name: 'describe', namespace: PROVISIONING_OWNER }, (request) => this.#described(request)),
      ...serveOwners({ peer, desk: this.#desk, owners: this.#owners, caches: this.#caches }),
      peer.onIq('get', { name: 'services', namespace: PROVISIONING_OWNER }, async ({ from }) => {
        if (!(await this.#options.isAdministrator?.(from.bare))) {
          throw new StanzaError('forbidden', 'services are shown to administrators alone');
        }
        return encodeSeenServices(await this.#access.seen());
      }),
      ...this.#tokens.serve(),
      ...this.#access.serve(),
      peer.onMessage({ name: 'body', namespace: 'jabber:client' }, (received, body) => this.#heard(received, body)),
      peer.onPresence((received) => this.#seen(received)),
      this.#tasks.every(this.#options.expiryIntervalMs ?? 5000, () => this.#expire()),
      this.#tasks.every(this.#options.retryIntervalMs ?? 30_000, (signal) => this.#caches.retry(signal)),
    ];
  }

  /** Stops answering, and waits for what is under way. What Things must still be told stays in the database. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#tasks.stop();
  }

  #serveThings(dialect: ProvisioningDialect): readonly Unsubscribe[] {
    const { namespace } = dialect;
    const peer = this.#peer;
    return [
      peer.onIq('get', { name: 'isFriend', namespace }, (request) => this.#isFriend(request, dialect)),
      peer.onIq('get', { name: 'canRead', namespace }, async (request) => {
        const question = decodingRequest(() => dialect.decodeReadQuestion(request.payload));
        return dialect.encodeReadAnswer(await this.#may('read', request, dialect, question));
      }),
      peer.onIq('get', { name: 'canControl', namespace }, async (request) => {
        const question = decodingRequest(() => dialect.decodeControlQuestion(request.payload));
        return dialect.encodeControlAnswer(await this.#may('control', request, dialect, { ...question, types: [] }));
      }),
    ];
  }

  /** @see XEP-0324 §3.2 */
  async #isFriend({ from, payload }: IqRequest, dialect: ProvisioningDialect): Promise<Element> {
    const jid = decodingRequest(() => decodeFriendQuestion(payload, dialect.namespace));
    const thing = thingColumns(from, undefined);
    const owners = await this.#owners.ownersBehind(thing.jid);
    if (owners.length > 0) await this.#caches.remember(from, dialect);
    let isAllowed = false;
    for (const owner of owners) {
      const decision = await this.#decisions.decide(thing, owner, 'friend', wantedBy(jid));
      isAllowed ||= decision !== false;
    }
    const { secondaryTrustAllowed = false } = this.#options;
    return encodeFriendAnswer({ jid, isAllowed, secondaryTrustAllowed }, dialect.namespace);
  }

  /** The nodes, names and kinds that are allowed of those asked about: those that are allowed for each of the nodes. @see XEP-0324 §3.3, §3.4 */
  async #may(
    kind: 'read' | 'control',
    { from }: IqRequest,
    dialect: ProvisioningDialect,
    { jid, nodes, names, types, ...tokens }: MayQuestion,
  ): Promise<ControlAnswer & { readonly types: readonly FieldType[] }> {
    if (nodes.length > MAX_NODES) throw new StanzaError('policy-violation', `at most ${MAX_NODES} nodes at once`);
    const wanted = this.#wanted(from, dialect, { jid, names, types, ...tokens });
    const allowedNodes: NodeReference[] = [];
    // Undefined while nothing is allowed.
    let allowed: Exclude<Decision, false> | undefined;
    for (const node of nodes.length === 0 ? [undefined] : nodes) {
      const thing = thingColumns(from, node);
      const owner = await this.#owners.ownerOf(thing);
      if (owner === undefined) continue;
      await this.#caches.remember(from, dialect);
      await this.#items.heard(thing, itemsOf(kind, names, types));
      const decision = await this.#decisions.decide(thing, owner, kind, wanted);
      const both = decision && common(decision, allowed ?? { names: orAll(names), types: orAll(types) });
      if (!both) continue;
      allowed = both;
      if (node) allowedNodes.push(node);
    }
    if (!allowed) return { jid, nodes: [], names: [], types, isAllowed: false };
    return { jid, nodes: allowedNodes, names: allowed.names ?? [], types: allowed.types ?? types, isAllowed: true };
  }

  #wanted(
    from: Jid,
    { tokenNamespace }: ProvisioningDialect,
    { jid, names, types, serviceToken, deviceToken, userToken }: Omit<MayQuestion, 'nodes'>,
  ): Wanted {
    return {
      requester: jid,
      names,
      // Who asks for all kinds asks for none in particular.
      types: FIELD_TYPES.every((type) => types.includes(type)) ? [] : types,
      tokens: { service: splitTokens(serviceToken), device: splitTokens(deviceToken), user: splitTokens(userToken) },
      isProven: (token) => this.#tokens.isProven(token, from, jid, tokenNamespace),
    };
  }

  /** A user's token is nothing by itself: the service whose user it is has to show its own. */
  async #mayUseToken(scope: 'service' | 'device' | 'user', token: string, wanted: Wanted): Promise<boolean> {
    if (scope !== 'user') return wanted.isProven(token);
    const service = await this.#access.serviceOf(token);
    // Somebody with a certificate of its own may show it as a user, too.
    if (service === undefined) return wanted.isProven(token);
    for (const own of wanted.tokens.service) {
      if ((await this.#tokens.fingerprintOf(own)) === service && (await wanted.isProven(own))) return true;
    }
    return false;
  }

  /** A Thing of ours says what there is. @see KnownItems, ToldOwners */
  async #described({ from, payload }: IqRequest): Promise<undefined> {
    const things = decodingRequest(() => decodeDescriptions(payload));
    if (things.length > MAX_NODES) throw new StanzaError('policy-violation', `at most ${MAX_NODES} Things at once`);
    let isOwnedAnew = false;
    for (const { node, owner, items } of things) {
      const thing = thingColumns(from, node);
      const isNew = (await this.#owners.told?.(thing, owner?.bare.toString())) ?? false;
      isOwnedAnew ||= isNew;
      if ((await this.#owners.ownerOf(thing)) !== undefined) await this.#items.heard(thing, items);
    }
    if (isOwnedAnew) {
      // What it was answered before there was anybody who could be asked is not to be kept.
      await this.#caches.remember(from, XEP_PROVISIONING);
      await this.#caches.clear(from.bare.toString());
    }
    return undefined;
  }

  /** Puts a question before its owner: in words, with answers to choose from, and as clients of owners understand it. */
  async #ask(question: Question): Promise<void> {
    const described = await this.#desk.describe(question);
    const harmonized = PROVISIONING_DIALECTS.flatMap(({ ownerNamespace }) => ownerNamespace ?? []).map((namespace) =>
      encodeHarmonizedOwnerQuestion(
        {
          ...described,
          key: String(described.id),
          names: described.items.flatMap(({ name, isWanted }) => (isWanted ? name : [])),
          types: described.types.length === 0 ? FIELD_TYPES : described.types,
        },
        namespace,
      ),
    );
    this.#tell(
      Jid.parse(question.owner),
      announcement(described),
      ...quickAnswers(described).map(({ value, label }) => xml('response', { xmlns: QUICK_RESPONSE, value, label })),
      encodeOwnerQuestion(described),
      ...harmonized,
    );
  }

  /** An owner answers questions in a chat. */
  async #heard({ from, type }: Received, body: Element): Promise<void> {
    // Services talk to themselves for ever when they answer each other.
    if (type === 'error' || type === 'groupchat' || from.local === undefined) return;
    this.#tell(from, await converse(this.#desk, from.bare.toString(), body.text, this.#now));
  }

  #tell(to: Jid, text: string, ...more: readonly Element[]): void {
    try {
      this.#peer.send(message('chat', { to }, xml('body', {}, text), ...more));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#log.warn({ to: to.bare.toString(), code: error.code }, 'an owner could not be told');
    }
  }

  /** Who asks an account for its presence is a Thing that trusts it, or an owner. @see XEP-0324 §3.1.1, §5.1 */
  async #seen(received: Received): Promise<void> {
    const { from, type } = received;
    if (type === 'subscribe' && this.#peer.jid.local !== undefined) {
      const own = this.#peer.jid.bare;
      this.#peer.send(presence('subscribed', { to: from.bare, from: own }));
      this.#peer.send(presence('subscribe', { to: from.bare, from: own }));
      return;
    }
    await this.#caches.seen(received);
  }

  async #expire(): Promise<void> {
    const ended = await this.#store.expire();
    this.#caches.changed(ended.map(({ jid }) => jid));
  }
}

interface MayQuestion extends Tokens {
  readonly jid: Jid;
  readonly nodes: readonly NodeReference[];
  readonly names: readonly string[];
  readonly types: readonly FieldType[];
}

function itemsOf(kind: Exclude<AccessKind, 'friend'>, names: readonly string[], types: readonly FieldType[]) {
  // Which of several kinds a field has is not said.
  const known = kind === 'read' && types.length === 1 ? types : [];
  return names.map((name) => ({
    kind: kind === 'read' ? ('field' as const) : ('parameter' as const),
    name,
    types: known,
  }));
}

function orAll<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** What both allow; false where that is nothing. */
function common(a: Exclude<Decision, false>, b: Exclude<Decision, false>): Decision {
  const names = commonOf(a.names, b.names);
  const types = commonOf(a.types, b.types);
  return names?.length === 0 || types?.length === 0 ? false : { names, types };
}

/** Undefined: all. */
function commonOf<T>(a: readonly T[] | undefined, b: readonly T[] | undefined): readonly T[] | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : a.filter((item) => b.includes(item));
}
