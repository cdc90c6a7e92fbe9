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
