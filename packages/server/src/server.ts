import { fileURLToPath } from 'node:url';
import { DNP3_SCHEMAS } from '@thingward/dnp3';
import type { Guard } from '@thingward/guard';
import { IEEE1451_SCHEMAS } from '@thingward/ieee1451/schemas';
import { MODBUS_SCHEMAS } from '@thingward/modbus';
import { thingSchemas } from '@thingward/things/node';
import type { Element } from '@thingward/xml';
import { Jid, type Logger, PeerError, SILENT_LOGGER, StreamError } from '@thingward/xmpp';
import { readSchemas, xmppSchemas } from '@thingward/xmpp/node';
import type { Kysely } from 'kysely';
import { AccountChanges } from './account-changes.ts';
import { Accounts } from './accounts.ts';
import { AccessLists } from './administration/access-lists.ts';
import { Administrators } from './administration/administrators.ts';
import { Announcements } from './announce/announcements.ts';
import { uniqueDeviceName } from './announce/device-name.ts';
import type { ClientConnection, ConnectionContext } from './client-connection.ts';
import { CommandRegistry } from './commands/command-registry.ts';
import { ComponentHub } from './components/component-hub.ts';
import type { ServerConfig } from './config.ts';
import { ConfigReload } from './config-reload.ts';
import { Devices } from './devices/devices.ts';
import { openDirectPaths } from './direct-paths.ts';
import { DiscoRegistry } from './disco-registry.ts';
import { ExiSetUps } from './exi/exi-set-ups.ts';
import type { ExiSchema } from './exi/exi-tables.ts';
import { KnownConfigurations } from './exi/known-configurations.ts';
import { SchemaRepository } from './exi/schema-repository.ts';
import { StanzaTraffic } from './figures/stanza-counts.ts';
import { StreamCensus } from './figures/stream-census.ts';
import { ServerGuard } from './guard/server-guard.ts';
import { Hooks } from './hooks.ts';
import { HostedServices } from './hosted-services.ts';
import { HttpDoor } from './http/http-door.ts';
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
import { countOfflineMessages } from './offline-store.ts';
import { RemovalWatch } from './removal-watch.ts';
import { ResourceNames } from './resource-names.ts';
import { RosterStore } from './roster-store.ts';
import { Router } from './router.ts';
import { RunningModules } from './running-modules.ts';
import { Federation } from './s2s/federation.ts';
import { FederationSwitch } from './s2s/federation-switch.ts';
import { ServerCertificates, serverTls } from './server-certificates.ts';
import { openServerDatabase } from './server-database.ts';
import type { ServerOptions } from './server-options.ts';
import { serviceEnvironment } from './service-environment.ts';
import { SessionTable } from './session.ts';
import { SessionManager } from './session-manager.ts';
import { type SessionSchema, SessionStore } from './session-store.ts';
import { Stanza } from './stanza.ts';
import type { OpenDatabase } from './storage/database.ts';
import type { ServerSchema } from './storage/schema.ts';
import { loadSecret } from './storage/secret.ts';
import { Settings } from './storage/settings.ts';
import { offerStreamManagement } from './stream-management-offer.ts';
import { TemporaryAccounts } from './temporary-accounts.ts';
import type { Tls } from './tls.ts';
import { ClientTokens } from './tokens/client-tokens.ts';
import { loadTokenKey } from './tokens/token-key.ts';
import { VERSION } from './version.ts';
import { WorkerPool, workerCount } from './workers/worker-pool.ts';

/** How long the end of all sessions may take when the server stops. */
const STOP_GRACE_MS = 5000;

/** The XMPP server with its services, composed: start it, stop it. */
export class ThingwardServer {
  readonly accounts: Accounts;
  readonly #live: LiveConfig;
  readonly #certificates: ServerCertificates;
  readonly #http: HttpDoor;
  readonly #federation: FederationSwitch;
  readonly #options: ServerOptions;
  readonly #log: Logger;
  readonly #database: OpenDatabase<ServerSchema>;
  readonly #sessions = new SessionTable();
  readonly #hooks = new Hooks();
  readonly #streams = new StreamCensus();
  readonly #stanzas = new StanzaTraffic();
  readonly #modules = new RunningModules();
  readonly #router: Router;
  readonly #sessionManager: SessionManager;
  readonly #services: HostedServices;
  readonly #administrators: Administrators;
  readonly #accessLists: AccessLists;
  readonly #connections: Connections;
  readonly #temporaries: TemporaryAccounts;
  #policies: ServerGuard | undefined;
  #removals: RemovalWatch | undefined;
  #tokens: ClientTokens | undefined;
  readonly #components: ComponentHub;
  readonly #componentDoor: Door;
  readonly #web = new WebRoutes();
  readonly #httpProxies: ProxyProtocol;
  readonly #turns = new LoopTurns();
  readonly #negotiating = new Set<ClientConnection>();
  #clientDoors: ClientDoors | undefined;
  #announcements: Announcements | undefined;
  #context: ConnectionContext | undefined;
  #metrics: Metrics | undefined;
  #bosh: BoshSessions | undefined;
  #reload: ConfigReload | undefined;
  #stopped: Promise<void> | undefined;
  #workers: WorkerPool | undefined;

  private constructor(given: ServerConfig, options: ServerOptions, database: OpenDatabase<ServerSchema>, tls: Tls) {
    this.#live = new LiveConfig(given);
    const config = this.#live.current;
    this.#options = options;
    this.#log = options.log ?? SILENT_LOGGER;
    this.#database = database;
    this.#certificates = new ServerCertificates(config, tls, this.#log);
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
    const { limits } = config;
    const shared = { router: this.#router, turns: this.#turns, limits, log: this.#log };
    this.#components = new ComponentHub(config.components, shared);
    offerStreamManagement(this.#hooks, this.#sessionManager);
    this.#temporaries = new TemporaryAccounts(database.query, this.#hooks);
    this.#connections = new Connections(config.limits, this.#log, this.#streams);
    this.#administrators = new Administrators(() => config.auth.admins, new Settings(database.query));
    this.#accessLists = new AccessLists({
      domain: config.domain,
      settings: new Settings(database.query),
      isServed: (served) => served === config.domain || this.#router.hasService(served),
      changed: () => this.#accessChanged(),
    });
    this.#services = new HostedServices({
      ...shared,
      config,
      isAdministrator: (jid) => this.#administrators.includes(jid),
      database: database.query as unknown as Kysely<never>,
    });
    this.#federation = new FederationSwitch((wanted, shown) => this.#startFederation(wanted, shown));
    this.#http = new HttpDoor((address, shown) => this.#openHttp(address, shown));
    this.#httpProxies = new ProxyProtocol(proxiesOf(config, 'http'), this.#log);
    this.#componentDoor = new Door({
      name: 'component',
      take: componentTaker(this.#components, this.#connections, { limits, log: this.#log }),
    });
  }

  /** Opens the database, the services and the doors. What was opened is closed again when one fails. @throws StorageError, TlsError, ListenError, WorkerError */
  static async start(config: ServerConfig, options: ServerOptions = {}): Promise<ThingwardServer> {
    const tls = await serverTls(config);
    const database = await openServerDatabase(config, options.services, options.log);
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
    return this.#certificates.current;
  }

  /** Where the console is; undefined when HTTP is off. */
  get url(): string | undefined {
    return this.#http.url;
  }

  /** Host and port of an open door: of clients, then of components. */
  address(index: number): ListenAddress | undefined {
    return this.#doors.filter(({ isOpen }) => isOpen)[index]?.address;
  }

  /** The exchange with other servers; undefined when it is off. */
  get federation(): Federation | undefined {
    return this.#federation.current;
  }

  /** Of its worker processes. */
  get workerPids(): readonly number[] {
    return this.#workers?.pids ?? [];
  }

  /** Decides what may be done to Things. */
  get guard(): Guard | undefined {
    return this.#policies?.guard;
  }

  /** Why nothing can be recorded in the audit log just now; undefined when it can, or where there is none. */
  get auditProblem(): string | undefined {
    return this.#policies?.audit?.problem;
  }

  /**
   * Takes over another configuration, while streams go on. Nothing changes when any of it can't be used.
   * @returns what counts from now on, and what only after a new start
   * @throws TlsError, ListenError, PolicyError
   */
  async reload(next: ServerConfig): Promise<ConfigChange> {
    return this.#running.reload(next);
  }

  /** Reads the certificates of the configuration again, for connections to come. @throws TlsError */
  async renewCertificates(): Promise<void> {
    return this.#running.renewCertificates();
  }

  /**
   * Sends a message as the server itself. What comes back is not listened to.
   * @throws PeerError `not-connected` when there is no way to where it is for, or nobody is there
   */
  send(stanza: Element): void {
    const to = Jid.parse(stanza.attribute('to') ?? '');
    const { domain } = this.#router;
    const component = this.#components.route(to.domain);
    const isHere = to.domain === domain.domain || this.#router.hasService(to.domain);
    if (component ? component.instanceCount === 0 : !isHere && !this.federation) {
      throw new PeerError('not-connected', `${to.domain} is not connected`);
    }
    void this.#router.route(Stanza.made(stanza, domain, to));
  }

  /** Ends all streams orderly and closes everything. Sessions that can be resumed wait for the next start. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await this.#reload?.settled();
    this.#certificates.stop();
    await this.#announcements?.stop();
    const { seeOtherHost } = this.#config.shutdown;
    const error = new StreamError('system-shutdown', 'the server stops');
    const farewell = seeOtherHost ? new StreamError('see-other-host', undefined, undefined, seeOtherHost) : error;
    const closed = this.#doors.map((door) => door.close());
    this.#http.retire();
    for (const connection of [...this.#negotiating]) connection.refuse(farewell);
    await this.#sessionManager.stop(farewell, STOP_GRACE_MS);
    this.#components.stop(error);
    await this.#services.stop();
    await this.#federation.stop(error);
    this.#services.disconnect();
    await this.#modules.stop();
    await this.#policies?.stop();
    await this.#removals?.stop();
    this.#tokens?.stop();
    await new Promise((resolve) => setTimeout(resolve, this.#connections.size > 0 ? 50 : 0));
    this.#bosh?.close();
    this.#connections.destroyAll();
    await this.#workers?.stop();
    await this.#http.close();
    await Promise.all(closed);
    await this.#sessionManager.keep();
    await this.#database.close();
  }

  async #loadExi(): Promise<ExiSetUps> {
    const database = this.#database.query.withTables<ExiSchema>();
    const { exi } = this.#config;
    const log = this.#log;
    const packets = [MODBUS_SCHEMAS, DNP3_SCHEMAS, IEEE1451_SCHEMAS].flatMap((folder) => readSchemas(folder));
    const shipped = [...xmppSchemas(), ...thingSchemas(), ...packets];
    const setUps = new ExiSetUps(exi, {
      schemas: new SchemaRepository(database, shipped, () => exi.maxSchemas, log),
      configurations: new KnownConfigurations(database, () => exi.maxConfigurations, log),
      log,
    });
    await setUps.load();
    return setUps;
  }

  get #config(): ServerConfig {
    return this.#live.current;
  }

  get #doors(): readonly Door[] {
    const { c2s, c2sTls, exi } = this.#clientDoors ?? {};
    return [c2s, c2sTls, this.#componentDoor, exi].filter((door) => door !== undefined);
  }

  async #start(): Promise<void> {
    const { limits, domain, listen } = this.#config;
    const log = this.#log;
    const rosters = new RosterStore(this.#database.query);
    const policies = new ServerGuard({
      config: this.#config,
      router: this.#router,
      sessions: this.#sessions,
      hooks: this.#hooks,
      rosters,
      database: this.#database.query as unknown as Kysely<never>,
      log,
      onTime: (milliseconds) => this.#metrics?.decided(milliseconds),
    });
    this.#policies = policies;
    await policies.start();
    const disco = new DiscoRegistry();
    const logInGuard = new LogInGuard(limits);
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
      federation: () => this.#federation.current?.statistics,
      guard: policies.figures,
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
      administrators: this.#administrators,
      accessLists: this.#accessLists,
      serviceControl: this.#options.serviceControl,
      rosters,
      database: this.#database.query,
      disco,
      commands: new CommandRegistry(),
      figures,
      hooks: this.#hooks,
      policies,
      web: this.#web,
      logInGuard,
      turns: this.#turns,
      log,
    };
    await this.#temporaries.clear();
    this.#hooks.addInterest({ passesData: (localpart) => !this.#accessLists.names(localpart) });
    await this.#accessLists.load();
    const { tokens } = this.#config.auth;
    if (tokens.enabled) {
      this.#tokens = new ClientTokens(this.#database.query, loadTokenKey(this.#config.dataDir), tokens, log);
      this.#tokens.start();
    }
    this.#modules.start(context);
    const removals = new RemovalWatch({ database: this.#database.query, changes: context.accountChanges, log });
    await removals.start();
    this.#removals = removals;
    await this.#services.start(this.#options.services ?? [], serviceEnvironment(domain, rosters, policies));
    await (await this.#federation.prepare(this.#config, this.tls)).apply();
    await this.#sessionManager.restore();

    const exi = this.#config.exi.enabled ? await this.#loadExi() : undefined;
    const metrics = createMetrics(figures);
    this.#metrics = metrics;
    this.#context = {
      domain,
      credentials: this.accounts,
      removals,
      devices: new Devices(this.#database.query, this.accounts, domain),
      limits,
      router: this.#router,
      sessions: this.#sessionManager,
      resources: new ResourceNames(() => loadSecret(this.#database.query, 'resource-secret')),
      tokens: this.#tokens,
      temporaries: this.#config.auth.anonymous ? this.#temporaries : undefined,
      exi: exi && { setUps: exi, port: () => this.#clientDoors?.exi.address?.port },
      hooks: this.#hooks,
      log,
      negotiating: this.#negotiating,
      guard: logInGuard,
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
      tls: this.tls,
    });
    const moveAll = (addresses: ServerConfig['listen']) =>
      moveDoors(this.#doors.map((door) => [door, addresses[door.name as keyof typeof addresses]] as const));
    await moveAll(listen);
    await this.#http.move(listen.http, this.tls);
    this.#reload = new ConfigReload({
      live: this.#live,
      certificates: this.#certificates,
      clientDoors: this.#clientDoors,
      components: this.#components,
      http: this.#http,
      httpProxies: this.#httpProxies,
      federation: this.#federation,
      policies,
      moveDoors: moveAll,
    });
    const { c2s, c2sTls } = this.#clientDoors;
    this.#announcements = new Announcements({
      config: this.#config.announce,
      domain,
      doors: () => ({ starttls: c2s.address, direct: c2sTls.address }),
      services: {
        registries: this.#services.addressesOf('registry'),
        provisioningServers: this.#services.addressesOf('provisioning'),
      },
      version: VERSION,
      udn: await uniqueDeviceName(this.#database.query),
      log,
    });
    this.#certificates.watch(() => this.renewCertificates(), this.#options.watchIntervalMs);
  }

  #accessChanged(): void {
    const lists = this.#accessLists;
    this.#router.setGate(lists.areEmpty ? undefined : (stanza) => lists.admits(stanza));
    for (const localpart of new Set([...this.#sessions.all()].map((session) => session.localpart))) {
      this.#hooks.filterChanged(localpart);
    }
  }

  get #running(): ConfigReload {
    if (!this.#reload) throw new Error('the server has not started');
    return this.#reload;
  }

  #startFederation({ listen, s2s }: ServerConfig, tls: Tls): Promise<Federation> {
    const { domain, s2s: settings, limits } = this.#config;
    return Federation.start({
      domain,
      settings,
      authoritiesFile: s2s.trust?.ca,
      listen,
      limits,
      router: this.#router,
      turns: this.#turns,
      tls,
      log: this.#log,
      streams: this.#streams,
      dns: this.#options.dns,
    });
  }

  #openHttp(address: ListenAddress, tls: Tls): Promise<HttpServer> {
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
      settings: workerSettings(this.#config, this.tls),
      connections: this.#connections,
      streams: this.#streams,
      traffic: this.#stanzas,
      log: this.#log,
    });
  }
}
