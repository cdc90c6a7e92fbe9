import type { LoopTurns } from './loop-turns.ts';

export interface FairQueueOptions<T> {
  readonly turns: LoopTurns;
  /** Begins with one. Never rejects. */
  readonly run: (item: T) => void | Promise<void>;
  /** Of one sender: under way at the same time, and waiting. */
  readonly maxRunning: number;
  readonly maxWaiting: () => number;
  /** Waiting of all senders. */
  readonly maxInAll: number;
}

/** So many are begun in a turn that is long already: they may share what they cost, such as a transaction. */
const MIN_PER_TURN = 8;

interface Sender<T> {
  readonly waiting: T[];
  running: number;
}

/**
 * Gives what many send to one that does it: each sender's in order, the senders in turn, and so that a turn of the event loop never
 * gets long.
 */
export class FairQueue<T> {
  readonly #options: FairQueueOptions<T>;
  readonly #senders = new Map<string, Sender<T>>();
  /** Those of whom one can be begun with. */
  readonly #ready = new Set<string>();
  #length = 0;
  /** Begun in this turn. */
  #begun = 0;
  #turn = -1;
  #isScheduled = false;

  constructor(options: FairQueueOptions<T>) {
    this.#options = options;
  }

  /** What waits. */
  get length(): number {
    return this.#length;
  }

  /** Senders of whom anything waits or is under way. */
  get senderCount(): number {
    return this.#senders.size;
  }

  /** @returns false when there is no room */
  add(name: string, item: T): boolean {
    const { maxWaiting, maxInAll } = this.#options;
    const sender = this.#senders.get(name) ?? { waiting: [], running: 0 };
    if (this.#length >= maxInAll || sender.waiting.length >= maxWaiting()) return false;
    this.#senders.set(name, sender);
    sender.waiting.push(item);
    this.#length++;
    this.#settle(name, sender);
    if (!this.#isScheduled) this.#work();
    return true;
  }

  #work(): void {
    const { turns } = this.#options;
    if (this.#turn !== turns.number) {
      this.#turn = turns.number;
      this.#begun = 0;
    }
    for (const name of this.#ready) {
      if (this.#begun >= MIN_PER_TURN && turns.isLong) {
        this.#later();
        return;
      }
      this.#begun++;
      this.#begin(name, this.#senders.get(name) as Sender<T>);
    }
  }

  #later(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#work();
    });
  }

  #begin(name: string, sender: Sender<T>): void {
    // It goes to the end of those who are ready.
    this.#ready.delete(name);
    const item = sender.waiting.shift() as T;
    this.#length--;
    const work = this.#options.run(item);
    if (work) {
      sender.running++;
      void work.then(() => {
        sender.running--;
        this.#settle(name, sender);
        if (!this.#isScheduled) this.#work();
      });
    }
    this.#settle(name, sender);
  }

  #settle(name: string, { waiting, running }: Sender<T>): void {
    if (waiting.length > 0 && running < this.#options.maxRunning) this.#ready.add(name);
    else if (waiting.length === 0 && running === 0) this.#senders.delete(name);
  }
}
