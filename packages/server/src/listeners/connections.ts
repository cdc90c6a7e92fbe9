import type { Socket } from 'node:net';
import type { Logger } from '@thingward/xmpp';
import type { Limits } from '../limits.ts';

type ConnectionLimits = Pick<Limits, 'maxConnections' | 'maxConnectionsPerAddress'>;

/** The connections that are open, counted by address, so that there are never too many. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #log: Logger;
  readonly #open = new Set<Socket>();
  readonly #byAddress = new Map<string, number>();

  constructor(limits: ConnectionLimits, log: Logger) {
    this.#limits = limits;
    this.#log = log;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes a new connection in, or closes it when there are too many. @returns whether it was taken in */
  admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    const count = this.#byAddress.get(address) ?? 0;
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    if (this.#open.size >= maxConnections || count >= maxConnectionsPerAddress) {
      this.#log.warn({ address, open: this.#open.size }, 'too many connections: one was refused');
      socket.destroy();
      return false;
    }
    this.#open.add(socket);
    this.#byAddress.set(address, count + 1);
    socket.once('close', () => {
      this.#open.delete(socket);
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    });
    return true;
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
