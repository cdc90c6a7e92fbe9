import { randomBytes } from 'node:crypto';
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
  SaslError,
  STREAM_MANAGEMENT,
  StanzaError,
  StreamError,
  StreamReceiver,
} from '@thingward/xmpp';
import { NODE_SCRAM_PRIMITIVES } from '@thingward/xmpp/node';
import type { AnonymousStream, Hooks } from './hooks.ts';
import type { Limits } from './limits.ts';
import type { AuthenticationOutcome } from './metrics.ts';
import type { RemovalWatch } from './removal-watch.ts';
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

/** Accounts as connections see them. */
export interface AccountStore extends CredentialStore {
  /** @returns why nobody may sign in to an account of ours now; undefined when it is in use */
  refusal(localpart: string): Promise<'disabled' | 'unknown' | undefined>;
  /** Grows when accounts were disabled or removed: until then a refusal need not be asked for again. */
  readonly changes: number;
}

/** What all connections share. */
export interface ConnectionContext {
  readonly domain: string;
  readonly credentials: AccountStore;
  readonly removals: Pick<RemovalWatch, 'check'>;
  readonly limits: Limits;
  readonly router: Router;
  readonly sessions: SessionManager;
  readonly hooks: Hooks;
  readonly log: Logger;
  /** Told of each attempt to authenticate. */
  readonly onAuthentication: (outcome: AuthenticationOutcome) => void;
}

/** One client's connection from its first byte to its last, whatever the transport. Events are handled one at a time, in order. */
export class ClientConnection {
  readonly #context: ConnectionContext;
  readonly #transport: ClientTransport;
  /** Negotiates the stream until there is a session. */
  #receiver: StreamReceiver | undefined;
  #authTimer: NodeJS.Timeout;
  #session: Session | undefined;
  /** How often accounts had changed when this one was let in. */
  #admittedAt = -1;
  #busy = false;
  #ended = false;

  /** @param requireTls must the client encrypt before it authenticates? */
  constructor(context: ConnectionContext, transport: ClientTransport, requireTls: boolean) {
    this.#context = context;
    this.#transport = transport;
    const { domain, credentials, limits, log } = context;
    const anonymous: AnonymousStream = {
      address: transport.remote.replace(/:\d+$/, ''),
      extend: (milliseconds) => {
        clearTimeout(this.#authTimer);
        if (!this.#ended) this.#authTimer = this.#authenticationTimer(milliseconds);
      },
    };
    this.#receiver = new StreamReceiver(transport, {
      domains: new Set([domain]),
      credentials,
      scramPrimitives: NODE_SCRAM_PRIMITIVES,
      requireTls,
      maxAuthFailures: limits.maxAuthFailures,
      newStreamId: () => randomBytes(12).toString('base64url'),
      reportError: (error) => log.error({ err: error }, 'a stream could not be negotiated'),
      requested: (request) => {
        const handler = context.hooks.anonymousIq(request);
        return handler && (async () => handler(request, anonymous));
      },
      admit: (account) => this.#admit(account),
      bind: (account, resource) => this.#bind(account, resource),
      bound: (jid) => this.#bound(jid),
      resume: async (account, request) => this.#resume(account, request),
      features: (state) => context.hooks.streamFeatures(state),
      authenticated: ({ mechanism, account, error }) => {
        context.onAuthentication({ mechanism, error });
        if (error === undefined) transport.authenticated();
        const details = { remote: transport.remote, mechanism, account: account?.toString(), reason: error?.message };
        if (error) log.warn(details, 'authentication failed');
        else log.debug(details, 'authenticated');
      },
    });
    this.#authTimer = this.#authenticationTimer(limits.authTimeoutMs);
  }

  #authenticationTimer(milliseconds: number): NodeJS.Timeout {
    return setTimeout(
      () => this.#receiver?.fail(new StreamError('connection-timeout', 'no log-in in time')),
      milliseconds,
    );
  }

  /** Is an event being handled? What comes meanwhile must wait. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** To be called when the transport has new events. */
  pump(): void {
    while (!this.#busy && !this.#ended) {
      let work: void | Promise<void>;
      try {
        const event = this.#transport.nextEvent();
        if (!event) return;
        work = this.#take(event);
      } catch (error) {
        this.#fail(error);
        return;
      }
      if (work) this.#await(work);
    }
  }

  /** To be called when the transport is gone. */
  ended(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#authTimer);
    if (this.#session) this.#context.sessions.disconnected(this.#session, this.#transport);
  }

  #await(work: Promise<void>): void {
    this.#busy = true;
    void (async () => {
      try {
        await work;
      } catch (error) {
        this.#fail(error);
      }
      this.#busy = false;
      this.#transport.resume();
      this.pump();
    })();
  }

  #take(event: StreamEvent): void | Promise<void> {
    if (!this.#session) return this.#receiver?.handle(event);
    if (event.kind === 'frame') return this.#stanza(event.frame, this.#session);
    if (event.kind === 'open') throw new StreamError('invalid-xml', 'a stream header inside a stream');
    void this.#context.sessions.end(this.#session);
  }

  /** @see RFC 6120 §8, §4.9.3.9 */
  #stanza(frame: Frame, session: Session): void | Promise<void> {
    const { name, namespace, attributes } = frame.head;
    const { router } = this.#context;
    if (namespace !== NS.client) {
      if (namespace === STREAM_MANAGEMENT) return this.#manage(frame, session);
      if (namespace === NS.stream && name === 'error') {
        void this.#context.sessions.end(session);
        return;
      }
      const handler = this.#context.hooks.nonza(name, namespace);
      if (handler) return handler(frame, session);
      throw new StreamError('unsupported-stanza-type', `<${name} xmlns='${namespace}'/> is no stanza`);
    }
    if (name !== 'iq' && name !== 'message' && name !== 'presence') {
      throw new StreamError('unsupported-stanza-type', `<${name}/> is no stanza`);
    }
    if (attributes.from !== undefined) this.#checkFrom(attributes.from, session);
    // From here on the stanza is the server's affair, whatever becomes of the connection.
    session.received++;
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

  async #admit({ local = '' }: Jid): Promise<void> {
    const { credentials } = this.#context;
    this.#admittedAt = credentials.changes;
    const refusal = await credentials.refusal(local);
    if (refusal === 'disabled') throw new SaslError('account-disabled', 'an administrator has disabled this account');
    if (refusal === 'unknown') throw new SaslError('not-authorized');
  }

  async #bind(account: Jid, resource: string | undefined): Promise<Jid> {
    const { credentials, removals } = this.#context;
    await removals.check();
    // It may have been disabled or removed since it authenticated.
    if (credentials.changes !== this.#admittedAt && (await credentials.refusal(account.local ?? ''))) {
      throw new StanzaError('not-allowed', `${account} is not in use any more`);
    }
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
    this.#transport.bound?.();
    // Its client may have gone while it was being made.
    if (this.#ended) this.#context.sessions.disconnected(session, this.#transport);
  }

  /** @see XEP-0198 §5 */
  #resume(account: Jid, request: Element): { answer: Element; resumed?: () => void } {
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
    void this.#context.sessions.end(this.#session, streamError);
  }
}
