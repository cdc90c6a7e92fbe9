import type { Element } from '@thingward/xml';
import {
  type DiscoItem,
  type IqRequest,
  Jid,
  type Logger,
  PeerError,
  presence,
  type Received,
  SILENT_LOGGER,
  StanzaError,
  serveDisco,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import { CONTROL_FEATURES, type ControlServer, serveControl } from '../control/serve.ts';
import { decodeClaimed, decodeNodeInfo } from '../discovery/codec.ts';
import { asXepDiscovery, DISCOVERY_DIALECTS } from '../discovery/dialects.ts';
import { chosenRegistry, type RegistryChoice } from '../discovery/find-registry.ts';
import { EVENT_DIALECTS } from '../events/dialects.ts';
import { type EventLimits, EventServer } from '../events/serve.ts';
import type { SubscriptionStore } from '../events/subscription-store.ts';
import { INTEROPERABILITY } from '../interoperability/codec.ts';
import { InterfaceKeeper } from '../interoperability/interface-keeper.ts';
import { Authorities } from '../provisioning/authorities.ts';
import type { ProvisioningSettings } from '../provisioning/authority.ts';
import { PROVISIONING_DIALECTS } from '../provisioning/dialects.ts';
import { ThingDescriber } from '../provisioning/thing-describer.ts';
import { PUBLICATIONS, type Publication } from '../publication/publication.ts';
import type { ReadAccess } from '../publication/read-access.ts';
import { listPublications } from '../publication/serve.ts';
import { READOUT_DIALECTS } from '../sensor-data/dialects.ts';
import type { Field } from '../sensor-data/field.ts';
import { type ReadoutLimits, type SensorDataServer, serveSensorData } from '../sensor-data/serve.ts';
import { type AccessDecision, accessDenied } from './access.ts';
import { decodeFriendAdvice } from './friend-codec.ts';
import { type NodeReference, nodeKey } from './node.ts';
import { type Ownership, type OwnershipStore, trustedBy, UNCLAIMED } from './ownership.ts';
import { decodingRequest, type Tokens } from './payload.ts';
import { Registrar } from './registrar.ts';
import { RegistryLink } from './registry-link.ts';
import type { Thing } from './thing.ts';
import { ThingSet } from './thing-set.ts';
import { TrustedPresence } from './trusted-presence.ts';

export interface ThingHostOptions {
  readonly peer: XmppPeer;
  /** The Things behind its JID, each with a node of its own, or one without: the JID itself. `add` and `remove` change them later. */
  readonly things: readonly Thing[];
  /** Things come and go: what was subscribed to of one that is not there is kept. */
  readonly comeAndGo?: boolean | undefined;
  readonly ownership: OwnershipStore;
  /** The Thing Registry to register with and to listen to, or how to come by it; undefined: none. @see XEP-0347 §3.5 */
  readonly registry?: RegistryChoice | undefined;
  /**
   * Whom to ask who may be a friend of the Things, read and control them. The owner and `friends` may without; nobody else may when
   * it can't be asked. Undefined, or while there is none and need not be: owner and friends may, as the owner says.
   * @see XEP-0324
   */
  readonly provisioning?:
    | (ProvisioningSettings & { readonly secondary?: readonly ProvisioningSettings[] | undefined })
    | undefined;
  /** May read and control the Things, or each Thing, whoever owns it. */
  readonly friends?: readonly Jid[] | ((thing: Thing) => readonly Jid[]) | undefined;
  /** For people, in service discovery. */
  readonly name?: string | undefined;
  readonly readoutLimits?: Partial<ReadoutLimits> | undefined;
  /** Keeps subscriptions to events over restarts; in memory when not given. */
  readonly subscriptions?: SubscriptionStore | undefined;
  readonly eventLimits?: Partial<EventLimits> | undefined;
  /** What each Thing publishes, for service discovery. @see docs/publish-subscribe.md */
  readonly publications?: ((thing: Thing) => readonly Publication[]) | undefined;
  /** Names of the interfaces that a Thing has. It is read once to see whether it keeps them. @see XEP-0000: Interoperability */
  readonly interfaces?: ((thing: Thing) => readonly string[]) | undefined;
  /** Friends of one Thing; 500 when not given. */
  readonly maxFriends?: number | undefined;
  /** Wait after a failed registration, doubled with each further one. 1,000 ms up to 300,000 when not given. */
  readonly registrationBackOffMs?: { readonly first: number; readonly max: number } | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: (() => Date) | undefined;
  /** From 0 to below 1, to spread retries. */
  readonly random?: (() => number) | undefined;
}

/**
 * Speaks for the Things behind one JID: makes them known to the registry until somebody owns them, lets owner and friends and nobody
 * else read and control them, and does what the registry and the owner say about ownership and friendship.
 */
export class ThingHost {
  readonly #options: ThingHostOptions;
  readonly #peer: XmppPeer;
  readonly #log: Logger;
  readonly #things = new ThingSet();
  readonly #ownerships = new Map<string, Ownership>();
  /** Bare JIDs that each Thing trusts whoever owns it. */
  readonly #alwaysTrusted = new Map<Thing, ReadonlySet<string>>();
  readonly #maxFriends: number;
  readonly #handlers = new Set<(thing: Thing, ownership: Ownership) => void>();
  readonly #accessHandlers = new Set<(thing: Thing) => void>();
  readonly #presence: TrustedPresence;
  readonly #authority: Authorities | undefined;
  readonly #describer: ThingDescriber | undefined;
  readonly #registry: RegistryLink | undefined;
  /** Bare JIDs that the provisioning server allowed to be friends; those that came last. */
  readonly #allowedFriends = new Set<string>();
  /** Changes of ownership happen one after the other. */
  #lastChange: Promise<unknown> = Promise.resolve();
  #lastRecheck: Promise<void> = Promise.resolve();
  #finding: Promise<void> | undefined;
  #running:
    | {
        readonly stops: readonly Unsubscribe[];
        readonly sensorData: SensorDataServer;
        readonly control: ControlServer;
        readonly events: EventServer;
        readonly interfaces: InterfaceKeeper;
        readonly registrar: Registrar | undefined;
      }
    | undefined;

  constructor(options: ThingHostOptions) {
    this.#options = options;
    this.#peer = options.peer;
    this.#log = options.log ?? SILENT_LOGGER;
    this.#presence = new TrustedPresence(options.peer);
    this.#authority =
      options.provisioning &&
      new Authorities({
        ...options.provisioning,
        peer: options.peer,
        registry: options.registry && chosenRegistry(options.registry, options.peer.jid.domain),
        onFound: (server) => {
          this.#greetAuthority(server);
          // Whom owner and friends let in is asked about from now on.
          if (options.provisioning?.isOptional) this.#rulesChanged();
        },
        onCleared: () => this.#rulesChanged(),
        log: this.#log,
        clock: options.clock ?? (() => new Date()),
      });
    const authority = this.#authority;
    this.#describer =
      authority &&
      new ThingDescriber({
        things: () => this.#things.present,
        ownerOf: (thing) => this.ownershipOf(thing).owner,
        tell: (payload) => authority.tell(payload),
        log: this.#log,
      });
    this.#registry =
      options.registry &&
      new RegistryLink({ peer: options.peer, choice: options.registry, presence: this.#presence, log: this.#log });
    this.#maxFriends = options.maxFriends ?? 500;
    for (const thing of options.things) this.#know(thing);
  }

  #know(thing: Thing): void {
    const { friends = [] } = this.#options;
    this.#things.add(thing);
    const jids = typeof friends === 'function' ? friends(thing) : friends;
    this.#alwaysTrusted.set(thing, new Set(jids.map((jid) => jid.bare.toString())));
  }

  /**
   * Speaks for a further Thing from now on, with the owner it had before, if any.
   * @throws Error for a second Thing with the same node, what loading its ownership throws; then it is not there
   */
  async add(thing: Thing): Promise<void> {
    this.#know(thing);
    const key = nodeKey(thing.node);
    const added = this.#lastChange.then(async () => {
      const running = this.#running;
      // Those that are there when it starts are loaded then.
      if (!running) return;
      const ownership = (await this.#options.ownership.load(key)) ?? UNCLAIMED;
      // It may have gone already.
      if (this.#things.get(key) !== thing) return;
      this.#ownerships.set(key, ownership);
      running.interfaces.add(thing);
      await running.events.add(thing);
      if (this.#isUnclaimed(thing)) running.registrar?.register([thing]);
    });
    this.#lastChange = added.catch(() => undefined);
    try {
      await added;
    } catch (error) {
      this.remove(thing);
      throw error;
    }
  }

  /** Speaks for a Thing no longer. Whom it belongs to, and subscriptions to its events where Things come and go, are kept. */
  remove({ node }: Pick<Thing, 'node'>): void {
    const key = nodeKey(node);
    const thing = this.#things.get(key);
    if (!thing) return;
    this.#things.delete(thing);
    this.#alwaysTrusted.delete(thing);
    this.#ownerships.delete(key);
    this.#describer?.forget(thing);
    this.#running?.registrar?.forget(thing);
    this.#running?.events.remove(thing);
    this.#running?.interfaces.remove(thing);
  }

  /** Begins to speak for the Things. @throws what loading their ownership throws */
  async start(): Promise<void> {
    const loaded = await Promise.all(
      this.#things.present.map(async ({ node }) => {
        const key = nodeKey(node);
        return [key, await this.#options.ownership.load(key)] as const;
      }),
    );
    if (this.#running) throw new Error('the host has been started already');
    for (const [key, ownership] of loaded) this.#ownerships.set(key, ownership ?? UNCLAIMED);
    await this.#authority?.load();

    const { clock, log, readoutLimits: limits, name, comeAndGo } = this.#options;
    const things = () => this.#things.present;
    const mayRead = (requester: Jid, thing: Thing, tokens: Tokens) => this.#mayRead(requester, thing, tokens);
    const mayControl = (requester: Jid, thing: Thing, tokens: Tokens) => this.#mayControl(requester, thing, tokens);
    const features = () => this.#features();
    const fromRegistry = (tell: (payload: Element) => Promise<void>) => async (request: IqRequest) => {
      if (!this.#registry?.is(request.from)) throw accessDenied();
      await tell(asXepDiscovery(request.payload));
      return undefined;
    };
    const peer = this.#peer;
    const registrar = this.#registry && this.#newRegistrar(this.#registry);
    const interfaces = new InterfaceKeeper({ things, interfacesOf: this.#options.interfaces, log });
    const { subscriptions: store, eventLimits } = this.#options;
    const events = new EventServer(peer, {
      things,
      keepsAbsent: comeAndGo,
      mayRead,
      store,
      limits: eventLimits,
      log,
      clock,
    });
    await events.start();
    this.#running = {
      events,
      interfaces,
      sensorData: serveSensorData(peer, { things, mayRead, limits, log, clock }),
      control: serveControl(peer, { things, mayControl, log, clock }),
      registrar,
      stops: [
        ...(this.#authority?.serve() ?? []),
        interfaces.serve(peer, mayRead),
        serveDisco(peer, {
          identities: [{ category: 'client', type: 'bot', name }],
          get features() {
            return features();
          },
          items: ({ from }, node) => this.#listPublications(from, node),
        }),
        ...DISCOVERY_DIALECTS.flatMap(({ namespace }) =>
          (
            [
              ['claimed', (payload) => this.#claimed(payload)],
              ['removed', (payload) => this.#removed(payload)],
              ['disowned', (payload) => this.#disowned(payload)],
            ] satisfies [string, (payload: Element) => Promise<void>][]
          ).map(([name, tell]) => peer.onIq('set', { name, namespace }, fromRegistry(tell))),
        ),
        ...PROVISIONING_DIALECTS.map(({ namespace }) =>
          peer.onMessage({ namespace }, (received, payload) => this.#advised(received, payload, namespace)),
        ),
        peer.onPresence((received) => this.#asksForPresence(received)),
        peer.onPresence((received) => {
          if (this.#registry?.saw(received)) registrar?.register(this.#unclaimedThings());
        }),
        peer.onOnline(() => this.#cameOnline(registrar)),
      ],
    };
  }

  /** Falls silent: ends read-outs and commands, and waits until they have ended and ownership is saved. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = undefined;
    for (const stop of running.stops) stop();
    await Promise.all([
      running.sensorData.stop(),
      running.control.stop(),
      running.events.stop(),
      running.interfaces.stop(),
      running.registrar?.stop(),
      this.#describer?.stop(),
    ]);
    await Promise.all([this.#lastChange, this.#lastRecheck, this.#finding]);
  }

  /** There are new values of a Thing, known by its node: subscribers whose conditions they meet are told. */
  offer({ node }: Pick<Thing, 'node'>, fields: readonly Field[]): void {
    const thing = this.#things.get(nodeKey(node));
    if (!thing) return;
    this.#running?.events.offer(thing, fields);
    this.#describer?.observed(thing, fields);
  }

  /** Who a Thing of this host belongs to, as far as is known. */
  ownershipOf(thing: Thing): Ownership {
    const known = this.#things.get(nodeKey(thing.node)) ?? thing;
    return this.#ownerships.get(nodeKey((known.belongsTo ?? known).node)) ?? UNCLAIMED;
  }

  /** Who may read a Thing of this host: the decision that everything else here follows. */
  readAccess({ node }: Thing): ReadAccess {
    const thing = this.#thingAt(node);
    return {
      readers: () => {
        const trusted = [...trustedBy(this.ownershipOf(thing)), ...(this.#alwaysTrusted.get(thing) ?? [])];
        const known = new Set([...trusted, ...this.#allowedFriends]);
        return [...known].map((jid) => Jid.parse(jid));
      },
      mayRead: (requester) => this.#mayRead(requester, thing, {}),
    };
  }

  /** May somebody control a Thing of this host? The decision that everything else here follows. @throws StanzaError `item-not-found` */
  mayControl(requester: Jid, { node }: Pick<Thing, 'node'>): AccessDecision | Promise<AccessDecision> {
    return this.#mayControl(requester, this.#thingAt(node), {});
  }

  /** Called after each change of ownership or friendship was saved. */
  onOwnership(handler: (thing: Thing, ownership: Ownership) => void): Unsubscribe {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Called when what `readAccess` says of a Thing may have changed: its ownership, a friendship, or a rule of the provisioning server. */
  onAccess(handler: (thing: Thing) => void): Unsubscribe {
    this.#accessHandlers.add(handler);
    return () => this.#accessHandlers.delete(handler);
  }

  async #listPublications(requester: Jid, node: string | undefined): Promise<readonly DiscoItem[]> {
    const { publications: publicationsOf } = this.#options;
    const isAsked = publicationsOf !== undefined && (node === undefined || node.startsWith(PUBLICATIONS));
    if (!isAsked)
      return node === undefined ? [] : Promise.reject(new StanzaError('item-not-found', 'there is no such node'));
    return listPublications(
      { things: this.#things.present, publicationsOf, mayRead: (jid, thing) => this.#mayRead(jid, thing, {}) },
      requester,
      node,
    );
  }

  #features(): readonly string[] {
    return [
      ...READOUT_DIALECTS.map(({ namespace }) => namespace),
      ...(this.#things.present.some((thing) => thing.parameters.length > 0) ? CONTROL_FEATURES : []),
      ...EVENT_DIALECTS.map(({ namespace }) => namespace),
      INTEROPERABILITY,
      ...(this.#options.publications ? [PUBLICATIONS] : []),
    ];
  }

  #newRegistrar(registry: RegistryLink): Registrar {
    const { registrationBackOffMs = { first: 1000, max: 300_000 }, random = Math.random } = this.#options;
    return new Registrar({
      peer: this.#peer,
      registry: (signal) => registry.address(signal),
      isUnclaimed: (thing) => this.ownershipOf(thing).owner === undefined,
      onClaimed: (thing, { owner, public: isPublic }) => this.#setOwner(thing, owner, isPublic),
      firstBackOffMs: registrationBackOffMs.first,
      maxBackOffMs: registrationBackOffMs.max,
      random,
      log: this.#log,
    });
  }

  #cameOnline(registrar: Registrar | undefined): void {
    // Tells the registry where the Things are now: it has to reach them when they are claimed or disowned.
    this.#registry?.cameOnline();
    for (const server of this.#authority?.servers ?? []) this.#greetAuthority(server);
    this.#finding = this.#authority?.find();
    registrar?.register(this.#unclaimedThings());
    this.#presence.cameOnline((jid) => this.#isKnown(jid));
  }

  /** Rules that changed in the meantime are told to who is here. A server that is an account has to be a friend. @see XEP-0324 §5.1 */
  #greetAuthority(server: Jid): void {
    try {
      this.#peer.send(presence(undefined, { to: server }));
    } catch (error) {
      // It is made up for when there is a connection again.
      if (!(error instanceof PeerError)) throw error;
      return;
    }
    if (server.local !== undefined) this.#presence.ask(server);
    this.#describer?.describeAll();
  }

  /** Those that want to be known and have no owner. */
  #unclaimedThings(): readonly Thing[] {
    return this.#things.present.filter((thing) => this.#isUnclaimed(thing));
  }

  #isUnclaimed(thing: Thing): boolean {
    return thing.metaTags.length > 0 && this.ownershipOf(thing).owner === undefined;
  }

  #isTrusted(requester: Jid, thing: Thing): boolean {
    const bare = requester.bare.toString();
    return this.#alwaysTrusted.get(thing)?.has(bare) || trustedBy(this.ownershipOf(thing)).has(bare);
  }

  /** Need nobody be asked about it? With a provisioning server, friends it allowed or the owner named are asked about all the same. */
  #isTrustedWithoutAsking(requester: Jid, thing: Thing): boolean {
    if (!this.#authority) return this.#isTrusted(requester, thing);
    if (this.#authority.isAbsent) {
      // There may be one by now.
      void this.#authority.find();
      return this.#isTrusted(requester, thing);
    }
    const bare = requester.bare.toString();
    return this.#alwaysTrusted.get(thing)?.has(bare) || this.ownershipOf(thing).owner === bare;
  }

  #mayRead(requester: Jid, thing: Thing, tokens: Tokens): AccessDecision | Promise<AccessDecision> {
    if (this.#isTrustedWithoutAsking(requester, thing)) return true;
    return this.#authority?.mayRead(requester, thing.node, tokens) ?? false;
  }

  #mayControl(requester: Jid, thing: Thing, tokens: Tokens): AccessDecision | Promise<AccessDecision> {
    if (this.#isTrustedWithoutAsking(requester, thing)) return true;
    return this.#authority?.mayControl(requester, thing.node, tokens) ?? false;
  }

  /** The provisioning server has other rules now: who gets events, and who is a reader, is checked again. */
  #rulesChanged(): void {
    this.#log.info({ servers: this.#authority?.servers.map(String) }, 'rules of access have changed');
    this.#accessChanged();
    this.#lastRecheck = this.#lastRecheck.then(() => this.#recheckEvents());
  }

  /** Is it owner or friend of any Thing here? */
  #isKnown(jid: Jid): boolean {
    if (this.#allowedFriends.has(jid.bare.toString())) return true;
    return this.#things.present.some((thing) => this.#isTrusted(jid, thing));
  }

  async #claimed(payload: Element): Promise<void> {
    const { jid, node, public: isPublic } = decodingRequest(() => decodeClaimed(payload));
    await this.#setOwner(this.#wholeAt(node), jid, isPublic);
  }

  /** A new owner inherits no friends. @see XEP-0347 §3.9 */
  async #setOwner(thing: Thing, jid: Jid, isPublic: boolean): Promise<void> {
    const owner = jid.bare.toString();
    await this.#change(thing, (before) => ({
      owner,
      public: isPublic,
      friends: before.owner === owner ? before.friends : [],
    }));
  }

  /** It is not found in searches any more; it stays the owner's. @see XEP-0347 §3.10 */
  async #removed(payload: Element): Promise<void> {
    const thing = this.#wholeAt(decodingRequest(() => decodeNodeInfo(payload)));
    await this.#change(thing, (before) => ({ ...before, public: false }));
  }

  /** It belongs to nobody, trusts nobody, and can be claimed again. @see XEP-0347 §3.17 */
  async #disowned(payload: Element): Promise<void> {
    const thing = this.#wholeAt(decodingRequest(() => decodeNodeInfo(payload)));
    await this.#change(thing, () => UNCLAIMED);
    if (thing.metaTags.length > 0) this.#running?.registrar?.register([thing]);
  }

  #thingAt(node: NodeReference | undefined): Thing {
    const thing = this.#things.get(nodeKey(node));
    if (!thing) throw new StanzaError('item-not-found', 'there is no such Thing here');
    return thing;
  }

  /** What belongs to another Thing is owned with that, and by itself by nobody. */
  #wholeAt(node: NodeReference | undefined): Thing {
    const thing = this.#thingAt(node);
    if (thing.belongsTo) throw new StanzaError('not-allowed', 'it belongs to another Thing, and is owned with that');
    return thing;
  }

  /** Those that can be owned by themselves. */
  #wholes(): readonly Thing[] {
    return this.#things.present.filter(({ belongsTo }) => !belongsTo);
  }

  /** The owner says whom its Things are to trust. Of others it is ignored. @see XEP-0324 §3.2.3, §3.2.4 */
  async #advised({ from, type }: Received, payload: Element, namespace: string): Promise<void> {
    const owner = from.bare.toString();
    const owned = this.#wholes().filter((thing) => this.ownershipOf(thing).owner === owner);
    if (type === 'error') return;
    if (this.#authority?.is(from)) return this.#advisedByAuthority(payload, namespace);
    if (owned.length === 0) {
      this.#log.warn({ from: owner }, 'ignored advice on friends from somebody who owns nothing here');
      return;
    }
    const { kind, jid } = decodingRequest(() => decodeFriendAdvice(payload, namespace));
    const friend = jid.toString();
    for (const thing of owned) {
      await this.#change(thing, (before) => {
        // Since it was looked up, it may have been disowned.
        if (before.owner !== owner) return before;
        const others = before.friends.filter((other) => other !== friend);
        if (kind === 'unfriend') return { ...before, friends: others };
        if (others.length >= this.#maxFriends) {
          throw new StanzaError('resource-constraint', `a Thing has at most ${this.#maxFriends} friends`);
        }
        return { ...before, friends: [...others, friend] };
      });
    }
  }

  /** @see XEP-0324 §3.2.3, §3.2.4 */
  async #advisedByAuthority(payload: Element, namespace: string): Promise<void> {
    const { kind, jid } = decodingRequest(() => decodeFriendAdvice(payload, namespace));
    // What was known of it may be older than the advice.
    this.#authority?.clear();
    if (kind === 'friend') {
      if (await this.#authority?.mayBeFriend(jid)) this.#befriend(jid);
      else this.#accessChanged();
      return;
    }
    this.#allowedFriends.delete(jid.toString());
    for (const thing of this.#wholes()) {
      await this.#change(thing, (before) => {
        const friends = before.friends.filter((friend) => friend !== jid.toString());
        return friends.length === before.friends.length ? before : { ...before, friends };
      });
    }
    this.#distrust(jid);
    this.#accessChanged();
    await this.#recheckEvents();
  }

  #befriend(jid: Jid): void {
    const bare = jid.bare.toString();
    this.#allowedFriends.delete(bare);
    this.#allowedFriends.add(bare);
    for (const first of this.#allowedFriends) {
      if (this.#allowedFriends.size <= this.#maxFriends) break;
      this.#allowedFriends.delete(first);
    }
    this.#presence.show(jid);
    this.#presence.ask(jid);
    this.#accessChanged();
  }

  /** Saves a change, then acts on it: one at a time, and none is half done. @throws what saving throws; nothing has changed then */
  #change(thing: Thing, next: (before: Ownership) => Ownership): Promise<void> {
    const change = this.#lastChange.then(async () => {
      const before = this.ownershipOf(thing);
      const after = next(before);
      if (after === before) return;
      await this.#options.ownership.save(nodeKey(thing.node), after);
      this.#ownerships.set(nodeKey(thing.node), after);
      this.#log.info({ node: thing.node, owner: after.owner, friends: after.friends.length }, 'ownership changed');
      const trustedBefore = trustedBy(before);
      const trustedNow = trustedBy(after);
      for (const bare of trustedBefore) if (!trustedNow.has(bare)) this.#distrust(Jid.parse(bare));
      for (const bare of trustedNow) if (!trustedBefore.has(bare)) this.#presence.ask(Jid.parse(bare));
      await this.#recheckEvents();
      this.#tell(thing, after);
      if (after.owner !== before.owner) {
        // What was answered while it belonged to another, or to nobody, counts no more.
        this.#authority?.clear();
        if (before.owner !== undefined) this.#forgetFriends();
        this.#describer?.describeAll();
      }
    });
    this.#lastChange = change.catch(() => undefined);
    return change;
  }

  /**
   * Whom the provisioning server let in may have been let in by the former owner. Friends of other Things here have to ask again, and need
   * nobody's decision for it.
   */
  #forgetFriends(): void {
    const allowed = [...this.#allowedFriends];
    this.#allowedFriends.clear();
    for (const bare of allowed) this.#distrust(Jid.parse(bare));
    const isTrusted = (jid: Jid) => this.#isKnown(jid) || this.#registry?.is(jid) || this.#authority?.is(jid) || false;
    this.#lastRecheck = this.#lastRecheck
      .then(() => this.#presence.revokeOthers(isTrusted))
      .catch((error: unknown) => {
        this.#log.error({ error }, 'friends of the former owner may still see the presence');
      });
  }

  /** Each event is checked anyway: what could not be forgotten now sends nothing. */
  async #recheckEvents(): Promise<void> {
    try {
      await this.#running?.events.recheck();
    } catch (error) {
      this.#log.error({ error }, 'subscriptions that are not allowed any more could not be removed');
    }
  }

  #tell(thing: Thing, ownership: Ownership): void {
    for (const handler of this.#handlers) this.#call(() => handler(thing, ownership));
    const key = nodeKey(thing.node);
    this.#accessChanged(
      this.#things.present.filter((one) => one === thing || (one.belongsTo && nodeKey(one.belongsTo.node) === key)),
    );
  }

  #accessChanged(things: readonly Thing[] = this.#things.present): void {
    this.#running?.sensorData.accessChanged();
    for (const thing of things) {
      for (const handler of this.#accessHandlers) this.#call(() => handler(thing));
    }
  }

  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#log.error({ error }, 'a listener to changes of ownership or access failed');
    }
  }

  /** Lets owner and friends, and the registry, see whether it is there, and nobody else. */
  async #asksForPresence({ from, type }: Received): Promise<void> {
    if (type !== 'subscribe') return;
    if (this.#isKnown(from)) {
      this.#presence.show(from);
      this.#presence.ask(from);
    } else if (this.#registry?.is(from) || this.#authority?.is(from)) {
      this.#presence.show(from);
    } else if (await this.#authority?.mayBeFriend(from)) {
      this.#befriend(from);
    } else {
      this.#log.info({ from: from.bare.toString() }, 'refused to show presence to a stranger');
      this.#presence.refuse(from);
    }
  }

  #distrust(jid: Jid): void {
    this.#running?.sensorData.cancelAllOf(jid.bare);
    if (!this.#isKnown(jid)) this.#presence.revoke(jid);
  }
}
