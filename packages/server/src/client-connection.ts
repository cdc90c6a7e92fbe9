import { randomUUID } from 'node:crypto';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { type Element, Frame, type StreamEvent } from '@thingward/xml';
import {
  asStreamError,
  type Bind2Request,
  type CredentialStore,
  encodeManagementFailure,
  handledCount,
  Jid,
  JidError,
  type Logger,
  NS,
  type ReadySession,
  type ReceivingTransport,
  type ResumeOutcome,
  SaslError,
  STREAM_MANAGEMENT,
  StanzaError,
  StreamError,
  StreamReceiver,
  type TokenAuthority,
  type UserAgent,
} from '@thingward/xmpp';
import { NODE_SCRAM_PRIMITIVES } from '@thingward/xmpp/node';
import type { Devices } from './devices/devices.ts';
import { ExiNegotiation, isCompression } from './exi/exi-negotiation.ts';
import type { ExiSetUps } from './exi/exi-set-ups.ts';
import type { AnonymousStream, Hooks } from './hooks.ts';
import type { Limits } from './limits.ts';
import { addressIn } from './listeners/address-key.ts';
import { GuardedCredentials, type LogInGuard } from './log-in-guard.ts';
import { type LoopTurns, TurnShare } from './loop-turns.ts';
import type { AuthenticationOutcome } from './metrics.ts';
import type { RemovalWatch } from './removal-watch.ts';
import { anyName, type ResourceNames, withResource } from './resource-names.ts';
import type { Router } from './router.ts';
import type { Session, SessionWire } from './session.ts';
import type { SessionManager } from './session-manager.ts';
import { Stanza } from './stanza.ts';
import type { TemporaryAccounts } from './temporary-accounts.ts';

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
  /** SHA-256 of the client's certificate, where the device authority has issued it. */
  readonly deviceCertificate?: string | undefined;
  /** Does it speak EXI from the first byte? @see XEP-0322 §2.4 */
  readonly isExiBinding?: boolean;
}

/** Accounts as connections see them. */
export interface AccountStore extends CredentialStore {
  /** @returns why nobody may sign in to an account of ours now; undefined when it is in use */
  refusal(localpart: string): Promise<'disabled' | 'unknown' | undefined>;
  /** Grows when accounts were disabled or removed: until then a refusal need not be asked for again. */
  readonly changes: number;
}

/** EXI as it is offered to clients. @see XEP-0322 */
export interface ExiOffer {
  readonly setUps: ExiSetUps;
  /** Port that speaks EXI from the first byte, while one is open. */
  readonly port: () => number | undefined;
}

/** What all connections share. */
export interface ConnectionContext {
  readonly domain: string;
  readonly credentials: AccountStore;
  readonly removals: Pick<RemovalWatch, 'check'>;
  readonly devices: Pick<Devices, 'accepts'>;
  readonly limits: Limits;
  readonly router: Router;
  readonly sessions: SessionManager;
  readonly resources: ResourceNames;
  /** Undefined where no tokens are given. */
  readonly tokens: TokenAuthority | undefined;
  /** Accounts of those who stay nameless; undefined where nobody may. @see XEP-0175 */
  readonly temporaries: TemporaryAccounts | undefined;
  /** Undefined where streams are never coded in EXI. */
  readonly exi: ExiOffer | undefined;
  readonly hooks: Hooks;
  readonly log: Logger;
  /** Connections without a session. */
  readonly negotiating: Set<ClientConnection>;
  readonly guard: LogInGuard;
  readonly turns: LoopTurns;
  /** Told of each attempt to authenticate. */
  readonly onAuthentication: (outcome: AuthenticationOutcome) => void;
}

/** One client's connection from its first byte to its last, whatever the transport. Events are handled one at a time, in order. */
export class ClientConnection {
  readonly #context: ConnectionContext;
  readonly #transport: ClientTransport;
  /** Negotiates the stream until there is a session. */
  #receiver: StreamReceiver | undefined;
  readonly #share: TurnShare;
  #authTimer: NodeJS.Timeout;
  #session: Session | undefined;
  #exi: ExiNegotiation | undefined;
  /** Localpart of the account that was made for this connection. */
  #temporary: string | undefined;
  /** What the client's stanzas are written in where they don't say it themselves. @see RFC 6120 §4.7.4 */
  #language: string | undefined;
  /** How often accounts had changed when this one was let in. */
  #admittedAt = -1;
  /** SASL mechanism that was used. */
  #mechanism: string | undefined;
  #busy = false;
  #ended = false;

  /** @param requireTls must the client encrypt before it authenticates? */
  constructor(context: ConnectionContext, transport: ClientTransport, requireTls: boolean) {
    this.#context = context;
    this.#transport = transport;
    const { domain, limits, log } = context;
    const address = addressIn(transport.remote);
    const anonymous: AnonymousStream = {
      address,
      extend: (milliseconds) => {
        clearTimeout(this.#authTimer);
        if (!this.#ended) this.#authTimer = this.#authenticationTimer(milliseconds);
      },
    };
    this.#share = new TurnShare(context.turns);
    const credentials = new GuardedCredentials(context.credentials, context.guard, address);
    this.#exi = this.#negotiation(transport.compress !== undefined);
    this.#receiver = new StreamReceiver(transport, {
      domains: new Set([domain]),
      credentials,
      scramPrimitives: NODE_SCRAM_PRIMITIVES,
      requireTls,
      maxAuthFailures: limits.maxAuthFailures,
      // As hard to guess as random bytes, of which it takes many at a time.
      newStreamId: () => randomUUID(),
      reportError: (error) => log.error({ err: error }, 'a stream could not be negotiated'),
      requested: (request) => {
        const handler = context.hooks.anonymousIq(request);
        return handler && (async () => handler(request, anonymous));
      },
      admit: (account, mechanism) => this.#admit(account, mechanism),
      bind: (account, resource) => this.#bind(account, resource),
      bound: (jid) => this.#bound(jid),
      resume: (account, request) => this.#resume(account, request),
      bind2: {
        features: context.hooks.bindFeatures,
        bind: (account, request, userAgent) => this.#bindAlong(account, request, userAgent),
      },
      compression: this.#exi,
      tokens: context.tokens,
      anonymous: context.temporaries && (() => this.#enter()),
      features: (state) => context.hooks.streamFeatures(state),
      authenticated: ({ mechanism, account, error }) => {
        context.onAuthentication({ mechanism, error });
        credentials.settled(account?.local);
        if (error === undefined) {
          this.#mechanism = mechanism;
          transport.authenticated();
        }
        const details = { remote: transport.remote, mechanism, account: account?.toString(), reason: error?.message };
        if (error) log.warn(details, 'authentication failed');
        else log.debug(details, 'authenticated');
      },
    });
    context.negotiating.add(this);
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

  /** To be called with a stanza that could not be coded for this client: its sender is told. @see XEP-0322 §2.4 */
  refused(bytes: Uint8Array): void {
    const { element } = Frame.parse(bytes, { '': NS.client });
    const from = Jid.tryParse(element.attribute('from'));
    if (!from || !this.#session) return;
    const stanza = Stanza.made(element, from, this.#session.jid);
    this.#context.router.reject(
      stanza,
      new StanzaError('not-acceptable', 'the receiver’s schemas have no place for it'),
    );
  }

  /** To be called when the transport is gone. */
  ended(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#context.negotiating.delete(this);
    clearTimeout(this.#authTimer);
    if (this.#session) this.#context.sessions.disconnected(this.#session, this.#transport);
    else this.#leave();
  }

  /** Makes an account for who stays nameless. One that is not used is left behind by nobody. @see XEP-0175 */
  async #enter(): Promise<string> {
    this.#leave();
    const localpart = await (this.#context.temporaries as TemporaryAccounts).enter();
    this.#temporary = localpart;
    if (this.#ended) this.#leave();
    return localpart;
  }

  #leave(): void {
    const { temporaries, log } = this.#context;
    if (this.#temporary === undefined) return;
    temporaries
      ?.leave(this.#temporary)
      .catch((error: unknown) => log.error({ err: error }, 'an account was left behind'));
    this.#temporary = undefined;
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
    if (event.kind === 'open') this.#language = event.header.attribute('xml:lang');
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
      if (this.#context.exi && isCompression(namespace)) return this.#negotiateExi(frame.element, session);
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
    const stanza = Stanza.received(frame, session.jid, to, this.#language);
    if (name === 'iq' && !stanza.isValidIq()) {
      router.reject(stanza, new StanzaError('bad-request', 'an IQ needs an id and a type, and a request one payload'));
      return;
    }
    return router.fromClient(stanza, session);
  }

  #negotiation(canCompress: boolean): ExiNegotiation | undefined {
    const { exi, log } = this.#context;
    return (
      exi &&
      new ExiNegotiation({
        setUps: exi.setUps,
        log,
        exiPort: exi.port,
        canCompress,
        isBinding: this.#transport.isExiBinding ?? false,
        send: (element) => this.#transport.send(element),
      })
    );
  }

  /** What is agreed on while there is a session counts for later ones: this stream stays as it is. @see XEP-0322 §2.2 */
  async #negotiateExi(element: Element, { jid }: Session): Promise<void> {
    this.#exi ??= this.#negotiation(false);
    const { answer } = (await this.#exi?.handle(element, jid.bare)) ?? {};
    if (answer) this.#transport.send(answer);
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

  async #admit(account: Jid, mechanism: string): Promise<void> {
    const { credentials, devices } = this.#context;
    const { local = '' } = account;
    const { deviceCertificate } = this.#transport;
    if (
      mechanism === 'EXTERNAL' &&
      deviceCertificate !== undefined &&
      !(await devices.accepts(deviceCertificate, account))
    ) {
      throw new SaslError('credentials-expired', 'the certificate of this device was revoked');
    }
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
    const jid = withResource(account, resource ?? anyName());
    this.#context.sessions.checkRoom(jid);
    return jid;
  }

  #bound(jid: Jid): void {
    this.#taken(this.#context.sessions.bind(jid, this.#transport, { isTemporary: this.#temporary !== undefined }));
  }

  /** @see XEP-0386 §3.2 */
  async #bindAlong(account: Jid, request: Bind2Request, userAgent: UserAgent | undefined) {
    const { sessions, hooks, resources } = this.#context;
    const client = { userAgentId: userAgent?.id, isTemporary: this.#temporary !== undefined };
    const jid = await resources.next(account, request.tag, client.userAgentId);
    sessions.checkRoom(jid, client);
    const session = sessions.bind(jid, this.#transport, client);
    session.hold();
    try {
      const answers = await hooks.boundAlong(session, request);
      const ready: ReadySession = {
        jid,
        begin: () => {
          this.#taken(session);
          session.begin();
        },
      };
      return { session: ready, answers };
    } catch (error) {
      void sessions.end(session);
      throw error;
    }
  }

  #taken(session: Session): void {
    clearTimeout(this.#authTimer);
    this.#session = session;
    session.mechanism = this.#mechanism;
    this.#receiver = undefined;
    this.#exi = undefined;
    this.#context.negotiating.delete(this);
    this.#transport.bound?.();
    // Its client may have gone while it was being made.
    if (this.#ended) this.#context.sessions.disconnected(session, this.#transport);
  }

  /** @see XEP-0198 §5 */
  async #resume(account: Jid, request: Element): Promise<ResumeOutcome> {
    await this.#context.sessions.release(account, request.attribute('previd') ?? '');
    const resumption = this.#context.sessions.resume(account, request, this.#transport);
    const { answer } = resumption;
    if (resumption.kind === 'failed') return { answer };
    const { session } = resumption;
    const begin = () => {
      resumption.begin();
      this.#taken(session);
    };
    return { answer, session: { jid: session.jid, begin } };
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
