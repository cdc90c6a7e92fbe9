/** What one source may have done within one turn of the event loop before the others have theirs: stanzas, and time of the whole turn. */
const MAX_PER_TURN = 128;
const MAX_TURN_MS = 5;

/** Counts the turns of the event loop, while somebody asks. It costs one callback in each such turn, whoever asks. */
export class LoopTurns {
  #number = 0;
  #startedAt = 0;
  #isCounting = false;

  /** Of this turn. */
  get number(): number {
    if (!this.#isCounting) this.#begin();
    return this.#number;
  }

  /** When work began in this turn, in milliseconds of a clock that does not jump. */
  get startedAt(): number {
    if (!this.#isCounting) this.#begin();
    return this.#startedAt;
  }

  /** Has it taken so long that others have waited enough? */
  get isLong(): boolean {
    return performance.now() - this.startedAt > MAX_TURN_MS;
  }

  #begin(): void {
    this.#isCounting = true;
    this.#number++;
    this.#startedAt = performance.now();
    setImmediate(this.#end);
  }

  readonly #end = (): void => {
    this.#isCounting = false;
  };
}

/** The share one connection has of each turn. */
export class TurnShare {
  readonly #turns: LoopTurns;
  #turn = -1;
  #left = MAX_PER_TURN;

  constructor(turns: LoopTurns) {
    this.#turns = turns;
  }

  /** To be called when there may be something to do. @returns how much was taken since it was last asked in another turn */
  begin(): number {
    const { number } = this.#turns;
    if (number === this.#turn) return 0;
    const taken = MAX_PER_TURN - Math.max(0, this.#left);
    this.#turn = number;
    this.#left = MAX_PER_TURN;
    return taken;
  }

  /** To be called before each stanza, after `begin`. @returns false when it is for the next turn */
  take(): boolean {
    return --this.#left >= 0;
  }
}
