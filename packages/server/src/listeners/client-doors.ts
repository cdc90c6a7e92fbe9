import type { Server, Socket } from 'node:net';
import { configurationOfSchemaId } from '@thingward/xmpp/exi';
import { ClientCertificates, clientCertificateSettings } from '../client-certificates.ts';
import { ClientConnection, type ClientTransport, type ConnectionContext } from '../client-connection.ts';
import type { ServerConfig } from '../config.ts';
import { existingDeviceAuthority } from '../devices/device-authority.ts';
import { type Tls, TlsError } from '../tls.ts';
import type { WorkerDoor, WorkerSettings } from '../workers/worker-messages.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import type { Connections } from './connections.ts';
import { Door } from './door.ts';
import { isLoopback, type ListenAddress } from './listen.ts';
import { type Network, ProxyProtocol } from './proxy-protocol/proxy-protocol.ts';
import { type ClientDoor, directTlsServer, startTlsServer } from './tcp-listener.ts';
import type { ExiBinding } from './tcp-transport.ts';

/** A door for clients over TCP. */
export type ClientDoorName = WorkerDoor | 'exi';

export interface ClientDoorsOptions {
  /** Read for each connection. */
  readonly config: ServerConfig;
  readonly context: ConnectionContext;
  readonly connections: Connections;
  readonly workers: WorkerPool | undefined;
  readonly tls: Tls;
}

/** The doors for clients over TCP, in this process or with worker processes behind them. */
export class ClientDoors {
  readonly c2s: Door;
  readonly c2sTls: Door;
  readonly exi: Door;
  readonly #options: ClientDoorsOptions;
  /** They listen nowhere: connections are put in. */
  #takers: Readonly<Record<ClientDoorName, (socket: Socket) => void>>;
  #tls: Tls;
  /** Are clients asked for certificates of devices? */
  #asksDevices: boolean;

  /** @throws TlsError */
  constructor(options: ClientDoorsOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.#asksDevices = existingDeviceAuthority(options.config.dataDir) !== undefined;
    this.#takers = this.#newTakers(options.tls);
    const pauseOnConnect = options.workers !== undefined;
    const door = (name: ClientDoorName, isPaused: boolean) =>
      new Door({ name, pauseOnConnect: isPaused, take: (socket) => this.#take(name, socket) });
    this.c2s = door('c2s', pauseOnConnect);
    this.c2sTls = door('c2sTls', pauseOnConnect);
    this.exi = door('exi', false);
  }

  /** The configuration or the certificate has changed: for connections to come. @throws TlsError */
  configure(tls: Tls): void {
    this.#tls = tls;
    this.#asksDevices = existingDeviceAuthority(this.#options.config.dataDir) !== undefined;
    this.#options.workers?.configure(workerSettings(this.#options.config, tls));
    this.#takers = this.#newTakers(tls);
  }

  /** The first device that is enrolled with a certificate may be here before anybody has looked at the files again. */
  #take(name: ClientDoorName, socket: Socket): void {
    if (!this.#asksDevices && existingDeviceAuthority(this.#options.config.dataDir) !== undefined) {
      try {
        this.configure(this.#tls);
      } catch (error) {
        if (!(error instanceof TlsError)) throw error;
        this.#options.context.log.error({ reason: error.message }, 'devices are not asked for their certificates');
      }
    }
    this.#takers[name](socket);
  }

  #newTakers(tls: Tls): Record<ClientDoorName, (socket: Socket) => void> {
    const { workers } = this.#options;
    const taker = (door: WorkerDoor) => workers?.taker(door, this.#connect(door)) ?? into(this.#newServer(door, tls));
    // What it begins with, all have in common: one process does.
    return { c2s: taker('c2s'), c2sTls: taker('c2sTls'), exi: into(this.#newServer('exi', tls)) };
  }

  #newServer(door: ClientDoorName, tls: Tls): Server {
    const { config, connections, context } = this.#options;
    const clientCertificates = clientCertificateSettings(config);
    const local: ClientDoor = {
      limits: context.limits,
      log: context.log,
      tls,
      proxies: new ProxyProtocol(proxiesOf(config, door), context.log),
      clientCertificates: clientCertificates && new ClientCertificates(clientCertificates),
      admit: (socket, source) => connections.admit(socket, door, source.address),
      forwardsCoded: config.exi.binaryForwarding,
      binding: door === 'exi' ? this.#binding() : undefined,
      connect: this.#connect(door),
    };
    return door === 'c2sTls' ? directTlsServer(local) : startTlsServer(local);
  }

  /** @see XEP-0322 §2.4, §3.15 */
  #binding(): ExiBinding | undefined {
    const setUps = this.#options.context.exi?.setUps;
    if (!setUps) return undefined;
    return {
      get setUp() {
        return setUps.binding;
      },
      find: (schemaId) => {
        const id = configurationOfSchemaId(schemaId);
        const configuration = id === undefined ? undefined : setUps.configurations.get(id, undefined);
        return configuration && setUps.setUp(configuration, undefined);
      },
    };
  }

  #connect(door: ClientDoorName): (transport: ClientTransport) => ClientConnection {
    const { config, context } = this.#options;
    return (transport) =>
      new ClientConnection(
        context,
        transport,
        door === 'c2sTls' || !(config.auth.allowPlaintext && isOnLoopback(config.listen[door])),
      );
  }
}

/** What worker processes have to know. */
export function workerSettings(config: ServerConfig, tls: Tls): WorkerSettings {
  return {
    limits: config.limits,
    tls: tls.options,
    clientCertificates: clientCertificateSettings(config),
    proxies: { c2s: proxiesOf(config, 'c2s'), c2sTls: proxiesOf(config, 'c2sTls') },
  };
}

/** Proxies that are trusted at a door to say where connections come from. */
export function proxiesOf({ proxyProtocol }: ServerConfig, door: ClientDoorName | 'http'): readonly Network[] {
  return proxyProtocol?.doors.includes(door) ? proxyProtocol.from : [];
}

function isOnLoopback(address: ListenAddress | undefined): boolean {
  return address !== undefined && isLoopback(address.host);
}

function into(server: Server): (socket: Socket) => void {
  return (socket) => server.emit('connection', socket);
}
