/*
 * Inflates one raw stream whose bytes come in pieces: each byte is looked at once, and the end is found to the byte. A symbol, or the
 * head of a block, that is not yet complete is read again from its first bit.
 */
import { ExiError } from '../error.ts';
import {
  CODE_LENGTH_ORDER,
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  END_OF_BLOCK,
  FIXED_DISTANCE_LENGTHS,
  FIXED_LITERAL_LENGTHS,
  LENGTH_BASE,
  LENGTH_EXTRA,
} from './deflate-tables.ts';

const MAX_BITS = 15;

/** A canonical Huffman code: how many codes of each length, and the symbols in the order of their codes. @see RFC 1951 §3.2.2 */
class Code {
  readonly counts = new Uint16Array(MAX_BITS + 1);
  readonly symbols: Uint16Array;

  constructor(lengths: Uint8Array) {
    this.symbols = new Uint16Array(lengths.length);
    for (const length of lengths) this.counts[length] = (this.counts[length] as number) + 1;
    const offsets = new Uint16Array(MAX_BITS + 2);
    let left = 1;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      const count = this.counts[bits] as number;
      offsets[bits + 1] = (offsets[bits] as number) + count;
      left = left * 2 - count;
      if (left < 0) throw new ExiError('malformed', 'a Huffman code of a compressed stream is over-subscribed');
    }
    lengths.forEach((length, symbol) => {
      if (length === 0) return;
      this.symbols[offsets[length] as number] = symbol;
      offsets[length] = (offsets[length] as number) + 1;
    });
  }
}

const FIXED_LITERALS = new Code(FIXED_LITERAL_LENGTHS);
const FIXED_DISTANCES = new Code(FIXED_DISTANCE_LENGTHS);

/** Told by the bit reader: there are not enough bits yet. */
const SHORT = -1;

export class Inflater {
  readonly #maxBytes: number;
  #input: Uint8Array = new Uint8Array(0);
  /** Position in `#input`, in bits. */
  #bit = 0;
  #output = new Uint8Array(512);
  #length = 0;
  #state: 'head' | 'stored' | 'codes' | 'done' = 'head';
  #isLast = false;
  /** Bytes of a stored block still to come. */
  #stored = 0;
  #literals = FIXED_LITERALS;
  #distances = FIXED_DISTANCES;
  #consumed = 0;

  /** @param maxBytes it may make; beyond, an ExiError `limit` */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes more of the stream. @returns whether its end was among it */
  write(bytes: Uint8Array): boolean {
    const rest = this.#input;
    if (rest.length === 0) this.#input = bytes;
    else {
      this.#input = new Uint8Array(rest.length + bytes.length);
      this.#input.set(rest);
      this.#input.set(bytes, rest.length);
    }
    while (this.#state !== 'done') {
      const before = this.#bit;
      if (!this.#step()) {
        if (this.#state !== 'stored') this.#bit = before;
        // What is left is copied: the caller may move its bytes.
        this.#input = this.#input.slice(this.#bit >> 3);
        this.#consumed += this.#bit >> 3;
        this.#bit &= 7;
        return false;
      }
    }
    return true;
  }

  /** Once the end was met: what the stream holds. */
  get bytes(): Uint8Array {
    return this.#output.subarray(0, this.#length);
  }

  /** Once the end was met: how many bytes the stream took. */
  get consumed(): number {
    return this.#consumed + ((this.#bit + 7) >> 3);
  }

  /** @returns false when there are not enough bits */
  #step(): boolean {
    if (this.#state === 'head') return this.#head();
    if (this.#state === 'stored') return this.#copyStored();
    return this.#symbol();
  }

  #head(): boolean {
    const head = this.#bits(3);
    if (head === SHORT) return false;
    const type = head >> 1;
    this.#isLast = (head & 1) === 1;
    if (type === 0) return this.#startStored();
    if (type === 3) throw new ExiError('malformed', 'a compressed stream has a block of no known kind');
    if (type === 2) return this.#readCodes();
    this.#literals = FIXED_LITERALS;
    this.#distances = FIXED_DISTANCES;
    this.#state = 'codes';
    return true;
  }

  #startStored(): boolean {
    this.#bit = (this.#bit + 7) & ~7;
    const length = this.#bits(16);
    const complement = this.#bits(16);
    if (complement === SHORT) return false;
    if ((length ^ complement) !== 0xffff) throw new ExiError('malformed', 'a compressed stream has a bad length');
    this.#stored = length;
    this.#state = 'stored';
    return true;
  }

  #copyStored(): boolean {
    const at = this.#bit >> 3;
    const count = Math.min(this.#stored, this.#input.length - at);
    this.#reserve(count);
    this.#output.set(this.#input.subarray(at, at + count), this.#length);
    this.#length += count;
    this.#bit += count * 8;
    this.#stored -= count;
    if (this.#stored > 0) return false;
    this.#endBlock();
    return true;
  }

  /** @see RFC 1951 §3.2.7 */
  #readCodes(): boolean {
    const sizes = this.#bits(14);
    if (sizes === SHORT) return false;
    const literals = (sizes & 31) + 257;
    const distances = ((sizes >> 5) & 31) + 1;
    const codeLengths = new Uint8Array(19);
    for (let i = 0; i < (sizes >> 10) + 4; i++) {
      const length = this.#bits(3);
      if (length === SHORT) return false;
      codeLengths[CODE_LENGTH_ORDER[i] as number] = length;
    }
    const code = new Code(codeLengths);
    const lengths = new Uint8Array(literals + distances);
    for (let at = 0; at < lengths.length; ) {
      const symbol = this.#decode(code);
      if (symbol === SHORT) return false;
      if (symbol < 16) {
        lengths[at++] = symbol;
        continue;
      }
      const extra = this.#bits(symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
      if (extra === SHORT) return false;
      const count = extra + (symbol === 18 ? 11 : 3);
      if (at + count > lengths.length || (symbol === 16 && at === 0)) {
        throw new ExiError('malformed', 'a compressed stream has bad code lengths');
      }
      lengths.fill(symbol === 16 ? (lengths[at - 1] as number) : 0, at, at + count);
      at += count;
    }
    this.#literals = new Code(lengths.subarray(0, literals));
    this.#distances = new Code(lengths.subarray(literals));
    this.#state = 'codes';
    return true;
  }

  #symbol(): boolean {
    const symbol = this.#decode(this.#literals);
    if (symbol === SHORT) return false;
    if (symbol < END_OF_BLOCK) {
      this.#reserve(1);
      this.#output[this.#length++] = symbol;
      return true;
    }
    if (symbol === END_OF_BLOCK) {
      this.#endBlock();
      return true;
    }
    const index = symbol - END_OF_BLOCK - 1;
    const base = LENGTH_BASE[index];
    if (base === undefined) throw new ExiError('malformed', 'a compressed stream has a bad length');
    const extra = this.#bits(LENGTH_EXTRA[index] as number);
    if (extra === SHORT) return false;
    const distanceSymbol = this.#decode(this.#distances);
    if (distanceSymbol === SHORT) return false;
    const distanceBase = DISTANCE_BASE[distanceSymbol];
    if (distanceBase === undefined) throw new ExiError('malformed', 'a compressed stream has a bad distance');
    const distanceExtra = this.#bits(DISTANCE_EXTRA[distanceSymbol] as number);
    if (distanceExtra === SHORT) return false;
    const distance = distanceBase + distanceExtra;
    if (distance > this.#length) throw new ExiError('malformed', 'a compressed stream refers to before its start');
    const count = base + extra;
    this.#reserve(count);
    const output = this.#output;
    for (let i = 0; i < count; i++) output[this.#length] = output[this.#length++ - distance] as number;
    return true;
  }

  #endBlock(): void {
    this.#state = this.#isLast ? 'done' : 'head';
  }

  /** So many bits, the first the least significant; SHORT when they are not there. */
  #bits(count: number): number {
    let bit = this.#bit;
    if (bit + count > this.#input.length * 8) return SHORT;
    let value = 0;
    for (let got = 0; got < count; ) {
      const offset = bit & 7;
      const take = Math.min(8 - offset, count - got);
      value |= (((this.#input[bit >> 3] as number) >> offset) & ((1 << take) - 1)) << got;
      got += take;
      bit += take;
    }
    this.#bit = bit;
    return value;
  }

  #decode({ counts, symbols }: Code): number {
    const input = this.#input;
    const end = input.length * 8;
    let bit = this.#bit;
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      if (bit >= end) return SHORT;
      code |= ((input[bit >> 3] as number) >> (bit & 7)) & 1;
      bit++;
      const count = counts[length] as number;
      if (code - count < first) {
        this.#bit = bit;
        return symbols[index + code - first] as number;
      }
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new ExiError('malformed', 'a compressed stream has a code that means nothing');
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#maxBytes) {
      throw new ExiError('limit', `a compressed stream makes more than ${this.#maxBytes} bytes`);
    }
    if (needed <= this.#output.length) return;
    const grown = new Uint8Array(Math.max(this.#output.length * 2, needed));
    grown.set(this.#output.subarray(0, this.#length));
    this.#output = grown;
  }
}
