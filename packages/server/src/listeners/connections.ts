import type { Socket } from 'node:net';
import type { Logger } from '@thingward/xmpp';
import type { ByteCounting, StreamCensus, StreamKind } from '../figures/stream-census.ts';
import type { Limits } from '../limits.ts';
import { RateTable } from '../rate-table.ts';
import { addressKey } from './address-key.ts';

type ConnectionLimits = Pick<Limits, 'maxConnections' | 'maxConnectionsPerAddress' | 'maxConnectionsPerSecond'>;

/** Seconds' worth of new connections that may come at once: as after a power cut. */
const SECONDS = 10;

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
  readonly #rates: RateTable;

  constructor(limits: ConnectionLimits, log: Logger, census: StreamCensus) {
    this.#limits = limits;
    this.#log = log;
    this.#census = census;
    this.#rates = new RateTable(() => limits.maxConnectionsPerSecond, SECONDS);
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
    const place = addressKey(address);
    const count = this.#byAddress.get(place) ?? 0;
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const reason =
      this.#open.size >= maxConnections
        ? 'connections'
        : count >= maxConnectionsPerAddress
          ? 'address'
          : this.#rates.allows(place)
            ? undefined
            : 'rate';
    if (reason !== undefined) {
      this.#census.refused(reason);
      this.#log.warn({ address, reason, open: this.#open.size }, 'too many connections: one was refused');
      return undefined;
    }
    this.#rates.count(place);
    this.#open.add(connection);
    this.#byAddress.set(place, count + 1);
    const left = this.#census.entered(kind, connection);
    return () => {
      if (!this.#open.delete(connection)) return;
      left();
      const others = (this.#byAddress.get(place) ?? 1) - 1;
      if (others > 0) this.#byAddress.set(place, others);
      else this.#byAddress.delete(place);
    };
  }

  destroyAll(): void {
    for (const connection of [...this.#open]) connection.destroy();
  }
}
