import { Dnp3Error, type Dnp3ErrorCode } from './error.ts';

/** Reads little-endian numbers, refusing to run over the end. */
export class OctetReader {
  readonly octets: Uint8Array;
  readonly #view: DataView;
  readonly #code: Dnp3ErrorCode;
  #at: number;

  /** @param code of the error for octets that are not there */
  constructor(octets: Uint8Array, code: Dnp3ErrorCode, at = 0) {
    this.octets = octets;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    this.#code = code;
    this.#at = at;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.octets.length - this.#at;
  }

  /** @param size 1, 2, 4 or 6 octets */
  unsigned(size: number): number {
    const at = this.#take(size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, true);
    const low = this.#view.getUint32(at, true);
    return size === 4 ? low : low + this.#view.getUint16(at + 4, true) * 2 ** 32;
  }

  /** @param size 2 or 4 octets */
  signed(size: number): number {
    const at = this.#take(size);
    return size === 2 ? this.#view.getInt16(at, true) : this.#view.getInt32(at, true);
  }

  /** @param size 4 or 8 octets */
  float(size: number): number {
    const at = this.#take(size);
    return size === 4 ? this.#view.getFloat32(at, true) : this.#view.getFloat64(at, true);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.octets.slice(at, at + length);
  }

  error(message: string, offset = this.#at): Dnp3Error {
    return new Dnp3Error(this.#code, message, { offset });
  }

  #take(size: number): number {
    if (size > this.remaining) throw this.error(`octets that are needed: ${size}, that follow: ${this.remaining}`);
    const at = this.#at;
    this.#at += size;
    return at;
  }
}

/** Collects octets, numbers little-endian. */
export class OctetWriter {
  #octets = new Uint8Array(64);
  #view = new DataView(this.#octets.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** @param size 1, 2, 4 or 6 octets. @param what for the error. @throws Dnp3Error for what does not fit */
  unsigned(size: number, value: number, what: string): void {
    checkRange(value, 0, 2 ** (8 * size) - 1, what);
    const at = this.#grow(size);
    if (size === 1) this.#view.setUint8(at, value);
    else if (size === 2) this.#view.setUint16(at, value, true);
    else {
      this.#view.setUint32(at, value % 2 ** 32, true);
      if (size === 6) this.#view.setUint16(at + 4, Math.floor(value / 2 ** 32), true);
    }
  }

  /** @param size 2 or 4 octets. @throws Dnp3Error for what does not fit */
  signed(size: number, value: number, what: string): void {
    checkRange(value, -(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1, what);
    const at = this.#grow(size);
    if (size === 2) this.#view.setInt16(at, value, true);
    else this.#view.setInt32(at, value, true);
  }

  /** @param size 4 or 8 octets. @throws Dnp3Error for a finite number too large for four */
  float(size: number, value: number, what: string): void {
    if (size === 4 && Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw new Dnp3Error('limit-exceeded', `${what} of ${value} is too large for a single-precision float`);
    }
    const at = this.#grow(size);
    if (size === 4) this.#view.setFloat32(at, value, true);
    else this.#view.setFloat64(at, value, true);
  }

  bytes(octets: Uint8Array): void {
    const at = this.#grow(octets.length);
    this.#octets.set(octets, at);
  }

  finish(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  #grow(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#octets.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#octets.length * 2));
      larger.set(this.#octets);
      this.#octets = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** @throws Dnp3Error for anything but an integer between two others */
export function checkRange(value: number, least: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new Dnp3Error('limit-exceeded', `${what} of ${value}: ${least} to ${most} are allowed`);
}

/** Joins octets. */
export function concatOctets(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** As two hexadecimal digits for each octet. */
export function formatHex(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

/** The text of octets that are all printable ASCII; undefined when one is not, and when there are none. */
export function printableText(octets: Uint8Array): string | undefined {
  if (octets.length === 0 || octets.some((octet) => octet < 0x20 || octet > 0x7e)) return undefined;
  return String.fromCharCode(...octets);
}

/** The octets of ASCII text; undefined when it has other characters. */
export function asciiOctets(text: string): Uint8Array | undefined {
  const octets = Uint8Array.from(text, (character) => character.charCodeAt(0));
  return [...text].every((character) => character <= '\x7f') ? octets : undefined;
}
