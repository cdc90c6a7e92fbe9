import type { Duplex } from 'node:stream';

/** Stops reading from who sends more than is answered, or takes no answers, until that is over. */
export class ReadPace {
  readonly #line: Duplex;
  readonly #maxInFlight: number;
  #inFlight = 0;

  constructor(line: Duplex, maxInFlight: number) {
    this.#line = line;
    this.#maxInFlight = maxInFlight;
    line.on('drain', () => this.#resume());
  }

  /** Something that was read is on its way. */
  began(): void {
    this.#inFlight++;
  }

  /** It was answered, or nobody answers it. */
  ended(): void {
    this.#inFlight--;
    this.#resume();
  }

  /** To be called when all that has arrived was taken. */
  check(): void {
    if (this.#isTooMuch) this.#line.pause();
  }

  #resume(): void {
    if (!this.#isTooMuch) this.#line.resume();
  }

  get #isTooMuch(): boolean {
    return this.#inFlight >= this.#maxInFlight || this.#line.writableNeedDrain;
  }
}
