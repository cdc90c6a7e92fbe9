/*
 * Deflates small inputs into as few bits as it can: of all ways to write the input as literals and matches it takes the cheapest, first
 * at the prices of the fixed codes, then at those of codes made for what was found. A stanza of a kilobyte takes well under a
 * millisecond; nothing here waits or needs a platform.
 */
import {
  CODE_LENGTH_ORDER,
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  END_OF_BLOCK,
  FIXED_DISTANCE_LENGTHS,
  FIXED_LITERAL_LENGTHS,
  LENGTH_BASE,
  LENGTH_EXTRA,
  MAX_MATCH,
  MIN_MATCH,
} from './deflate-tables.ts';
import { huffmanCodes, huffmanLengths } from './huffman.ts';
import { MatchFinder } from './match-finder.ts';

/** Input that is longer is cut into blocks, so that codes fit what they are for. */
const BLOCK = 32_768;
/** How hard is tried: how many places are looked at for a match, and how often prices are mended. Long input would take too long. */
const THOROUGH = { maxInput: 8192, maxChain: 128, rounds: 3 };
const QUICK = { maxChain: 8, rounds: 2 };
/** What a symbol costs that has no code yet. */
const UNKNOWN_PRICE = 13;

/** Code of each match length, and of each distance. */
const LENGTH_CODE: Uint8Array = (() => {
  const codes = new Uint8Array(MAX_MATCH + 1);
  for (let length = MIN_MATCH; length <= MAX_MATCH; length++) {
    codes[length] = LENGTH_BASE.findLastIndex((base) => base <= length);
  }
  return codes;
})();
const DISTANCE_CODE: Uint8Array = (() => {
  const codes = new Uint8Array(32_769);
  for (let code = 0; code < 30; code++)
    codes.fill(code, DISTANCE_BASE[code] as number, DISTANCE_BASE[code + 1] ?? 32_769);
  return codes;
})();

/** A literal (distance 0), or a match. */
interface Step {
  readonly length: number;
  readonly distance: number;
}

interface Codes {
  readonly literals: Uint8Array;
  readonly distances: Uint8Array;
}

const FIXED: Codes = { literals: FIXED_LITERAL_LENGTHS, distances: FIXED_DISTANCE_LENGTHS };

/** A raw stream of RFC 1951. */
export function shortestDeflate(bytes: Uint8Array): Uint8Array {
  const out = new DeflateWriter();
  const { maxChain, rounds } = bytes.length <= THOROUGH.maxInput ? THOROUGH : QUICK;
  const finder = new MatchFinder(bytes, maxChain);
  let start = 0;
  do {
    const end = Math.min(start + BLOCK, bytes.length);
    writeBlock(out, bytes, finder, start, end, rounds);
    start = end;
  } while (start < bytes.length);
  return out.finish();
}

function writeBlock(
  out: DeflateWriter,
  bytes: Uint8Array,
  finder: MatchFinder,
  start: number,
  end: number,
  rounds: number,
): void {
  const isLast = end === bytes.length;
  let steps = cheapest(bytes, finder, start, end, FIXED);
  let best = { codes: FIXED, steps, size: sizeOf(bytes, start, steps, FIXED), head: undefined as CodeHead | undefined };
  for (let round = 0; round < rounds; round++) {
    const codes = codesFor(bytes, start, steps);
    const head = new CodeHead(codes);
    const size = sizeOf(bytes, start, steps, codes) + head.size;
    if (size < best.size) best = { codes, steps, size, head };
    if (round + 1 < rounds) steps = cheapest(bytes, finder, start, end, codes);
  }
  const storedSize = (end - start + 5) * 8;
  if (storedSize < best.size && end - start < 0x10000) {
    out.writeStored(bytes.subarray(start, end), isLast);
    return;
  }
  out.write(isLast ? 1 : 0, 1);
  out.write(best.head === undefined ? 1 : 2, 2);
  best.head?.write(out);
  writeSteps(out, bytes, start, best.steps, best.codes);
}

/** The cheapest way from the start to the end of a block, when codes cost what these do. */
function cheapest(
  bytes: Uint8Array,
  finder: MatchFinder,
  start: number,
  end: number,
  { literals, distances }: Codes,
): Step[] {
  const size = end - start;
  const cost = new Float64Array(size + 1).fill(Number.POSITIVE_INFINITY);
  const lengths = new Uint16Array(size + 1);
  const origins = new Uint16Array(size + 1);
  const nearest = new Int32Array(MAX_MATCH + 1);
  const price = (code: number | undefined) => code || UNKNOWN_PRICE;
  const lengthPrices = new Float64Array(MAX_MATCH + 1);
  for (let length = MIN_MATCH; length <= MAX_MATCH; length++) {
    const code = LENGTH_CODE[length] as number;
    lengthPrices[length] = price(literals[END_OF_BLOCK + 1 + code]) + (LENGTH_EXTRA[code] as number);
  }
  cost[0] = 0;
  for (let i = 0; i < size; i++) {
    const here = cost[i] as number;
    const literal = here + price(literals[bytes[start + i] as number]);
    if (literal < (cost[i + 1] as number)) {
      cost[i + 1] = literal;
      lengths[i + 1] = 1;
      origins[i + 1] = 0;
    }
    const longest = Math.min(finder.find(start + i, nearest), size - i);
    for (let length = MIN_MATCH; length <= longest; length++) {
      const distance = nearest[length] as number;
      const code = DISTANCE_CODE[distance] as number;
      const match = here + (lengthPrices[length] as number) + price(distances[code]) + (DISTANCE_EXTRA[code] as number);
      if (match < (cost[i + length] as number)) {
        cost[i + length] = match;
        lengths[i + length] = length;
        origins[i + length] = distance === 32_768 ? 0xffff : distance;
      }
    }
  }
  const steps: Step[] = [];
  for (let i = size; i > 0; i -= lengths[i] as number) {
    const distance = origins[i] as number;
    steps.push({ length: lengths[i] as number, distance: distance === 0xffff ? 32_768 : distance });
  }
  return steps.reverse();
}

/** Calls back with every symbol of the block in order: a literal, or a length with its distance. */
function forEachSymbol(
  bytes: Uint8Array,
  start: number,
  steps: readonly Step[],
  visit: (literal: number, extra: number, extraBits: number, isDistance: boolean) => void,
): void {
  let at = start;
  for (const { length, distance } of steps) {
    if (distance === 0) {
      visit(bytes[at] as number, 0, 0, false);
    } else {
      const lengthCode = LENGTH_CODE[length] as number;
      const distanceCode = DISTANCE_CODE[distance] as number;
      visit(
        END_OF_BLOCK + 1 + lengthCode,
        length - (LENGTH_BASE[lengthCode] as number),
        LENGTH_EXTRA[lengthCode] as number,
        false,
      );
      visit(
        distanceCode,
        distance - (DISTANCE_BASE[distanceCode] as number),
        DISTANCE_EXTRA[distanceCode] as number,
        true,
      );
    }
    at += length;
  }
  visit(END_OF_BLOCK, 0, 0, false);
}

/** Codes made for what a block holds. */
function codesFor(bytes: Uint8Array, start: number, steps: readonly Step[]): Codes {
  const literals = new Uint32Array(286);
  const distances = new Uint32Array(30);
  forEachSymbol(bytes, start, steps, (symbol, _extra, _bits, isDistance) => {
    const counts = isDistance ? distances : literals;
    counts[symbol] = (counts[symbol] as number) + 1;
  });
  const distanceLengths = huffmanLengths(distances, 15);
  // Readers expect one code of distances at least.
  if (distanceLengths.every((length) => length === 0)) distanceLengths[0] = 1;
  return { literals: huffmanLengths(literals, 15), distances: distanceLengths };
}

function sizeOf(bytes: Uint8Array, start: number, steps: readonly Step[], { literals, distances }: Codes): number {
  let size = 3;
  forEachSymbol(bytes, start, steps, (symbol, _extra, extraBits, isDistance) => {
    size += ((isDistance ? distances : literals)[symbol] as number) + extraBits;
  });
  return size;
}

function writeSteps(out: DeflateWriter, bytes: Uint8Array, start: number, steps: readonly Step[], codes: Codes): void {
  const literals = huffmanCodes(codes.literals);
  const distances = huffmanCodes(codes.distances);
  forEachSymbol(bytes, start, steps, (symbol, extra, extraBits, isDistance) => {
    if (isDistance) out.write(distances[symbol] as number, codes.distances[symbol] as number);
    else out.write(literals[symbol] as number, codes.literals[symbol] as number);
    out.write(extra, extraBits);
  });
}

/** How a block tells its codes. @see RFC 1951 §3.2.7 */
class CodeHead {
  readonly size: number;
  readonly #literals: number;
  readonly #distances: number;
  readonly #symbols: readonly { readonly symbol: number; readonly extra: number; readonly extraBits: number }[];
  readonly #lengths: Uint8Array;
  readonly #order: number;

  constructor({ literals, distances }: Codes) {
    this.#literals = Math.max(literals.findLastIndex((length) => length > 0) + 1, 257);
    this.#distances = Math.max(distances.findLastIndex((length) => length > 0) + 1, 1);
    this.#symbols = runs([...literals.subarray(0, this.#literals), ...distances.subarray(0, this.#distances)]);
    const frequencies = new Uint32Array(19);
    for (const { symbol } of this.#symbols) frequencies[symbol] = (frequencies[symbol] as number) + 1;
    this.#lengths = huffmanLengths(frequencies, 7);
    this.#order = Math.max(CODE_LENGTH_ORDER.findLastIndex((symbol) => (this.#lengths[symbol] as number) > 0) + 1, 4);
    this.size = this.#symbols.reduce(
      (sum, { symbol, extraBits }) => sum + (this.#lengths[symbol] as number) + extraBits,
      14 + this.#order * 3,
    );
  }

  write(out: DeflateWriter): void {
    out.write(this.#literals - 257, 5);
    out.write(this.#distances - 1, 5);
    out.write(this.#order - 4, 4);
    for (const symbol of CODE_LENGTH_ORDER.slice(0, this.#order)) out.write(this.#lengths[symbol] as number, 3);
    const codes = huffmanCodes(this.#lengths);
    for (const { symbol, extra, extraBits } of this.#symbols) {
      out.write(codes[symbol] as number, this.#lengths[symbol] as number);
      out.write(extra, extraBits);
    }
  }
}

/** Code lengths with runs of them said once. */
function runs(lengths: readonly number[]): { symbol: number; extra: number; extraBits: number }[] {
  const symbols: { symbol: number; extra: number; extraBits: number }[] = [];
  for (let at = 0; at < lengths.length; ) {
    const length = lengths[at] as number;
    let count = 1;
    while (lengths[at + count] === length) count++;
    at += count;
    if (length !== 0) {
      symbols.push({ symbol: length, extra: 0, extraBits: 0 });
      count--;
    }
    while (count >= 3) {
      const run = Math.min(count, length !== 0 ? 6 : 138);
      if (length !== 0) symbols.push({ symbol: 16, extra: run - 3, extraBits: 2 });
      else if (run <= 10) symbols.push({ symbol: 17, extra: run - 3, extraBits: 3 });
      else symbols.push({ symbol: 18, extra: run - 11, extraBits: 7 });
      count -= run;
    }
    for (; count > 0; count--) symbols.push({ symbol: length, extra: 0, extraBits: 0 });
  }
  return symbols;
}

/** Writes bits, least significant first. */
class DeflateWriter {
  #bytes = new Uint8Array(256);
  #at = 0;
  #pending = 0;
  #bits = 0;

  write(value: number, count: number): void {
    this.#pending |= value << this.#bits;
    this.#bits += count;
    while (this.#bits >= 8) {
      this.#byte(this.#pending & 0xff);
      this.#pending >>>= 8;
      this.#bits -= 8;
    }
  }

  writeStored(bytes: Uint8Array, isLast: boolean): void {
    this.write(isLast ? 1 : 0, 3);
    if (this.#bits > 0) this.write(0, 8 - this.#bits);
    this.write(bytes.length, 16);
    this.write(bytes.length ^ 0xffff, 16);
    for (const byte of bytes) this.#byte(byte);
  }

  #byte(byte: number): void {
    if (this.#at === this.#bytes.length) {
      const grown = new Uint8Array(this.#at * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#at++] = byte;
  }

  finish(): Uint8Array {
    if (this.#bits > 0) this.write(0, 8 - this.#bits);
    return this.#bytes.slice(0, this.#at);
  }
}
