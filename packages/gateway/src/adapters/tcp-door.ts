import { createServer, type Server, type Socket } from 'node:net';

export interface TcpDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly maxConnections: number;
}

/** Where masters connect over TCP, whatever they speak. */
export class TcpDoor {
  readonly #options: TcpDoorOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param accept takes each connection; what goes wrong with one ends it */
  constructor(options: TcpDoorOptions, accept: (socket: Socket) => void) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
      accept(socket);
    });
    this.#server.maxConnections = options.maxConnections;
  }

  /** @returns the port it listens on. Rejects with the system's error */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        // A connection that could not be accepted ends none that are there.
        this.#server.on('error', () => undefined);
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
