/** Keeps a unit that does not answer from costing a time-out with each request: after some failures it is left alone for a growing while. */
export class CircuitBreaker {
  readonly #now: () => number;
  #failures = 0;
  #openUntil = 0;

  static readonly FAILURES = 3;
  static readonly FIRST_PAUSE_MS = 1000;
  static readonly LONGEST_PAUSE_MS = 30_000;

  /** @param now ms, never going back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Milliseconds until the unit is tried again; 0 when it may be tried now. */
  get remainingMs(): number {
    return Math.max(0, this.#openUntil - this.#now());
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openUntil = 0;
  }

  failed(): void {
    this.#failures++;
    const further = this.#failures - CircuitBreaker.FAILURES;
    if (further < 0) return;
    const pause = Math.min(CircuitBreaker.LONGEST_PAUSE_MS, CircuitBreaker.FIRST_PAUSE_MS * 2 ** Math.min(further, 10));
    this.#openUntil = this.#now() + pause;
  }
}
