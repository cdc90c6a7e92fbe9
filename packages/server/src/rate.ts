/** So many in a second, and some saved up. A token bucket. */
export class Rate {
  #perSecond: number;
  readonly #seconds: number;
  #available: number;
  #at: number;

  /**
   * @param seconds' worth that may be saved up
   * @param now milliseconds of a clock that does not jump
   */
  constructor(perSecond: number, seconds: number, now: number) {
    this.#perSecond = perSecond;
    this.#seconds = seconds;
    this.#available = perSecond * seconds;
    this.#at = now;
  }

  /** Counts so many. @returns milliseconds to wait before the next; 0 when there is no need */
  take(now: number, count = 1): number {
    this.#earn(now);
    this.#available -= count;
    return this.#available >= 0 ? 0 : Math.ceil((-this.#available / this.#perSecond) * 1000);
  }

  /** Is there one left? */
  hasAny(now: number): boolean {
    this.#earn(now);
    return this.#available >= 1;
  }

  /** From now on so many in a second. */
  change(perSecond: number): void {
    this.#perSecond = perSecond;
  }

  #earn(now: number): void {
    const earned = ((now - this.#at) / 1000) * this.#perSecond;
    this.#available = Math.min(this.#perSecond * this.#seconds, this.#available + earned);
    this.#at = now;
  }
}
