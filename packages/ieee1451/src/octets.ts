import { Ieee1451Error, type Ieee1451ErrorCode } from './error.ts';

const HEX = /^(?:[0-9a-fA-F]{2})*$/;
const DIGITS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** Reads big-endian numbers, refusing to run over the end. */
export class OctetReader {
  readonly octets: Uint8Array;
  readonly #view: DataView;
  readonly #code: Ieee1451ErrorCode;
  readonly #base: number;
  #at = 0;

  /**
   * @param code of the error for octets that are not there
   * @param base where these octets begin in what was given, for errors
   */
  constructor(octets: Uint8Array, code: Ieee1451ErrorCode, base = 0) {
    this.octets = octets;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    this.#code = code;
    this.#base = base;
  }

  /** Position in what was given. */
  get offset(): number {
    return this.#base + this.#at;
  }

  get remaining(): number {
    return this.octets.length - this.#at;
  }

  /** @param size 1 to 6 octets */
  unsigned(size: number, what: string): number {
    const at = this.#take(size, what);
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.#view.getUint8(at + i);
    return value;
  }

  signed64(what: string): bigint {
    return this.#view.getBigInt64(this.#take(8, what));
  }

  float32(what: string): number {
    return this.#view.getFloat32(this.#take(4, what));
  }

  float64(what: string): number {
    return this.#view.getFloat64(this.#take(8, what));
  }

  bytes(length: number, what: string): Uint8Array {
    const at = this.#take(length, what);
    return this.octets.slice(at, at + length);
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining, 'the rest');
  }

  error(message: string, offset = this.offset): Ieee1451Error {
    return new Ieee1451Error(this.#code, message, { offset });
  }

  /** @throws Ieee1451Error when octets are left over */
  end(what: string): void {
    if (this.remaining > 0) throw this.error(`octets after the end of ${what}: ${this.remaining}`);
  }

  #take(size: number, what: string): number {
    if (size > this.remaining) {
      throw this.error(`${what} has ${size} octets, and ${this.remaining} follow`);
    }
    const at = this.#at;
    this.#at += size;
    return at;
  }
}

/** The octets of an integer. @param size 1 to 6 octets. @param what for the error. @throws Ieee1451Error for what does not fit */
export function unsignedOctets(value: number, size: number, what: string): Uint8Array {
  checkRange(value, 0, 2 ** (8 * size) - 1, what);
  const octets = new Uint8Array(size);
  for (let i = size - 1, left = value; i >= 0; i--, left = Math.floor(left / 256)) octets[i] = left % 256;
  return octets;
}

/** @throws Ieee1451Error for anything but an integer between two others */
export function checkRange(value: number, least: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new Ieee1451Error('limit-exceeded', `${what} of ${value}: ${least} to ${most} are allowed`);
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

export function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** As two hexadecimal digits for each octet. */
export function formatHex(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += DIGITS[octet];
  return text;
}

/** The octets of hexadecimal digits; undefined when it is none. */
export function parseHex(text: string): Uint8Array | undefined {
  if (!HEX.test(text)) return undefined;
  const octets = new Uint8Array(text.length / 2);
  for (let i = 0; i < octets.length; i++) octets[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return octets;
}
