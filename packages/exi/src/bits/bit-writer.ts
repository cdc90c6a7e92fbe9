/*
 * Writes bits, most significant first, or the byte-aligned forms of the same values; the counterpart of BitReader.
 */
import { ExiError } from '../error.ts';
import { isXmlCharacter } from '../xml/characters.ts';

/** Of the first chunk, and of later ones: what was taken shares its chunk with what is taken next. */
const FIRST_CHUNK = 512;
const CHUNK = 8192;

export class BitWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  /** Where in `#bytes` that begins which was not yet taken. */
  #start = 0;
  #at = 0;
  /** Bytes taken before. */
  #taken = 0;
  /** Bits not yet written to `#bytes`, in the low end of `#pending`. */
  #bits = 0;
  #pending = 0;
  /** Are values byte-aligned? @see EXI 1.0 §7.1 */
  aligned = false;

  /** @param capacity bytes to begin with */
  constructor(capacity = FIRST_CHUNK) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Position in bits since the beginning, or since `clear`. */
  get position(): number {
    return (this.#taken + this.#at - this.#start) * 8 + this.#bits;
  }

  /** An n-bit unsigned integer, n at most 32. @see EXI 1.0 §7.1.9 */
  writeBits(value: number, n: number): void {
    if (this.aligned) {
      for (let left = n, rest = value; left > 0; left -= 8) {
        this.writeByte(rest % 256);
        rest = Math.floor(rest / 256);
      }
    } else if (n <= 16) {
      this.#write(value, n);
    } else {
      this.#write(Math.floor(value / 0x10000), n - 16);
      this.#write(value % 0x10000, 16);
    }
  }

  #write(value: number, n: number): void {
    let pending = (this.#pending << n) | value;
    let bits = this.#bits + n;
    if (bits >= 8) {
      if (this.#at + 4 > this.#bytes.length) this.#grow(4);
      for (; bits >= 8; bits -= 8) this.#bytes[this.#at++] = pending >>> (bits - 8);
      pending &= (1 << bits) - 1;
    }
    this.#bits = bits;
    this.#pending = pending;
  }

  writeBoolean(value: boolean): void {
    this.writeBits(value ? 1 : 0, 1);
  }

  writeByte(byte: number): void {
    if (this.#at >= this.#bytes.length) this.#grow(1);
    if (this.#bits === 0) {
      this.#bytes[this.#at++] = byte;
    } else {
      const pending = (this.#pending << 8) | byte;
      this.#bytes[this.#at++] = pending >>> this.#bits;
      this.#pending = pending & ((1 << this.#bits) - 1);
    }
  }

  /** @see EXI 1.0 §7.1.6 */
  writeUnsigned(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.writeByte((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.writeByte(rest);
  }

  writeAnyUnsigned(value: number | bigint): void {
    if (typeof value === 'number') {
      this.writeUnsigned(value);
      return;
    }
    let rest = value;
    while (rest >= 128n) {
      this.writeByte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.writeByte(Number(rest));
  }

  writeOctets(octets: Uint8Array): void {
    if (this.#bits === 0) {
      if (this.#at + octets.length > this.#bytes.length) this.#grow(octets.length);
      this.#bytes.set(octets, this.#at);
      this.#at += octets.length;
    } else {
      for (const octet of octets) this.writeByte(octet);
    }
  }

  /**
   * A string behind its length, to which `added` is added.
   * @returns its length in characters
   */
  writeCounted(text: string, added: number): number {
    const { length } = text;
    const before = this.#at - this.#start;
    const bits = this.#bits;
    const pending = this.#pending;
    this.writeUnsigned(length + added);
    const plain = this.#writePlain(text);
    if (plain === length) return length;
    const count = characterCount(text);
    if (count === length) {
      this.#writeWide(text, plain);
      return length;
    }
    // Some characters are two units: the length was not that.
    this.#at = this.#start + before;
    this.#bits = bits;
    this.#pending = pending;
    this.writeUnsigned(count + added);
    this.writeText(text);
    return count;
  }

  /** The characters of a string, without its length. @see EXI 1.0 §7.1.10 */
  writeText(text: string): void {
    this.#writeWide(text, this.#writePlain(text));
  }

  /** As much of the text as is ASCII without control characters. @returns how much that is */
  #writePlain(text: string): number {
    const { length } = text;
    if (this.#at + length > this.#bytes.length) this.#grow(length);
    const bytes = this.#bytes;
    const bits = this.#bits;
    let at = this.#at;
    let i = 0;
    if (bits === 0) {
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x80 || code < 0x20) break;
        bytes[at++] = code;
      }
    } else {
      const mask = (1 << bits) - 1;
      let pending = this.#pending;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x80 || code < 0x20) break;
        bytes[at++] = (pending << (8 - bits)) | (code >>> bits);
        pending = code & mask;
      }
      this.#pending = pending;
    }
    this.#at = at;
    return i;
  }

  /** The text from `start` on. */
  #writeWide(text: string, start: number): void {
    let i = start;
    while (i < text.length) {
      const code = text.codePointAt(i) as number;
      if (!isXmlCharacter(code)) {
        throw new ExiError('not-encodable', 'text holds a character that XML does not allow', this.position);
      }
      this.writeUnsigned(code);
      i += code > 0xffff ? 2 : 1;
    }
  }

  /** A string with its length. */
  writeString(text: string): void {
    this.writeCounted(text, 0);
  }

  /** Fills the byte at hand with zeros. */
  align(): void {
    if (this.#bits !== 0) this.#write(0, 8 - this.#bits);
  }

  /** Gives away the whole bytes written so far; bits of an unfinished one stay. */
  take(): Uint8Array<ArrayBuffer> {
    const start = this.#start;
    const end = this.#at;
    this.#taken += end - start;
    if (this.#bytes.length > CHUNK) {
      // A large document has bytes of its own, lest a small one after it keep them all.
      const taken = this.#bytes.slice(start, end);
      this.#bytes = new Uint8Array(FIRST_CHUNK);
      this.#start = this.#at = 0;
      return taken;
    }
    this.#start = end;
    return new Uint8Array(this.#bytes.buffer, start, end - start);
  }

  /** Forgets what was not taken, and begins anew. */
  clear(): void {
    this.#at = this.#start;
    this.#taken = this.#bits = this.#pending = 0;
  }

  #grow(by: number): void {
    const kept = this.#at - this.#start;
    const grown = new Uint8Array(Math.max(Math.min(this.#bytes.length * 2, CHUNK), (kept + by) * 2));
    grown.set(this.#bytes.subarray(this.#start, this.#at));
    this.#bytes = grown;
    this.#start = 0;
    this.#at = kept;
  }
}

/** The length of a string in characters, not in UTF-16 units. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0xd800 && code <= 0xdbff && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--;
      i++;
    }
  }
  return count;
}
