import type { Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  encodeBase64,
  Jid,
  type Logger,
  managementFeature,
  SILENT_LOGGER,
  StreamError,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import { Accounts } from './accounts.ts';
import { ClientCertificates } from './client-certificates.ts';
import { ClientConnection, type ClientTransport, type ConnectionContext } from './client-connection.ts';
import { ComponentHub } from './components/component-hub.ts';
import type { ServerConfig } from './config.ts';
import { DirectPaths } from './direct-paths.ts';
import { DiscoRegistry } from './disco-registry.ts';
import { Hooks } from './hooks.ts';
import { type HttpServer, startHttp } from './http/http-server.ts';
import { WebRoutes } from './http/web-routes.ts';
import { Connections } from './listeners/connections.ts';
import { isLoopback, listen } from './listeners/listen.ts';
import { type Network, ProxyProtocol } from './listeners/proxy-protocol/proxy-protocol.ts';
import { type ClientDoor, directTlsServer, listenComponents, startTlsServer } from './listeners/tcp-listener.ts';
import { createMetrics } from './metrics.ts';
import type { ServerContext } from './module.ts';
import { modules } from './modules/index.ts';
import { RosterStore } from './roster-store.ts';
import { Router } from './router.ts';
import { Federation } from './s2s/federation.ts';
import type { DnsLookups } from './s2s/resolve.ts';
import { ServiceHost } from './service-host.ts';
import { SessionTable } from './session.ts';
import { SessionManager } from './session-manager.ts';
import { type OpenDatabase, openDatabase } from './storage/database.ts';
import { serverMigrations } from './storage/migrations.ts';
import type { ServerSchema } from './storage/schema.ts';
import { loadTls, selfSignedTls, type Tls } from './tls.ts';
import type { WorkerDoor } from './workers/worker-messages.ts';
import { WorkerPool, workerCount } from './workers/worker-pool.ts';

/** How long the end of all sessions may take when the server stops. */
const STOP_GRACE_MS = 5000;

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
  create(peer: XmppPeer, database: Kysely<never>, log: Logger, config: ServiceSettings): HostedService;
}

export interface ServerOptions {
  readonly services?: readonly ServiceDefinition[];
  readonly log?: Logger;
  /** In the place of the system's DNS. */
  readonly dns?: DnsLookups;
  /** What worker processes run, in the place of the built package's own. */
  readonly workerProgram?: string;
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
  readonly tls: Tls;
  readonly #config: ServerConfig;
  readonly #options: ServerOptions;
  readonly #log: Logger;
  readonly #database: OpenDatabase<ServerSchema>;
  readonly #sessions = new SessionTable();
  readonly #hooks = new Hooks();
  readonly #stopModules: (() => void | Promise<void>)[] = [];
  readonly #router: Router;
  readonly #sessionManager: SessionManager;
  readonly #services: HostedService[] = [];
  readonly #hosts: ServiceHost[] = [];
  readonly #connections: Connections;
  readonly #listeners: Server[] = [];
  readonly #components: ComponentHub;
  #http: HttpServer | undefined;
  #workers: WorkerPool | undefined;
  #federation: Federation | undefined;

  private constructor(config: ServerConfig, options: ServerOptions, database: OpenDatabase<ServerSchema>, tls: Tls) {
    this.#config = config;
    this.#options = options;
    this.#log = options.log ?? SILENT_LOGGER;
    this.#database = database;
    this.tls = tls;
    this.accounts = new Accounts(database.query, config.domain);
    this.#router = new Router(Jid.parse(config.domain), this.#sessions, this.#hooks, this.#log);
    this.#sessionManager = new SessionManager({
      sessions: this.#sessions,
      router: this.#router,
      hooks: this.#hooks,
      limits: config.limits,
      log: this.#log,
    });
    this.#components = new ComponentHub(config.components, this.#router, config.limits, this.#log);
    this.#hooks.addStreamFeature(({ authenticated }) => (authenticated ? managementFeature() : undefined));
    this.#connections = new Connections(config.limits, this.#log);
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

  /** Where the console is; undefined when HTTP is off. */
  get url(): string | undefined {
    return this.#http?.url;
  }

  /** Host and port of an open door. */
  address(index: number): { readonly host: string; readonly port: number } | undefined {
    const address = this.#listeners[index]?.address();
    return address && typeof address === 'object' ? { host: address.address, port: address.port } : undefined;
  }

  /** The exchange with other servers; undefined when it is off. */
  get federation(): Federation | undefined {
    return this.#federation;
  }

  /** Of its worker processes. */
  get workerPids(): readonly number[] {
    return this.#workers?.pids ?? [];
  }

  /** Ends all streams orderly and closes everything. */
  async stop(): Promise<void> {
    const closed = this.#listeners.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve())));
    await this.#sessionManager.stop(new StreamError('system-shutdown', 'the server stops'), STOP_GRACE_MS);
    this.#components.stop();
    for (const service of this.#services) await service.stop();
    await this.#federation?.stop();
    for (const host of this.#hosts) host.disconnect();
    for (const stop of this.#stopModules) await stop();
    await new Promise((resolve) => setTimeout(resolve, this.#connections.size > 0 ? 50 : 0));
    this.#connections.destroyAll();
    await this.#workers?.stop();
    await this.#http?.close();
    await Promise.all(closed);
    await this.#database.close();
  }

  async #start(): Promise<void> {
    const { listen, limits, domain } = this.#config;
    const log = this.#log;
    const rosters = new RosterStore(this.#database.query);
    const disco = new DiscoRegistry();
    const web = new WebRoutes();
    const context: ServerContext = {
      domain,
      config: this.#config,
      router: this.#router,
      sessions: this.#sessions,
      accounts: this.accounts,
      rosters,
      database: this.#database.query,
      disco,
      hooks: this.#hooks,
      web,
      log,
    };
    for (const module of modules) {
      if (module.identity) disco.addIdentity('server', module.identity);
      disco.addFeature('server', ...(module.features ?? []));
      disco.addFeature('account', ...(module.accountFeatures ?? []));
      const stop = module.start(context);
      if (stop) this.#stopModules.push(stop);
    }
    await this.#startServices();

    if (listen.s2s || listen.s2sTls) {
      this.#federation = await Federation.start({
        domain,
        settings: this.#config.s2s,
        listen,
        limits,
        router: this.#router,
        tls: this.tls,
        log,
        dns: this.#options.dns,
      });
    }

    const metrics = createMetrics({
      sessions: () => this.#sessions.size,
      connections: () => this.#connections.size,
      routed: () => this.#router.routedCount + (this.#workers?.switchedCount ?? 0),
      switched: () => this.#workers?.switchedCount ?? 0,
    });
    const connectionContext: ConnectionContext = {
      domain,
      credentials: this.accounts,
      limits,
      router: this.#router,
      sessions: this.#sessionManager,
      hooks: this.#hooks,
      log,
      onAuthentication: (succeeded) => metrics.authentications.inc({ outcome: succeeded ? 'success' : 'failure' }),
    };
    await this.#openClientDoors(connectionContext);
    if (listen.component) {
      const door = await listenComponents(listen.component, this.#components, this.#connections, { limits, log });
      this.#listeners.push(door);
    }
    if (listen.http) {
      this.#http = await startHttp({
        address: listen.http,
        context: connectionContext,
        connections: this.#connections,
        metrics,
        bosh: this.#config.bosh,
        proxies: new ProxyProtocol(this.#proxiesOf('http'), log),
        publicUrl: this.#config.http.publicUrl,
        tls: this.tls,
        web,
        consoleDirectory: this.#options.consoleDirectory,
        staticDirectories: this.#options.staticDirectories ?? {},
      });
    }
  }

  /** The doors over TCP, in this process or with worker processes behind them. */
  async #openClientDoors(context: ConnectionContext): Promise<void> {
    const { listen: addresses, auth, limits, workers } = this.#config;
    const requireTls = !(auth.allowPlaintext && addresses.c2s && isLoopback(addresses.c2s.host));
    const connect = (door: WorkerDoor) => (transport: ClientTransport) =>
      new ClientConnection(context, transport, door === 'c2sTls' || requireTls);
    const size = workerCount(workers);
    if (size > 0) {
      new DirectPaths(this.#hooks, this.#sessions);
      this.#workers = await this.#startWorkers(size);
    }
    for (const door of ['c2s', 'c2sTls'] as const) {
      const address = addresses[door];
      if (!address) continue;
      const local = (): ClientDoor => ({
        limits,
        log: this.#log,
        tls: this.tls,
        proxies: new ProxyProtocol(this.#proxiesOf(door), this.#log),
        clientCertificates: auth.clientCertificates && new ClientCertificates(auth.clientCertificates),
        admit: (socket, source) => this.#connections.admit(socket, source.address),
        connect: connect(door),
      });
      const server =
        this.#workers?.server(door, connect(door)) ??
        (door === 'c2s' ? startTlsServer(local()) : directTlsServer(local()));
      this.#listeners.push(await listen(server, door, address));
    }
  }

  #startWorkers(size: number): Promise<WorkerPool> {
    const { limits, auth } = this.#config;
    return WorkerPool.start({
      size,
      program: this.#options.workerProgram ?? fileURLToPath(new URL('./workers/worker-main.js', import.meta.url)),
      settings: {
        limits,
        tls: this.tls.options,
        certificate: encodeBase64(this.tls.certificate),
        clientCertificates: auth.clientCertificates,
        proxies: { c2s: this.#proxiesOf('c2s'), c2sTls: this.#proxiesOf('c2sTls') },
      },
      connections: this.#connections,
      log: this.#log,
    });
  }

  #proxiesOf(door: 'c2s' | 'c2sTls' | 'http'): readonly Network[] {
    const { proxyProtocol } = this.#config;
    return proxyProtocol?.doors.includes(door) ? proxyProtocol.from : [];
  }

  async #startServices(): Promise<void> {
    // Each service owns its tables and knows its own part of the schema only.
    const database = this.#database.query as unknown as Kysely<never>;
    for (const { name, title, create } of this.#options.services ?? []) {
      const domain = `${name}.${this.#config.domain}`;
      // It runs elsewhere and joins as a component.
      if (this.#components.route(domain)) continue;
      const host = new ServiceHost(domain, title, this.#router, this.#log);
      const service = create(host, database, this.#log, this.#config);
      this.#hosts.push(host);
      this.#services.push(service);
      await service.start();
      host.connect();
    }
  }
}
