import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type DialbackOutcome, type DomainPair, type Logger, StanzaError, StreamError } from '@thingward/xmpp';
import type { StreamCensus } from '../figures/stream-census.ts';
import type { RemoteRoute } from '../handlers.ts';
import { Connections } from '../listeners/connections.ts';
import { Door, moveDoors } from '../listeners/door.ts';
import type { ListenAddress } from '../listeners/listen.ts';
import type { LoopTurns } from '../loop-turns.ts';
import type { Router } from '../router.ts';
import type { Stanza } from '../stanza.ts';
import type { Tls } from '../tls.ts';
import { connectFirst } from './connect.ts';
import type { ConnectionServices, S2sConnection } from './connection.ts';
import { DialbackKeys } from './dialback-key.ts';
import type { ResponderPolicy } from './dialback-responder.ts';
import { type DomainPolicy, isAllowedDomain } from './domain-policy.ts';
import { inverse, pairKey } from './events.ts';
import { IncomingConnection } from './incoming-connection.ts';
import { Link, QueueTotals } from './link.ts';
import { OutgoingConnection } from './outgoing-connection.ts';
import { Pauses } from './pauses.ts';
import { type DnsLookups, dnsLookups, ServerResolver, type Target } from './resolve.ts';
import { S2sTls, type Secured } from './s2s-tls.ts';
import type { StreamLimits } from './stream.ts';

/** How the server talks to others. Every key is described in docs/configuration.md. */
export interface FederationSettings extends DomainPolicy {
  readonly tls: 'required' | 'optional';
  /** `dialback`: where the certificate does not prove a domain, a key may. */
  readonly authentication: 'certificate' | 'dialback';
  readonly hosts: ReadonlyMap<string, Target>;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxConnectionsPerSecond: number;
  readonly maxDomainsPerStream: number;
  readonly maxQueuedStanzas: number;
  readonly maxQueuedBytes: number;
  readonly maxBytesPerSecond: number;
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxPauseMs: number;
}

export interface FederationDoors {
  readonly s2s?: ListenAddress | undefined;
  readonly s2sTls?: ListenAddress | undefined;
}

/** Settings and limits are read when they are needed: who has them may write to them. */
export interface FederationOptions {
  readonly domain: string;
  readonly settings: FederationSettings;
  /** Certificates (PEM) of the authorities to trust; the system's when undefined. */
  readonly authoritiesFile?: string | undefined;
  readonly listen: FederationDoors;
  readonly limits: Pick<StreamLimits, 'maxUnauthenticatedBytes' | 'maxStanzaBytes' | 'maxUnsentBytes'> & {
    readonly authTimeoutMs: number;
  };
  readonly router: Router;
  readonly turns: LoopTurns;
  readonly tls: Tls;
  readonly log: Logger;
  readonly streams: StreamCensus;
  readonly dns?: DnsLookups | undefined;
}

/** What is going on, for metrics. */
export interface FederationStatistics {
  readonly incomingStreams: number;
  readonly outgoingStreams: number;
  readonly queuedStanzas: number;
  readonly queuedBytes: number;
}

/** Attempts to connect at the same time. */
const MAX_OPENING = 100;
/** Pairs of domains with a stream or a queue. */
const MAX_LINKS = 10_000;
const STOP_GRACE_MS = 1000;

/** Exchanges stanzas with other servers, for every domain that is served here. @see RFC 6120, XEP-0220 */
export class Federation implements RemoteRoute {
  readonly #options: FederationOptions;
  #tls: S2sTls;
  readonly #keys = new DialbackKeys(randomBytes(32).toString('hex'));
  readonly #resolver: ServerResolver;
  readonly #connections: Connections;
  readonly #services: ConnectionServices;
  readonly #pauses: Pauses;
  readonly #totals = new QueueTotals();
  readonly #links = new Map<string, Link>();
  readonly #incoming = new Set<IncomingConnection>();
  readonly #outgoing = new Set<OutgoingConnection>();
  readonly #opening = new Map<string, Promise<OutgoingConnection>>();
  /** Taken connections on which stanzas may go back, by the pair they go for. @see XEP-0288 */
  readonly #backwards = new Map<string, S2sConnection>();
  readonly #door: Door;
  readonly #tlsDoor: Door;
  readonly #stopping = new AbortController();
  #idleTimer: NodeJS.Timeout | undefined;

  private constructor(options: FederationOptions) {
    const { settings, limits, log, router } = options;
    this.#options = options;
    this.#tls = new S2sTls(options.tls, options.authoritiesFile, limits.authTimeoutMs);
    this.#resolver = new ServerResolver(options.dns ?? dnsLookups(), settings.hosts);
    this.#connections = new Connections(settings, log, options.streams);
    this.#pauses = new Pauses(settings.maxPauseMs);
    this.#services = {
      router,
      log,
      turns: options.turns,
      check: (pair, id, key) => this.#check(pair, id, key),
      offer: (pair, route) => this.#offered(pair, route),
      ended: (connection) => this.#ended(connection),
    };
    const admitted = (socket: Socket, then: () => void) => {
      if (this.#connections.admit(socket, 's2sIn')) then();
    };
    this.#door = new Door({ name: 's2s', take: (socket) => admitted(socket, () => this.#take(socket)) });
    this.#tlsDoor = new Door({
      name: 's2sTls',
      take: (socket) =>
        admitted(socket, () => this.#tls.takeDirect(socket, (secured) => this.#take(secured.socket, secured))),
    });
  }

  /** Opens the doors and takes over what the router has for other domains. @throws TlsError, ListenError */
  static async start(options: FederationOptions): Promise<Federation> {
    const federation = new Federation(options);
    try {
      await federation.#start();
    } catch (error) {
      await federation.stop();
      throw error;
    }
    return federation;
  }

  get statistics(): FederationStatistics {
    return {
      incomingStreams: this.#incoming.size,
      outgoingStreams: this.#outgoing.size,
      queuedStanzas: this.#totals.stanzas,
      queuedBytes: this.#totals.bytes,
    };
  }

  /** Host and port of an open door. */
  address(door: 's2s' | 's2sTls'): ListenAddress | undefined {
    return (door === 's2s' ? this.#door : this.#tlsDoor).address;
  }

  /** Opens, closes and moves its doors; connections that are there stay. @returns what takes it back @throws ListenError */
  listen({ s2s, s2sTls }: FederationDoors): Promise<() => Promise<void>> {
    return moveDoors([
      [this.#door, s2s],
      [this.#tlsDoor, s2sTls],
    ]);
  }

  /** TLS that a configuration would have; it is not used before it is given to `configure`. @throws TlsError */
  prepareTls(tls: Tls, authoritiesFile: string | undefined): S2sTls {
    return new S2sTls(tls, authoritiesFile, this.#options.limits.authTimeoutMs);
  }

  /** The settings have changed. Streams with domains that are not welcome any more are ended. @param tls for connections to come */
  configure(tls: S2sTls): void {
    const { settings } = this.#options;
    this.#tls = tls;
    this.#resolver.useHosts(settings.hosts);
    this.#pauses.maxMs = settings.maxPauseMs;
    const error = new StreamError('policy-violation', 'there is no traffic with this domain any more');
    for (const connection of [...this.#outgoing, ...this.#incoming]) {
      if (connection.domains.every((domain) => this.#isAllowed(domain))) continue;
      if (connection instanceof IncomingConnection) void connection.end(error);
      else void connection.finish();
    }
  }

  /** Takes a stanza for another server. Never throws. */
  send(stanza: Stanza): void {
    const { router } = this.#options;
    const pair = { from: stanza.from.domain, to: stanza.to?.domain ?? '' };
    if (!this.#isLocal(pair.from)) {
      router.reject(stanza, new StanzaError('not-allowed', `this server does not forward for ${pair.from}`));
    } else if (!this.#isAllowed(pair.to)) {
      router.reject(stanza, new StanzaError('not-allowed', `there is no traffic with ${pair.to}`));
    } else {
      const link = this.#links.get(pairKey(pair)) ?? this.#newLink(pair);
      if (link) link.send(stanza);
      else router.reject(stanza, new StanzaError('resource-constraint', 'too many servers are talked to'));
    }
  }

  /** Ends all streams orderly and closes the doors. */
  async stop(shutdown = new StreamError('system-shutdown', 'the server stops')): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#idleTimer);
    this.#options.router.setRemote(undefined);
    const closed = [this.#door.close(), this.#tlsDoor.close()];
    const connections = [...this.#outgoing, ...this.#incoming];
    const ended = connections.map((connection) =>
      connection instanceof IncomingConnection ? connection.end(shutdown) : connection.finish(),
    );
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_GRACE_MS);
    });
    await Promise.race([Promise.all(ended), patience]);
    clearTimeout(timer);
    for (const connection of connections) connection.destroy();
    this.#connections.destroyAll();
    await Promise.all(closed);
  }

  async #start(): Promise<void> {
    const { listen: doors, router, settings } = this.#options;
    await this.listen(doors);
    router.setRemote(this);
    const interval = Math.min(30_000, Math.max(100, settings.idleTimeoutMs / 4));
    this.#idleTimer = setInterval(() => this.#endIdle(), interval).unref();
  }

  #isLocal(domain: string): boolean {
    const { router } = this.#options;
    return domain === this.#options.domain || router.hasService(domain);
  }

  #isAllowed(domain: string): boolean {
    return isAllowedDomain(this.#options.settings, domain);
  }

  get #policy(): ResponderPolicy {
    const { settings } = this.#options;
    return {
      isLocal: (domain) => this.#isLocal(domain),
      isAllowed: (domain) => this.#isAllowed(domain),
      requireTls: settings.tls === 'required',
      acceptKeys: settings.authentication === 'dialback',
      maxPairs: settings.maxDomainsPerStream,
      isValidKey: (pair, id, key) => this.#keys.isValid(pair, id, key),
    };
  }

  get #streamLimits(): StreamLimits {
    return { ...this.#options.limits, maxBytesPerSecond: this.#options.settings.maxBytesPerSecond };
  }

  #take(socket: Socket, secured?: Secured): void {
    const { domain, limits, log, router } = this.#options;
    const options = {
      services: this.#services,
      receiver: {
        ...this.#policy,
        defaultDomain: domain,
        newStreamId: () => randomBytes(16).toString('base64url'),
        parseJid: (text: string) => router.parseJid(text),
        reportError: (error: unknown) =>
          log.error({ err: error }, 'a stream of another server could not be negotiated'),
      },
      tls: this.#tls,
      limits: this.#streamLimits,
      authTimeoutMs: limits.authTimeoutMs,
    };
    this.#incoming.add(new IncomingConnection(options, socket, secured));
  }

  #newLink(pair: DomainPair): Link | undefined {
    if (this.#links.size >= MAX_LINKS) return undefined;
    const { router, settings } = this.#options;
    const key = pairKey(pair);
    const link = new Link({
      pair,
      limits: { maxStanzas: settings.maxQueuedStanzas, maxBytes: settings.maxQueuedBytes },
      totals: this.#totals,
      connect: () => this.#connect(pair),
      reject: (stanza, error) => router.reject(stanza, error),
      idle: () => this.#links.delete(key),
    });
    this.#links.set(key, link);
    return link;
  }

  /** A connection on which stanzas may be sent for the pair. @throws StanzaError */
  async #connect(pair: DomainPair): Promise<S2sConnection> {
    const backwards = this.#backwards.get(pairKey(pair));
    if (backwards) return backwards;
    const signal = AbortSignal.any([
      AbortSignal.timeout(this.#options.settings.connectTimeoutMs),
      this.#stopping.signal,
    ]);
    const reused = await this.#reuse(pair, signal);
    if (reused) return reused;
    const pause = this.#pauses.current(pair.to);
    if (pause) throw pause;
    try {
      const connection = await this.#open(pair);
      await before(signal, connection.authorize(pair), () => connection.abandon('no authentication in time'));
      this.#pauses.succeeded(pair.to);
      return connection;
    } catch (error) {
      // Meanwhile the other side may have opened a stream that goes both ways.
      const offered = this.#backwards.get(pairKey(pair));
      if (offered) return offered;
      const reason = this.#asStanzaError(error);
      this.#pauses.failed(pair.to, reason);
      this.#options.log.info({ ...pair, reason: reason.message }, 'another server could not be reached');
      throw reason;
    }
  }

  /** An open connection that takes the pair too. */
  async #reuse(pair: DomainPair, signal: AbortSignal): Promise<OutgoingConnection | undefined> {
    for (const connection of [...this.#outgoing]) {
      if (connection.pair.to !== pair.to || connection.isEnded) continue;
      if (connection.pair.from !== pair.from && !connection.takesMorePairs) continue;
      try {
        await before(signal, connection.authorize(pair), () => undefined);
        return connection;
      } catch (error) {
        this.#options.log.debug({ ...pair, reason: (error as Error).message }, 'a stream does not take a further pair');
      }
    }
    return undefined;
  }

  /** A connection that is ready for requests. @throws StanzaError */
  #open(pair: DomainPair): Promise<OutgoingConnection> {
    const key = pairKey(pair);
    const under = this.#opening.get(key);
    if (under) return under;
    if (this.#opening.size >= MAX_OPENING) {
      return Promise.reject(new StanzaError('resource-constraint', 'too many servers are being connected to'));
    }
    const opening = this.#openAny(pair).finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  async #openAny(pair: DomainPair): Promise<OutgoingConnection> {
    const timeout = AbortSignal.timeout(this.#options.settings.connectTimeoutMs);
    const signal = AbortSignal.any([timeout, this.#stopping.signal]);
    const targets = await before(signal, this.#resolver.targets(pair.to), () => undefined);
    let failure: unknown;
    for (const target of targets) {
      try {
        return await this.#openAt(target, pair, signal);
      } catch (error) {
        failure = error;
        if (signal.aborted) break;
      }
    }
    throw failure;
  }

  async #openAt(target: Target, pair: DomainPair, signal: AbortSignal): Promise<OutgoingConnection> {
    const addresses = await before(signal, this.#resolver.addresses(target), () => undefined);
    const socket = await connectFirst(addresses, target.port, signal);
    socket.once('close', this.#options.streams.entered('s2sOut', socket));
    const secured = target.direct
      ? await before(signal, this.#tls.connect(socket, pair.to, { direct: true }), () => socket.destroy())
      : undefined;
    const { settings, log, router } = this.#options;
    const options = {
      services: this.#services,
      initiator: {
        ...this.#policy,
        pair,
        requireCertificate: settings.authentication === 'certificate',
        makeKey: (other: DomainPair, id: string) => this.#keys.make(other, id),
        parseJid: (text: string) => router.parseJid(text),
        reportError: (error: unknown) =>
          log.error({ err: error }, 'a stream to another server could not be negotiated'),
      },
      tls: this.#tls,
      limits: this.#streamLimits,
    };
    const connection = new OutgoingConnection(options, socket, secured);
    this.#outgoing.add(connection);
    await before(signal, connection.ready(), () => connection.abandon('no stream in time'));
    return connection;
  }

  /** Asks the authoritative server of `pair.from` about a key. Never throws. @see XEP-0220 §2.1.2, §2.5 */
  async #check(pair: DomainPair, id: string, key: string): Promise<DialbackOutcome> {
    const timeout = AbortSignal.timeout(this.#options.settings.connectTimeoutMs);
    const signal = AbortSignal.any([timeout, this.#stopping.signal]);
    const request = inverse(pair);
    try {
      const open = [...this.#outgoing].find((connection) => connection.pair.to === request.to && !connection.isEnded);
      const connection = open ?? (await this.#open(request));
      const outcome = await before(signal, connection.verify(request, id, key), () => undefined);
      // Whoever answers can be reached.
      this.#pauses.succeeded(request.to);
      return outcome instanceof StanzaError ? new StanzaError('remote-server-not-found', outcome.message) : outcome;
    } catch (error) {
      return this.#asStanzaError(error);
    }
  }

  #offered(pair: DomainPair, route: S2sConnection): void {
    this.#backwards.set(pairKey(pair), route);
  }

  #ended(connection: S2sConnection): void {
    if (connection instanceof OutgoingConnection) this.#outgoing.delete(connection);
    if (connection instanceof IncomingConnection) this.#incoming.delete(connection);
    for (const [key, route] of this.#backwards) if (route === connection) this.#backwards.delete(key);
  }

  #endIdle(): void {
    const { idleTimeoutMs } = this.#options.settings;
    const now = Date.now();
    for (const connection of this.#outgoing) {
      if (!connection.isWaiting && now - connection.lastActivity > idleTimeoutMs) void connection.finish();
    }
    // Whoever opens a stream ends it; one who does not is helped a little later.
    for (const connection of this.#incoming) {
      if (now - connection.lastActivity > idleTimeoutMs * 1.5) void connection.finish();
    }
  }

  #asStanzaError(error: unknown): StanzaError {
    if (error instanceof StanzaError) return error;
    return new StanzaError('remote-server-timeout', (error as Error).message);
  }
}

/**
 * The result, unless the signal comes first.
 * @param giveUp called then
 * @throws StanzaError `remote-server-timeout`
 */
function before<T>(signal: AbortSignal, work: Promise<T>, giveUp: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      giveUp();
      reject(new StanzaError('remote-server-timeout', 'no answer in time'));
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
