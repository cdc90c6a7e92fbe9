import { MAX_MATCH, MIN_MATCH, WINDOW } from './deflate-tables.ts';

const HASH_BITS = 14;

/** Finds, for every place of the input, how far back what lengths occur. */
export class MatchFinder {
  readonly #bytes: Uint8Array;
  readonly #head: Int32Array;
  readonly #previous: Int32Array;

  readonly #maxChain: number;

  /** @param maxChain how many earlier places with the same three bytes are looked at */
  constructor(bytes: Uint8Array, maxChain: number) {
    this.#bytes = bytes;
    this.#maxChain = maxChain;
    this.#head = new Int32Array(1 << HASH_BITS).fill(-1);
    this.#previous = new Int32Array(bytes.length).fill(-1);
    for (let at = 0; at + MIN_MATCH <= bytes.length; at++) {
      const hash = this.#hash(at);
      this.#previous[at] = this.#head[hash] as number;
      this.#head[hash] = at;
    }
  }

  #hash(at: number): number {
    const bytes = this.#bytes;
    const three = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    return Math.imul(three, 0x9e3779b1) >>> (32 - HASH_BITS);
  }

  /**
   * Fills `distances[length]` with the nearest place that has so many bytes in common.
   * @returns the greatest length; 0 when there is none of three
   */
  find(at: number, distances: Int32Array): number {
    const bytes = this.#bytes;
    const most = Math.min(MAX_MATCH, bytes.length - at);
    let longest = MIN_MATCH - 1;
    let other = this.#previous[at] as number;
    for (let chain = 0; other >= 0 && at - other <= WINDOW && chain < this.#maxChain; chain++) {
      let length = 0;
      while (length < most && bytes[other + length] === bytes[at + length]) length++;
      for (; longest < length; longest++) distances[longest + 1] = at - other;
      if (longest >= most) break;
      other = this.#previous[other] as number;
    }
    return longest < MIN_MATCH ? 0 : longest;
  }
}
