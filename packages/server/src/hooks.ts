import type { Element, Frame } from '@thingward/xml';
import type { Jid } from '@thingward/xmpp';
import type { Session } from './session.ts';
import type { Stanza } from './stanza.ts';

/** What a filter makes of a stanza: another in its place, nothing ('stop'), or the same. */
export type Verdict = Stanza | 'stop' | undefined;
export type MaybePromise<T> = T | Promise<T>;

/** Sees a stanza before it goes on. Throws a StanzaError to have it refused. */
export type Filter<Subject> = (stanza: Stanza, subject: Subject) => MaybePromise<Verdict>;

/** @param isNew false when it was given to another session before, which ended without having handled it */
export type DeliveryObserver = (
  message: Stanza,
  localpart: string,
  sessions: readonly Session[],
  isNew: boolean,
) => void;

/** What a module has to remember of sessions that are resumed after the server has started again. */
export interface SessionMemory {
  /** Of the module. */
  readonly name: string;
  /** @param unacknowledged what the client has not acknowledged, in order @returns what JSON can hold; undefined where there is nothing */
  save(session: Session, unacknowledged: readonly Stanza[]): unknown;
  /** @param saved what `save` returned */
  restore(session: Session, saved: unknown, unacknowledged: readonly Stanza[]): void;
}

/** State of a stream whose features are being told. */
export interface StreamState {
  readonly encrypted: boolean;
  readonly authenticated: boolean;
}

/**
 * What modules take part in, beside answering requests. Functions are called in the order in which they were added; one that
 * returns a promise delays this stanza and what follows it from the same source, so be synchronous where you can.
 */
export class Hooks {
  readonly #sending: Filter<Session>[] = [];
  readonly #receiving: Filter<string>[] = [];
  readonly #delivered: DeliveryObserver[] = [];
  readonly #undeliverable: ((message: Stanza, localpart: string) => MaybePromise<boolean>)[] = [];
  readonly #kept: ((message: Stanza, localpart: string, isNew: boolean) => void)[] = [];
  readonly #available: ((session: Session, isInitial: boolean) => MaybePromise<void>)[] = [];
  readonly #unavailable: ((session: Session, farewell: Stanza) => MaybePromise<void>)[] = [];
  readonly #visibility: ((localpart: string, contact: Jid) => MaybePromise<boolean>)[] = [];
  readonly #sessionBound: ((session: Session) => void)[] = [];
  readonly #sessionEnded: ((session: Session) => MaybePromise<void>)[] = [];
  readonly #stanzaAcknowledged: ((stanza: Stanza, session: Session) => void)[] = [];
  readonly #memories: SessionMemory[] = [];
  readonly #accountRemoved: ((localpart: string) => MaybePromise<void>)[] = [];
  readonly #nonzas = new Map<string, (frame: Frame, session: Session) => MaybePromise<void>>();
  readonly #streamFeatures: ((state: StreamState) => Element | undefined)[] = [];

  /** A stanza a client of ours sent, before it is routed. */
  onSending(filter: Filter<Session>): void {
    this.#sending.push(filter);
  }

  /** A stanza for an account of ours or one of its sessions, before it is delivered. */
  onReceiving(filter: Filter<string>): void {
    this.#receiving.push(filter);
  }

  /** A message was given to these sessions of the account; there may be none. */
  onMessageDelivered(observer: DeliveryObserver): void {
    this.#delivered.push(observer);
  }

  /** A message that no session of an existing account took. @param keep returns true when it was kept; else it is refused */
  onUndeliverable(keep: (message: Stanza, localpart: string) => MaybePromise<boolean>): void {
    this.#undeliverable.push(keep);
  }

  /** A message that no session took was kept for later. @param observer is told whether it is new, as in `onMessageDelivered` */
  onMessageKept(observer: (message: Stanza, localpart: string, isNew: boolean) => void): void {
    this.#kept.push(observer);
  }

  /** A session sent presence; `isInitial` when it was not available before. */
  onAvailable(observer: (session: Session, isInitial: boolean) => MaybePromise<void>): void {
    this.#available.push(observer);
  }

  /** A session that was available is no more. @param observer gets the presence that says so */
  onUnavailable(observer: (session: Session, farewell: Stanza) => MaybePromise<void>): void {
    this.#unavailable.push(observer);
  }

  /** Has a say in whether a contact that may see the presence of an account is shown it. */
  onShowingPresence(isVisible: (localpart: string, contact: Jid) => MaybePromise<boolean>): void {
    this.#visibility.push(isVisible);
  }

  onSessionBound(observer: (session: Session) => void): void {
    this.#sessionBound.push(observer);
  }

  onSessionEnded(observer: (session: Session) => MaybePromise<void>): void {
    this.#sessionEnded.push(observer);
  }

  /** A client has confirmed that it has handled a stanza; only those that enabled XEP-0198 do. */
  onStanzaAcknowledged(observer: (stanza: Stanza, session: Session) => void): void {
    this.#stanzaAcknowledged.push(observer);
  }

  /** Has a part of sessions remembered when the server stops. */
  rememberSessions(memory: SessionMemory): void {
    this.#memories.push(memory);
  }

  onAccountRemoved(observer: (localpart: string) => MaybePromise<void>): void {
    this.#accountRemoved.push(observer);
  }

  /** Takes a top-level element of bound streams that is no stanza, such as those of XEP-0352. */
  onNonza(name: string, namespace: string, handler: (frame: Frame, session: Session) => MaybePromise<void>): void {
    const key = `${name} ${namespace}`;
    if (this.#nonzas.has(key)) throw new Error(`two handlers for ${key}`);
    this.#nonzas.set(key, handler);
  }

  /** Adds to `<stream:features/>`. @see RFC 6120 §4.3.2 */
  addStreamFeature(feature: (state: StreamState) => Element | undefined): void {
    this.#streamFeatures.push(feature);
  }

  sending(stanza: Stanza, session: Session): MaybePromise<Stanza | undefined> {
    return filtered(this.#sending, stanza, session);
  }

  receiving(stanza: Stanza, localpart: string): MaybePromise<Stanza | undefined> {
    return filtered(this.#receiving, stanza, localpart);
  }

  messageDelivered(message: Stanza, localpart: string, sessions: readonly Session[], isNew: boolean): void {
    for (const observer of this.#delivered) observer(message, localpart, sessions, isNew);
  }

  /** @returns whether the message was kept */
  async undeliverable(message: Stanza, localpart: string, isNew: boolean): Promise<boolean> {
    for (const keep of this.#undeliverable) {
      if (!(await keep(message, localpart))) continue;
      for (const observer of this.#kept) observer(message, localpart, isNew);
      return true;
    }
    return false;
  }

  async available(session: Session, isInitial: boolean): Promise<void> {
    for (const observer of this.#available) await observer(session, isInitial);
  }

  async unavailable(session: Session, farewell: Stanza): Promise<void> {
    for (const observer of this.#unavailable) await observer(session, farewell);
  }

  async showsPresence(localpart: string, contact: Jid): Promise<boolean> {
    for (const isVisible of this.#visibility) if (!(await isVisible(localpart, contact))) return false;
    return true;
  }

  sessionBound(session: Session): void {
    for (const observer of this.#sessionBound) observer(session);
  }

  async sessionEnded(session: Session): Promise<void> {
    for (const observer of this.#sessionEnded) await observer(session);
  }

  stanzaAcknowledged(stanza: Stanza, session: Session): void {
    for (const observer of this.#stanzaAcknowledged) observer(stanza, session);
  }

  /** What modules have to remember of a session, by their names. */
  memoryOf(session: Session, unacknowledged: readonly Stanza[]): Record<string, unknown> {
    return Object.fromEntries(this.#memories.map((memory) => [memory.name, memory.save(session, unacknowledged)]));
  }

  sessionRestored(session: Session, saved: Readonly<Record<string, unknown>>, unacknowledged: readonly Stanza[]): void {
    for (const memory of this.#memories) {
      const part = saved[memory.name];
      if (part !== undefined) memory.restore(session, part, unacknowledged);
    }
  }

  async accountRemoved(localpart: string): Promise<void> {
    for (const observer of this.#accountRemoved) await observer(localpart);
  }

  nonza(name: string, namespace: string): ((frame: Frame, session: Session) => MaybePromise<void>) | undefined {
    return this.#nonzas.get(`${name} ${namespace}`);
  }

  streamFeatures(state: StreamState): readonly Element[] {
    return this.#streamFeatures.flatMap((feature) => feature(state) ?? []);
  }
}

/** The stanza after all filters; undefined when one stopped it. Waits only where a filter does. */
function filtered<Subject>(
  filters: readonly Filter<Subject>[],
  stanza: Stanza,
  subject: Subject,
  from = 0,
): MaybePromise<Stanza | undefined> {
  let current = stanza;
  for (let i = from; i < filters.length; i++) {
    const verdict = (filters[i] as Filter<Subject>)(current, subject);
    if (verdict === undefined) continue;
    if (verdict === 'stop') return undefined;
    if (verdict instanceof Promise) {
      const before = current;
      return verdict.then((later) =>
        later === 'stop' ? undefined : filtered(filters, later ?? before, subject, i + 1),
      );
    }
    current = verdict as Stanza;
  }
  return current;
}
