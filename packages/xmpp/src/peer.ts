import type { Element } from '@thingward/xml';
import { Jid } from './jid.ts';
import { errorReply, iq, iqResult } from './stanza.ts';
import { StanzaError } from './stanza-error.ts';

/** An IQ request that arrived. */
export interface IqRequest {
  readonly type: 'get' | 'set';
  readonly from: Jid;
  /** The address it was sent to: one of ours. */
  readonly to: Jid;
  readonly id: string;
  readonly payload: Element;
  readonly stanza: Element;
}

/** A message or presence that arrived. */
export interface Received {
  readonly from: Jid;
  readonly to: Jid;
  readonly type: string | undefined;
  readonly stanza: Element;
}

/** Answers an IQ request: the payload of the result (or nothing); throws a StanzaError for an error reply. */
export type IqHandler = (request: IqRequest) => Element | undefined | Promise<Element | undefined>;

/** A payload to listen for; `name` undefined means any element of the namespace. */
export interface PayloadPattern {
  readonly name?: string;
  readonly namespace: string;
}

export interface RequestOptions {
  /** How long to wait for the answer; 30,000 ms when not given. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** The address to speak as, for a service that has several. */
  readonly from?: Jid;
}

/** Undoes a registration. */
export type Unsubscribe = () => void;

/**
 * Somebody on an XMPP network: a client with its full JID, or a service with its domain, wherever it runs. What a service or Thing
 * needs of the network, and all it may know of it.
 */
export interface XmppPeer {
  /** The address it speaks as; of a client that is not connected yet, its bare JID. */
  readonly jid: Jid;
  /** Sends a stanza, with `from` and (for requests) `id` added where they are missing. Does not wait. @throws PeerError when not connected */
  send(stanza: Element): void;
  /**
   * Sends the same stanza to each of many, which may cost much less than one `send` for each.
   * @param stanza without `to`; its `from` and `id` are added where they are missing
   * @throws PeerError when not connected
   */
  sendEach(stanza: Element, recipients: Iterable<Jid>): void;
  /**
   * Sends an IQ request and waits for the answer.
   * @param to undefined: the own account on the server
   * @returns the payload of the result; undefined when it is empty
   * @throws StanzaError the other side's error reply; `remote-server-timeout` when there was no answer in time; PeerError when the connection went away
   */
  request(
    type: 'get' | 'set',
    to: Jid | undefined,
    payload: Element,
    options?: RequestOptions,
  ): Promise<Element | undefined>;
  /** Answers IQ requests with this payload. One handler per pattern and type; a second one throws. */
  onIq(type: 'get' | 'set', pattern: PayloadPattern & { readonly name: string }, handler: IqHandler): Unsubscribe;
  /** Called for each message (also of type error) that has such a payload. Errors thrown by the handler become error replies. */
  onMessage(
    pattern: PayloadPattern,
    handler: (message: Received, payload: Element) => void | Promise<void>,
  ): Unsubscribe;
  /** Called for each presence stanza, subscription requests included. */
  onPresence(handler: (presence: Received) => void | Promise<void>): Unsubscribe;
  /**
   * Called each time it became reachable under `jid`: after each (re)connect. Called at once when it is so now.
   * @param handler told whether its former session goes on, so that the network has not forgotten anything
   */
  onOnline(handler: (isResumed: boolean) => void | Promise<void>): Unsubscribe;
}

/** Why a peer could not send or receive. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: 'not-connected' | 'connection-lost' | 'closed';

  constructor(code: PeerError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface PendingRequest {
  readonly to: string;
  readonly settle: (answer: Element | Error) => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** The part of a peer that is the same everywhere: matching answers to requests and stanzas to handlers. */
/** Requests of one peer that wait for their answers. */
const MAX_PENDING = 20_000;

export abstract class StanzaDispatcher implements XmppPeer {
  abstract readonly jid: Jid;
  readonly #iqHandlers = new Map<string, IqHandler>();
  readonly #messageHandlers = new Set<{
    pattern: PayloadPattern;
    handler: (m: Received, p: Element) => void | Promise<void>;
  }>();
  readonly #presenceHandlers = new Set<(presence: Received) => void | Promise<void>>();
  readonly #onlineHandlers = new Set<(isResumed: boolean) => void | Promise<void>>();
  readonly #pending = new Map<string, PendingRequest>();
  readonly #reportError: (error: unknown) => void;
  #online = false;
  #lastId = 0;

  /** @param reportError told of errors that handlers threw and that are no StanzaError: bugs */
  constructor(reportError: (error: unknown) => void) {
    this.#reportError = reportError;
  }

  /** Puts a complete stanza on its way. @throws PeerError when not connected */
  protected abstract transmit(stanza: Element): void;

  /** Is `from` an acceptable sender of the answer to a request sent to `to`? Guards against forged answers. @see RFC 6120 §8.1.2.1 */
  protected isAnswerFrom(to: string, from: string | undefined): boolean {
    const account = this.jid.bare.toString();
    // What has no sender comes from the own account.
    if (from === undefined) return to === '' || to === account;
    return from === to || (to === '' && (from === account || from === this.jid.domain));
  }

  send(stanza: Element): void {
    this.transmit(this.completed(stanza));
  }

  sendEach(stanza: Element, recipients: Iterable<Jid>): void {
    const complete = this.completed(stanza);
    for (const to of recipients) this.transmit(complete.with({ to: to.toString() }));
  }

  request(
    type: 'get' | 'set',
    to: Jid | undefined,
    payload: Element,
    { timeoutMs = DEFAULT_TIMEOUT_MS, signal, from = this.jid }: RequestOptions = {},
  ): Promise<Element | undefined> {
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(new StanzaError('resource-constraint', 'too many requests wait for their answers'));
    }
    const id = this.#nextId();
    return new Promise((resolve, reject) => {
      const abort = () => settle(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      const timer = setTimeout(() => {
        settle(new StanzaError('remote-server-timeout', `no answer from ${to ?? 'the server'} within ${timeoutMs} ms`));
      }, timeoutMs);
      const settle = (answer: Element | Error) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#pending.delete(id);
        if (answer instanceof Error) reject(answer);
        else if (answer.attribute('type') === 'error') reject(StanzaError.fromStanza(answer));
        else resolve(answer.elements[0]);
      };
      this.#pending.set(id, { to: to?.toString() ?? '', settle });
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      try {
        this.transmit(iq(type, { to, id, from }, payload));
      } catch (error) {
        settle(error as Error);
      }
    });
  }

  onIq(
    type: 'get' | 'set',
    { name, namespace }: PayloadPattern & { readonly name: string },
    handler: IqHandler,
  ): Unsubscribe {
    const key = iqKey(type, name, namespace);
    if (this.#iqHandlers.has(key)) throw new Error(`two handlers for iq ${type} ${name} ${namespace}`);
    this.#iqHandlers.set(key, handler);
    return () => this.#iqHandlers.delete(key);
  }

  onMessage(pattern: PayloadPattern, handler: (m: Received, p: Element) => void | Promise<void>): Unsubscribe {
    return add(this.#messageHandlers, { pattern, handler });
  }

  onPresence(handler: (presence: Received) => void | Promise<void>): Unsubscribe {
    return add(this.#presenceHandlers, handler);
  }

  onOnline(handler: (isResumed: boolean) => void | Promise<void>): Unsubscribe {
    if (this.#online) void this.#run(() => handler(false));
    return add(this.#onlineHandlers, handler);
  }

  /** To be called when the peer became reachable under its `jid`. */
  protected becameOnline(isResumed = false): void {
    this.#online = true;
    for (const handler of this.#onlineHandlers) void this.#run(() => handler(isResumed));
  }

  /** To be called when the connection went away, but answers may still come over another. */
  protected wentAway(): void {
    this.#online = false;
  }

  /** To be called when the connection went away: requests that wait for an answer fail. */
  protected becameOffline(error: PeerError): void {
    this.wentAway();
    for (const { settle } of [...this.#pending.values()]) settle(error);
  }

  /** Gives a stanza that arrived to whoever waits for it. @returns what ends, never failing, when it was handled; nothing where that was at once */
  protected dispatch(stanza: Element): void | Promise<void> {
    const type = stanza.attribute('type');
    if (stanza.name === 'iq' && (type === 'result' || type === 'error')) {
      const pending = this.#pending.get(stanza.attribute('id') ?? '');
      if (pending && this.isAnswerFrom(pending.to, stanza.attribute('from'))) pending.settle(stanza);
      return;
    }
    const from = Jid.tryParse(stanza.attribute('from')) ?? this.jid.bare;
    const to = Jid.tryParse(stanza.attribute('to')) ?? this.jid;
    if (stanza.name === 'iq') return this.#answer(stanza, from, to);
    if (stanza.name === 'message') return this.#deliver(stanza, { from, to, type, stanza });
    if (stanza.name !== 'presence') return;
    const presence = { from, to, type, stanza };
    return all([...this.#presenceHandlers].map((handler) => this.#run(() => handler(presence))));
  }

  #answer(stanza: Element, from: Jid, to: Jid): Promise<void> {
    return this.#run(async () => {
      let answer: Element;
      try {
        answer = iqResult(stanza, await this.#handle(stanza, from, to));
      } catch (error) {
        answer = errorReply(stanza, this.#asStanzaError(error));
      }
      this.transmit(answer);
    });
  }

  async #handle(stanza: Element, from: Jid, to: Jid): Promise<Element | undefined> {
    const type = stanza.attribute('type');
    const id = stanza.attribute('id');
    const [payload, ...others] = stanza.elements;
    if (!(type === 'get' || type === 'set') || id === undefined || payload === undefined || others.length > 0) {
      throw new StanzaError('bad-request', 'an IQ needs a type, an id and exactly one payload');
    }
    const handler = this.#iqHandlers.get(iqKey(type, payload.name, payload.namespace));
    if (!handler) throw new StanzaError('service-unavailable');
    return handler({ type, from, to, id, payload, stanza });
  }

  #deliver(stanza: Element, received: Received): void | Promise<void> {
    const handled: Promise<void>[] = [];
    for (const { pattern, handler } of this.#messageHandlers) {
      const payload = stanza.elements.find(
        (child) => child.namespace === pattern.namespace && (pattern.name === undefined || child.name === pattern.name),
      );
      if (payload) handled.push(this.#run(() => this.#give(received, payload, handler)));
    }
    return all(handled);
  }

  async #give(
    received: Received,
    payload: Element,
    handler: (m: Received, p: Element) => void | Promise<void>,
  ): Promise<void> {
    try {
      await handler(received, payload);
    } catch (error) {
      const reply = this.#asStanzaError(error);
      // Never answer an error with an error (RFC 6120 §8.3.1).
      if (received.type !== 'error') this.transmit(errorReply(received.stanza, reply));
    }
  }

  #asStanzaError(error: unknown): StanzaError {
    if (error instanceof StanzaError) return error;
    this.#reportError(error);
    return new StanzaError('internal-server-error');
  }

  /** Runs a handler so that nothing it throws, now or later, gets lost or stops anybody else. */
  async #run(handler: () => void | Promise<void>): Promise<void> {
    try {
      await handler();
    } catch (error) {
      if (!(error instanceof PeerError)) this.#reportError(error);
    }
  }

  /** The stanza with `from` and `id`. */
  protected completed(stanza: Element): Element {
    const from = stanza.attribute('from') ?? this.jid.toString();
    const id = stanza.attribute('id') ?? this.#nextId();
    return stanza.with({ from, id });
  }

  #nextId(): string {
    this.#lastId++;
    return `${this.#lastId.toString(36)}-${Math.floor(Math.random() * 36 ** 4).toString(36)}`;
  }
}

function all(handled: readonly Promise<void>[]): void | Promise<void> {
  if (handled.length < 2) return handled[0];
  return Promise.all(handled).then(() => undefined);
}

function iqKey(type: string, name: string, namespace: string): string {
  return `${type} ${name} ${namespace}`;
}

function add<T>(set: Set<T>, item: T): Unsubscribe {
  set.add(item);
  return () => set.delete(item);
}
