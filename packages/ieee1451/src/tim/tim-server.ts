import { createServer, type Server, type Socket } from 'node:net';
import { encodeLinkFrame, LinkFrameReader } from './link-frame.ts';
import type { Tim } from './tim.ts';

export interface TimServerOptions {
  /** NCAPs at the same time; 8 when not given. Further ones are closed at once. */
  readonly maxConnections?: number;
}

const MAX_UNSENT_OCTETS = 1_000_000;

/** A TCP port behind which there is a TIM. */
export class TimServer {
  readonly #tim: Tim;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(tim: Tim, { maxConnections = 8 }: TimServerOptions = {}) {
    this.#tim = tim;
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = maxConnections;
    // A connection that could not be accepted, as when the process has no more file descriptors, ends none that are there.
    this.#server.on('error', () => undefined);
    tim.on('message', this.#tell);
  }

  /** @returns the port, chosen by the system when 0 was given. Rejects with the system's error when it can't listen */
  listen(port: number, host = '127.0.0.1'): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  async close(): Promise<void> {
    this.#tim.off('message', this.#tell);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  readonly #tell = (message: Uint8Array): void => {
    for (const socket of this.#sockets) {
      socket.write(encodeLinkFrame({ kind: 'initiated', sequence: 0, message }));
      // Who does not take what it is told is not told more.
      if (socket.writableLength > MAX_UNSENT_OCTETS) socket.destroy();
    }
  };

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new LinkFrameReader();
    socket.on('data', (chunk) => {
      try {
        for (const { kind, sequence, message } of reader.push(chunk)) {
          const reply = kind === 'command' ? this.#tim.receive(message) : undefined;
          if (reply) socket.write(encodeLinkFrame({ kind: 'reply', sequence, message: reply }));
        }
        if (socket.writableNeedDrain) socket.pause();
      } catch {
        // No messages of ours: there is no way back into step with it.
        socket.destroy();
      }
    });
    socket.on('drain', () => socket.resume());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
