import type { LoopTurns } from './loop-turns.ts';

export interface FairQueueOptions<T> {
  readonly turns: LoopTurns;
  /** Begins with one. Never rejects. */
  readonly run: (item: T) => void | Promise<void>;
  /** Of one sender: under way at the same time, and waiting. */
  readonly maxRunning: number;
  readonly maxWaiting: () => number;
  /** Of senders that somebody could make up any number of, together. */
  readonly maxRunningOfGroup: number;
  readonly maxWaitingOfGroup: number;
  /** Of all. */
  readonly maxRunningInAll: number;
  readonly maxInAll: number;
}

/** So many are begun in a turn that is long already: they may share what they cost, such as a transaction. */
const MIN_PER_TURN = 8;

interface Sender<T> {
  readonly waiting: T[];
  running: number;
}

interface Group<T> {
  readonly senders: Map<string, Sender<T>>;
  /** Those of whom one can be begun with, in turn. */
  readonly ready: Set<string>;
  waiting: number;
  running: number;
}

/**
 * Gives what many send to one that does it: each sender's in order, groups of senders in turn and the senders of a group in turn, and so
 * that a turn of the event loop never gets long.
 */
export class FairQueue<T> {
  readonly #options: FairQueueOptions<T>;
  readonly #groups = new Map<string, Group<T>>();
  /** Groups of which one can be begun with, in turn. */
  readonly #ready = new Set<string>();
  #length = 0;
  #running = 0;
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
    let count = 0;
    for (const { senders } of this.#groups.values()) count += senders.size;
    return count;
  }

  /**
   * @param group whoever answers for the sender; itself where nobody does
   * @returns false when there is no room
   */
  add(name: string, item: T, group = name): boolean {
    const { maxWaiting, maxWaitingOfGroup, maxInAll } = this.#options;
    const others = this.#groups.get(group) ?? { senders: new Map(), ready: new Set(), waiting: 0, running: 0 };
    const sender = others.senders.get(name) ?? { waiting: [], running: 0 };
    if (this.#length >= maxInAll || others.waiting >= maxWaitingOfGroup || sender.waiting.length >= maxWaiting()) {
      return false;
    }
    this.#groups.set(group, others);
    others.senders.set(name, sender);
    sender.waiting.push(item);
    others.waiting++;
    this.#length++;
    this.#settle(group, others, name, sender);
    if (!this.#isScheduled) this.#work();
    return true;
  }

  #work(): void {
    const { turns, maxRunningInAll } = this.#options;
    if (this.#turn !== turns.number) {
      this.#turn = turns.number;
      this.#begun = 0;
    }
    for (const group of this.#ready) {
      if (this.#running >= maxRunningInAll) return;
      if (this.#begun >= MIN_PER_TURN && turns.isLong) {
        this.#later();
        return;
      }
      this.#begun++;
      this.#begin(group, this.#groups.get(group) as Group<T>);
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

  #begin(groupName: string, group: Group<T>): void {
    const name = group.ready.values().next().value as string;
    const sender = group.senders.get(name) as Sender<T>;
    // Both go to the end of those who are ready.
    this.#ready.delete(groupName);
    group.ready.delete(name);
    const item = sender.waiting.shift() as T;
    group.waiting--;
    this.#length--;
    const work = this.#options.run(item);
    if (work) {
      this.#count(group, sender, 1);
      void work.then(() => {
        this.#count(group, sender, -1);
        this.#settle(groupName, group, name, sender);
        if (!this.#isScheduled) this.#work();
      });
    }
    this.#settle(groupName, group, name, sender);
  }

  #count(group: Group<T>, sender: Sender<T>, change: 1 | -1): void {
    sender.running += change;
    group.running += change;
    this.#running += change;
  }

  #settle(groupName: string, group: Group<T>, name: string, sender: Sender<T>): void {
    const { maxRunning, maxRunningOfGroup } = this.#options;
    if (sender.waiting.length > 0 && sender.running < maxRunning) group.ready.add(name);
    else if (sender.waiting.length === 0 && sender.running === 0) group.senders.delete(name);
    if (group.ready.size > 0 && group.running < maxRunningOfGroup) this.#ready.add(groupName);
    else if (group.senders.size === 0) this.#groups.delete(groupName);
  }
}
