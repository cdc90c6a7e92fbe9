import type { BitReader } from '../bits/bit-reader.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import { ValueCodec } from './codec.ts';
import { parseDigits, readInteger, writeInteger } from './integer.ts';
import { valueEnd, valueStart } from './white-space.ts';

/** The exponent that makes the mantissa tell of a special value. */
const SPECIAL = -16384;
const MAX_MANTISSA = 2n ** 63n;
/** More digits are none of a number that a double can be. */
const MAX_DIGITS = 400;
/** Up to so many digits a number is printed without exponent. */
const PLAIN_DIGITS = 16;

/**
 * Mantissa and decimal exponent. Digits are kept: 21.50 is 2150e-2 and comes back as 21.50, since zeros at the end tell of precision;
 * zeros before the decimal point go into the exponent, which says the same in fewer bits.
 * @see EXI 1.0 §7.1.4
 */
export class FloatCodec extends ValueCodec {
  readonly #isShortest: boolean;
  #isNegative = false;
  #mantissa: number | bigint = 0;
  #exponent = 0;

  /** @param isShortest are zeros at the end of a fraction left out, to save bits? */
  constructor(isShortest = false) {
    super();
    this.#isShortest = isShortest;
  }

  accepts(text: string): boolean {
    let at = valueStart(text);
    const end = valueEnd(text);
    const sign = text.charCodeAt(at);
    if (sign === 0x2d || sign === 0x2b) at++;
    const first = text.charCodeAt(at);
    if (first === 0x49 || first === 0x4e) return this.#acceptsSpecial(text.slice(valueStart(text), end));
    let value = 0;
    let digits = 0;
    let fraction = -1;
    for (; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code >= 0x30 && code <= 0x39) {
        value = value * 10 + code - 0x30;
        digits++;
        if (fraction >= 0) fraction++;
      } else if (code === 0x2e && fraction < 0) fraction = 0;
      else break;
    }
    if (digits === 0) return false;
    const scale = Math.max(fraction, 0);
    let exponent = 0;
    if (at < end) {
      const parsed = this.#parseExponent(text, at, end);
      if (parsed === undefined) return false;
      exponent = parsed;
    }
    this.#isNegative = sign === 0x2d && value !== 0;
    this.#mantissa = value;
    this.#exponent = exponent - scale;
    if (value > Number.MAX_SAFE_INTEGER) {
      if (digits > MAX_DIGITS) return false;
      this.#moveManyZeros(BigInt(text.slice(0, at).replace(/[^0-9]/g, '')));
      if (this.#mantissa > (this.#isNegative ? MAX_MANTISSA : MAX_MANTISSA - 1n)) return false;
    } else if (value === 0) {
      this.#exponent = this.#isShortest ? 0 : Math.min(this.#exponent, 0);
    } else {
      this.#moveZeros(value);
    }
    return this.#exponent > SPECIAL && this.#exponent < -SPECIAL;
  }

  #moveManyZeros(mantissa: bigint): void {
    let rest = mantissa;
    while ((this.#isShortest || this.#exponent >= 0) && rest % 10n === 0n) {
      rest /= 10n;
      this.#exponent++;
    }
    this.#mantissa = rest;
  }

  /** Zeros of a fraction say how precise it is; those of a whole number do not. */
  #moveZeros(mantissa: number): void {
    let rest = mantissa;
    while ((this.#isShortest || this.#exponent >= 0) && rest % 10 === 0) {
      rest /= 10;
      this.#exponent++;
    }
    this.#mantissa = rest;
  }

  #parseExponent(text: string, at: number, end: number): number | undefined {
    const code = text.charCodeAt(at);
    if (code !== 0x45 && code !== 0x65) return undefined;
    const sign = text.charCodeAt(at + 1);
    const isSigned = sign === 0x2d || sign === 0x2b;
    const value = parseDigits(text, isSigned ? at + 2 : at + 1, end);
    if (typeof value !== 'number') return undefined;
    return sign === 0x2d ? -value : value;
  }

  #acceptsSpecial(text: string): boolean {
    this.#isNegative = text === '-INF';
    this.#mantissa = text === 'NaN' ? 0 : 1;
    this.#exponent = SPECIAL;
    return this.#isNegative || text === 'INF' || text === 'NaN';
  }

  write(out: BitWriter): void {
    writeInteger(out, this.#isNegative, this.#mantissa);
    const { isNegative, magnitude } = signed(this.#exponent);
    writeInteger(out, isNegative, magnitude);
  }

  read(input: BitReader): string {
    const mantissa = readInteger(input);
    const exponent = readInteger(input);
    if (typeof exponent !== 'number' || exponent < SPECIAL || exponent >= -SPECIAL) {
      throw input.malformed('the exponent of a number is out of range');
    }
    return floatText(mantissa, exponent);
  }

  canonical(text: string): string | undefined {
    if (!this.accepts(text)) return undefined;
    let mantissa = BigInt(this.#mantissa);
    let exponent = this.#exponent;
    if (exponent !== SPECIAL) {
      if (mantissa === 0n) exponent = 0;
      else for (; mantissa % 10n === 0n; mantissa /= 10n) exponent++;
    }
    return `${this.#isNegative ? '-' : ''}${mantissa}E${exponent}`;
  }
}

function signed(value: number): { isNegative: boolean; magnitude: number } {
  return { isNegative: value < 0, magnitude: Math.abs(value) };
}

function floatText(mantissa: number | bigint, exponent: number): string {
  if (exponent === SPECIAL) return Number(mantissa) === 1 ? 'INF' : Number(mantissa) === -1 ? '-INF' : 'NaN';
  const isNegative = mantissa < 0;
  const digits = isNegative ? String(mantissa).slice(1) : String(mantissa);
  const sign = isNegative ? '-' : '';
  if (exponent === 0) return sign + digits;
  if (exponent > 0) {
    if (digits === '0') return '0';
    if (digits.length + exponent <= PLAIN_DIGITS) return sign + digits + '0'.repeat(exponent);
  } else if (-exponent < PLAIN_DIGITS) {
    const padded = digits.padStart(1 - exponent, '0');
    const point = padded.length + exponent;
    return `${sign}${padded.slice(0, point)}.${padded.slice(point)}`;
  }
  return `${sign}${digits}E${exponent}`;
}
