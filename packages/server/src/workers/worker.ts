import type { Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@thingward/xmpp';
import { ClientCertificates } from '../client-certificates.ts';
import { StreamCensus } from '../figures/stream-census.ts';
import { endpoints } from '../listeners/endpoints.ts';
import { ProxyProtocol } from '../listeners/proxy-protocol/proxy-protocol.ts';
import { type ClientDoor, directTlsServer, startTlsServer } from '../listeners/tcp-listener.ts';
import type { TcpTransport } from '../listeners/tcp-transport.ts';
import { LoopTurns } from '../loop-turns.ts';
import { RECORD } from './record.ts';
import { RemoteConnection } from './remote-connection.ts';
import { WorkerLink } from './worker-link.ts';
import type { WorkerDoor, WorkerSettings } from './worker-messages.ts';

/** How long clients may take to end their connections when all was said. */
const FINISH_MS = 1500;

/** What a worker process does: it takes clients' connections the main process has accepted. */
export class Worker {
  readonly #link: WorkerLink;
  readonly #log: Logger;
  /** They listen nowhere: connections are put in. */
  #doors: Readonly<Record<WorkerDoor, Server>> | undefined;
  readonly #turns = new LoopTurns();
  readonly #numbers = new Map<string, number>();
  readonly #transports = new Set<TcpTransport>();
  readonly #streams = new StreamCensus();
  readonly #told: Record<WorkerDoor, { received: number; sent: number }> = {
    c2s: { received: 0, sent: 0 },
    c2sTls: { received: 0, sent: 0 },
  };

  constructor(channel: Socket, log: Logger) {
    this.#link = new WorkerLink(channel);
    this.#log = log;
  }

  /** For connections to come. @throws TlsError */
  configure({ limits, tls: options, clientCertificates, proxies }: WorkerSettings): void {
    const door = (name: WorkerDoor): ClientDoor => ({
      limits,
      log: this.#log,
      tls: { options },
      proxies: new ProxyProtocol(proxies[name], this.#log),
      clientCertificates: clientCertificates && new ClientCertificates(clientCertificates),
      admit: (socket, source) => {
        this.#link.writer.writeJson(RECORD.source, this.#numberOf(socket), source);
        return true;
      },
      connect: (transport, socket) => {
        const number = this.#numberOf(socket);
        const connection = new RemoteConnection(number, this.#link, transport, this.#turns);
        this.#link.connect(number, connection);
        this.#transports.add(transport);
        socket.once('close', () => this.#transports.delete(transport));
        return connection;
      },
    });
    this.#doors = { c2s: startTlsServer(door('c2s')), c2sTls: directTlsServer(door('c2sTls')) };
  }

  /** @param socket undefined when it was closed on its way here */
  take(number: number, door: WorkerDoor, socket: Socket | undefined): void {
    this.#link.expect(number, socket);
    if (!socket || socket.destroyed) {
      this.#link.ended(number);
      return;
    }
    const key = endpoints(socket);
    this.#numbers.set(key, number);
    const left = this.#streams.entered(door, socket);
    socket.once('close', () => {
      left();
      this.#numbers.delete(key);
      this.#link.ended(number);
    });
    socket.setNoDelay(true);
    this.#doors?.[door].emit('connection', socket);
  }

  /** Waits for its connections to end, but not for long. */
  async finish(): Promise<void> {
    await Promise.race([this.#link.idle(), delay(FINISH_MS)]);
  }

  /** What went over the wire since this was called last. */
  takeTraffic(door: WorkerDoor): { readonly received: number; readonly sent: number } {
    const { received, sent } = this.#streams.figures(door);
    const told = this.#told[door];
    const news = { received: received - told.received, sent: sent - told.sent };
    this.#told[door] = { received, sent };
    return news;
  }

  /** Bytes that wait for clients that read slowly. */
  get unsentBytes(): number {
    let sum = 0;
    for (const { unsentBytes } of this.#transports) sum += unsentBytes;
    return sum;
  }

  #numberOf(socket: Socket): number {
    return this.#numbers.get(endpoints(socket)) as number;
  }
}
