/** Counts failures of each key in windows of time, in bounded memory: when it is full, the key that failed least recently is forgotten. */
export class FailureLimiter {
  readonly #failures = new Map<string, { count: number; readonly windowEndsAt: number }>();
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #maxKeys: number;
  readonly #now: () => number;

  /**
   * @param limit failures allowed within a window
   * @param now ms since 1970
   */
  constructor({
    limit,
    windowMs,
    maxKeys,
    now,
  }: { limit: number; windowMs: number; maxKeys: number; now: () => number }) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
    this.#now = now;
  }

  /** Has it failed too often in the present window? */
  isBlocked(key: string): boolean {
    const entry = this.#current(key);
    return entry !== undefined && entry.count >= this.#limit;
  }

  failed(key: string): void {
    const entry = this.#current(key) ?? { count: 0, windowEndsAt: this.#now() + this.#windowMs };
    entry.count++;
    this.#failures.delete(key);
    this.#failures.set(key, entry);
    if (this.#failures.size <= this.#maxKeys) return;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  #current(key: string) {
    const entry = this.#failures.get(key);
    if (entry === undefined) return undefined;
    // A window that would last longer than its length comes from a clock that was set back.
    const left = entry.windowEndsAt - this.#now();
    if (left > 0 && left <= this.#windowMs) return entry;
    this.#failures.delete(key);
    return undefined;
  }
}
