/** Read-outs closer together than this share one look at the device. */
const FRESH_MS = 100;

/** How long a reading is fresh: never so long that a poll would be given the reading of the poll before it. */
export function freshMs(pollMs: number): number {
  return Math.min(FRESH_MS, pollMs / 2);
}

/** Read-outs that come while one is under way, or just after it, share it: however many ask, the device is asked once. */
export class SharedRead<T> {
  readonly #read: () => Promise<T>;
  readonly #freshMs: number;
  #current: Promise<T> | undefined;
  #endedAt: number | undefined;

  constructor(read: () => Promise<T>, freshMs: number) {
    this.#read = read;
    this.#freshMs = freshMs;
  }

  get(): Promise<T> {
    const isFresh = this.#endedAt === undefined || performance.now() - this.#endedAt < this.#freshMs;
    if (this.#current && isFresh) return this.#current;
    const started = this.#read();
    this.#current = started;
    this.#endedAt = undefined;
    const ended = () => {
      if (this.#current === started) this.#endedAt = performance.now();
    };
    started.then(ended, ended);
    return started;
  }

  /** The next `get` reads anew, as after a write. */
  forget(): void {
    this.#current = undefined;
  }
}
