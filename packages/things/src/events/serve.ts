import { parseElement } from '@thingward/xml';
import {
  type IqRequest,
  Jid,
  type Logger,
  message,
  PeerError,
  type Received,
  SILENT_LOGGER,
  StanzaError,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';
import type { ReadoutId } from '../sensor-data/codec.ts';
import type { Field } from '../sensor-data/field.ts';
import { restricted } from '../sensor-data/selection.ts';
import { type AccessDecision, accessDenied, findThings } from '../thing/access.ts';
import { nodeKey } from '../thing/node.ts';
import { decodingRequest, type Tokens } from '../thing/payload.ts';
import type { ReadoutSelection, Thing } from '../thing/thing.ts';
import { presentThings, type Things } from '../thing/thing-set.ts';
import type { EventSubscription } from './codec.ts';
import type { EventDialect } from './dialect.ts';
import { EVENT_DIALECTS } from './dialects.ts';
import { subtractDuration } from './duration.ts';
import { eventContent, selectedTypes } from './event-content.ts';
import { EventSender } from './event-sender.ts';
import { isPast, KnownFields } from './known-fields.ts';
import { Subscribers } from './subscribers.ts';
import { Subscription } from './subscription.ts';
import { MemorySubscriptionStore, type StoredSubscription, type SubscriptionStore } from './subscription-store.ts';

/** Yes, no, or only some fields. */
export type EventAccess = AccessDecision;

/** How much work subscribers can make. */
export interface EventLimits {
  /** Subscriptions of one bare JID. */
  readonly perSubscriber: number;
  /** Subscriptions to one Thing. */
  readonly perThing: number;
  /** Subscriptions in all. */
  readonly total: number;
  readonly fieldsPerSubscription: number;
  readonly fieldsPerMessage: number;
  readonly fieldsPerEvent: number;
  /** Fields of one Thing whose last value is remembered. */
  readonly knownFields: number;
  /** Events that are made at the same time. */
  readonly running: number;
  /** Time between two events of a subscription, in milliseconds, however short the interval it asks for. */
  readonly leastIntervalMs: number;
  /** For how long a value is new enough not to be read again for an event, in milliseconds. */
  readonly freshMs: number;
  /** Silence of a Thing after which it counts as failed, in milliseconds. */
  readonly silenceMs: number;
}

export const DEFAULT_EVENT_LIMITS: EventLimits = {
  perSubscriber: 100,
  perThing: 100,
  total: 5000,
  fieldsPerSubscription: 100,
  fieldsPerMessage: 50,
  fieldsPerEvent: 10_000,
  knownFields: 1000,
  running: 8,
  leastIntervalMs: 100,
  freshMs: 1000,
  silenceMs: 25_000,
};

export interface EventServerOptions {
  readonly things: Things;
  /** Subscriptions to a Thing that is not there are kept: it may come. */
  readonly keepsAbsent?: boolean | undefined;
  /** Asked when a subscription is made and again for each event: who lost access gets no more. */
  readonly mayRead: (requester: Jid, thing: Thing, tokens: Tokens) => EventAccess | Promise<EventAccess>;
  /** In memory when not given. */
  readonly store?: SubscriptionStore | undefined;
  readonly limits?: Partial<EventLimits> | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: (() => Date) | undefined;
}

/** A subscription that is alive, with what is under way for it. */
interface Live {
  readonly key: string;
  readonly subscription: Subscription;
  readonly ended: AbortController;
  timer?: ReturnType<typeof setTimeout> | undefined;
  isRunning: boolean;
}

/** setTimeout takes no more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Lets others subscribe to events of Things. @see XEP-0000: Internet of Things - Events */
export class EventServer {
  readonly #peer: XmppPeer;
  readonly #options: EventServerOptions;
  readonly #limits: EventLimits;
  readonly #store: SubscriptionStore;
  readonly #log: Logger;
  readonly #clock: () => Date;
  readonly #things = new Map<string, Thing>();
  readonly #known = new Map<Thing, KnownFields>();
  readonly #live = new Map<string, Live>();
  /** Nodes of Things that are not there and for which subscriptions are kept. */
  readonly #absent = new Set<string>();
  readonly #subscribers: Subscribers;
  /** Events that wait for their turn: one of each subscription at most. */
  readonly #waiting = new Set<Live>();
  readonly #running = new Set<Promise<void>>();
  /** Subscriptions are made and removed one after the other. */
  #lastChange: Promise<unknown> = Promise.resolve();
  #stops: readonly Unsubscribe[] = [];

  constructor(peer: XmppPeer, options: EventServerOptions) {
    this.#peer = peer;
    this.#options = options;
    this.#limits = { ...DEFAULT_EVENT_LIMITS, ...options.limits };
    this.#subscribers = new Subscribers(2 * this.#limits.total);
    this.#store = options.store ?? new MemorySubscriptionStore();
    this.#log = options.log ?? SILENT_LOGGER;
    this.#clock = options.clock ?? (() => new Date());
    for (const thing of presentThings(options.things)) this.#know(thing);
  }

  #know(thing: Thing): void {
    this.#things.set(nodeKey(thing.node), thing);
    this.#known.set(thing, new KnownFields(this.#limits.knownFields));
  }

  /** Takes up the subscriptions that were kept, and begins to answer. @throws what loading throws */
  async start(): Promise<void> {
    for (const stored of await this.#store.load()) await this.#restore(stored);
    const peer = this.#peer;
    this.#stops = [
      ...EVENT_DIALECTS.flatMap((dialect) => {
        const { namespace, readout } = dialect;
        // Texts and implementations of the later dialects do not agree on the type of the requests: either will do.
        const types = readout.name === 'xep' ? (['get'] as const) : (['get', 'set'] as const);
        return [
          ...types.flatMap((type) => [
            peer.onIq(type, { name: 'subscribe', namespace }, (request) => this.#subscribe(dialect, request)),
            peer.onIq(type, { name: 'unsubscribe', namespace }, async ({ payload, from }) => {
              await this.#unsubscribe(
                from,
                decodingRequest(() => dialect.decodeUnsubscribe(payload)),
              );
              return undefined;
            }),
          ]),
          peer.onMessage({ namespace: readout.namespace }, ({ type, from }) => {
            // What was sent came back: nobody is there.
            if (type === 'error') this.#gone(from);
          }),
        ];
      }),
      peer.onPresence((received) => this.#sawPresence(received)),
      peer.onOnline(() => {
        this.#subscribers.reconnected();
        for (const live of this.#live.values()) this.#consider(live);
      }),
    ];
  }

  /** Answers no more, sends no more events, and waits until what is under way has ended. The subscriptions stay kept. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    for (const live of this.#live.values()) this.#end(live);
    this.#live.clear();
    await Promise.all([...this.#running, this.#lastChange]);
  }

  /** There are new values of a Thing: whoever waits for them is told. */
  offer(thing: Thing, fields: readonly Field[]): void {
    if (!this.#known.get(thing)?.learn(fields, this.#clock().getTime())) return;
    for (const live of this.#live.values()) {
      if (live.subscription.thing !== thing) continue;
      live.subscription.offered(this.#knownOf(thing));
      this.#consider(live);
    }
  }

  /** Somebody is no friend any more: all its subscriptions are removed. @param bare a bare JID @see XEP-0000: Events §5.3 */
  async removeAllOf(bare: Jid): Promise<void> {
    await this.#removeWhere(({ subscription }) => subscription.subscriber.bare.equals(bare));
    await this.#removeAbsent((subscriber) => subscriber.bare.equals(bare));
  }

  /**
   * Access has changed: subscriptions that are not allowed any more are removed, and their subscribers are not told.
   * @see XEP-0000: Events §6.1
   */
  async recheck(): Promise<void> {
    for (const live of [...this.#live.values()]) {
      if ((await this.#accessOf(live.subscription)) === false) await this.#removeWhere((other) => other === live);
    }
  }

  /** Subscriptions that are alive. */
  get size(): number {
    return this.#live.size;
  }

  /** There is a further Thing: subscriptions that were kept for it are taken up. @throws what loading throws */
  async add(thing: Thing): Promise<void> {
    this.#know(thing);
    const key = nodeKey(thing.node);
    if (!this.#absent.delete(key)) return;
    await this.#change(async () => {
      for (const stored of await this.#store.load()) if (stored.thing === key) await this.#restore(stored);
    });
    for (const live of this.#live.values()) if (live.subscription.thing === thing) this.#consider(live);
  }

  /** There is a Thing no longer. Subscriptions to it are kept: it may come back. */
  remove(thing: Thing): void {
    const key = nodeKey(thing.node);
    if (this.#things.get(key) !== thing) return;
    this.#things.delete(key);
    this.#known.delete(thing);
    for (const live of [...this.#live.values()]) {
      if (live.subscription.thing !== thing) continue;
      this.#absent.add(key);
      this.#live.delete(live.key);
      this.#end(live);
    }
  }

  async #restore(stored: StoredSubscription): Promise<void> {
    const thing = this.#things.get(stored.thing);
    if (!thing && this.#options.keepsAbsent) {
      this.#absent.add(stored.thing);
      return;
    }
    const subscriber = Jid.tryParse(stored.subscriber);
    const to = Jid.tryParse(stored.to);
    try {
      if (!thing || !subscriber || !to) throw new Error('there is no such Thing any more');
      const payload = parseElement(stored.request);
      const dialect = EVENT_DIALECTS.find(({ namespace }) => namespace === payload.namespace);
      if (!dialect) throw new Error(`${payload.namespace} is not spoken here`);
      this.#add(thing, { subscriber, to, request: dialect.decodeSubscribe(payload), dialect, isStale: true });
    } catch (error) {
      const { subscriber, thing, request } = stored;
      const reason = (error as Error).message;
      this.#log.warn({ subscriber, thing, bytes: request.length, reason }, 'a kept subscription was dropped');
      await this.#store.remove(stored);
    }
  }

  /** Subscriptions to Things that are not there end as well, though nothing of them is alive. */
  async #removeAbsent(isMeant: (subscriber: Jid, seqnr: string | undefined) => boolean): Promise<void> {
    if (this.#absent.size === 0) return;
    await this.#change(async () => {
      for (const stored of await this.#store.load()) {
        const subscriber = this.#absent.has(stored.thing) && Jid.tryParse(stored.subscriber);
        if (!subscriber) continue;
        const request = parseElement(stored.request);
        // As the dialects call it.
        if (isMeant(subscriber, request.attribute('seqnr') ?? request.attribute('id')))
          await this.#store.remove(stored);
      }
    });
  }

  async #subscribe(dialect: EventDialect, { payload, from, to }: IqRequest) {
    const request = decodingRequest(() => dialect.decodeSubscribe(payload));
    if (request.fields.length > this.#limits.fieldsPerSubscription) {
      throw new StanzaError('bad-request', `at most ${this.#limits.fieldsPerSubscription} fields can be named`);
    }
    const things = await this.#meant(from, request);
    await this.#change(async () => {
      await this.#makeRoom(from, things);
      for (const thing of things) {
        const stored = { subscriber: from.toString(), thing: nodeKey(thing.node), to: to.toString() };
        await this.#store.save({ ...stored, request: payload.toString() });
        const live = this.#add(thing, { subscriber: from, to, request, dialect, isStale: false });
        this.#subscribers.asked(from);
        // The answer goes out first.
        setTimeout(() => this.#begin(live), 0);
      }
    });
    return dialect.readout.encodeAccepted({ seqnr: request.seqnr, queued: false });
  }

  async #unsubscribe(subscriber: Jid, seqnr: ReadoutId): Promise<void> {
    const isMeant = ({ request }: Subscription) => String(request.seqnr) === String(seqnr);
    await this.#removeWhere(({ subscription }) => subscription.subscriber.equals(subscriber) && isMeant(subscription));
    await this.#removeAbsent((other, number) => other.equals(subscriber) && number === String(seqnr));
  }

  /** The Things a subscription is for. @throws StanzaError `forbidden`, `item-not-found`, `bad-request` */
  async #meant(requester: Jid, request: EventSubscription): Promise<readonly Thing[]> {
    const { mayRead } = this.#options;
    const things = presentThings(this.#options.things);
    const decisions = await Promise.all(things.map(async (thing) => mayRead(requester, thing, request)));
    const isAllowed = (thing: Thing) => decisions[things.indexOf(thing)] !== false;
    if (!things.some(isAllowed)) throw accessDenied();
    const own = this.#things.get(nodeKey(undefined));
    if (request.nodes.length === 0 && own === undefined) {
      throw new StanzaError('bad-request', 'subscribe: name the nodes; there are several Things here');
    }
    const meant = request.nodes.length === 0 ? [own as Thing] : findThings(things, request.nodes);
    if (!meant.every(isAllowed)) throw accessDenied();
    return meant;
  }

  /** Within the bounds, or with those given up whose subscribers are away. @throws StanzaError `resource-constraint` */
  async #makeRoom(from: Jid, things: readonly Thing[]): Promise<void> {
    const { perSubscriber, perThing, total } = this.#limits;
    const isReplaced = ({ subscription }: Live) =>
      subscription.subscriber.equals(from) && things.includes(subscription.thing);
    const scarce = (title: string, limit: number, added: number, isOf: (live: Live) => boolean) => async () => {
      const all = [...this.#live.values()].filter((live) => isOf(live) && !isReplaced(live));
      const excess = all.length + added - limit;
      if (excess <= 0) return;
      const away = all.filter(({ subscription }) => !this.#subscribers.isOnline(subscription.subscriber));
      if (away.length < excess) throw new StanzaError('resource-constraint', `at most ${limit} subscriptions ${title}`);
      for (const live of away.slice(0, excess)) await this.#remove(live);
    };
    const checks = [
      scarce('of one account', perSubscriber, things.length, (live) =>
        live.subscription.subscriber.bare.equals(from.bare),
      ),
      ...things.map((thing) => scarce('to one Thing', perThing, 1, (live) => live.subscription.thing === thing)),
      scarce('in all', total, things.length, () => true),
    ];
    for (const check of checks) await check();
  }

  #add(
    thing: Thing,
    options: {
      readonly subscriber: Jid;
      readonly to: Jid;
      readonly request: EventSubscription;
      readonly dialect: EventDialect;
      readonly isStale: boolean;
    },
  ): Live {
    const key = `${options.subscriber} ${nodeKey(thing.node)}`;
    const before = this.#live.get(key);
    if (before) this.#end(before);
    const { leastIntervalMs } = this.#limits;
    const subscription = new Subscription({ ...options, thing, since: this.#clock(), leastIntervalMs });
    const live: Live = { key, subscription, ended: new AbortController(), isRunning: false };
    this.#live.delete(key);
    this.#live.set(key, live);
    return live;
  }

  /** What the values are from which changes are measured has to be known: of what nobody has told, the Thing is asked. */
  #begin(live: Live): void {
    if (live.ended.signal.aborted) return;
    const { subscription } = live;
    const known = this.#knownOf(subscription.thing);
    subscription.learn(known);
    if (subscription.unknownNames.length > 0 && !subscription.request.immediate) this.#enqueue(live);
    else this.#consider(live);
  }

  /** Of a Thing that has gone while an event of it was under way, nothing is. */
  #knownOf(thing: Thing): KnownFields {
    return this.#known.get(thing) ?? new KnownFields(this.#limits.knownFields);
  }

  /** Makes an event when it is time, or waits until it is. */
  #consider(live: Live): void {
    clearTimeout(live.timer);
    live.timer = undefined;
    const { subscription, ended, isRunning } = live;
    if (ended.signal.aborted || isRunning || this.#waiting.has(live)) return;
    if (!this.#subscribers.isOnline(subscription.subscriber)) return;
    const next = subscription.nextEvent(this.#knownOf(subscription.thing));
    if (next === undefined) return;
    const waitMs = next.getTime() - this.#clock().getTime();
    if (waitMs <= 0) this.#enqueue(live);
    else live.timer = setTimeout(() => this.#consider(live), Math.min(waitMs, MAX_TIMER_MS));
  }

  #enqueue(live: Live): void {
    this.#waiting.add(live);
    this.#startNext();
  }

  #startNext(): void {
    for (const live of this.#waiting) {
      if (this.#running.size >= this.#limits.running) return;
      this.#waiting.delete(live);
      live.isRunning = true;
      const run = this.#run(live).finally(() => {
        live.isRunning = false;
        this.#running.delete(run);
        this.#consider(live);
        this.#startNext();
      });
      this.#running.add(run);
    }
  }

  async #run(live: Live): Promise<void> {
    const { subscription, ended } = live;
    try {
      const access = await this.#accessOf(subscription);
      if (access === false) {
        await this.#removeWhere((other) => other === live);
        return;
      }
      const selection = this.#selectionOf(subscription, access);
      const next = subscription.nextEvent(this.#knownOf(subscription.thing));
      const isDue = next !== undefined && next <= this.#clock();
      if (isDue) await this.#tell(live, selection);
      else await this.#lookAround(live);
    } catch (error) {
      if (ended.signal.aborted) return;
      subscription.lost();
      if (error instanceof PeerError) this.#gone(subscription.subscriber);
      else this.#log.warn({ error, subscriber: subscription.subscriber.toString() }, 'an event could not be sent');
    }
  }

  /** Reads the fields with conditions, so that changes of them can be seen. */
  async #lookAround({ subscription, ended }: Live): Promise<void> {
    const { thing, unknownNames: names } = subscription;
    const selection = { types: selectedTypes([]), names };
    for await (const part of eventContent(thing, selection, [], this.#contentOptions(ended.signal))) {
      if (part.kind === 'fields') this.#known.get(thing)?.learn(part.fields, this.#clock().getTime());
    }
    subscription.learn(this.#knownOf(thing));
  }

  async #tell({ subscription, ended }: Live, selection: ReadoutSelection | undefined): Promise<void> {
    const { thing, subscriber, to, request, dialect } = subscription;
    const now = this.#clock();
    const known = this.#knownOf(thing);
    subscription.triggered(now, known);
    const told = new Map<string, Field>();
    const sender = new EventSender(
      (payload) => {
        ended.signal.throwIfAborted();
        this.#peer.send(message('normal', { to: subscriber, from: to }, payload));
      },
      {
        dialect: dialect.readout,
        seqnr: request.seqnr,
        fieldsPerMessage: this.#limits.fieldsPerMessage,
        clock: this.#clock,
      },
    );
    if (selection) {
      const news = known.since(now.getTime() - this.#limits.freshMs);
      for await (const part of eventContent(thing, selection, news, this.#contentOptions(ended.signal))) {
        if (part.kind === 'fields') {
          known.learn(part.fields, this.#clock().getTime());
          for (const field of part.fields) if (!isPast(field)) told.set(field.name, field);
        }
        sender.part(part);
      }
    }
    sender.finish();
    subscription.told(told);
  }

  #contentOptions(signal: AbortSignal) {
    const { silenceMs, fieldsPerEvent: maxFields } = this.#limits;
    return { signal, silenceMs, maxFields, clock: this.#clock, log: this.#log };
  }

  /** What of the Thing an event tells; undefined: nothing that the subscriber may know. */
  #selectionOf({ names, request }: Subscription, access: Exclude<EventAccess, false>): ReadoutSelection | undefined {
    const from = request.maxAge && subtractDuration(this.#clock(), request.maxAge);
    const selection = { types: selectedTypes(request.types), names, from };
    return access === true ? selection : restricted(selection, access);
  }

  async #accessOf({ subscriber, thing, request }: Subscription): Promise<EventAccess> {
    return this.#options.mayRead(subscriber, thing, request);
  }

  async #sawPresence({ from, type }: Received): Promise<void> {
    if (type === 'unsubscribe' || type === 'unsubscribed') {
      await this.removeAllOf(from.bare);
      return;
    }
    if (type === 'unavailable' || type === 'error') {
      this.#gone(from);
      return;
    }
    if (type !== undefined) return;
    if (!this.#subscribers.available(from)) return;
    for (const live of this.#live.values()) {
      if (!live.subscription.subscriber.equals(from)) continue;
      live.subscription.cameOnline();
      this.#consider(live);
    }
  }

  #gone(jid: Jid): void {
    this.#subscribers.gone(jid);
    for (const live of this.#live.values()) {
      if (live.subscription.subscriber.equals(jid)) clearTimeout(live.timer);
    }
  }

  async #removeWhere(isMeant: (live: Live) => boolean): Promise<void> {
    await this.#change(async () => {
      for (const live of [...this.#live.values()].filter(isMeant)) await this.#remove(live);
    });
  }

  /** Only what is forgotten for good is gone: a subscription whose removal fails stays as it is. */
  async #remove(live: Live): Promise<void> {
    const { subscriber, thing } = live.subscription;
    await this.#store.remove({ subscriber: subscriber.toString(), thing: nodeKey(thing.node) });
    this.#live.delete(live.key);
    this.#end(live);
    const isElsewhere = [...this.#live.values()].some(({ subscription }) => subscription.subscriber.equals(subscriber));
    if (!isElsewhere) this.#subscribers.forget(subscriber);
  }

  #end(live: Live): void {
    clearTimeout(live.timer);
    this.#waiting.delete(live);
    live.ended.abort(new Error('the subscription ended'));
  }

  #change<T>(make: () => Promise<T>): Promise<T> {
    const change = this.#lastChange.then(make);
    this.#lastChange = change.catch(() => undefined);
    return change;
  }
}
