/** How many bytes may come in: so many per second, and a second's worth saved up. A token bucket. */
export class ByteBudget {
  readonly #bytesPerSecond: number;
  readonly #now: () => number;
  #available: number;
  #at: number;

  /** @param now milliseconds of a clock that does not jump */
  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#now = now;
    this.#available = bytesPerSecond;
    this.#at = now();
  }

  /** Spends some. @returns milliseconds to wait before more may come; 0 when there is no need */
  spend(bytes: number): number {
    const now = this.#now();
    const earned = ((now - this.#at) / 1000) * this.#bytesPerSecond;
    this.#available = Math.min(this.#bytesPerSecond, this.#available + earned) - bytes;
    this.#at = now;
    return this.#available >= 0 ? 0 : Math.ceil((-this.#available / this.#bytesPerSecond) * 1000);
  }
}
