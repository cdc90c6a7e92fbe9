/** Values that hold for a time. When it is full, the one that was put in first goes. */
export class TimedCache<T> {
  readonly #maxSize: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, { readonly value: T; readonly until: number }>();

  /** @param now milliseconds */
  constructor(maxSize: number, now: () => number = Date.now) {
    this.#maxSize = maxSize;
    this.#now = now;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > this.#now()) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: T, seconds: number): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxSize) this.#entries.delete(this.#entries.keys().next().value as string);
    this.#entries.set(key, { value, until: this.#now() + seconds * 1000 });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
