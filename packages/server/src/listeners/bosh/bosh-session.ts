import { type Element, type Frame, type StreamEvent, xml } from '@thingward/xml';
import {
  BOSH_CONTENT_TYPE,
  BOSH_VERSION,
  type BoshAttributes,
  BoshError,
  type BoshRequest,
  lowerBoshVersion,
  NS,
  type StreamError,
} from '@thingward/xmpp';
import { ClientConnection, type ClientTransport, type ConnectionContext } from '../../client-connection.ts';
import type { Limits } from '../../limits.ts';
import type { Stanza, UndeliveredStanza } from '../../stanza.ts';
import { ByteBudget } from '../byte-budget.ts';
import type { BoshExchange, BoshResponse } from './exchange.ts';
import { KeySequence } from './key-sequence.ts';
import { Pace } from './pace.ts';
import { EMPTY_LOAD, type Load, PayloadQueue } from './payload-queue.ts';
import { responseBody, statusOf } from './response-body.ts';
import { SentResponses } from './sent-responses.ts';
import type { BoshSettings } from './settings.ts';

/** Requests that may be held at the same time. */
const MAX_HOLD = 2;
/** Payloads of one response take no more bytes than this, unless it is one alone. */
const MAX_RESPONSE_BYTES = 65_536;
/** How often requests may be repeated before the next new one. */
const MAX_REPEATS = 16;
/** A response that takes longer than this to be acknowledged is asked about. @see XEP-0124 §9.2 */
const REPORT_AFTER_MS = 1000;
const CONTENT_TYPE = /^[\w.+-]{1,64}\/[\w.+-]{1,64}(?:; ?charset=utf-8)?$/i;

/** A request that arrived, with its payloads. */
export interface Arrival {
  readonly request: BoshRequest;
  readonly payloads: readonly Frame[];
  /** Length of its body in bytes. */
  readonly size: number;
  readonly exchange: BoshExchange;
}

/** A request that was taken in and has no response yet. */
interface Held {
  readonly rid: number;
  readonly key: string | undefined;
  readonly isPause: boolean;
  exchange: BoshExchange;
  /** When it must be responded to, by the clock that does not jump. */
  deadline: number;
}

export interface BoshSessionOptions {
  readonly sid: string;
  readonly settings: BoshSettings;
  /** Address and port of the client, for people. */
  readonly remote: string;
  readonly isEncrypted: boolean;
  /** Must the client be encrypted before it authenticates? */
  readonly requireTls: boolean;
  /** Called when nothing more is to be expected of it, once. */
  readonly onGone: () => void;
}

/**
 * A client's stream over HTTP requests that are held until there is something to respond with. Requests are taken in the order of
 * their `rid`, and responded to in that order.
 * @see XEP-0124, XEP-0206
 */
export class BoshSession implements ClientTransport {
  readonly canStartTls = false;
  readonly #context: ConnectionContext;
  readonly #options: BoshSessionOptions;
  readonly #connection: ClientConnection;
  readonly #domain: string;
  readonly #ver: string | undefined;
  readonly #contentType: string;
  readonly #wait: number;
  readonly #hold: number;
  readonly #requests: number;
  readonly #inactivity: number;
  readonly #usesAcks: boolean;
  readonly #keys: KeySequence;
  readonly #pace: Pace;
  readonly #budget: ByteBudget;
  /** Requests that came before one with a lower `rid`. */
  readonly #early = new Map<number, Arrival>();
  readonly #held: Held[] = [];
  readonly #sent: SentResponses;
  /** What the requests brought and was not yet handled: no more than requests may wait. */
  readonly #events: StreamEvent[] = [];
  readonly #queue = new PayloadQueue();
  #nextRid: number;
  #repeats = 0;
  /** Seconds the client may stay away, while it has announced how many. */
  #pause: number | undefined;
  #report: { readonly rid: number; readonly at: number } | undefined;
  #isThrottled = false;
  #throttleTimer: NodeJS.Timeout | undefined;
  #waitTimer: NodeJS.Timeout | undefined;
  #absenceTimer: NodeJS.Timeout | undefined;
  #isScheduled = false;
  #isAuthenticated = false;
  #stream: { readonly id: string; readonly from: string } | undefined;
  /** The session was announced to the client. */
  #isAnnounced = false;
  /** What the client is to be told last; then the session is over. */
  #farewell: BoshResponse | undefined;
  #isGone = false;

  /** @param first the request that makes it @throws BoshError */
  constructor(context: ConnectionContext, first: BoshRequest, options: BoshSessionOptions) {
    const { settings } = options;
    this.#context = context;
    this.#options = options;
    this.#domain = first.to ?? context.domain;
    this.#ver = first.ver;
    this.#contentType = first.content ?? BOSH_CONTENT_TYPE;
    if (!CONTENT_TYPE.test(this.#contentType)) throw new BoshError('bad-request', 'content is no Content-Type');
    this.#wait = Math.min(first.wait ?? settings.maxWaitSeconds, settings.maxWaitSeconds);
    this.#hold = this.#wait === 0 ? 0 : Math.min(first.hold ?? 1, MAX_HOLD);
    this.#requests = this.#hold + 1;
    const isPolling = this.#hold === 0;
    this.#inactivity = settings.inactivitySeconds + (isPolling ? 2 * settings.pollingSeconds : 0);
    this.#usesAcks = first.ack === 1;
    this.#keys = new KeySequence();
    this.#pace = new Pace({ requests: this.#requests, pollingMs: settings.pollingSeconds * 1000, isPolling });
    this.#budget = new ByteBudget(context.limits.maxBytesPerSecond);
    this.#sent = new SentResponses(this.#requests + 1);
    this.#nextRid = first.rid;
    this.#connection = new ClientConnection(context, this, options.requireTls);
  }

  get remote(): string {
    return this.#options.remote;
  }

  get isEncrypted(): boolean {
    return this.#options.isEncrypted;
  }

  get maxPayloadBytes(): number {
    return this.#isAuthenticated ? this.#context.limits.maxStanzaBytes : this.#context.limits.maxUnauthenticatedBytes;
  }

  /** Bytes of one request. Until the client has authenticated, no more than one payload may have. */
  get maxBodyBytes(): number {
    return this.#isAuthenticated ? maxBoshBodyBytes(this.#context.limits) : this.maxPayloadBytes;
  }

  /** Takes a request of the client's; what is wrong with it ends the session. */
  receive(arrival: Arrival): void {
    let { exchange } = arrival;
    try {
      if (!this.#isNext(arrival)) return;
      for (let next: Arrival | undefined = arrival; next && !this.#isOver; next = this.#early.get(this.#nextRid)) {
        this.#early.delete(next.request.rid);
        exchange = next.exchange;
        this.#take(next);
      }
    } catch (error) {
      this.abort(error, exchange);
    }
  }

  /** Ends the session because of a request. */
  abort(error: unknown, exchange: BoshExchange): void {
    const known = error instanceof BoshError ? error : new BoshError('internal-server-error');
    if (known !== error) this.#context.log.error({ err: error, remote: this.remote }, 'a request could not be handled');
    else this.#context.log.debug({ remote: this.remote, reason: known.message }, 'a BOSH session was broken off');
    exchange.answer(this.#last(known.condition));
    this.#end('other-request');
  }

  /** Ends it at once. */
  destroy(): void {
    this.#end('system-shutdown');
  }

  openStream({ id, from }: { id: string; from: string }): void {
    this.#stream = { id, from };
    this.#schedule();
  }

  send(element: Element): void {
    if (this.#isOver) return;
    this.#queue.add(element);
    this.#queued();
  }

  sendStanza(stanza: Stanza): void {
    if (this.#isOver) return;
    this.#queue.addStanza(stanza);
    this.#queued();
  }

  undelivered(): readonly UndeliveredStanza[] {
    return [...this.#sent.undelivered, ...this.#queue.stanzas];
  }

  restart(): void {}

  authenticated(): void {
    this.#isAuthenticated = true;
  }

  async startTls(): Promise<void> {
    throw new Error('HTTP is encrypted from its start or not at all');
  }

  /** @see XEP-0124 §13, XEP-0206 §6 */
  closeStream(error?: StreamError): void {
    if (this.#isOver) return;
    if (error) this.#queue.add(error.toElement());
    // Messages the client may not look at any more go elsewhere instead.
    const load = this.#queue.takeElements();
    const isShutdown = error?.condition === 'system-shutdown';
    const condition = error && (isShutdown ? 'system-shutdown' : 'remote-stream-error');
    this.#farewell = this.#respond({ type: 'terminate', condition }, load);
    this.#connection.ended();
    const oldest = this.#held.find(({ exchange }) => !exchange.isBroken);
    if (oldest) this.#depart(oldest.exchange);
    else this.#watch();
  }

  nextEvent(): StreamEvent | undefined {
    const event = this.#isThrottled ? undefined : this.#events.shift();
    if (!event) this.#schedule();
    return event;
  }

  resume(): void {
    this.#schedule();
  }

  get #isOver(): boolean {
    return this.#isGone || this.#farewell !== undefined;
  }

  /** Is it the request whose turn it is? Others are kept for later, or answered again. @see XEP-0124 §14.2 */
  #isNext(arrival: Arrival): boolean {
    const { request, exchange } = arrival;
    const { rid } = request;
    if (this.#farewell) {
      this.#depart(exchange);
      return false;
    }
    if (rid < this.#nextRid) {
      this.#repeat(arrival);
      return false;
    }
    const window = this.#requests + (isLast(request) ? 1 : 0);
    if (rid >= this.#nextRid + window) throw new BoshError('item-not-found', 'the rid is too high');
    if (rid === this.#nextRid) return true;
    this.#early.get(rid)?.exchange.answer(this.#respond({ type: 'error' }));
    this.#early.set(rid, arrival);
    return false;
  }

  /** Takes the request whose turn it is. */
  #take({ request, payloads, size, exchange }: Arrival): void {
    const { rid, key, pause } = request;
    if (!this.#keys.accepts(request)) throw new BoshError('item-not-found', 'the key is wrong');
    const now = performance.now();
    const isFirst = request.sid === undefined;
    const isEmpty = payloads.length === 0 && !request.isRestart && !isFirst;
    this.#nextRid = rid + 1;
    this.#repeats = 0;
    this.#confirm(request, isEmpty);
    this.#pace.check({ rid, isEmpty, isLast: isLast(request) }, this.#held.length, this.#sent.last, now);
    if (pause !== undefined && pause > this.#options.settings.maxPauseSeconds) {
      throw new BoshError('policy-violation', 'the pause is too long');
    }
    this.#pause = pause;
    const held = { rid, key, isPause: pause !== undefined, exchange, deadline: now + this.#wait * 1000 };
    this.#held.push(held);
    this.#listen(held);
    this.#spend(size);
    // What comes with the wish for a new stream is to be ignored (XEP-0206 §5).
    if (isFirst || request.isRestart) this.#events.push(this.#header(request));
    else this.#events.push(...payloads.map((frame) => ({ kind: 'frame', frame }) as const));
    if (request.isTermination) this.#events.push({ kind: 'close' });
    this.#connection.pump();
    this.#schedule();
    this.#watch();
  }

  #header({ to = this.#domain, from, version }: BoshRequest): StreamEvent {
    return { kind: 'open', header: xml('open', { xmlns: NS.framing, to, from, version }), bindings: {} };
  }

  /** A request that was taken in already comes again: its connection broke. @see XEP-0124 §14.3 */
  #repeat({ request: { rid, key }, exchange }: Arrival): void {
    this.#repeats++;
    if (this.#repeats > MAX_REPEATS) throw new BoshError('policy-violation', 'requests are repeated too often');
    const held = this.#held.find((other) => other.rid === rid);
    const known = held ?? this.#sent.find(rid);
    if (!known || known.key !== key) throw new BoshError('item-not-found', 'there is no response to this rid');
    if (held) {
      held.exchange.answer(this.#respond({ type: 'error' }));
      held.exchange = exchange;
      held.deadline = performance.now() + this.#wait * 1000;
      this.#listen(held);
      this.#schedule();
    } else {
      exchange.answer((known as { readonly response: BoshResponse }).response);
      clearTimeout(this.#absenceTimer);
      this.#absenceTimer = undefined;
    }
    this.#watch();
  }

  #listen({ exchange }: Held): void {
    exchange.onBroken = () => this.#watch();
  }

  /** Finds out which responses have arrived. @see XEP-0124 §9.2, §10 */
  #confirm({ rid, ack, isTermination }: BoshRequest, isEmpty: boolean): void {
    const sent = this.#sent;
    if (this.#usesAcks) {
      sent.confirm(ack ?? sent.lastRid);
      const missing = ack !== undefined && ack < sent.lastRid ? sent.find(ack + 1) : undefined;
      if (missing && performance.now() - missing.at > REPORT_AFTER_MS) this.#report = missing;
      return;
    }
    // So many requests can't wait at the same time.
    sent.confirm(rid - this.#requests);
    // It asks for more because it has got what there was; or it says farewell.
    if (isTermination || (isEmpty && this.#held.length === 0)) sent.confirm(sent.lastRid);
  }

  /** One that floods is handled more slowly, and gets no response meanwhile. */
  #spend(bytes: number): void {
    const wait = this.#budget.spend(bytes);
    if (wait === 0) return;
    this.#isThrottled = true;
    clearTimeout(this.#throttleTimer);
    this.#throttleTimer = setTimeout(() => {
      this.#isThrottled = false;
      this.#connection.pump();
    }, wait);
  }

  #queued(): void {
    if (this.#queue.bytes > this.#context.limits.maxUnsentBytes) {
      this.#context.log.warn({ remote: this.remote }, 'a client reads too slowly and is disconnected');
      this.#end('policy-violation');
    } else this.#schedule();
  }

  /** What comes within one turn of the event loop leaves in one response. */
  #schedule(): void {
    if (this.#isScheduled || this.#isOver) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isOver) this.#flush();
    });
  }

  #flush(): void {
    while (this.#queue.length > 0) {
      const held = this.#held.find(({ exchange, isPause }) => !exchange.isBroken && !isPause);
      if (!held) break;
      this.#respondUpTo(held, this.#queue.take(MAX_RESPONSE_BYTES));
    }
    const isIdle = !this.#connection.isBusy && this.#events.length === 0;
    for (let [oldest] = this.#held; oldest; [oldest] = this.#held) {
      const isDue = this.#held.length > this.#hold || this.#report || oldest.deadline <= performance.now();
      if (this.#pause === undefined && !(isIdle && isDue)) break;
      // Alone and broken: what comes for it waits until its client repeats it.
      if (oldest.exchange.isBroken && this.#held.length === 1) break;
      this.#respondUpTo(oldest, EMPTY_LOAD);
    }
    this.#watch();
  }

  /** Responds to a request, and before it to those with lower `rid`, whose connections broke, for when they are repeated. */
  #respondUpTo(held: Held, load: Load): void {
    for (let next = this.#held.shift(); next; next = this.#held.shift()) {
      const own = next === held ? load : EMPTY_LOAD;
      const { rid, key, exchange } = next;
      const response = this.#respond({ ...this.#announcement(), ...this.#acknowledgement(rid) }, own);
      const at = performance.now();
      this.#sent.add({ rid, key, response, isEmpty: own.parts.length === 0, stanzas: own.stanzas, at });
      exchange.answer(response);
      if (next === held) return;
    }
  }

  #respond(attributes: BoshAttributes, load: Load = EMPTY_LOAD): BoshResponse {
    return { status: 200, contentType: this.#contentType, body: responseBody(attributes, load) };
  }

  /** What the first response says of the session. @see XEP-0124 §7.2, XEP-0206 §4 */
  #announcement(): BoshAttributes {
    if (this.#isAnnounced) return {};
    this.#isAnnounced = true;
    const { sid, settings } = this.#options;
    return {
      sid,
      wait: this.#wait,
      requests: this.#requests,
      hold: this.#hold,
      ver: this.#ver && lowerBoshVersion(this.#ver, BOSH_VERSION),
      polling: settings.pollingSeconds,
      inactivity: this.#inactivity,
      maxpause: settings.maxPauseSeconds,
      from: this.#stream?.from,
      authid: this.#stream?.id,
      'xmpp:version': '1.0',
      'xmpp:restartlogic': 'true',
    };
  }

  /** @see XEP-0124 §9 */
  #acknowledgement(rid: number): BoshAttributes {
    const report = this.#report;
    this.#report = undefined;
    const highest = this.#nextRid - 1;
    const isFirst = this.#sent.last === undefined;
    return {
      ack: this.#usesAcks && (isFirst || highest !== rid) ? highest : undefined,
      report: report?.rid,
      time: report && Math.round(performance.now() - report.at),
    };
  }

  #last(condition: BoshError['condition']): BoshResponse {
    const status = statusOf(condition, this.#ver === undefined);
    return { ...this.#respond({ type: 'terminate', condition }), status };
  }

  /** Keeps the clocks: of the requests that wait, and of the client's absence where none does. */
  #watch(): void {
    if (this.#isGone) return;
    clearTimeout(this.#waitTimer);
    if (this.#held.every(({ exchange }) => exchange.isBroken)) {
      this.#absenceTimer ??= setTimeout(() => this.#expire(), (this.#pause ?? this.#inactivity) * 1000);
      return;
    }
    clearTimeout(this.#absenceTimer);
    this.#absenceTimer = undefined;
    // When it is over already, something is being handled, and what comes after that responds.
    const left = (this.#held[0] as Held).deadline - performance.now();
    if (left > 0) this.#waitTimer = setTimeout(() => this.#schedule(), left + 1);
  }

  #expire(): void {
    this.#context.log.debug({ remote: this.remote }, 'a BOSH client stays away');
    this.#end('item-not-found');
  }

  /** Tells the client that the session is over: one request says why, the others nothing. */
  #depart(exchange: BoshExchange): void {
    exchange.answer(this.#farewell as BoshResponse);
    this.#leave(this.#respond({}));
  }

  /** Ends it as a broken connection ends a stream. */
  #end(condition: BoshError['condition']): void {
    if (this.#isGone) return;
    this.#leave(this.#last(condition));
    this.#connection.ended();
  }

  #leave(response: BoshResponse): void {
    this.#isGone = true;
    for (const timer of [this.#waitTimer, this.#absenceTimer, this.#throttleTimer]) clearTimeout(timer);
    for (const { exchange } of [...this.#held, ...this.#early.values()]) exchange.answer(response);
    this.#held.length = 0;
    this.#early.clear();
    this.#events.length = 0;
    this.#options.onGone();
  }
}

/** Bytes one request may have: room for a large stanza beside others. */
export function maxBoshBodyBytes({ maxStanzaBytes }: Limits): number {
  return 2 * maxStanzaBytes;
}

function isLast({ pause, isTermination }: BoshRequest): boolean {
  return pause !== undefined || isTermination;
}
