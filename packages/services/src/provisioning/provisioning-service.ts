import {
  type ControlAnswer,
  decodeControlQuestion,
  decodeFriendQuestion,
  decodeReadQuestion,
  decodingRequest,
  encodeClearCache,
  encodeControlAnswer,
  encodeFriendAnswer,
  encodeReadAnswer,
  type NodeReference,
  PROVISIONING_NAMESPACE,
} from '@thingward/things';
import { type Element, xml } from '@thingward/xml';
import {
  type IqHandler,
  type IqRequest,
  Jid,
  type Logger,
  message,
  PeerError,
  PING,
  type Received,
  SILENT_LOGGER,
  StanzaError,
  serveDisco,
  servePing,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { KeyedLock } from '../keyed-lock.ts';
import { nodeOfColumns, type ThingColumns, thingColumns } from '../node-columns.ts';
import { Tasks } from '../tasks.ts';
import { announcement, converse } from './owner-conversation.ts';
import type { Owners } from './owners.ts';
import { type Rule, RuleStore } from './rule-store.ts';
import type { ProvisioningTables } from './tables.ts';

/** Most Things told again in one round. */
const ROUND = 50;

export interface ProvisioningOptions {
  /** Its `jid` is the service's. */
  readonly peer: XmppPeer;
  /** Migrated with `provisioningMigrations`. */
  readonly database: Kysely<ProvisioningTables>;
  readonly owners: Owners;
  /** Rules of one owner, and questions that wait for it; more are answered with no and not remembered. 500 when not given. */
  readonly maxQuestions?: number;
  /** How long a Thing has to acknowledge that rules have changed. */
  readonly acknowledgementTimeoutMs?: number;
  /** How often to tell Things again that did not acknowledge. */
  readonly retryIntervalMs?: number;
  readonly log?: Logger;
}

/**
 * A provisioning server: Things ask it who may be their friend, read and control them, and their owners say. What no rule is for is
 * refused at once and becomes a question to the owner, whose answer is the rule from then on; Things are told of each change.
 * @see XEP-0324
 */
export class ProvisioningService {
  readonly #peer: XmppPeer;
  readonly #database: Kysely<ProvisioningTables>;
  readonly #owners: Owners;
  readonly #store: RuleStore;
  readonly #options: ProvisioningOptions;
  readonly #log: Logger;
  readonly #tasks: Tasks;
  readonly #lock = new KeyedLock();
  #stops: Unsubscribe[] = [];

  constructor(options: ProvisioningOptions) {
    this.#options = options;
    this.#peer = options.peer;
    this.#database = options.database;
    this.#owners = options.owners;
    this.#store = new RuleStore(options.database, options.maxQuestions ?? 500);
    this.#log = options.log ?? SILENT_LOGGER;
    this.#tasks = new Tasks((error) => this.#log.error({ error }, 'a task of provisioning failed'));
  }

  /** Begins to answer. */
  async start(): Promise<void> {
    const handlers: readonly (readonly [string, IqHandler])[] = [
      ['isFriend', (request) => this.#isFriend(request)],
      ['canRead', (request) => this.#canRead(request)],
      ['canControl', (request) => this.#canControl(request)],
    ];
    const identities = [{ category: 'component', type: 'generic', name: 'Provisioning' }];
    this.#stops = [
      serveDisco(this.#peer, { identities, features: [PROVISIONING_NAMESPACE, PING] }),
      servePing(this.#peer),
      ...handlers.map(([name, handler]) =>
        this.#peer.onIq('get', { name, namespace: PROVISIONING_NAMESPACE }, handler),
      ),
      this.#peer.onMessage({ name: 'body', namespace: 'jabber:client' }, (received, body) =>
        this.#heard(received, body),
      ),
      this.#peer.onPresence((presence) => this.#seen(presence)),
      this.#tasks.every(this.#options.retryIntervalMs ?? 30_000, (signal) => this.#retry(signal)),
    ];
  }

  /** Stops answering, and waits for what is under way. What Things must still be told stays in the database. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#tasks.stop();
  }

  /** @see XEP-0324 §3.2 */
  async #isFriend({ from, payload }: IqRequest): Promise<Element> {
    const jid = decodingRequest(() => decodeFriendQuestion(payload));
    const thing = thingColumns(from, undefined);
    const owners = await this.#owners.ownersBehind(thing.jid);
    if (owners.length > 0) await this.#remember(from);
    let isAllowed = false;
    for (const owner of owners) {
      const decision = await this.#decide(thing, owner, 'friend', jid);
      isAllowed ||= decision !== false;
    }
    return encodeFriendAnswer({ jid, isAllowed, secondaryTrustAllowed: false });
  }

  /** @see XEP-0324 §3.3 */
  async #canRead({ from, payload }: IqRequest): Promise<Element> {
    const { jid, nodes, names, types } = decodingRequest(() => decodeReadQuestion(payload));
    return encodeReadAnswer({ ...(await this.#may('read', { from, jid, nodes, names })), types });
  }

  /** @see XEP-0324 §3.4 */
  async #canControl({ from, payload }: IqRequest): Promise<Element> {
    const { jid, nodes, names } = decodingRequest(() => decodeControlQuestion(payload));
    return encodeControlAnswer(await this.#may('control', { from, jid, nodes, names }));
  }

  /** The nodes and names that are allowed of those asked about: names that are allowed for each of the nodes. */
  async #may(
    kind: 'read' | 'control',
    { from, jid, nodes, names }: { from: Jid; jid: Jid; nodes: readonly NodeReference[]; names: readonly string[] },
  ): Promise<ControlAnswer> {
    const refused = { jid, nodes: [], names: [], isAllowed: false };
    const allowedNodes: NodeReference[] = [];
    let allowedNames: readonly string[] | undefined;
    for (const node of nodes.length === 0 ? [undefined] : nodes) {
      const thing = thingColumns(from, node);
      const owner = await this.#owners.ownerOf(thing);
      if (owner === undefined) continue;
      await this.#remember(from);
      const decision = await this.#decide(thing, owner, kind, jid);
      if (decision === false) continue;
      const both = commonNames(commonNames(names.length === 0 ? undefined : names, allowedNames), decision);
      if (both?.length === 0) continue;
      allowedNames = both;
      if (node) allowedNodes.push(node);
      else return { jid, nodes: [], names: both ?? [], isAllowed: true };
    }
    if (allowedNodes.length === 0) return refused;
    return { jid, nodes: allowedNodes, names: allowedNames ?? [], isAllowed: true };
  }

  /** No, or the names that are allowed (undefined: all). */
  async #decide(
    thing: ThingColumns,
    owner: string,
    kind: Rule['kind'],
    requester: Jid,
  ): Promise<false | readonly string[] | undefined> {
    if (requester.bare.toString() === owner) return undefined;
    const rule = await this.#store.decisive(thing, owner, kind, requester);
    if (rule) {
      if (rule.is_allowed === 0) return false;
      return rule.names === null ? undefined : (JSON.parse(rule.names) as string[]);
    }
    const question = await this.#store.ask(thing, owner, kind, requester);
    if (question) this.#tell(Jid.parse(owner), announcement(question));
    return false;
  }

  /** An owner answers questions in a chat. */
  async #heard({ from, type }: Received, body: Element): Promise<void> {
    // Services talk to themselves for ever when they answer each other.
    if (type === 'error' || type === 'groupchat' || from.local === undefined) return;
    const { reply, changed } = await converse(this.#store, from.bare.toString(), body.text);
    if (changed) {
      this.#log.info({ thing: changed.jid, node: nodeOfColumns(changed), owner: changed.owner }, 'a rule was changed');
      await this.#database
        .updateTable('provisioning_things')
        .set({ needs_clear: 1 })
        .where('jid', '=', changed.jid)
        .execute();
      this.#tasks.start((signal) => this.#clear(changed.jid, signal));
    }
    this.#tell(from, reply);
  }

  #tell(to: Jid, text: string): void {
    try {
      this.#peer.send(message('chat', { to }, xml('body', {}, text)));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#log.warn({ to: to.bare.toString(), code: error.code }, 'an owner could not be told');
    }
  }

  /** Keeps where a Thing is that has an owner: whoever else asks leaves nothing behind. */
  async #remember(from: Jid): Promise<void> {
    const [jid, full_jid] = [from.bare.toString(), from.toString()];
    await this.#database
      .insertInto('provisioning_things')
      .values({ jid, full_jid, needs_clear: 0 })
      .onConflict((conflict) => conflict.column('jid').doUpdateSet({ full_jid }))
      .execute();
  }

  /** A Thing is here again: it may have missed that rules have changed. */
  async #seen({ from, type }: Received): Promise<void> {
    if (type !== undefined || !from.isFull) return;
    const jid = from.bare.toString();
    await this.#database
      .updateTable('provisioning_things')
      .set({ full_jid: from.toString() })
      .where('jid', '=', jid)
      .execute();
    this.#tasks.start((signal) => this.#clear(jid, signal));
  }

  async #retry(signal: AbortSignal): Promise<void> {
    const due = await this.#database
      .selectFrom('provisioning_things')
      .select('jid')
      .where('needs_clear', '=', 1)
      .limit(ROUND)
      .execute();
    await Promise.all(due.map(({ jid }) => this.#clear(jid, signal)));
  }

  /** Tells a Thing that rules have changed, if it is still to be told. @see XEP-0324 §3.5 */
  async #clear(jid: string, signal: AbortSignal): Promise<void> {
    await this.#lock.run(jid, async () => {
      const things = this.#database.selectFrom('provisioning_things').selectAll().where('jid', '=', jid);
      const thing = await things.executeTakeFirst();
      if (thing?.needs_clear !== 1 || signal.aborted) return;
      // A change that comes while this one is being told has to be told again.
      await this.#setNeedsClear(jid, 0);
      try {
        await this.#peer.request('set', Jid.parse(thing.full_jid), encodeClearCache('clearCache'), {
          timeoutMs: this.#options.acknowledgementTimeoutMs ?? 5000,
          signal,
        });
      } catch (error) {
        await this.#setNeedsClear(jid, 1);
        if (signal.aborted) return;
        if (!(error instanceof StanzaError || error instanceof PeerError)) throw error;
        this.#log.debug({ thing: jid, code: error.code }, 'a Thing did not acknowledge that rules have changed');
      }
    });
  }

  async #setNeedsClear(jid: string, needs_clear: 0 | 1): Promise<void> {
    await this.#database.updateTable('provisioning_things').set({ needs_clear }).where('jid', '=', jid).execute();
  }
}

/** Names in both; undefined: all. */
function commonNames(
  a: readonly string[] | undefined,
  b: readonly string[] | undefined,
): readonly string[] | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : a.filter((name) => b.includes(name));
}
