import type { Socket } from 'node:net';
import { type DialbackOutcome, type DomainPair, StanzaError, type StreamError } from '@thingward/xmpp';
import { type ConnectionServices, S2sConnection } from './connection.ts';
import { pairKey } from './events.ts';
import { type InitiatorOptions, S2sInitiator } from './initiator.ts';
import type { S2sTls, Secured } from './s2s-tls.ts';
import { type OwnerAction, S2sStream, type StreamLimits } from './stream.ts';

export interface OutgoingOptions {
  readonly services: ConnectionServices;
  readonly initiator: InitiatorOptions;
  readonly tls: S2sTls;
  readonly limits: StreamLimits;
}

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: StanzaError): void;
}

/** Requests that wait for their answers on one connection. */
const MAX_WAITING = 1000;

/** A connection to another server. */
export class OutgoingConnection extends S2sConnection {
  /** The pair it was opened for. */
  readonly pair: DomainPair;
  protected readonly stream: S2sStream;
  readonly #machine: S2sInitiator;
  readonly #ready: Waiting<void>[] = [];
  readonly #authorizing = new Map<string, Waiting<void>[]>();
  readonly #verifying = new Map<string, Waiting<DialbackOutcome>[]>();
  #isReady = false;
  #failure = new StanzaError('remote-server-timeout', 'the connection was closed');

  /** @param secured where TLS is there from the first byte */
  constructor({ services, initiator, tls, limits }: OutgoingOptions, socket: Socket, secured?: Secured) {
    super(services);
    this.pair = initiator.pair;
    this.#machine = new S2sInitiator(initiator);
    this.stream = new S2sStream({
      socket: secured?.socket ?? socket,
      machine: this.#machine,
      owner: this,
      limits,
      log: services.log,
      turns: services.turns,
      startTls: (plain) => tls.connect(plain, initiator.pair.to, { direct: false }),
    });
    this.stream.input(secured ? { kind: 'secured', certificate: secured.certificate } : { kind: 'connected' });
  }

  override get domains(): readonly string[] {
    return [this.pair.to, ...super.domains];
  }

  /** Can it be asked to carry a further pair? */
  get takesMorePairs(): boolean {
    return !this.isEnded && this.#machine.takesMorePairs;
  }

  /** Is anything waited for? */
  get isWaiting(): boolean {
    return !this.#isReady || this.#authorizing.size > 0 || this.#verifying.size > 0;
  }

  /** Resolves when requests can be sent. Rejects with a StanzaError. */
  ready(): Promise<void> {
    if (this.#isReady && !this.isEnded) return Promise.resolve();
    return this.#wait(this.#ready);
  }

  /** Resolves when stanzas may be sent for the pair. Rejects with a StanzaError. */
  authorize(pair: DomainPair): Promise<void> {
    const key = pairKey(pair);
    const others = this.#authorizing.get(key);
    if (others) return this.#wait(others);
    const waiting: Waiting<void>[] = [];
    this.#authorizing.set(key, waiting);
    const result = this.#wait(waiting);
    this.stream.input({ kind: 'authorize', pair });
    return result;
  }

  /** Asks whether a key is the other side's own. @param pair from our domain to the one that is asked */
  async verify(pair: DomainPair, id: string, key: string): Promise<DialbackOutcome> {
    if (this.#verifying.size >= MAX_WAITING) throw new StanzaError('resource-constraint', 'too many keys are checked');
    const name = `${pairKey(pair)} ${id}`;
    const waiting = this.#verifying.get(name) ?? [];
    this.#verifying.set(name, waiting);
    const result = this.#wait(waiting);
    this.stream.input({ kind: 'verify', pair, id, key });
    return result;
  }

  /** Gives it up. */
  abandon(why: string): void {
    this.#failure = new StanzaError('remote-server-timeout', why);
    this.stream.input({ kind: 'end' });
  }

  protected accepted(): void {}

  protected negotiated(action: Exclude<OwnerAction, { kind: 'stanza' | 'check' | 'accepted' }>): void {
    switch (action.kind) {
      case 'ready':
        this.#isReady = true;
        for (const { resolve } of this.#ready.splice(0)) resolve();
        return;
      case 'granted':
        this.stream.authorized();
        this.#settle(action.pair, ({ resolve }) => resolve());
        return;
      case 'refused':
        this.#settle(action.pair, ({ reject }) => reject(action.error));
        return;
      case 'verified': {
        const name = `${pairKey(action.pair)} ${action.id}`;
        const waiting = this.#verifying.get(name) ?? [];
        this.#verifying.delete(name);
        for (const { resolve } of waiting) resolve(action.outcome);
        return;
      }
      case 'close':
        this.#closed(action.error, action.reason);
    }
  }

  protected onEnded(): void {
    const waiting = [
      ...this.#ready,
      ...[...this.#authorizing.values()].flat(),
      ...[...this.#verifying.values()].flat(),
    ];
    this.#ready.length = 0;
    this.#authorizing.clear();
    this.#verifying.clear();
    for (const { reject } of waiting) reject(this.#failure);
  }

  #wait<T>(waiting: Waiting<T>[]): Promise<T> {
    if (this.isEnded) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  }

  #settle(pair: DomainPair, settle: (waiting: Waiting<void>) => void): void {
    const waiting = this.#authorizing.get(pairKey(pair)) ?? [];
    this.#authorizing.delete(pairKey(pair));
    waiting.forEach(settle);
  }

  #closed(error: StreamError | undefined, reason: StreamError | undefined): void {
    const { to } = this.pair;
    if (reason) this.#failure = asStanzaError(to, reason);
    else if (error) this.#failure = new StanzaError('remote-server-timeout', `no stream with ${to}: ${error.message}`);
    const details = { remote: this.stream.remote, ...this.pair, reason: (error ?? reason)?.message };
    this.services.log.debug(details, 'a stream to another server has ended');
  }
}

function asStanzaError(domain: string, { condition, message }: StreamError): StanzaError {
  const isUnknown = condition === 'host-unknown' || condition === 'host-gone';
  const text = `the server of ${domain} says: ${message}`;
  return new StanzaError(isUnknown ? 'remote-server-not-found' : 'remote-server-timeout', text);
}
