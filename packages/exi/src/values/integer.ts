import type { BitReader } from '../bits/bit-reader.ts';
import { bitWidth } from '../bits/bit-width.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import { ValueCodec } from './codec.ts';
import { valueEnd, valueStart } from './white-space.ts';

/** Digits that always make a safe integer. */
const SAFE_DIGITS = 15;
/** More digits would take more octets than a reader accepts. */
const MAX_DIGITS = 1000;

/** A non-negative integer from decimal digits `start` to `end`; undefined when there are none or others. */
export function parseDigits(text: string, start: number, end: number): number | bigint | undefined {
  if (start >= end || end - start > MAX_DIGITS) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  if (end - start <= SAFE_DIGITS || value <= Number.MAX_SAFE_INTEGER) return value;
  return BigInt(text.slice(start, end));
}

/** An integer read from text: sign and magnitude. */
class ParsedInteger {
  isNegative = false;
  magnitude: number | bigint = 0;

  /** @returns whether the text is an integer */
  parse(text: string): boolean {
    const end = valueEnd(text);
    let at = valueStart(text);
    const sign = text.charCodeAt(at);
    const isNegative = sign === 0x2d;
    if (isNegative || sign === 0x2b) at++;
    const magnitude = parseDigits(text, at, end);
    if (magnitude === undefined) return false;
    this.magnitude = magnitude;
    this.isNegative = isNegative && magnitude !== 0;
    return true;
  }

  toString(): string {
    return this.isNegative ? `-${this.magnitude}` : String(this.magnitude);
  }
}

/** A signed integer. @see EXI 1.0 §7.1.5 */
export function writeInteger(out: BitWriter, isNegative: boolean, magnitude: number | bigint): void {
  out.writeBoolean(isNegative);
  if (!isNegative) out.writeAnyUnsigned(magnitude);
  else out.writeAnyUnsigned(typeof magnitude === 'number' ? magnitude - 1 : magnitude - 1n);
}

/** @see EXI 1.0 §7.1.5 */
export function readInteger(input: BitReader): number | bigint {
  const isNegative = input.readBoolean();
  const value = input.readAnyUnsigned();
  if (!isNegative) return value;
  if (typeof value === 'bigint') return -value - 1n;
  return value === Number.MAX_SAFE_INTEGER ? -BigInt(value) - 1n : -value - 1;
}

/** @see EXI 1.0 §7.1.5 */
export class IntegerCodec extends ValueCodec {
  readonly #value = new ParsedInteger();

  accepts(text: string): boolean {
    return this.#value.parse(text);
  }

  write(out: BitWriter): void {
    writeInteger(out, this.#value.isNegative, this.#value.magnitude);
  }

  read(input: BitReader): string {
    return String(readInteger(input));
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? this.#value.toString() : undefined;
  }
}

/** Of types that have no negative values. @see EXI 1.0 §7.1.6 */
export class UnsignedIntegerCodec extends ValueCodec {
  readonly #value = new ParsedInteger();

  accepts(text: string): boolean {
    return this.#value.parse(text) && !this.#value.isNegative;
  }

  write(out: BitWriter): void {
    out.writeAnyUnsigned(this.#value.magnitude);
  }

  read(input: BitReader): string {
    return String(input.readAnyUnsigned());
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? this.#value.toString() : undefined;
  }
}

/** Of types whose range has at most 4096 values. @see EXI 1.0 §7.1.9 */
export class BoundedIntegerCodec extends ValueCodec {
  readonly #least: bigint;
  readonly #last: number;
  readonly #bits: number;
  readonly #value = new ParsedInteger();
  /** The least value as a number, when it is a safe one: the usual case. */
  readonly #base: number | undefined;
  #offset = 0;

  constructor(least: bigint, most: bigint) {
    super();
    this.#least = least;
    this.#last = Number(most - least);
    this.#bits = bitWidth(this.#last + 1);
    this.#base = least > -(2n ** 52n) && most < 2n ** 52n ? Number(least) : undefined;
  }

  accepts(text: string): boolean {
    const value = this.#value;
    if (!value.parse(text)) return false;
    if (this.#base !== undefined) {
      if (typeof value.magnitude === 'bigint') return false;
      this.#offset = (value.isNegative ? -value.magnitude : value.magnitude) - this.#base;
    } else {
      const offset = BigInt(value.toString()) - this.#least;
      this.#offset = offset >= 0n && offset <= BigInt(this.#last) ? Number(offset) : -1;
    }
    return this.#offset >= 0 && this.#offset <= this.#last;
  }

  write(out: BitWriter): void {
    out.writeBits(this.#offset, this.#bits);
  }

  read(input: BitReader): string {
    const offset = input.readBits(this.#bits);
    if (offset > this.#last) throw input.malformed('an integer is out of the range of its type');
    return this.#base === undefined ? String(this.#least + BigInt(offset)) : String(this.#base + offset);
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? this.#value.toString() : undefined;
  }
}
