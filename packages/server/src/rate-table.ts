import { Rate } from './rate.ts';

/** Sources that are remembered; when there are more, the one that was heard of longest ago is forgotten. */
const MAX_SOURCES = 50_000;

/** How often something happened, by where it came from. */
export class RateTable {
  readonly #perSecond: () => number;
  readonly #seconds: number;
  readonly #now: () => number;
  readonly #rates = new Map<string, Rate>();

  /**
   * @param perSecond how often it may happen; read when it is needed
   * @param seconds' worth that may be saved up
   * @param now milliseconds of a clock that does not jump
   */
  constructor(perSecond: () => number, seconds: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#seconds = seconds;
    this.#now = now;
  }

  get size(): number {
    return this.#rates.size;
  }

  /** May it happen once more? */
  allows(source: string): boolean {
    const rate = this.#rates.get(source);
    if (!rate) return true;
    rate.change(this.#perSecond());
    return rate.hasAny(this.#now());
  }

  /** It has happened. */
  count(source: string): void {
    const rate = this.#rates.get(source) ?? new Rate(this.#perSecond(), this.#seconds, this.#now());
    rate.take(this.#now());
    this.#rates.delete(source);
    if (this.#rates.size >= MAX_SOURCES) this.#rates.delete(this.#rates.keys().next().value as string);
    this.#rates.set(source, rate);
  }
}
