import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Jid,
  type Logger,
  managementFeature,
  SILENT_LOGGER,
  STREAM_MANAGEMENT,
  StreamError,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import { AccountChanges } from './account-changes.ts';
import { Accounts } from './accounts.ts';
import { Administrators } from './administration/administrators.ts';
import type { ServiceControl } from './administration/service-control.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { ClientCertificates } from './client-certificates.ts';
import type { ClientConnection, ConnectionContext } from './client-connection.ts';
import { CommandRegistry } from './commands/command-registry.ts';
import { ComponentHub } from './components/component-hub.ts';
import type { ServerConfig } from './config.ts';
import { openDirectPaths } from './direct-paths.ts';
import { DiscoRegistry } from './disco-registry.ts';
import { StanzaTraffic } from './figures/stanza-counts.ts';
import { StreamCensus } from './figures/stream-census.ts';
import { Hooks } from './hooks.ts';
import { type HttpServer, startHttp } from './http/http-server.ts';
import { WebRoutes } from './http/web-routes.ts';
import { BoshSessions } from './listeners/bosh/bosh-sessions.ts';
import { ClientDoors, proxiesOf, workerSettings } from './listeners/client-doors.ts';
import { Connections } from './listeners/connections.ts';
import { Door, moveDoors } from './listeners/door.ts';
import type { ListenAddress } from './listeners/listen.ts';
import { ProxyProtocol } from './listeners/proxy-protocol/proxy-protocol.ts';
import { componentTaker } from './listeners/tcp-listener.ts';
import { type ConfigChange, LiveConfig } from './live-config.ts';
import { LogInGuard } from './log-in-guard.ts';
import { LoopTurns } from './loop-turns.ts';
import { createMetrics, type MetricSources, type Metrics } from './metrics.ts';
import type { ServerContext } from './module.ts';
import { modules } from './modules/index.ts';
import { countOfflineMessages } from './offline-store.ts';
import { RemovalWatch } from './removal-watch.ts';
import { ResourceNames } from './resource-names.ts';
import { RosterStore } from './roster-store.ts';
import { Router } from './router.ts';
import { Federation } from './s2s/federation.ts';
import type { DnsLookups } from './s2s/resolve.ts';
import type { S2sTls } from './s2s/s2s-tls.ts';
import { type ServiceEnvironment, serviceEnvironment } from './service-environment.ts';
import { ServiceHost } from './service-host.ts';
import { SessionTable } from './session.ts';
import { SessionManager } from './session-manager.ts';
import { type SessionSchema, SessionStore } from './session-store.ts';
import { type OpenDatabase, openDatabase } from './storage/database.ts';
import { serverMigrations } from './storage/migrations.ts';
import type { ServerSchema } from './storage/schema.ts';
import { loadSecret } from './storage/secret.ts';
import { Settings } from './storage/settings.ts';
import { TemporaryAccounts } from './temporary-accounts.ts';
import { daysLeft, loadTls, RENEW_DAYS, selfSignedTls, type Tls } from './tls.ts';
import { ClientTokens } from './tokens/client-tokens.ts';
import { loadTokenKey } from './tokens/token-key.ts';
import { WorkerPool, workerCount } from './workers/worker-pool.ts';

/** How long the end of all sessions may take when the server stops. */
const STOP_GRACE_MS = 5000;
const DAY_MS = 86_400_000;

/** A running service. */
export interface HostedService {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What services take from the configuration. */
export type ServiceSettings = Pick<ServerConfig, 'history' | 'eventLog'>;

/** A service the server hosts at `name.domain`. It knows nothing of where it runs. */
export interface ServiceDefinition {
  /** First label of its domain. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Tables it keeps in the server's database. */
  readonly migrations: Record<string, Migration>;
  create(
    peer: XmppPeer,
    database: Kysely<never>,
    log: Logger,
    config: ServiceSettings,
    environment?: ServiceEnvironment,
  ): HostedService;
}

export interface ServerOptions {
  readonly services?: readonly ServiceDefinition[];
  readonly log?: Logger;
  /** In the place of the system's DNS. */
  readonly dns?: DnsLookups;
  /** How often it looks whether certificates on the disk have changed, in ms. */
  readonly watchIntervalMs?: number;
  /** What worker processes run, in the place of the built package's own. */
  readonly workerProgram?: string;
  /** Lets administrators end the server or start it again; without it they can't. */
  readonly serviceControl?: ServiceControl;
  /** The built console. */
  readonly consoleDirectory?: string;
  /** Further files to serve over HTTP, by URL prefix. */
  readonly staticDirectories?: Readonly<Record<string, string>>;
}

/** Opens the database of a server's data directory, for the server itself or for administration beside it. @throws StorageError */
export function openServerDatabase(
  dataDir: string,
  services: readonly ServiceDefinition[] = [],
): Promise<OpenDatabase<ServerSchema>> {
  const migrations = Object.assign(
    {},
    serverMigrations,
    ...modules.map((module) => module.migrations),
    ...services.map((service) => service.migrations),
  );
  return openDatabase<ServerSchema>(join(dataDir, 'thingward.db'), migrations);
}

/** The certificate of the configuration, or the self-signed one in the data directory. @throws TlsError */
export function serverTls({ tls, dataDir, domain }: ServerConfig): Promise<Tls> {
  return tls ? Promise.resolve(loadTls(tls.cert, tls.key)) : selfSignedTls(join(dataDir, 'tls'), domain);
}

/** The XMPP server with its services, composed: start it, stop it. */
export class ThingwardServer {
  readonly accounts: Accounts;
  readonly #live: LiveConfig;
  readonly #options: ServerOptions;
  readonly #log: Logger;
  readonly #database: OpenDatabase<ServerSchema>;
  readonly #sessions = new SessionTable();
  readonly #hooks = new Hooks();
  readonly #streams = new StreamCensus();
  readonly #stanzas = new StanzaTraffic();
  readonly #stopModules: (() => void | Promise<void>)[] = [];
  readonly #router: Router;
  readonly #sessionManager: SessionManager;
  readonly #services: HostedService[] = [];
  readonly #hosts: ServiceHost[] = [];
  readonly #connections: Connections;
  readonly #temporaries: TemporaryAccounts;
  #tokens: ClientTokens | undefined;
  readonly #components: ComponentHub;
  readonly #componentDoor: Door;
  readonly #web = new WebRoutes();
  readonly #httpProxies: ProxyProtocol;
  readonly #turns = new LoopTurns();
  readonly #negotiating = new Set<ClientConnection>();
  #tls: Tls;
  #clientDoors: ClientDoors | undefined;
  #context: ConnectionContext | undefined;
  #metrics: Metrics | undefined;
  #bosh: BoshSessions | undefined;
  #http: HttpServer | undefined;
  /** They have moved elsewhere, and still serve those that were there. */
  readonly #retired: HttpServer[] = [];
  #watch: CertificateWatch | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;
  /** Changes of the configuration happen one after the other. */
  #changing: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #workers: WorkerPool | undefined;
  #federation: Federation | undefined;

  private constructor(given: ServerConfig, options: ServerOptions, database: OpenDatabase<ServerSchema>, tls: Tls) {
    this.#live = new LiveConfig(given);
    const config = this.#live.current;
    this.#options = options;
    this.#log = options.log ?? SILENT_LOGGER;
    this.#database = database;
    this.#tls = tls;
    this.accounts = new Accounts(database.query, config.domain);
    this.#router = new Router(Jid.parse(config.domain), this.#sessions, this.#hooks, this.#log, this.#stanzas);
    this.#sessionManager = new SessionManager({
      sessions: this.#sessions,
      router: this.#router,
      hooks: this.#hooks,
      limits: config.limits,
      settings: config.streamManagement,
      store: new SessionStore(database.query.withTables<SessionSchema>(), config.domain),
      log: this.#log,
      sent: this.#stanzas.toClients,
    });
    this.#components = new ComponentHub(config.components, {
      router: this.#router,
      limits: config.limits,
      turns: this.#turns,
      log: this.#log,
    });
    this.#hooks.addStreamFeature(({ authenticated }) => (authenticated ? managementFeature() : undefined));
    this.#hooks.addBindFeature({
      feature: STREAM_MANAGEMENT,
      bound: (session, { wishes }) => {
        const request = wishes.find((wish) => wish.is('enable', STREAM_MANAGEMENT));
        return request && this.#sessionManager.enable(session, request);
      },
    });
    this.#temporaries = new TemporaryAccounts(database.query, this.#hooks);
    this.#connections = new Connections(config.limits, this.#log, this.#streams);
    this.#httpProxies = new ProxyProtocol(proxiesOf(config, 'http'), this.#log);
    const { limits } = config;
    this.#componentDoor = new Door({
      name: 'component',
      take: componentTaker(this.#components, this.#connections, { limits, log: this.#log }),
    });
  }

  /** Opens the database, the services and the doors. What was opened is closed again when one fails. @throws StorageError, TlsError, ListenError, WorkerError */
  static async start(config: ServerConfig, options: ServerOptions = {}): Promise<ThingwardServer> {
    const tls = await serverTls(config);
    const database = await openServerDatabase(config.dataDir, options.services);
    const server = new ThingwardServer(config, options, database, tls);
    try {
      await server.#start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** The certificate that new connections get. */
  get tls(): Tls {
    return this.#tls;
  }

  /** Where the console is; undefined when HTTP is off. */
  get url(): string | undefined {
    return this.#http?.url;
  }

  /** Host and port of an open door: of clients, then of components. */
  address(index: number): ListenAddress | undefined {
    return this.#doors.filter(({ isOpen }) => isOpen)[index]?.address;
  }

  /** The exchange with other servers; undefined when it is off. */
  get federation(): Federation | undefined {
    return this.#federation;
  }

  /** Of its worker processes. */
  get workerPids(): readonly number[] {
    return this.#workers?.pids ?? [];
  }

  /**
   * Takes over another configuration, while streams go on. Nothing changes when any of it can't be used.
   * @returns what counts from now on, and what only after a new start
   * @throws TlsError, ListenError
   */
  reload(next: ServerConfig): Promise<ConfigChange> {
    return this.#serially(() => this.#reload(next));
  }

  /** Reads the certificates of the configuration again, for connections to come. @throws TlsError */
  renewCertificates(): Promise<void> {
    return this.#serially(async () => {
      const tls = await this.#checkCertificates(this.#config);
      this.#useCertificates(tls, this.#federation?.prepareTls(tls, this.#config.s2s.trust?.ca));
    });
  }

  /** Ends all streams orderly and closes everything. Sessions that can be resumed wait for the next start. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#changing;
    this.#watch?.stop();
    clearInterval(this.#expiryTimer);
    const { seeOtherHost } = this.#config.shutdown;
    const error = new StreamError('system-shutdown', 'the server stops');
    const farewell = seeOtherHost ? new StreamError('see-other-host', undefined, undefined, seeOtherHost) : error;
    const closed = this.#doors.map((door) => door.close());
    this.#http?.retire();
    for (const connection of [...this.#negotiating]) connection.refuse(farewell);
    await this.#sessionManager.stop(farewell, STOP_GRACE_MS);
    this.#components.stop(error);
    for (const service of this.#services) await service.stop();
    await this.#federation?.stop(error);
    for (const host of this.#hosts) host.disconnect();
    for (const stop of this.#stopModules) await stop();
    this.#tokens?.stop();
    await new Promise((resolve) => setTimeout(resolve, this.#connections.size > 0 ? 50 : 0));
    this.#bosh?.close();
    this.#connections.destroyAll();
    await this.#workers?.stop();
    for (const http of [this.#http, ...this.#retired]) await http?.close();
    await Promise.all(closed);
    await this.#sessionManager.keep();
    await this.#database.close();
  }

  get #config(): ServerConfig {
    return this.#live.current;
  }

  get #doors(): readonly Door[] {
    const { c2s, c2sTls } = this.#clientDoors ?? {};
    return [c2s, c2sTls, this.#componentDoor].filter((door) => door !== undefined);
  }

  async #start(): Promise<void> {
    const { limits, domain, listen } = this.#config;
    const log = this.#log;
    const rosters = new RosterStore(this.#database.query);
    const disco = new DiscoRegistry();
    const figures: MetricSources = {
      streams: this.#streams,
      stanzas: this.#stanzas,
      database: this.#database.time,
      sessions: () => this.#sessions.size,
      detachedSessions: () => this.#sessionManager.detachedCount,
      connections: () => this.#connections.size,
      routed: () => this.#router.routedCount + (this.#workers?.switchedCount ?? 0),
      switched: () => this.#workers?.switchedCount ?? 0,
      waiting: () => {
        const { unsentBytes, unacknowledgedStanzas } = this.#sessions.waiting();
        return { unsentBytes: unsentBytes + (this.#workers?.unsentBytes ?? 0), unacknowledgedStanzas };
      },
      federation: () => this.#federation?.statistics,
      offlineMessages: () => countOfflineMessages(this.#database.query),
    };
    const context: ServerContext = {
      domain,
      config: this.#config,
      router: this.#router,
      sessions: this.#sessions,
      accounts: this.accounts,
      temporaries: this.#temporaries,
      accountChanges: new AccountChanges({
        accounts: this.accounts,
        rosters,
        router: this.#router,
        hooks: this.#hooks,
        sessions: this.#sessions,
        sessionManager: this.#sessionManager,
      }),
      administrators: new Administrators(() => this.#config.auth.admins, new Settings(this.#database.query)),
      serviceControl: this.#options.serviceControl,
      rosters,
      database: this.#database.query,
      disco,
      commands: new CommandRegistry(),
      figures,
      hooks: this.#hooks,
      web: this.#web,
      turns: this.#turns,
      log,
    };
    await this.#temporaries.clear();
    const { tokens } = this.#config.auth;
    if (tokens.enabled) {
      this.#tokens = new ClientTokens(this.#database.query, loadTokenKey(this.#config.dataDir), tokens, log);
      this.#tokens.start();
    }
    for (const module of modules) {
      if (module.identity) disco.addIdentity('server', module.identity);
      disco.addFeature('server', ...(module.features ?? []));
      disco.addFeature('account', ...(module.accountFeatures ?? []));
      const stop = module.start(context);
      if (stop) this.#stopModules.push(stop);
    }
    const removals = new RemovalWatch({ database: this.#database.query, changes: context.accountChanges, log });
    await removals.start();
    this.#stopModules.push(() => removals.stop());
    await this.#startServices(serviceEnvironment(domain, rosters));
    this.#federation = await this.#newFederation(listen, this.#tls);
    await this.#sessionManager.restore();

    const metrics = createMetrics(figures);
    this.#metrics = metrics;
    this.#context = {
      domain,
      credentials: this.accounts,
      removals,
      limits,
      router: this.#router,
      sessions: this.#sessionManager,
      resources: new ResourceNames(() => loadSecret(this.#database.query, 'resource-secret')),
      tokens: this.#tokens,
      temporaries: this.#config.auth.anonymous ? this.#temporaries : undefined,
      hooks: this.#hooks,
      log,
      negotiating: this.#negotiating,
      guard: new LogInGuard(limits),
      turns: this.#turns,
      onAuthentication: (outcome) => metrics.authenticated(outcome),
    };
    this.#bosh = new BoshSessions({
      context: this.#context,
      connections: this.#connections,
      settings: this.#config.bosh,
      streams: this.#streams,
    });
    const size = workerCount(this.#config.workers);
    if (size > 0) {
      openDirectPaths(this.#hooks, this.#sessions);
      this.#workers = await this.#startWorkers(size);
    }
    this.#clientDoors = new ClientDoors({
      config: this.#config,
      context: this.#context,
      connections: this.#connections,
      workers: this.#workers,
      tls: this.#tls,
    });
    await this.#moveDoors(listen);
    if (listen.http) this.#http = await this.#openHttp(listen.http);
    this.#watchCertificates();
  }

  async #reload(next: ServerConfig): Promise<ConfigChange> {
    const change = this.#live.compare(next);
    const reachable = this.#live.reachable(next);
    const { listen } = reachable;
    const tls = await this.#checkCertificates(reachable);
    const s2sTls = this.#federation?.prepareTls(tls, reachable.s2s.trust?.ca);
    const takeBack = await this.#moveDoors(listen);
    let federation: Federation | undefined;
    try {
      if (!this.#federation) federation = await this.#newFederation(listen, tls, reachable.s2s);
      await this.#moveHttp(listen.http, tls);
    } catch (error) {
      await federation?.stop();
      await takeBack();
      throw error;
    }
    // From here on nothing fails.
    this.#live.apply(next);
    this.#federation ??= federation;
    this.#httpProxies.trust(proxiesOf(this.#config, 'http'));
    const served = this.#components.configure(this.#config.components);
    this.#useCertificates(tls, s2sTls);
    if (!listen.s2s && !listen.s2sTls) {
      await this.#federation?.stop();
      this.#federation = undefined;
    }
    const components = served.map((domain) => `components.${domain}`);
    return {
      applied: change.applied.filter((key) => !components.some((component) => key.startsWith(component))),
      needsRestart: [...change.needsRestart, ...components],
    };
  }

  /** All the files that certificates are in, read. @throws TlsError */
  async #checkCertificates(config: ServerConfig): Promise<Tls> {
    const tls = await serverTls(config);
    const { clientCertificates } = config.auth;
    if (clientCertificates) new ClientCertificates(clientCertificates);
    return tls;
  }

  #useCertificates(tls: Tls, s2sTls: S2sTls | undefined): void {
    const isNew = tls.fingerprint !== this.#tls.fingerprint;
    this.#tls = tls;
    this.#clientDoors?.configure(tls);
    this.#http?.configure(tls);
    if (s2sTls) this.#federation?.configure(s2sTls);
    if (isNew)
      this.#log.info(
        { fingerprint: tls.fingerprint, expiresAt: tls.expiresAt },
        'new connections get another certificate',
      );
    this.#tellOfExpiry();
  }

  #watchCertificates(): void {
    const files = () => {
      const { tls, auth, s2s } = this.#config;
      return [tls?.cert, tls?.key, auth.clientCertificates?.ca, s2s.trust?.ca].filter((file) => file !== undefined);
    };
    const renew = async () => {
      try {
        await this.renewCertificates();
      } catch (error) {
        this.#log.error(
          { reason: (error as Error).message },
          'certificates have changed and can’t be used: the former go on',
        );
      }
    };
    this.#watch = new CertificateWatch(files, renew, this.#options.watchIntervalMs);
    void this.#watch.look();
    this.#expiryTimer = setInterval(() => this.#tellOfExpiry(), DAY_MS).unref();
    this.#tellOfExpiry();
  }

  #tellOfExpiry(): void {
    const days = daysLeft(this.#tls, Date.now());
    const details = { file: this.#tls.certificateFile, expiresAt: this.#tls.expiresAt, days };
    if (days < 0) this.#log.error(details, 'the certificate has expired');
    else if (days < RENEW_DAYS) this.#log.warn(details, 'the certificate expires soon');
  }

  #moveDoors(addresses: ServerConfig['listen']): Promise<() => Promise<void>> {
    return moveDoors(this.#doors.map((door) => [door, addresses[door.name as keyof typeof addresses]] as const));
  }

  /** @returns undefined when no door for other servers is wanted */
  async #newFederation(
    listen: ServerConfig['listen'],
    tls: Tls,
    { trust } = this.#config.s2s,
  ): Promise<Federation | undefined> {
    if (!listen.s2s && !listen.s2sTls) return undefined;
    return Federation.start({
      domain: this.#config.domain,
      settings: this.#config.s2s,
      authoritiesFile: trust?.ca,
      listen,
      limits: this.#config.limits,
      router: this.#router,
      turns: this.#turns,
      tls,
      log: this.#log,
      streams: this.#streams,
      dns: this.#options.dns,
    });
  }

  /** Opens it, closes it, or moves it to another address. When that fails it stays where it was. @throws ListenError */
  async #moveHttp(wanted: ListenAddress | undefined, tls: Tls): Promise<void> {
    const former = this.#http;
    if (former?.address.host === wanted?.host && former?.address.port === wanted?.port) return;
    const isSamePort = former !== undefined && former.address.port === wanted?.port && wanted.port !== 0;
    if (isSamePort) former.retire();
    try {
      this.#http = wanted && (await this.#openHttp(wanted, tls));
    } catch (error) {
      if (isSamePort) this.#http = await this.#openHttp(former.address);
      throw error;
    } finally {
      if (former && this.#http !== former) this.#retired.push(former);
    }
    if (!isSamePort) former?.retire();
  }

  #openHttp(address: ListenAddress, tls = this.#tls): Promise<HttpServer> {
    return startHttp({
      address,
      context: this.#context as ConnectionContext,
      connections: this.#connections,
      metrics: this.#metrics as Metrics,
      metricsAccess: this.#config.http,
      bosh: this.#bosh as BoshSessions,
      proxies: this.#httpProxies,
      settings: this.#config.http,
      tls,
      web: this.#web,
      consoleDirectory: this.#options.consoleDirectory,
      staticDirectories: this.#options.staticDirectories ?? {},
    });
  }

  #startWorkers(size: number): Promise<WorkerPool> {
    return WorkerPool.start({
      size,
      program: this.#options.workerProgram ?? fileURLToPath(new URL('./workers/worker-main.js', import.meta.url)),
      settings: workerSettings(this.#config, this.#tls),
      connections: this.#connections,
      streams: this.#streams,
      traffic: this.#stanzas,
      log: this.#log,
    });
  }

  #serially<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => undefined);
    return result;
  }

  async #startServices(environment: ServiceEnvironment): Promise<void> {
    // Each service owns its tables and knows its own part of the schema only.
    const database = this.#database.query as unknown as Kysely<never>;
    for (const { name, title, create } of this.#options.services ?? []) {
      const domain = `${name}.${this.#config.domain}`;
      // It runs elsewhere and joins as a component.
      if (this.#components.route(domain)) continue;
      const host = new ServiceHost(domain, title, this.#router, {
        log: this.#log,
        turns: this.#turns,
        limits: this.#config.limits,
      });
      const service = create(host, database, this.#log, this.#config, environment);
      this.#hosts.push(host);
      this.#services.push(service);
      await service.start();
      host.connect();
    }
  }
}
