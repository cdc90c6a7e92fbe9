import type { Socket } from 'node:net';
import type { Logger } from '@thingward/xmpp';
import type { ByteCounting, StreamCensus, StreamKind } from '../figures/stream-census.ts';
import type { Limits } from '../limits.ts';

type ConnectionLimits = Pick<Limits, 'maxConnections' | 'maxConnectionsPerAddress'>;

/** Something that counts as a connection of a client. */
interface Counted extends Partial<ByteCounting> {
  destroy(): void;
}

/** The connections that are open, counted by address, so that there are never too many. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #log: Logger;
  readonly #census: StreamCensus;
  readonly #open = new Set<Counted>();
  readonly #byAddress = new Map<string, number>();

  constructor(limits: ConnectionLimits, log: Logger, census: StreamCensus) {
    this.#limits = limits;
    this.#log = log;
    this.#census = census;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Takes a new connection in, or closes it when there are too many.
   * @param address the client's, where that is not the other end of the socket
   * @returns whether it was taken in
   */
  admit(socket: Socket, kind: StreamKind, address: string = socket.remoteAddress ?? ''): boolean {
    const left = this.enter(socket, kind, address);
    if (left) socket.once('close', left);
    else socket.destroy();
    return left !== undefined;
  }

  /** Counts one more. @returns what to call when it is gone; undefined when there are too many */
  enter(connection: Counted, kind: StreamKind, address: string): (() => void) | undefined {
    const count = this.#byAddress.get(address) ?? 0;
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    if (this.#open.size >= maxConnections || count >= maxConnectionsPerAddress) {
      this.#census.refused(this.#open.size >= maxConnections ? 'connections' : 'address');
      this.#log.warn({ address, open: this.#open.size }, 'too many connections: one was refused');
      return undefined;
    }
    this.#open.add(connection);
    this.#byAddress.set(address, count + 1);
    const left = this.#census.entered(kind, connection);
    return () => {
      if (!this.#open.delete(connection)) return;
      left();
      const others = (this.#byAddress.get(address) ?? 1) - 1;
      if (others > 0) this.#byAddress.set(address, others);
      else this.#byAddress.delete(address);
    };
  }

  destroyAll(): void {
    for (const connection of [...this.#open]) connection.destroy();
  }
}
