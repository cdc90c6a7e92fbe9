import {
  asXepDiscovery,
  DISCOVERY_DIALECTS,
  type DialectName,
  type DiscoveryDialect,
  decodeDisown,
  decodeMine,
  decodeNodeInfo,
  decodeRegister,
  decodeRemove,
  decodeSearch,
  decodeUpdate,
  decodingRequest,
  encodeClaimed,
  encodeDisowned,
  encodeFound,
  type FoundThing,
  inDiscoveryDialect,
  KEY_TAG,
  type MetaTag,
  PREDEFINED_TAGS,
  tagName,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import {
  type IqHandler,
  type IqRequest,
  Jid,
  type Logger,
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
import type { Kysely, Transaction } from 'kysely';
import { besideOthers } from '../dialect.ts';
import { KeyedLock } from '../keyed-lock.ts';
import { nodeOfColumns, type ThingColumns, thingColumns } from '../node-columns.ts';
import { Tasks } from '../tasks.ts';
import { claimDigest } from './claim-digest.ts';
import { FailureLimiter } from './failure-limiter.ts';
import { befriendAll } from './friends.ts';
import { dialectNamed, Notifications } from './notifications.ts';
import type { RegistryTables } from './tables.ts';
import { findPublicThings } from './thing-search.ts';
import {
  countThings,
  deleteThing,
  findClaimable,
  findThing,
  lockThing,
  mergeTags,
  putThing,
  setFree,
  setOwner,
  type ThingRow,
} from './thing-store.ts';

/** A claim that is beaten to a Thing so often found others of the same meta data, all of which somebody took. */
const CLAIM_ATTEMPTS = 3;

/** Bounds of what the registry takes and gives. */
export interface RegistryLimits {
  /** Tags of one Thing. */
  readonly tagsPerThing: number;
  /** Things (nodes) behind one bare JID. */
  readonly thingsPerJid: number;
  /** Things in one search result. */
  readonly foundThings: number;
  /** Bytes of one search result; one Thing is always given. */
  readonly foundBytes: number;
  /** Operators of one search. */
  readonly operatorsPerSearch: number;
  /** Tags a search walks along at most. */
  readonly tagsPerSearch: number;
  /** Failed claims of one bare JID within a minute. */
  readonly failedClaimsPerMinute: number;
  /** Failed claims of all together within a minute: then nobody can claim until it is over. */
  readonly failedClaimsPerMinuteInAll: number;
  /** Bare JIDs whose failed claims are remembered. */
  readonly rememberedClaimers: number;
}

export const DEFAULT_REGISTRY_LIMITS: RegistryLimits = {
  tagsPerThing: 50,
  thingsPerJid: 1000,
  foundThings: 50,
  foundBytes: 128 * 1024,
  operatorsPerSearch: 20,
  tagsPerSearch: 200_000,
  failedClaimsPerMinute: 10,
  failedClaimsPerMinuteInAll: 1000,
  rememberedClaimers: 10_000,
};

export interface RegistryOptions {
  /** Its `jid` is the registry's. */
  readonly peer: XmppPeer;
  /** Migrated with `registryMigrations`. */
  readonly database: Kysely<RegistryTables>;
  readonly limits?: Partial<RegistryLimits>;
  /** Names of the tags that are kept besides those that XEP-0347 defines; undefined: all. Claims are compared by all of them anyway. */
  readonly tags?: readonly string[] | undefined;
  /** How long a Thing has to acknowledge what it is told. */
  readonly acknowledgementTimeoutMs?: number;
  /** How often to look for notifications that are due again. */
  readonly retryIntervalMs?: number;
  readonly log?: Logger;
  readonly clock?: () => Date;
}

type RegistryHandler = (request: IqRequest, dialect: DialectName) => Promise<Element | undefined>;

/**
 * A Thing Registry: Things register here, are claimed by who knows their meta data with KEY, found by anyone when they are public,
 * and given up. The README says what it does where XEP-0347 leaves it open.
 * @see XEP-0347
 */
export class RegistryService {
  readonly #peer: XmppPeer;
  readonly #database: Kysely<RegistryTables>;
  readonly #limits: RegistryLimits;
  readonly #acknowledgementTimeoutMs: number;
  readonly #retryIntervalMs: number;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #notifications: Notifications;
  readonly #failedClaims: FailureLimiter;
  readonly #allFailedClaims: FailureLimiter;
  /** In upper case; undefined: all. */
  readonly #keptTags: ReadonlySet<string> | undefined;
  /** Keeps a registration from coming between a Thing's acknowledgement of being disowned and the end of its ownership. */
  readonly #lock = new KeyedLock();
  readonly #tasks: Tasks;
  #stops: Unsubscribe[] = [];

  constructor(options: RegistryOptions) {
    const { peer, database, clock = () => new Date(), log = SILENT_LOGGER } = options;
    const now = () => clock().getTime();
    this.#peer = peer;
    this.#now = now;
    this.#database = database;
    this.#log = log;
    this.#limits = { ...DEFAULT_REGISTRY_LIMITS, ...options.limits };
    this.#acknowledgementTimeoutMs = options.acknowledgementTimeoutMs ?? 5000;
    this.#retryIntervalMs = options.retryIntervalMs ?? 30_000;
    this.#notifications = new Notifications({ database, peer, log, now, timeoutMs: this.#acknowledgementTimeoutMs });
    this.#failedClaims = new FailureLimiter({
      limit: this.#limits.failedClaimsPerMinute,
      windowMs: 60_000,
      maxKeys: this.#limits.rememberedClaimers,
      now,
    });
    this.#allFailedClaims = new FailureLimiter({
      limit: this.#limits.failedClaimsPerMinuteInAll,
      windowMs: 60_000,
      maxKeys: 1,
      now,
    });
    this.#keptTags =
      options.tags && new Set([...PREDEFINED_TAGS.map(({ name }) => name), ...options.tags.map(tagName)]);
    this.#tasks = new Tasks((error) => log.error({ error }, 'a task of the registry failed'));
  }

  /** Begins to answer. */
  async start(): Promise<void> {
    await this.#notifications.resume();
    const handlers: readonly (readonly ['get' | 'set', string, RegistryHandler])[] = [
      ['set', 'register', (request, dialect) => this.#register(request, dialect)],
      ['set', 'mine', (request) => this.#claim(request)],
      ['set', 'update', (request, dialect) => this.#update(request, dialect)],
      ['set', 'remove', (request) => this.#remove(request)],
      ['set', 'unregister', (request) => this.#unregister(request)],
      ['set', 'disown', (request) => this.#disown(request)],
      ['get', 'search', (request) => this.#search(request)],
    ];
    const isClient = this.#peer.jid.local !== undefined;
    const identities = [
      { category: isClient ? 'client' : 'component', type: isClient ? 'bot' : 'generic', name: 'Thing Registry' },
    ];
    this.#stops = [
      serveDisco(this.#peer, {
        identities,
        features: [...DISCOVERY_DIALECTS.map(({ namespace }) => namespace), PING],
      }),
      servePing(this.#peer),
      ...DISCOVERY_DIALECTS.flatMap((dialect) =>
        handlers.map(([type, name, handler]) =>
          this.#peer.onIq(type, { name, namespace: dialect.namespace }, inDialect(dialect, handler)),
        ),
      ),
      ...(isClient ? [befriendAll(this.#peer, this.#log, this.#now)] : []),
      this.#peer.onPresence((presence) => this.#seen(presence)),
      this.#tasks.every(this.#retryIntervalMs, (signal) => this.#notifications.retry(signal)),
    ];
  }

  /** Stops answering, and waits for what is under way. What Things must still be told stays in the database. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await this.#tasks.stop();
  }

  /** @see XEP-0347 §3.6 - 3.8 */
  async #register({ from, payload }: IqRequest, dialect: DialectName): Promise<Element | undefined> {
    const { node, tags, selfOwned } = decodingRequest(() => decodeRegister(payload));
    const thing = thingColumns(from, node);
    this.#checkTagCount(tags.length);
    const claimed = await this.#lock.run(keyOf(thing), () =>
      besideOthers(this.#database).execute(async (transaction) => {
        const present = await lockThing(transaction, thing);
        if (present?.owner && present.owner !== thing.jid) {
          await transaction
            .updateTable('registry_things')
            .set({ full_jid: from.toString(), dialect })
            .where('id', '=', present.id)
            .execute();
          return { owner: Jid.parse(present.owner), public: present.is_public === 1 };
        }
        if (present === undefined) {
          // Claimed, and removed by its owner, before it was ever told: it has an owner all the same.
          const claim = await this.#notifications.unacknowledgedClaim(transaction, thing);
          if (claim) return claim;
          if ((await countThings(transaction, thing.jid)) >= this.#limits.thingsPerJid) {
            throw new StanzaError('resource-constraint', 'there are too many Things behind this JID');
          }
        }
        await this.#notifications.clear(transaction, thing);
        const state = {
          full_jid: from.toString(),
          dialect,
          owner: selfOwned ? thing.jid : null,
          is_public: selfOwned ? 1 : 0,
          claim_digest: selfOwned ? null : (claimDigest(tags) ?? null),
        };
        if (await putThing(transaction, thing, state, this.#kept(tags))) return undefined;
        throw new StanzaError('conflict', 'the Thing was claimed at this moment; register again');
      }),
    );
    this.#deliverSoon(thing.jid, from);
    return claimed && encodeClaimed({ jid: claimed.owner, node, public: claimed.public });
  }

  /** Whatever is wrong with a claim, the answer is the same. @see XEP-0347 §3.9 */
  async #claim({ from, payload }: IqRequest): Promise<Element> {
    const claimer = from.bare.toString();
    if (this.#failedClaims.isBlocked(claimer) || this.#allFailedClaims.isBlocked('')) {
      throw new StanzaError('resource-constraint', 'too many claims have failed; wait a minute');
    }
    const claim = decodingRequest(() => decodeMine(payload));
    // Without KEY it is a digest that no Thing has.
    const digest = claimDigest(claim.tags) ?? '';
    const node = claim.node && thingColumns(from, claim.node);
    const thing = await besideOthers(this.#database).execute((transaction) =>
      this.#setOwner(transaction, { digest, claimer, node, isPublic: claim.public }),
    );
    if (thing === undefined) {
      this.#failedClaims.failed(claimer);
      this.#allFailedClaims.failed('');
      throw new StanzaError('item-not-found');
    }
    this.#log.info({ thing: thing.jid, node: thing.node_id, owner: claimer }, 'a Thing was claimed');
    // The Thing should know its owner before the owner knocks at its door; but an absent Thing doesn't keep the owner waiting.
    await this.#tasks.run((signal) => this.#notifications.deliver(thing.jid, signal));
    return encodeClaimed({ jid: Jid.parse(thing.jid), node: nodeOfColumns(thing), public: true });
  }

  /** The Thing that is the claimer's now; undefined: there is none to be had. */
  async #setOwner(
    transaction: Transaction<RegistryTables>,
    claim: { digest: string; claimer: string; node: Omit<ThingColumns, 'jid'> | undefined; isPublic: boolean },
  ): Promise<ThingRow | undefined> {
    const { digest, claimer, node, isPublic } = claim;
    for (let attempts = 0; attempts < CLAIM_ATTEMPTS; attempts++) {
      const found = await findClaimable(transaction, digest, claimer, node);
      if (found === undefined || found.owner === claimer) return found;
      // Somebody was faster: perhaps the claimer itself, at another device.
      if (!(await setOwner(transaction, found, claimer, isPublic))) continue;
      await this.#notifications.add(transaction, found, { kind: 'claimed', owner: claimer, isPublic });
      return found;
    }
    return undefined;
  }

  /** @see XEP-0347 §3.13, §3.14 */
  async #update({ from, payload }: IqRequest, dialect: DialectName): Promise<Element | undefined> {
    const { jid = from.bare, node, tags } = decodingRequest(() => decodeUpdate(payload));
    const thing = thingColumns(jid, node);
    const sender = from.bare.toString();
    const isThing = thing.jid === sender;
    const outcome = await this.#lock.run(keyOf(thing), () =>
      besideOthers(this.#database).execute(async (transaction) => {
        const present = await lockThing(transaction, thing);
        if (present === undefined || !(isThing || present.owner === sender)) return 'not-found';
        if (present.owner === null) return 'disowned';
        if (isThing || tags.some(({ name }) => name === KEY_TAG)) {
          const changes = {
            ...(isThing ? { full_jid: from.toString(), dialect } : {}),
            // A KEY that was changed no longer serves to claim; only a new registration makes the Thing claimable.
            ...(tags.some(({ name }) => name === KEY_TAG) ? { claim_digest: null } : {}),
          };
          await transaction.updateTable('registry_things').set(changes).where('id', '=', present.id).execute();
        }
        this.#checkTagCount(await mergeTags(transaction, present, this.#kept(tags)));
        return 'updated';
      }),
    );
    if (isThing) this.#deliverSoon(thing.jid, from);
    if (outcome === 'not-found') throw new StanzaError('item-not-found');
    return outcome === 'disowned' ? encodeDisowned(node) : undefined;
  }

  /** @see XEP-0347 §3.10 */
  async #remove({ from, payload }: IqRequest): Promise<undefined> {
    const { jid, node } = decodingRequest(() => decodeRemove(payload));
    const thing = thingColumns(jid, node);
    await this.#lock.run(keyOf(thing), () =>
      besideOthers(this.#database).execute(async (transaction) => {
        const present = await lockThing(transaction, thing);
        if (present === undefined || present.owner !== from.bare.toString()) throw new StanzaError('item-not-found');
        await deleteThing(transaction, present.id);
        await this.#notifications.add(transaction, present, { kind: 'removed' });
      }),
    );
    this.#log.info({ thing: thing.jid, node: thing.node_id, owner: from.bare.toString() }, 'a Thing was removed');
    this.#deliverSoon(thing.jid);
  }

  /** @see XEP-0347 §3.16 */
  async #unregister({ from, payload }: IqRequest): Promise<undefined> {
    const node = decodingRequest(() => decodeNodeInfo(payload));
    const thing = thingColumns(from, node);
    await this.#lock.run(keyOf(thing), () =>
      besideOthers(this.#database).execute(async (transaction) => {
        const present = await lockThing(transaction, thing);
        if (present) await deleteThing(transaction, present.id);
        await this.#notifications.clear(transaction, thing);
      }),
    );
  }

  /** @see XEP-0347 §3.17 */
  async #disown({ from, payload }: IqRequest): Promise<undefined> {
    const { jid, node } = decodingRequest(() => decodeDisown(payload));
    const thing = thingColumns(jid, node);
    const owner = from.bare.toString();
    await this.#lock.run(keyOf(thing), async () => {
      const present = await findThing(this.#database, thing);
      if (present === undefined || present.owner !== owner) throw new StanzaError('item-not-found');
      await this.#tellDisowned(thing, present);
      await besideOthers(this.#database).execute(async (transaction) => {
        // Another instance of the registry may have changed it while the Thing was told.
        const now = await lockThing(transaction, thing);
        if (now?.owner === owner) await setFree(transaction, now.id);
        await this.#notifications.clear(transaction, thing);
      });
    });
    this.#log.info({ thing: thing.jid, node: thing.node_id, owner }, 'a Thing was disowned');
  }

  /** @throws StanzaError not-allowed when the Thing does not acknowledge: without knowing, it could never be claimed again */
  async #tellDisowned(thing: ThingColumns, present: Pick<ThingRow, 'full_jid' | 'dialect'>): Promise<void> {
    const disowned = inDiscoveryDialect(encodeDisowned(nodeOfColumns(thing)), dialectNamed(present.dialect));
    try {
      await this.#tasks.run((signal) =>
        this.#peer.request('set', Jid.parse(present.full_jid), disowned, {
          timeoutMs: this.#acknowledgementTimeoutMs,
          signal,
        }),
      );
    } catch (error) {
      if (!(error instanceof StanzaError || error instanceof PeerError)) throw error;
      this.#log.debug({ thing: thing.jid, code: error.code }, 'a Thing did not acknowledge that it is disowned');
      throw new StanzaError('not-allowed', 'the Thing is not there to be told; it stays yours');
    }
  }

  /** @see XEP-0347 §3.15 */
  async #search({ payload }: IqRequest): Promise<Element> {
    const search = decodingRequest(() => decodeSearch(payload));
    const { operatorsPerSearch, tagsPerSearch } = this.#limits;
    if (search.operators.length > operatorsPerSearch) {
      throw new StanzaError('not-acceptable', `a search has at most ${operatorsPerSearch} operators`);
    }
    const limit = Math.min(search.maxCount ?? this.#limits.foundThings, this.#limits.foundThings);
    const found = await findPublicThings(this.#database, search, limit + 1, tagsPerSearch);
    const things = withinBytes(found.slice(0, limit), this.#limits.foundBytes);
    return encodeFound({ things, more: found.length > things.length });
  }

  /** A Thing that is here again may have another address. */
  async #seen({ from, type }: Received): Promise<void> {
    if (type !== undefined || !from.isFull) return;
    const jid = from.bare.toString();
    await this.#database
      .updateTable('registry_things')
      .set({ full_jid: from.toString() })
      .where('jid', '=', jid)
      .execute();
    this.#deliverSoon(jid, from);
  }

  #deliverSoon(jid: string, seenAt?: Jid): void {
    this.#tasks.start((signal) => this.#notifications.deliver(jid, signal, seenAt));
  }

  /** The tags that are to be kept. */
  #kept(tags: readonly MetaTag[]): readonly MetaTag[] {
    return this.#keptTags ? tags.filter(({ name }) => this.#keptTags?.has(name)) : tags;
  }

  #checkTagCount(count: number): void {
    if (count > this.#limits.tagsPerThing) {
      throw new StanzaError('not-acceptable', `a Thing has at most ${this.#limits.tagsPerThing} tags`);
    }
  }
}

/** Understands and answers requests in the dialect they are in: the rest of the service knows XEP-0347 alone. */
function inDialect(dialect: DiscoveryDialect, handler: RegistryHandler): IqHandler {
  return async (request) => {
    const answer = await handler({ ...request, payload: asXepDiscovery(request.payload) }, dialect.name);
    return answer && inDiscoveryDialect(answer, dialect);
  };
}

function keyOf(thing: ThingColumns): string {
  return JSON.stringify([thing.jid, thing.node_id, thing.source_id, thing.cache_type]);
}

/** As many of the Things, from the first on, as fit. */
function withinBytes(things: readonly FoundThing[], maxBytes: number): readonly FoundThing[] {
  let bytes = 0;
  for (const [i, thing] of things.entries()) {
    bytes += Buffer.byteLength(encodeFound({ things: [thing], more: false }).toString());
    if (bytes > maxBytes && i > 0) return things.slice(0, i);
  }
  return things;
}
