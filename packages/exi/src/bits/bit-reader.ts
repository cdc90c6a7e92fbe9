/*
 * Reads bits, most significant first, or the byte-aligned forms of the same values. Everything the decoder does ends here, so it is
 * one monomorphic class with plain fields.
 */
import { ExiError } from '../error.ts';
import { isXmlCharacter } from '../xml/characters.ts';
import { asciiText } from './ascii.ts';

/** Thrown, always this one object, when a value ends behind the input: to be caught by whoever can wait for more. */
export class IncompleteInput extends Error {
  override readonly name = 'IncompleteInput';
}
const INCOMPLETE = new IncompleteInput('the input ends inside a value');

const NOTHING = new Uint8Array(0);
/** Octets of an unsigned integer: more is no number anybody has measured. */
const MAX_INTEGER_OCTETS = 512;

export class BitReader {
  bytes: Uint8Array = NOTHING;
  /** Offset behind the last byte. */
  end = 0;
  /** Offset of the byte at hand. */
  at = 0;
  /** Bits of it already read, 0 to 7. */
  bit = 0;
  /** Are values byte-aligned? @see EXI 1.0 §7.1 */
  aligned = false;
  /** Bytes that came before `bytes[0]`: for positions in errors. */
  before = 0;
  /** After an IncompleteInput: bytes behind `at` without which trying again is useless. */
  needed = 1;
  #scratch = new Uint8Array(256);

  /** Reads from these bytes next. */
  open(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.bit = 0;
  }

  /** Position in bits from the start of the stream. */
  get position(): number {
    return (this.before + this.at) * 8 + this.bit;
  }

  /** Makes an error at the present position. */
  malformed(message: string): ExiError {
    return new ExiError('malformed', message, this.position);
  }

  /** An n-bit unsigned integer, n at most 32. @see EXI 1.0 §7.1.9 */
  readBits(n: number): number {
    if (this.aligned) return this.#readBytes((n + 7) >> 3);
    if (n === 0) return 0;
    const { bytes, at, bit } = this;
    const last = bit + n;
    if (last <= 8) {
      if (at >= this.end) this.#fail(1);
      const value = ((bytes[at] as number) >>> (8 - last)) & (0xff >>> (8 - n));
      if (last === 8) {
        this.at = at + 1;
        this.bit = 0;
      } else {
        this.bit = last;
      }
      return value;
    }
    return this.#readLong(n);
  }

  #readLong(n: number): number {
    const { bytes } = this;
    let { at } = this;
    const stop = at + ((this.bit + n + 7) >> 3);
    if (stop > this.end) this.#fail(stop - at);
    let value = (bytes[at] as number) & (0xff >>> this.bit);
    let left = n - (8 - this.bit);
    at++;
    if (n <= 24) {
      for (; left >= 8; left -= 8) value = (value << 8) | (bytes[at++] as number);
      if (left > 0) value = (value << left) | ((bytes[at] as number) >>> (8 - left));
      this.at = at;
      this.bit = left;
      return value;
    }
    for (; left >= 8; left -= 8) value = value * 256 + (bytes[at++] as number);
    if (left > 0) value = value * 2 ** left + ((bytes[at] as number) >>> (8 - left));
    this.at = at;
    this.bit = left;
    return value;
  }

  /** Least significant byte first. */
  #readBytes(count: number): number {
    if (this.at + count > this.end) this.#fail(count);
    let value = 0;
    let scale = 1;
    for (let i = 0; i < count; i++, scale *= 256) value += (this.bytes[this.at++] as number) * scale;
    return value;
  }

  readBoolean(): boolean {
    return this.readBits(1) === 1;
  }

  readByte(): number {
    const { at, bit } = this;
    if (at + (bit === 0 ? 0 : 1) >= this.end) this.#fail(2);
    this.at = at + 1;
    const byte = this.bytes[at] as number;
    return bit === 0 ? byte : ((byte << bit) | ((this.bytes[at + 1] as number) >>> (8 - bit))) & 0xff;
  }

  /** An unsigned integer that must be a safe one: a length, a count. @see EXI 1.0 §7.1.6 */
  readUnsigned(): number {
    const first = this.readByte();
    if (first < 0x80) return first;
    const value = this.#readMore(first);
    if (typeof value === 'bigint') throw this.malformed('a number is too large for what it counts');
    return value;
  }

  /** An unsigned integer of any size; a bigint when it is no safe integer. */
  readAnyUnsigned(): number | bigint {
    const first = this.readByte();
    return first < 0x80 ? first : this.#readMore(first);
  }

  #readMore(first: number): number | bigint {
    let value = first & 0x7f;
    let scale = 128;
    for (let octets = 2; octets <= 7; octets++) {
      const octet = this.readByte();
      value += (octet & 0x7f) * scale;
      if (octet < 0x80) return value;
      scale *= 128;
    }
    let large = BigInt(value);
    let shift = 49n;
    for (let octets = 8; octets <= MAX_INTEGER_OCTETS; octets++) {
      const octet = this.readByte();
      large += BigInt(octet & 0x7f) << shift;
      shift += 7n;
      if (octet < 0x80) return large <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(large) : large;
    }
    throw new ExiError('limit', `an integer takes more than ${MAX_INTEGER_OCTETS} octets`, this.position);
  }

  /** So many octets. */
  readOctets(count: number): Uint8Array {
    this.require(count);
    const { at, bit, bytes } = this;
    this.at = at + count;
    if (bit === 0) return bytes.slice(at, at + count);
    const octets = new Uint8Array(count);
    this.#unshift(octets, count, at);
    return octets;
  }

  /** A string of so many characters. @see EXI 1.0 §7.1.10 */
  readText(length: number): string {
    if (length === 0) return '';
    this.require(length);
    const { at, bit } = this;
    let octets = this.bytes;
    let start = at;
    if (bit !== 0) {
      if (this.#scratch.length < length) this.#scratch = new Uint8Array(length * 2);
      octets = this.#scratch;
      start = 0;
      this.#unshift(octets, length, at);
    }
    for (let i = start; i < start + length; i++) {
      const octet = octets[i] as number;
      if (octet >= 0x80 || octet < 0x20) return this.#readWideText(length);
    }
    this.at = at + length;
    return asciiText(octets, start, start + length);
  }

  /** Skips a string of so many characters when it is this one, in ASCII; saves making one that is there already. */
  skipText(text: string, length: number): boolean {
    if (text.length !== length || this.at + length + (this.bit === 0 ? 0 : 1) > this.end) return false;
    const { bytes, at, bit } = this;
    for (let i = 0; i < length; i++) {
      const octet =
        bit === 0
          ? (bytes[at + i] as number)
          : (((bytes[at + i] as number) << bit) | ((bytes[at + i + 1] as number) >>> (8 - bit))) & 0xff;
      if (octet !== text.charCodeAt(i) || octet >= 0x80) return false;
    }
    this.at = at + length;
    return true;
  }

  #unshift(into: Uint8Array, count: number, from: number): void {
    const { bytes, bit } = this;
    let byte = bytes[from] as number;
    for (let i = 0; i < count; i++) {
      const next = bytes[from + i + 1] as number;
      into[i] = (byte << bit) | (next >>> (8 - bit));
      byte = next;
    }
  }

  #readWideText(length: number): string {
    let text = '';
    for (let left = length; left > 0; left--) {
      let codePoint = this.readByte();
      if (codePoint >= 0x80) {
        const value = this.#readMore(codePoint);
        if (typeof value === 'bigint' || value > 0x10ffff) throw this.malformed('no such character');
        codePoint = value;
        // What is left takes a byte a character at least: no need to try before they are there.
        if (left > 64 && this.end - this.at < left - 1) this.#fail(left - 1);
      }
      if (!isXmlCharacter(codePoint)) throw this.malformed('a character that XML does not allow');
      text += String.fromCodePoint(codePoint);
    }
    return text;
  }

  /** Makes sure that so many octets are there. */
  require(octets: number): void {
    if (this.at + octets + (this.bit === 0 ? 0 : 1) > this.end) this.#fail(octets);
  }

  /** Skips to the next byte. */
  align(): void {
    if (this.bit !== 0) {
      this.bit = 0;
      this.at++;
    }
  }

  #fail(octets: number): never {
    this.needed = octets;
    throw INCOMPLETE;
  }
}
