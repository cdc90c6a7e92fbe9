import { randomBytes } from 'node:crypto';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Element, Frame, StreamEvent } from '@thingward/xml';
import {
  asStreamError,
  type CredentialStore,
  encodeManagementFailure,
  handledCount,
  Jid,
  JidError,
  type Logger,
  NS,
  type ReceivingTransport,
  STREAM_MANAGEMENT,
  StanzaError,
  StreamError,
  StreamReceiver,
} from '@thingward/xmpp';
import { NODE_SCRAM_PRIMITIVES } from '@thingward/xmpp/node';
import type { Hooks } from './hooks.ts';
import type { Limits } from './limits.ts';
import { addressIn } from './listeners/address-key.ts';
import { GuardedCredentials, type LogInGuard } from './log-in-guard.ts';
import { type LoopTurns, TurnShare } from './loop-turns.ts';
import type { Router } from './router.ts';
import type { Session, SessionWire } from './session.ts';
import type { SessionManager } from './session-manager.ts';
import { Stanza } from './stanza.ts';

/** A transport as a client's connection uses it. */
export interface ClientTransport extends ReceivingTransport, SessionWire {
  /** The next event that has arrived; undefined when there is none. @throws XmlError */
  nextEvent(): StreamEvent | undefined;
  /** Goes on taking bytes from the network, where it has stopped because some came while the connection was busy. */
  resume(): void;
  /** From now on stanzas of full size are taken. */
  authenticated(): void;
  /** From now on no element changes how the next is to be read. */
  bound?(): void;
}

/** What all connections share. */
export interface ConnectionContext {
  readonly domain: string;
  readonly credentials: CredentialStore;
  readonly limits: Limits;
  readonly router: Router;
  readonly sessions: SessionManager;
  readonly hooks: Hooks;
  readonly log: Logger;
  /** Connections without a session. */
  readonly negotiating: Set<ClientConnection>;
  readonly guard: LogInGuard;
  readonly turns: LoopTurns;
  /** Told of each attempt to authenticate. */
  readonly onAuthentication: (succeeded: boolean) => void;
}

/** One client's connection from its first byte to its last, whatever the transport. Events are handled one at a time, in order. */
export class ClientConnection {
  readonly #context: ConnectionContext;
  readonly #transport: ClientTransport;
  /** Negotiates the stream until there is a session. */
  #receiver: StreamReceiver | undefined;
  readonly #authTimer: NodeJS.Timeout;
  readonly #share: TurnShare;
  #session: Session | undefined;
  #busy = false;
  #ended = false;

  /** @param requireTls must the client encrypt before it authenticates? */
  constructor(context: ConnectionContext, transport: ClientTransport, requireTls: boolean) {
    this.#context = context;
    this.#transport = transport;
    const { domain, limits, log } = context;
    this.#share = new TurnShare(context.turns);
    const credentials = new GuardedCredentials(context.credentials, context.guard, addressIn(transport.remote));
    this.#receiver = new StreamReceiver(transport, {
      domains: new Set([domain]),
      credentials,
      scramPrimitives: NODE_SCRAM_PRIMITIVES,
      requireTls,
      maxAuthFailures: limits.maxAuthFailures,
      newStreamId: () => randomBytes(12).toString('base64url'),
      reportError: (error) => log.error({ err: error }, 'a stream could not be negotiated'),
      bind: (account, resource) => this.#bind(account, resource),
      bound: (jid) => this.#bound(jid),
      resume: (account, request) => this.#resume(account, request),
      features: (state) => context.hooks.streamFeatures(state),
      authenticated: ({ mechanism, account, error }) => {
        context.onAuthentication(error === undefined);
        credentials.settled(account?.local);
        if (error === undefined) transport.authenticated();
        const details = { remote: transport.remote, mechanism, account: account?.toString(), reason: error?.message };
        if (error) log.warn(details, 'authentication failed');
        else log.debug(details, 'authenticated');
      },
    });
    context.negotiating.add(this);
    this.#authTimer = setTimeout(() => {
      this.#receiver?.fail(new StreamError('connection-timeout', 'no log-in in time'));
    }, limits.authTimeoutMs);
  }

  /** Is an event being handled? What comes meanwhile must wait. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** To be called when the transport has new events. */
  pump(): void {
    if (this.#busy) return;
    const taken = this.#share.begin();
    if (taken > 0 && this.#session) this.#pace(taken, this.#session);
    while (!this.#busy && !this.#ended) {
      // So much from one client is enough for a turn: the others have theirs first.
      if (!this.#share.take()) {
        this.#await(nextTurn());
        return;
      }
      let work: void | Promise<void>;
      try {
        const event = this.#transport.nextEvent();
        if (!event) return;
        work = this.#take(event);
      } catch (error) {
        this.#fail(error);
        return;
      }
      if (work) {
        if (this.#session) this.#context.sessions.track(work);
        this.#await(work);
      }
    }
  }

  /** One that has sent too much is not read from for a while. */
  #pace(taken: number, { pace }: Session): void {
    const restMs = pace?.take(this.#context.turns.startedAt, taken) ?? 0;
    if (restMs > 0) this.#await(delay(restMs, undefined, { ref: false }));
  }

  /** Ends a stream that has no session. */
  refuse(error: StreamError): void {
    this.#receiver?.fail(error);
  }

  /** To be called when the transport is gone. */
  ended(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#context.negotiating.delete(this);
    clearTimeout(this.#authTimer);
    if (this.#session) this.#context.sessions.disconnected(this.#session, this.#transport);
  }

  #await(work: Promise<unknown>): void {
    this.#busy = true;
    void (async () => {
      try {
        await work;
      } catch (error) {
        this.#fail(error);
      }
      // What is answered without waiting for anything outside must not go on for ever.
      if (this.#context.turns.isLong) await nextTurn();
      this.#busy = false;
      this.#transport.resume();
      this.pump();
    })();
  }

  #take(event: StreamEvent): void | Promise<void> {
    if (!this.#session) return this.#receiver?.handle(event);
    if (event.kind === 'frame') return this.#stanza(event.frame, this.#session);
    if (event.kind === 'open') throw new StreamError('invalid-xml', 'a stream header inside a stream');
    this.#context.sessions.end(this.#session);
  }

  /** @see RFC 6120 §8, §4.9.3.9 */
  #stanza(frame: Frame, session: Session): void | Promise<void> {
    const { name, namespace, attributes } = frame.head;
    const { router } = this.#context;
    if (namespace !== NS.client) {
      if (namespace === STREAM_MANAGEMENT) return this.#manage(frame, session);
      if (namespace === NS.stream && name === 'error') return this.#context.sessions.end(session);
      const handler = this.#context.hooks.nonza(name, namespace);
      if (handler) return handler(frame, session);
      throw new StreamError('unsupported-stanza-type', `<${name} xmlns='${namespace}'/> is no stanza`);
    }
    if (name !== 'iq' && name !== 'message' && name !== 'presence') {
      throw new StreamError('unsupported-stanza-type', `<${name}/> is no stanza`);
    }
    if (attributes.from !== undefined) this.#checkFrom(attributes.from, session);
    // From here on the stanza is the server's affair, whatever becomes of the connection.
    session.management?.countHandled();
    let to: Jid | undefined;
    try {
      if (attributes.to !== undefined) to = router.parseJid(attributes.to);
    } catch (error) {
      if (!(error instanceof JidError)) throw error;
      router.reject(Stanza.received(frame, session.jid, undefined), new StanzaError('jid-malformed', error.message));
      return;
    }
    const stanza = Stanza.received(frame, session.jid, to);
    if (name === 'iq' && !stanza.isValidIq()) {
      router.reject(stanza, new StanzaError('bad-request', 'an IQ needs an id and a type, and a request a payload'));
      return;
    }
    return router.fromClient(stanza, session);
  }

  #checkFrom(from: string, session: Session): void {
    const jid = Jid.tryParse(from);
    if (!jid || !(jid.equals(session.jid) || jid.equals(session.jid.bare))) {
      throw new StreamError('invalid-from', `this session speaks for ${session.jid} only`);
    }
  }

  /** @see XEP-0198 §3, §4 */
  #manage({ element }: Frame, session: Session): void {
    const { management } = session;
    switch (element.name) {
      case 'enable':
        this.#transport.send(this.#context.sessions.enable(session, element));
        return;
      case 'r':
        if (management) management.acknowledge();
        else this.#transport.send(encodeManagementFailure('unexpected-request'));
        return;
      case 'a':
        if (management) management.acknowledged(handledCount(element));
        else this.#transport.send(encodeManagementFailure('unexpected-request'));
        return;
      case 'resume':
        this.#transport.send(encodeManagementFailure('unexpected-request'));
        return;
      default:
        throw new StreamError('unsupported-stanza-type', `<${element.name}/> is not part of stream management`);
    }
  }

  async #bind(account: Jid, resource: string | undefined): Promise<Jid> {
    const jid = this.#fullJid(account, resource);
    this.#context.sessions.checkRoom(jid);
    return jid;
  }

  #fullJid(account: Jid, resource: string | undefined): Jid {
    try {
      return account.withResource(resource ?? randomBytes(9).toString('base64url'));
    } catch (error) {
      if (error instanceof JidError) throw new StanzaError('bad-request', error.message);
      throw error;
    }
  }

  #bound(jid: Jid): void {
    clearTimeout(this.#authTimer);
    this.#taken(this.#context.sessions.bind(jid, this.#transport));
  }

  #taken(session: Session): void {
    this.#session = session;
    this.#receiver = undefined;
    this.#context.negotiating.delete(this);
    this.#transport.bound?.();
    // Its client may have gone while it was being made.
    if (this.#ended) this.#context.sessions.disconnected(session, this.#transport);
  }

  /** @see XEP-0198 §5 */
  async #resume(account: Jid, request: Element): Promise<{ answer: Element; resumed?: () => void }> {
    await this.#context.sessions.release(account, request.attribute('previd') ?? '');
    const resumption = this.#context.sessions.resume(account, request, this.#transport);
    const { answer } = resumption;
    if (resumption.kind === 'failed') return { answer };
    return {
      answer,
      resumed: () => {
        clearTimeout(this.#authTimer);
        resumption.start();
        this.#taken(resumption.session);
      },
    };
  }

  #fail(error: unknown): void {
    if (!this.#session) {
      this.#receiver?.fail(error);
      return;
    }
    const streamError = asStreamError(error);
    if (streamError.condition === 'internal-server-error') {
      this.#context.log.error({ err: error, jid: this.#session.jid.toString() }, 'a stanza could not be handled');
    }
    this.#context.sessions.end(this.#session, streamError);
  }
}
