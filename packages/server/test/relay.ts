import { connect, createServer, type Socket } from 'node:net';

/** A way to a door of a server that can be cut, and that counts what goes over it. */
export class Relay {
  /** Bytes, in both directions. */
  bytes = 0;
  /** Does it let through what clients send? What it does not let through is lost. */
  isOpen = true;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#join(client));
  readonly #target: () => number;

  /** @param target port to go to, now */
  constructor(target: () => number) {
    this.#target = target;
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    this.isOpen = true;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(client: Socket): void {
    const server = connect(this.#target(), '127.0.0.1');
    const carry = (from: Socket, to: Socket, isLetThrough: () => boolean) => {
      this.#sockets.add(from);
      from.on('data', (chunk) => {
        this.bytes += chunk.length;
        if (isLetThrough()) to.write(chunk);
      });
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on('error', () => to.destroy());
    };
    carry(client, server, () => this.isOpen);
    carry(server, client, () => true);
  }
}
