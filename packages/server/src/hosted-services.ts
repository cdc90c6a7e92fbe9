import type { Jid, Logger, XmppPeer } from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import type { ServerConfig } from './config.ts';
import type { Router } from './router.ts';
import type { ServiceEnvironment } from './service-environment.ts';
import { ServiceHost, type ServiceHostOptions } from './service-host.ts';

/** A running service. */
export interface HostedService {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What services take from the configuration, and from the server that hosts them. */
export interface ServiceSettings
  extends Pick<ServerConfig, 'history' | 'eventLog' | 'provisioning' | 'registry' | 'mcap'> {
  /** May the account administrate the server? Not known to a service that runs elsewhere. */
  readonly isAdministrator?: ((jid: Jid) => Promise<boolean>) | undefined;
}

/** A service the server hosts at `name.domain`. It knows nothing of where it runs. */
export interface ServiceDefinition {
  /** First label of its domain. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Tables it keeps in the server's database. */
  readonly migrations: Record<string, Migration>;
  /** Is it wanted in the server's process? It is, when this is not given. */
  isWanted?(config: ServiceSettings): boolean;
  create(
    peer: XmppPeer,
    database: Kysely<never>,
    log: Logger,
    config: ServiceSettings,
    environment?: ServiceEnvironment,
  ): HostedService;
}

export interface HostedServicesOptions extends ServiceHostOptions {
  readonly config: ServerConfig;
  readonly isAdministrator: (jid: Jid) => Promise<boolean>;
  readonly router: Router;
  /** Each service owns its tables and knows its own part of the schema only. */
  readonly database: Kysely<never>;
}

/** The services that live in the server's process. */
export class HostedServices {
  readonly #options: HostedServicesOptions;
  readonly #services: HostedService[] = [];
  readonly #hosts: ServiceHost[] = [];

  constructor(options: HostedServicesOptions) {
    this.#options = options;
  }

  /** Starts them at their domains, but for those whose domain is served already: they run elsewhere and join as components. */
  async start(definitions: readonly ServiceDefinition[], environment: ServiceEnvironment): Promise<void> {
    const { config, isAdministrator, router, database, log } = this.#options;
    const { history, eventLog, provisioning, registry, mcap } = config;
    const settings: ServiceSettings = { history, eventLog, provisioning, registry, mcap, isAdministrator };
    for (const { name, title, create, isWanted } of definitions) {
      const domain = `${name}.${config.domain}`;
      if (router.hasService(domain) || isWanted?.(settings) === false) continue;
      const host = new ServiceHost(domain, title, router, this.#options);
      const service = create(host, database, log, settings, environment);
      this.#hosts.push(host);
      this.#services.push(service);
      await service.start();
      host.connect();
    }
  }

  /** Where a service is, whether it runs here or elsewhere: its domain, when it is served. */
  addressesOf(name: string): readonly string[] {
    const { config, router } = this.#options;
    const domain = `${name}.${config.domain}`;
    return router.hasService(domain) ? [domain] : [];
  }

  /** Ends what they do. What they still send goes out until `disconnect`. */
  async stop(): Promise<void> {
    for (const service of this.#services) await service.stop();
  }

  disconnect(): void {
    for (const host of this.#hosts) host.disconnect();
  }
}
