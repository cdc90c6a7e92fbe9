import type { Socket } from 'node:net';

/** Stops reading from who sends more than is answered, or takes no answers, until that is over. */
export class ReadPace {
  readonly #socket: Socket;
  readonly #maxInFlight: number;
  #inFlight = 0;

  constructor(socket: Socket, maxInFlight: number) {
    this.#socket = socket;
    this.#maxInFlight = maxInFlight;
    socket.on('drain', () => this.#resume());
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
    if (this.#isTooMuch) this.#socket.pause();
  }

  #resume(): void {
    if (!this.#isTooMuch) this.#socket.resume();
  }

  get #isTooMuch(): boolean {
    return this.#inFlight >= this.#maxInFlight || this.#socket.writableNeedDrain;
  }
}
