import type { Element } from '@thingward/xml';
import type { Jid } from './jid.ts';
import { type Logger, SILENT_LOGGER } from './logger.ts';
import { NS } from './namespaces.ts';
import { PeerError, StanzaDispatcher, type Unsubscribe } from './peer.ts';
import { ping } from './ping.ts';
import { SaslError } from './sasl/error.ts';
import { StanzaError } from './stanza-error.ts';
import type { Connector, XmlStream } from './stream/xml-stream.ts';
import { StreamError } from './stream-error.ts';

/** `failed`: the credentials were refused; it does not try again. */
export type ConnectionState = 'connecting' | 'online' | 'offline' | 'failed' | 'stopped';

export interface ReconnectOptions {
  readonly connect: Connector;
  readonly log?: Logger;
  /** How long a connection attempt with its negotiation may take; 15,000 ms when not given. */
  readonly connectTimeoutMs?: number;
  /** Silence after which the server is asked for a sign of life; 60,000 ms when not given. */
  readonly keepAliveMs?: number;
  /** Longest pause between attempts; 30,000 ms when not given. */
  readonly maxBackoffMs?: number;
}

/** A connection to a server, kept up until it is stopped. Handlers stay over reconnects. */
export abstract class ReconnectingPeer extends StanzaDispatcher {
  readonly #options: ReconnectOptions;
  readonly #log: Logger;
  readonly #stateHandlers = new Set<(state: ConnectionState, error?: Error) => void>();
  #jid: Jid;
  #state: ConnectionState = 'offline';
  #error: Error | undefined;
  #stream: XmlStream | undefined;
  #stop: AbortController | undefined;
  #running: Promise<void> | undefined;
  #lastReceived = 0;

  /** @param jid the address until the server has given another */
  constructor(jid: Jid, options: ReconnectOptions) {
    const log = options.log ?? SILENT_LOGGER;
    super((error) => log.error({ err: error, jid: this.#jid.toString() }, 'a stanza handler failed'));
    this.#options = options;
    this.#log = log;
    this.#jid = jid;
  }

  /** Makes the stream ready for stanzas. @returns the address it speaks as from now on */
  protected abstract negotiate(stream: XmlStream): Promise<Jid>;

  /** Would another attempt fail in the same way? */
  protected isFatal(error: Error): boolean {
    if (error instanceof SaslError) return error.condition !== 'temporary-auth-failure';
    return error instanceof StreamError && (error.condition === 'conflict' || error.condition === 'host-unknown');
  }

  /** Told of each stanza that was sent. */
  protected onSent(_stanza: Element): void {}

  /** Is it no stanza, but something between both ends of the stream? Told of each element that arrives. */
  protected takes(_element: Element): boolean {
    return false;
  }

  /** May answers still come over another connection, when this one is lost? */
  protected get keepsSession(): boolean {
    return false;
  }

  /** Does the former session go on over this connection? */
  protected get isResumed(): boolean {
    return false;
  }

  /** Sends an element that is no stanza; nothing happens when there is no connection. */
  protected sendElement(element: Element): void {
    this.#stream?.send(element);
  }

  /** Gives the connection up, as if it had broken. */
  protected dropConnection(): void {
    this.#stream?.destroy();
  }

  /** What is to be said first. */
  protected greeting(): Element | undefined {
    return undefined;
  }

  /** Asks for a sign of life. Rejects with `remote-server-timeout` when there is none. */
  protected probe(timeoutMs: number): Promise<unknown> {
    return ping(this, undefined, { timeoutMs });
  }

  override get jid(): Jid {
    return this.#jid;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Connects, and reconnects whenever the connection is lost, until `stop` or until the credentials are refused. */
  start(): void {
    if (this.#running) return;
    this.#stop = new AbortController();
    this.#running = this.#run(this.#stop.signal).finally(() => {
      this.#running = undefined;
    });
  }

  /** Ends the stream orderly. */
  async stop(): Promise<void> {
    this.#setState('stopped');
    this.#stop?.abort(new PeerError('closed', 'it was stopped'));
    await this.#stream?.close();
    await this.#running;
  }

  /**
   * Drops the connection without ending its stream: a session that can be resumed waits on the server until `start`. Requests that wait for
   * their answers fail.
   */
  async suspend(): Promise<void> {
    this.#setState('stopped');
    this.#stop?.abort(new PeerError('closed', 'it was suspended'));
    this.#stream?.destroy();
    await this.#running;
  }

  /** Called at each change of state, with the reason where it is a bad one. */
  onState(handler: (state: ConnectionState, error?: Error) => void): Unsubscribe {
    this.#stateHandlers.add(handler);
    return () => this.#stateHandlers.delete(handler);
  }

  /**
   * Waits until it is online.
   * @throws what the first attempt failed with (SaslError for refused credentials)
   */
  ready(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: Error) => {
        stop();
        signal?.removeEventListener('abort', abort);
        if (error) reject(error);
        else resolve();
      };
      const check = (state: ConnectionState, error?: Error) => {
        if (state === 'online') settle();
        else if (error) settle(error);
        else if (state === 'stopped') settle(new PeerError('closed', 'it was stopped'));
      };
      const abort = () => settle(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      const stop = this.onState(check);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
      check(this.#state, this.#state === 'stopped' ? undefined : this.#error);
    });
  }

  protected override transmit(stanza: Element): void {
    if (this.#state !== 'online' || !this.#stream) {
      throw new PeerError('not-connected', `${this.#jid.bare} is not connected`);
    }
    this.#stream.send(stanza);
    this.onSent(stanza);
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      await this.#connections(signal);
    } finally {
      this.becameOffline(this.#lost());
    }
  }

  async #connections(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      this.#setState('connecting');
      try {
        await this.#connection(signal, () => {
          attempt = 0;
        });
      } catch (error) {
        if (signal.aborted) break;
        const reason = error as Error;
        const fatal = this.isFatal(reason);
        this.#log.warn({ jid: this.#jid.bare.toString(), reason: reason.message }, 'connection failed');
        this.#setState(fatal ? 'failed' : 'offline', reason);
        if (fatal) return;
      }
      await this.#pause(attempt, signal);
    }
  }

  /** One connection from beginning to end. Throws why it ended. */
  async #connection(signal: AbortSignal, onOnline: () => void): Promise<never> {
    const { connect, connectTimeoutMs = 15_000 } = this.#options;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]);
    const stream = await connect(limit);
    this.#stream = stream;
    const drop = () => stream.destroy();
    limit.addEventListener('abort', drop);
    try {
      // It may have been stopped when the connection was as good as made.
      limit.throwIfAborted();
      this.#jid = await this.negotiate(stream);
      limit.removeEventListener('abort', drop);
      onOnline();
      this.#log.info({ jid: this.#jid.toString() }, 'connected');
      this.#setState('online');
      this.becameOnline(this.isResumed);
      const greeting = this.greeting();
      if (greeting) this.transmit(greeting);
      return await this.#receive(stream);
    } catch (error) {
      if (limit.aborted && !signal.aborted && this.#state !== 'online') {
        throw new PeerError('not-connected', `no stream to ${this.#jid.domain} within ${connectTimeoutMs} ms`, {
          cause: error,
        });
      }
      throw error;
    } finally {
      limit.removeEventListener('abort', drop);
      stream.destroy();
      this.#stream = undefined;
      if (this.keepsSession) this.wentAway();
      else this.becameOffline(this.#lost());
    }
  }

  #lost(): PeerError {
    return new PeerError('connection-lost', `the connection of ${this.#jid.bare} was lost`);
  }

  async #receive(stream: XmlStream): Promise<never> {
    const keepAliveMs = this.#options.keepAliveMs ?? 60_000;
    this.#lastReceived = Date.now();
    const timer = setInterval(() => {
      if (Date.now() - this.#lastReceived < keepAliveMs) return;
      this.probe(keepAliveMs / 2).catch((error: unknown) => {
        if (error instanceof StanzaError && error.condition === 'remote-server-timeout') stream.destroy();
      });
    }, keepAliveMs / 2);
    try {
      for (;;) {
        const item = await stream.read();
        this.#lastReceived = Date.now();
        if (item.kind === 'close') throw new PeerError('connection-lost', 'the server closed the stream');
        if (item.kind === 'open') throw new StreamError('bad-format', 'unexpected stream header');
        if (item.element.is('error', NS.stream)) throw StreamError.fromElement(item.element);
        if (!this.takes(item.element)) this.dispatch(item.element);
      }
    } finally {
      clearInterval(timer);
    }
  }

  /** Capped exponential back-off with full jitter, so that a thousand devices do not come back in the same second. */
  async #pause(attempt: number, signal: AbortSignal): Promise<void> {
    const longest = Math.min(this.#options.maxBackoffMs ?? 30_000, 500 * 2 ** Math.min(attempt, 10));
    const ms = 100 + Math.random() * longest;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }

  #setState(state: ConnectionState, error?: Error): void {
    if (this.#state === 'stopped' && state !== 'connecting') return;
    this.#error = state === 'connecting' ? this.#error : error;
    if (state === this.#state) return;
    this.#state = state;
    for (const handler of this.#stateHandlers) handler(state, error);
  }
}
