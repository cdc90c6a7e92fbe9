import type { BitReader } from '../bits/bit-reader.ts';
import type { BitWriter } from '../bits/bit-writer.ts';
import { ValueCodec } from './codec.ts';
import { parseDigits } from './integer.ts';
import { valueEnd, valueStart } from './white-space.ts';

/** The digits of an unsigned integer in reverse: how fractions keep their leading zeros. */
export function reversedDigits(text: string, start: number, end: number): number | bigint | undefined {
  let last = end;
  while (last > start && text.charCodeAt(last - 1) === 0x30) last--;
  if (last === start) return parseDigits(text, start, end) === undefined ? undefined : 0;
  let reversed = '';
  for (let i = last - 1; i >= start; i--) reversed += text[i];
  return parseDigits(reversed, 0, reversed.length);
}

/** The fraction's digits that an unsigned integer stands for. */
export function fractionText(reversed: number | bigint): string {
  const digits = String(reversed);
  let text = '';
  for (let i = digits.length - 1; i >= 0; i--) text += digits[i];
  return text;
}

/** Sign, integral part and fraction in reverse. Zeros at the end of the fraction are not kept. @see EXI 1.0 §7.1.3 */
export class DecimalCodec extends ValueCodec {
  #isNegative = false;
  #integral: number | bigint = 0;
  #fraction: number | bigint = 0;

  accepts(text: string): boolean {
    const end = valueEnd(text);
    let at = valueStart(text);
    const sign = text.charCodeAt(at);
    if (sign === 0x2d || sign === 0x2b) at++;
    const found = text.indexOf('.', at);
    const point = found === -1 || found >= end ? end : found;
    const integral = point === at && point + 1 < end ? 0 : parseDigits(text, at, point);
    const fraction = point + 1 >= end ? 0 : reversedDigits(text, point + 1, end);
    if (integral === undefined || fraction === undefined) return false;
    this.#integral = integral;
    this.#fraction = fraction;
    this.#isNegative = sign === 0x2d && (integral !== 0 || fraction !== 0);
    return true;
  }

  write(out: BitWriter): void {
    out.writeBoolean(this.#isNegative);
    out.writeAnyUnsigned(this.#integral);
    out.writeAnyUnsigned(this.#fraction);
  }

  read(input: BitReader): string {
    this.#isNegative = input.readBoolean();
    this.#integral = input.readAnyUnsigned();
    this.#fraction = input.readAnyUnsigned();
    return this.#text();
  }

  canonical(text: string): string | undefined {
    return this.accepts(text) ? this.#text() : undefined;
  }

  #text(): string {
    const integral = this.#isNegative ? `-${this.#integral}` : String(this.#integral);
    return this.#fraction === 0 ? integral : `${integral}.${fractionText(this.#fraction)}`;
  }
}
