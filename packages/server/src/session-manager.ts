import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Element } from '@thingward/xml';
import {
  acknowledgement,
  decodeEnable,
  encodeEnabled,
  encodeManagementFailure,
  encodeResumed,
  handledCount,
  type Jid,
  type Logger,
  StanzaError,
  StreamError,
} from '@thingward/xmpp';
import type { StanzaCounts } from './figures/stanza-counts.ts';
import type { Hooks } from './hooks.ts';
import type { Limits } from './limits.ts';
import type { Router } from './router.ts';
import { Session, type SessionClient, type SessionTable, type SessionWire } from './session.ts';
import { AccountPaces } from './session-pace.ts';
import type { SessionStore } from './session-store.ts';
import { type FormerManagement, StreamManagement } from './stream-management.ts';

/** Counts of ended sessions that are still told to those who come too late. */
const MAX_REMEMBERED = 10_000;

interface SessionManagerOptions {
  readonly sessions: SessionTable;
  readonly router: Router;
  readonly hooks: Hooks;
  readonly limits: Limits;
  /** Read when it is needed. */
  readonly settings: StreamManagementSettings;
  /** Where sessions are kept while the server does not run. */
  readonly store: SessionStore;
  readonly log: Logger;
  /** Counts stanzas to clients. */
  readonly sent: StanzaCounts;
}

export interface StreamManagementSettings {
  /** Where clients are to connect to for resuming, as `host:port`. @see XEP-0198 §5 */
  readonly location?: string | undefined;
}

/** How long a session without a connection still waits. */
interface Waiting {
  readonly timer: NodeJS.Timeout;
  /** Milliseconds since 1970. */
  readonly until: number;
}

/** What came of a wish to resume. */
export type Resumption =
  | { readonly kind: 'resumed'; readonly session: Session; readonly answer: Element; readonly begin: () => void }
  | { readonly kind: 'failed'; readonly answer: Element };

/** The life of sessions: bound, cut off from their client, taken up again, ended. */
export class SessionManager {
  readonly #options: SessionManagerOptions;
  readonly #resumable = new Map<string, Session>();
  readonly #waiting = new Map<Session, Waiting>();
  /** Sessions of before the server started that have not been resumed. */
  readonly #restored = new Set<Session>();
  readonly #paces: AccountPaces;
  readonly #working = new Set<Promise<void>>();
  #hasRestored = false;
  readonly #ended = new Map<string, { readonly account: string; readonly handled: number }>();
  readonly #ending = new Set<Promise<void>>();

  constructor(options: SessionManagerOptions) {
    this.#options = options;
    this.#paces = new AccountPaces(options.limits);
  }

  /** Sessions whose connection is lost and that may still be resumed. */
  get detachedCount(): number {
    return this.#waiting.size;
  }

  /** @throws StanzaError `resource-constraint` when the account has too many sessions already */
  checkRoom(jid: Jid, client: SessionClient = {}): void {
    const { sessions, limits } = this.#options;
    const others = sessions.of(jid.local as string).filter((session) => !this.#isReplaced(session, jid, client));
    if (others.length < limits.maxSessionsPerAccount) return;
    throw new StanzaError('resource-constraint', `${jid.bare} has too many sessions`);
  }

  /** Makes the session of a resource, in place of one that has it, and of those the same installation had before. */
  bind(jid: Jid, wire: SessionWire, client: SessionClient = {}): Session {
    const { sessions, hooks, log } = this.#options;
    // The newer one wins: the older is mostly a connection whose end nobody has noticed (RFC 6120 §7.7.2.2, XEP-0386 §3.2).
    for (const previous of sessions.of(jid.local as string)) {
      if (!this.#isReplaced(previous, jid, client)) continue;
      void this.end(previous, new StreamError('conflict', 'its client has made another connection'));
    }
    const session = new Session(jid, wire, this.#options.sent, client);
    this.#add(session);
    log.debug({ jid: jid.toString(), remote: wire.remote }, 'session bound');
    hooks.sessionBound(session);
    return session;
  }

  #isReplaced(session: Session, jid: Jid, { userAgentId }: SessionClient): boolean {
    return session.jid.equals(jid) || (userAgentId !== undefined && session.userAgentId === userAgentId);
  }

  /** Begins to count stanzas. @returns the answer. @see XEP-0198 §3 */
  enable(session: Session, request: Element): Element {
    if (session.management) return encodeManagementFailure('unexpected-request');
    const { limits, settings } = this.#options;
    const { resume, maxSeconds } = decodeEnable(request);
    const resumeSeconds = Math.min(maxSeconds ?? Number.POSITIVE_INFINITY, limits.maxResumeSeconds);
    const canResume = resume && resumeSeconds > 0 && !session.isTemporary;
    const management = this.#manage(session, {
      id: canResume ? randomBytes(18).toString('base64url') : undefined,
      resumeMs: resumeSeconds * 1000,
    });
    if (management.id === undefined) return encodeEnabled({});
    return encodeEnabled({ id: management.id, maxSeconds: resumeSeconds, location: settings.location });
  }

  /**
   * Finds the session that is to get another connection. It gets it with `begin`, to be called when the answer was sent.
   * @throws StreamError when the client counts more stanzas than it was sent
   * @see XEP-0198 §5
   */
  resume(account: Jid, request: Element, wire: SessionWire): Resumption {
    const id = request.attribute('previd') ?? '';
    const session = this.#resumable.get(id);
    const management = session?.management;
    if (!session || !management || !session.jid.bare.equals(account)) {
      const known = this.#ended.get(id);
      const handled = known?.account === account.toString() ? known.handled : undefined;
      return { kind: 'failed', answer: encodeManagementFailure('item-not-found', handled) };
    }
    management.acknowledged(handledCount(request));
    this.#stopWaiting(session);
    return {
      kind: 'resumed',
      session,
      answer: encodeResumed(id, management.handled),
      begin: () => this.#continue(session, management, wire),
    };
  }

  #continue(session: Session, management: StreamManagement, wire: SessionWire): void {
    if (this.#options.sessions.get(session.jid) !== session) {
      wire.closeStream(new StreamError('reset', 'the session has ended just now'));
      return;
    }
    const former = session.wire;
    session.attach(wire);
    former?.closeStream(new StreamError('conflict', 'the session was resumed on another connection'));
    this.#options.log.debug({ jid: session.jid.toString(), remote: wire.remote }, 'session resumed');
    for (const { stanza: sent, at, isHeld } of management.resumed()) {
      const stanza = this.#options.hooks.resending(sent);
      wire.sendStanza(isHeld ? this.#options.router.delayed(stanza, at) : stanza);
    }
    management.ask();
    this.#options.hooks.sessionResumed(session);
  }

  /** The connection of a session is gone without the stream having been closed. */
  disconnected(session: Session, wire: SessionWire): void {
    if (session.wire !== wire) return;
    const { management } = session;
    if (management?.id === undefined) {
      void this.end(session);
      return;
    }
    session.attach(undefined);
    management.disconnected();
    this.#wait(session, Date.now() + management.patienceMs);
    this.#options.log.debug({ jid: session.jid.toString() }, 'session waits to be resumed');
  }

  /** Ends a session for good, with an error where there is one. What its client never got goes elsewhere. @returns when all that is done */
  end(session: Session, error?: StreamError): Promise<void> {
    const { sessions, router, log } = this.#options;
    if (!sessions.remove(session)) return Promise.resolve();
    this.#paces.leave(session.localpart);
    this.#stopWaiting(session);
    const { wire, management } = session;
    session.attach(undefined);
    if (management?.id !== undefined) {
      this.#resumable.delete(management.id);
      this.#remember(management.id, session, management.handled);
    }
    if (management) wire?.send(acknowledgement(management.handled));
    const undelivered = wire?.undelivered?.() ?? [];
    wire?.closeStream(error);
    log.debug({ jid: session.jid.toString(), reason: error?.message }, 'session ended');
    const lost = management?.end() ?? undelivered;
    const finish = async () => {
      try {
        await router.sessionEnded(session);
        for (const { stanza, at } of lost) await router.returned(router.delayed(stanza, at), session.jid);
        if (this.#restored.delete(session)) await this.#options.store.remove(management?.id as string);
      } catch (failure) {
        log.error({ err: failure }, 'the end of a session could not be handled');
      }
    };
    const ending = finish();
    this.#ending.add(ending);
    void ending.then(() => this.#ending.delete(ending));
    return ending;
  }

  /** Something a connection does is under way; the server does not stop before its end. */
  track(work: Promise<void>): void {
    this.#working.add(work);
    const done = () => this.#working.delete(work);
    work.then(done, done);
  }

  /** Takes up the sessions that were kept when the server stopped; those whose time is over end at once. */
  async restore(): Promise<void> {
    for (const { id, jid, expiresAt, state, unacknowledged } of await this.#options.store.all()) {
      const { userAgentId, boundAt } = state;
      const client = { userAgentId, boundAt: new Date(boundAt) };
      const session = new Session(jid, undefined, this.#options.sent, client);
      session.wantsRoster = state.wantsRoster;
      for (const address of state.directed) session.directed.add(address);
      this.#manage(session, { id, resumeMs: state.resumeMs, former: { ...state, unacknowledged } });
      this.#add(session);
      this.#restored.add(session);
      const stanzas = unacknowledged.map(({ stanza }) => stanza);
      this.#options.hooks.sessionRestored(session, state.memory, stanzas);
      this.#wait(session, expiresAt);
    }
    this.#hasRestored = true;
  }

  /** To be awaited before a session is resumed: from then on what is kept of it is not true any more. */
  async release(account: Jid, id: string): Promise<void> {
    const session = this.#resumable.get(id);
    if (!session?.jid.bare.equals(account) || !this.#restored.delete(session)) return;
    await this.#options.store.remove(id);
  }

  /**
   * Ends all that can't be resumed, and the connections of the others. Waits until what they left undelivered is safe, for
   * `graceMs` at most.
   */
  async stop(error: StreamError, graceMs: number): Promise<void> {
    for (const session of this.#options.sessions.all()) {
      if (session.management?.id === undefined) void this.end(session, error);
      else this.#cut(session, error);
    }
    const patience = new AbortController();
    await Promise.race([
      Promise.allSettled([...this.#working]).then(() => Promise.all(this.#ending)),
      delay(graceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
  }

  /** Writes down the sessions that can be resumed when the server has started again. To be called last. */
  async keep(): Promise<void> {
    // Those that were not even read are still there.
    if (!this.#hasRestored) return;
    const { hooks, store, sessions } = this.#options;
    const kept = [...this.#waiting].flatMap(([session, { timer, until }]) => {
      clearTimeout(timer);
      const { management, jid, userAgentId, wantsRoster, directed, boundAt } = session;
      if (management?.id === undefined || sessions.get(jid) !== session) return [];
      const { id, resumeMs, handled, acknowledgedCount: acknowledged } = management;
      const { unacknowledged } = management;
      const memory = hooks.memoryOf(
        session,
        unacknowledged.map(({ stanza }) => stanza),
      );
      const counts = { resumeMs, handled, acknowledged };
      const state = {
        ...counts,
        userAgentId,
        wantsRoster,
        directed: [...directed],
        boundAt: boundAt.getTime(),
        memory,
      };
      return [{ id, jid, expiresAt: until, state, unacknowledged }];
    });
    await store.replace(kept);
  }

  #add(session: Session): void {
    session.onOverflow = () =>
      void this.end(session, new StreamError('policy-violation', 'too much was sent without being acknowledged'));
    session.pace = this.#paces.enter(session.localpart);
    this.#options.sessions.add(session);
  }

  /** Ends the connection of a session that goes on. */
  #cut(session: Session, error: StreamError): void {
    const { wire, management } = session;
    if (!wire || !management) return;
    wire.send(acknowledgement(management.handled));
    session.attach(undefined);
    management.disconnected();
    this.#wait(session, Date.now() + management.patienceMs);
    wire.closeStream(error);
  }

  #manage(
    session: Session,
    stream: { readonly id: string | undefined; readonly resumeMs: number; readonly former?: FormerManagement },
  ): StreamManagement {
    const { limits, hooks } = this.#options;
    const management = new StreamManagement({
      ...stream,
      maxStanzas: limits.maxUnacknowledgedStanzas,
      maxBytes: limits.maxUnsentBytes,
      ackTimeoutMs: limits.ackTimeoutMs,
      send: (element) => session.sendElement(element),
      onSilence: () => session.wire?.closeStream(new StreamError('connection-timeout', 'no acknowledgement in time')),
      onHandled: (stanza) => hooks.stanzaAcknowledged(stanza, session),
    });
    session.management = management;
    if (management.id !== undefined) this.#resumable.set(management.id, session);
    return management;
  }

  #wait(session: Session, until: number): void {
    const timer = setTimeout(() => void this.end(session), Math.max(0, until - Date.now()));
    this.#waiting.set(session, { timer, until });
  }

  #stopWaiting(session: Session): void {
    clearTimeout(this.#waiting.get(session)?.timer);
    this.#waiting.delete(session);
  }

  #remember(id: string, session: Session, handled: number): void {
    const oldest = this.#ended.size >= MAX_REMEMBERED ? this.#ended.keys().next().value : undefined;
    if (oldest !== undefined) this.#ended.delete(oldest);
    this.#ended.set(id, { account: session.jid.bare.toString(), handled });
  }
}
