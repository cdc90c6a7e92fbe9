import type { Socket } from 'node:net';
import type { Logger } from '@thingward/xmpp';
import type { Limits } from '../limits.ts';
import { RateTable } from '../rate-table.ts';
import { addressKey } from './address-key.ts';

type ConnectionLimits = Pick<Limits, 'maxConnections' | 'maxConnectionsPerAddress' | 'maxConnectionsPerSecond'>;

/** Seconds' worth of new connections that may come at once: as after a power cut. */
const SECONDS = 10;

/** Something that counts as a connection of a client. */
interface Counted {
  destroy(): void;
}

/** The connections that are open, counted by address, so that there are never too many. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #log: Logger;
  readonly #open = new Set<Counted>();
  readonly #byAddress = new Map<string, number>();
  readonly #rates: RateTable;

  constructor(limits: ConnectionLimits, log: Logger) {
    this.#limits = limits;
    this.#log = log;
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
  admit(socket: Socket, address: string = socket.remoteAddress ?? ''): boolean {
    const left = this.enter(socket, address);
    if (left) socket.once('close', left);
    else socket.destroy();
    return left !== undefined;
  }

  /** Counts one more. @returns what to call when it is gone; undefined when there are too many */
  enter(connection: Counted, address: string): (() => void) | undefined {
    const place = addressKey(address);
    const count = this.#byAddress.get(place) ?? 0;
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    const isTooMany = this.#open.size >= maxConnections || count >= maxConnectionsPerAddress;
    if (isTooMany || !this.#rates.allows(place)) {
      const why = isTooMany ? 'too many connections' : 'too many new connections';
      this.#log.warn({ address, open: this.#open.size }, `${why}: one was refused`);
      return undefined;
    }
    this.#rates.count(place);
    this.#open.add(connection);
    this.#byAddress.set(place, count + 1);
    return () => {
      if (!this.#open.delete(connection)) return;
      const left = (this.#byAddress.get(place) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(place, left);
      else this.#byAddress.delete(place);
    };
  }

  destroyAll(): void {
    for (const connection of [...this.#open]) connection.destroy();
  }
}
