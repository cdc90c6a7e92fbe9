import type { Server, Socket } from 'node:net';
import type { Logger } from '@thingward/xmpp';
import { ClientCertificates } from '../client-certificates.ts';
import { endpoints } from '../listeners/endpoints.ts';
import { ProxyProtocol } from '../listeners/proxy-protocol/proxy-protocol.ts';
import { type ClientDoor, directTlsServer, startTlsServer } from '../listeners/tcp-listener.ts';
import { LoopTurns } from '../loop-turns.ts';
import { RECORD } from './record.ts';
import { RemoteConnection } from './remote-connection.ts';
import { WorkerLink } from './worker-link.ts';
import type { WorkerDoor, WorkerSettings } from './worker-messages.ts';

/** What a worker process does: it takes clients' connections the main process has accepted. */
export class Worker {
  readonly #link: WorkerLink;
  readonly #log: Logger;
  /** They listen nowhere: connections are put in. */
  #doors: Readonly<Record<WorkerDoor, Server>> | undefined;
  readonly #turns = new LoopTurns();
  readonly #numbers = new Map<string, number>();

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
    socket.once('close', () => {
      this.#numbers.delete(key);
      this.#link.ended(number);
    });
    socket.setNoDelay(true);
    this.#doors?.[door].emit('connection', socket);
  }

  #numberOf(socket: Socket): number {
    return this.#numbers.get(endpoints(socket)) as number;
  }
}
