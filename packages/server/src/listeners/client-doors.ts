import type { Server, Socket } from 'node:net';
import { ClientCertificates } from '../client-certificates.ts';
import { ClientConnection, type ClientTransport, type ConnectionContext } from '../client-connection.ts';
import type { ServerConfig } from '../config.ts';
import type { Tls } from '../tls.ts';
import type { WorkerDoor, WorkerSettings } from '../workers/worker-messages.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import type { Connections } from './connections.ts';
import { Door } from './door.ts';
import { isLoopback, type ListenAddress } from './listen.ts';
import { type Network, ProxyProtocol } from './proxy-protocol/proxy-protocol.ts';
import { type ClientDoor, directTlsServer, startTlsServer } from './tcp-listener.ts';

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
  readonly #options: ClientDoorsOptions;
  /** They listen nowhere: connections are put in. */
  #takers: Readonly<Record<WorkerDoor, (socket: Socket) => void>>;

  /** @throws TlsError */
  constructor(options: ClientDoorsOptions) {
    this.#options = options;
    this.#takers = this.#newTakers(options.tls);
    const pauseOnConnect = options.workers !== undefined;
    const door = (name: WorkerDoor) => new Door({ name, pauseOnConnect, take: (socket) => this.#takers[name](socket) });
    this.c2s = door('c2s');
    this.c2sTls = door('c2sTls');
  }

  /** The configuration or the certificate has changed: for connections to come. @throws TlsError */
  configure(tls: Tls): void {
    this.#options.workers?.configure(workerSettings(this.#options.config, tls));
    this.#takers = this.#newTakers(tls);
  }

  #newTakers(tls: Tls): Record<WorkerDoor, (socket: Socket) => void> {
    const { workers } = this.#options;
    const taker = (door: WorkerDoor) => workers?.taker(door, this.#connect(door)) ?? into(this.#newServer(door, tls));
    return { c2s: taker('c2s'), c2sTls: taker('c2sTls') };
  }

  #newServer(door: WorkerDoor, tls: Tls): Server {
    const { config, connections, context } = this.#options;
    const { clientCertificates } = config.auth;
    const local: ClientDoor = {
      limits: context.limits,
      log: context.log,
      tls,
      proxies: new ProxyProtocol(proxiesOf(config, door), context.log),
      clientCertificates: clientCertificates && new ClientCertificates(clientCertificates),
      admit: (socket, source) => connections.admit(socket, door, source.address),
      connect: this.#connect(door),
    };
    return door === 'c2s' ? startTlsServer(local) : directTlsServer(local);
  }

  #connect(door: WorkerDoor): (transport: ClientTransport) => ClientConnection {
    const { config, context } = this.#options;
    return (transport) =>
      new ClientConnection(
        context,
        transport,
        door === 'c2sTls' || !(config.auth.allowPlaintext && isOnLoopback(config.listen.c2s)),
      );
  }
}

/** What worker processes have to know. */
export function workerSettings(config: ServerConfig, tls: Tls): WorkerSettings {
  return {
    limits: config.limits,
    tls: tls.options,
    clientCertificates: config.auth.clientCertificates,
    proxies: { c2s: proxiesOf(config, 'c2s'), c2sTls: proxiesOf(config, 'c2sTls') },
  };
}

/** Proxies that are trusted at a door to say where connections come from. */
export function proxiesOf({ proxyProtocol }: ServerConfig, door: WorkerDoor | 'http'): readonly Network[] {
  return proxyProtocol?.doors.includes(door) ? proxyProtocol.from : [];
}

function isOnLoopback(address: ListenAddress | undefined): boolean {
  return address !== undefined && isLoopback(address.host);
}

function into(server: Server): (socket: Socket) => void {
  return (socket) => server.emit('connection', socket);
}
