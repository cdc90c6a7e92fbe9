import { StanzaError } from '@thingward/xmpp';

interface Waiting {
  start(): void;
  refuse(reason: Error): void;
}

/**
 * Gives several masters turns at one line. Each has a queue of its own, so that one that asks without end costs the others one turn
 * at a time; what one master sends keeps its order.
 */
export class Arbiter {
  readonly #atOnce: number;
  readonly #maxWaiting: number;
  /** By master; the one whose turn is next first. */
  readonly #queues = new Map<string, Waiting[]>();
  #running = 0;

  /**
   * @param atOnce how many the line takes at the same time
   * @param maxWaiting of one master; more are refused
   */
  constructor(atOnce: number, maxWaiting: number) {
    this.#atOnce = atOnce;
    this.#maxWaiting = maxWaiting;
  }

  get waiting(): number {
    return [...this.#queues.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Does it when it is this master's turn. @throws StanzaError `resource-constraint` when too much of the master's waits */
  async run<T>(master: string, work: () => Promise<T>): Promise<T> {
    await this.#turn(master);
    try {
      return await work();
    } finally {
      this.#running--;
      this.#next();
    }
  }

  /** Refuses all that waits. */
  clear(reason: Error): void {
    for (const queue of this.#queues.values()) for (const waiting of queue) waiting.refuse(reason);
    this.#queues.clear();
  }

  #turn(master: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(master) ?? [];
      if (queue.length >= this.#maxWaiting) {
        reject(new StanzaError('resource-constraint', `${this.#maxWaiting} requests of ${master} are waiting already`));
        return;
      }
      queue.push({ start: resolve, refuse: reject });
      this.#queues.set(master, queue);
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < this.#atOnce) {
      const [first] = this.#queues;
      if (!first) return;
      const [master, queue] = first;
      this.#queues.delete(master);
      const waiting = queue.shift();
      // Behind all others that wait.
      if (queue.length > 0) this.#queues.set(master, queue);
      this.#running++;
      waiting?.start();
    }
  }
}
