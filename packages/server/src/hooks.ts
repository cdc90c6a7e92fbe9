import type { Element, Frame } from '@thingward/xml';
import type { Bind2Request, Jid } from '@thingward/xmpp';
import type { Session } from './session.ts';
import type { Stanza } from './stanza.ts';

/** What a filter makes of a stanza: another in its place, nothing ('stop'), or the same. */
export type Verdict = Stanza | 'stop' | undefined;
export type MaybePromise<T> = T | Promise<T>;

/** Sees a stanza before it goes on. Throws a StanzaError to have it refused. */
export type Filter<Subject> = (stanza: Stanza, subject: Subject) => MaybePromise<Verdict>;

/** Says of which data (see `data-stanza.ts`) a filter or observer would do nothing but let it pass. */
export interface DataInterest {
  /** Is all that an account sends and receives such? When that changes, call `filterChanged`. */
  passesData(localpart: string): boolean;
}

/** Of filters and observers that data is nothing to, whoever it is for. */
export const PASSES_DATA: DataInterest = { passesData: () => true };

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

/** What a session can have from its first moment, when its client asks for it while it binds. @see XEP-0386 §3 */
export interface BindFeature {
  /** As it is told before authentication; undefined where nothing is told. */
  readonly feature?: string;
  /** A session was bound; its client gets no stanza before all is answered. @returns what the client is told, where there is something */
  bound(session: Session, request: Bind2Request): MaybePromise<Element | undefined>;
}

/** A client's stream on which nobody has authenticated. */
export interface AnonymousStream {
  /** IP address of the client. */
  readonly address: string;
  /** Gives people time to type. @param milliseconds from now until they must have authenticated */
  extend(milliseconds: number): void;
}

/** Answers a request of a client that has not authenticated. @throws StanzaError */
export type AnonymousIqHandler = (request: Element, stream: AnonymousStream) => MaybePromise<Element | undefined>;

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
  readonly #requested: ((localpart: string, request: Element) => MaybePromise<boolean>)[] = [];
  readonly #granted: ((localpart: string, contact: Jid) => void)[] = [];
  readonly #visibility: ((localpart: string, contact: Jid) => MaybePromise<boolean>)[] = [];
  readonly #sessionBound: ((session: Session) => void)[] = [];
  readonly #sessionResumed: ((session: Session) => void)[] = [];
  readonly #sessionEnded: ((session: Session) => MaybePromise<void>)[] = [];
  readonly #resending: ((stanza: Stanza) => Stanza | undefined)[] = [];
  readonly #returned: ((stanza: Stanza) => boolean)[] = [];
  readonly #stanzaAcknowledged: ((stanza: Stanza, session: Session) => void)[] = [];
  readonly #memories: SessionMemory[] = [];
  readonly #accountRemoved: ((localpart: string) => MaybePromise<void>)[] = [];
  /** Of all filters and observers of stanzas; undefined for those that want to see all of them. */
  readonly #interests: (DataInterest | undefined)[] = [];
  #filterChange: ((localpart: string) => void) | undefined;
  readonly #nonzas = new Map<string, (frame: Frame, session: Session) => MaybePromise<void>>();
  readonly #bindFeatures: BindFeature[] = [];
  readonly #anonymousIqs = new Map<string, AnonymousIqHandler>();
  readonly #streamFeatures: ((state: StreamState) => Element | undefined)[] = [];

  /** Another reason than a filter why data must pass the router. */
  addInterest(interest: DataInterest): void {
    this.#interests.push(interest);
  }

  /** A stanza a client of ours sent, before it is routed. */
  onSending(filter: Filter<Session>, interest?: DataInterest): void {
    this.#interests.push(interest);
    this.#sending.push(filter);
  }

  /** A stanza for an account of ours or one of its sessions, before it is delivered. */
  onReceiving(filter: Filter<string>, interest?: DataInterest): void {
    this.#interests.push(interest);
    this.#receiving.push(filter);
  }

  /** Has a say in whether data may go past the router. */
  watchData(interest: DataInterest): void {
    this.#interests.push(interest);
  }

  /** A message was given to these sessions of the account; there may be none. */
  onMessageDelivered(observer: DeliveryObserver, interest?: DataInterest): void {
    this.#interests.push(interest);
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

  /** Somebody wants to see the presence of an account: is that agreed already? The first who says so counts. */
  onSubscriptionRequested(isApproved: (localpart: string, request: Element) => MaybePromise<boolean>): void {
    this.#requested.push(isApproved);
  }

  async isApproved(localpart: string, request: Element): Promise<boolean> {
    for (const approves of this.#requested) if (await approves(localpart, request)) return true;
    return false;
  }

  /** A contact (bare JID) may see the presence of an account from now on. */
  onPresenceGranted(observer: (localpart: string, contact: Jid) => void): void {
    this.#granted.push(observer);
  }

  /** Has a say in whether a contact that may see the presence of an account is shown it. */
  onShowingPresence(isVisible: (localpart: string, contact: Jid) => MaybePromise<boolean>): void {
    this.#visibility.push(isVisible);
  }

  onSessionBound(observer: (session: Session) => void): void {
    this.#sessionBound.push(observer);
  }

  /** A session has got another connection, and all that its client had not acknowledged. @see XEP-0198 §5 */
  onSessionResumed(observer: (session: Session) => void): void {
    this.#sessionResumed.push(observer);
  }

  onSessionEnded(observer: (session: Session) => MaybePromise<void>): void {
    this.#sessionEnded.push(observer);
  }

  /** A stanza is to be sent again over another connection. @param instead what is sent in its place, where it must not be repeated */
  onResending(instead: (stanza: Stanza) => Stanza | undefined): void {
    this.#resending.push(instead);
  }

  /** A session ended whose client has not handled a stanza. @param takes says whether that is seen to, so that nobody else gets it */
  onReturned(takes: (stanza: Stanza) => boolean): void {
    this.#returned.push(takes);
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

  /** Takes part in binding resources along with authentication. @see XEP-0386 */
  addBindFeature(feature: BindFeature): void {
    this.#bindFeatures.push(feature);
  }

  /** Answers requests of clients that have not authenticated. */
  onAnonymousIq(type: 'get' | 'set', name: string, namespace: string, handler: AnonymousIqHandler): void {
    const key = `${type} ${name} ${namespace}`;
    if (this.#anonymousIqs.has(key)) throw new Error(`two handlers for ${key}`);
    this.#anonymousIqs.set(key, handler);
  }

  /** Adds to `<stream:features/>`. @see RFC 6120 §4.3.2 */
  addStreamFeature(feature: (state: StreamState) => Element | undefined): void {
    this.#streamFeatures.push(feature);
  }

  /** Would every filter and observer let pass what the account sends and receives of data? */
  passesData(localpart: string): boolean {
    return this.#interests.every((interest) => interest?.passesData(localpart));
  }

  /** To be told when the answer of `passesData` may have changed for an account. */
  onFilterChange(observer: (localpart: string) => void): void {
    this.#filterChange = observer;
  }

  filterChanged(localpart: string): void {
    this.#filterChange?.(localpart);
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

  presenceGranted(localpart: string, contact: Jid): void {
    for (const observer of this.#granted) observer(localpart, contact);
  }

  async showsPresence(localpart: string, contact: Jid): Promise<boolean> {
    for (const isVisible of this.#visibility) if (!(await isVisible(localpart, contact))) return false;
    return true;
  }

  sessionBound(session: Session): void {
    for (const observer of this.#sessionBound) observer(session);
  }

  sessionResumed(session: Session): void {
    for (const observer of this.#sessionResumed) observer(session);
  }

  async sessionEnded(session: Session): Promise<void> {
    for (const observer of this.#sessionEnded) await observer(session);
  }

  resending(stanza: Stanza): Stanza {
    for (const instead of this.#resending) {
      const other = instead(stanza);
      if (other) return other;
    }
    return stanza;
  }

  takesBack(stanza: Stanza): boolean {
    return this.#returned.some((takes) => takes(stanza));
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

  /** Features a session can have from its first moment. */
  get bindFeatures(): readonly string[] {
    return this.#bindFeatures.flatMap(({ feature }) => feature ?? []);
  }

  /** @returns what goes into `<bound/>` */
  async boundAlong(session: Session, request: Bind2Request): Promise<readonly Element[]> {
    // All are told before one is waited for.
    const answers = await Promise.all(this.#bindFeatures.map((feature) => feature.bound(session, request)));
    return answers.filter((answer) => answer !== undefined);
  }

  /** Who answers a request of a client that has not authenticated; undefined when nobody does. */
  anonymousIq(request: Element): AnonymousIqHandler | undefined {
    const [payload] = request.elements;
    return payload && this.#anonymousIqs.get(`${request.attribute('type')} ${payload.name} ${payload.namespace}`);
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
