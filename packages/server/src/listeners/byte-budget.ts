import { Rate } from '../rate.ts';

/** How many bytes may come in: so many per second, and a second's worth saved up. */
export class ByteBudget {
  readonly #now: () => number;
  readonly #rate: Rate;

  /** @param now milliseconds of a clock that does not jump */
  constructor(bytesPerSecond: number, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#rate = new Rate(bytesPerSecond, 1, now());
  }

  /** Spends some. @returns milliseconds to wait before more may come; 0 when there is no need */
  spend(bytes: number): number {
    return this.#rate.take(this.#now(), bytes);
  }
}
