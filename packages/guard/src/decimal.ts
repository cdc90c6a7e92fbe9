import type { DecimalText } from './operation.ts';

/** xs:double and what is written like it, without INF and NaN. */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const SCALE = 10_000n;
/** Cedar keeps a decimal as a 64-bit integer of ten-thousandths. */
const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);
/** Exponents beyond this are as good as infinite. */
const MAX_EXPONENT = 40;
const MAX_LENGTH = 400;

/**
 * The decimals a number is judged by: itself, or where it has more than four decimals, the two it lies between. What holds for both of
 * them, such as a range, holds for the number, too. Greater ones than there are decimals count as the greatest.
 * @returns nothing where the text is no number
 * @see https://docs.cedarpolicy.com/policies/syntax-datatypes.html#datatype-decimal
 */
export function decimalsAround(text: string): readonly DecimalText[] {
  const trimmed = text.trim();
  if (trimmed === 'INF' || trimmed === '+INF') return [written(MOST)];
  if (trimmed === '-INF') return [written(LEAST)];
  if (trimmed.length > MAX_LENGTH || !NUMBER.test(trimmed)) return [];
  const isNegative = trimmed.startsWith('-');
  const [mantissa = '', exponentText = '0'] = trimmed.replace(/^[+-]/, '').toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = BigInt(whole + fraction);
  if (digits === 0n) return [written(0n)];
  // In ten-thousandths: digits * 10^(exponent - decimals + 4).
  const shift = Number(exponentText) - fraction.length + 4;
  if (shift >= 0) {
    if (shift > MAX_EXPONENT) return [written(isNegative ? LEAST : MOST)];
    return [written(clamped(digits * 10n ** BigInt(shift), isNegative))];
  }
  if (-shift > digits.toString().length + MAX_EXPONENT) return outward(0n, isNegative);
  const divisor = 10n ** BigInt(-shift);
  const below = digits / divisor;
  return digits % divisor === 0n ? [written(clamped(below, isNegative))] : outward(below, isNegative);
}

/** The number of a decimal. */
export function decimalNumber(text: DecimalText): number {
  return Number(text);
}

/** The decimal nearest to a number, as far as there are decimals. */
export function nearestDecimal(value: number): DecimalText {
  if (!Number.isFinite(value)) return written(value > 0 ? MOST : LEAST);
  const scaled = Math.round(value * Number(SCALE));
  return written(Number.isFinite(scaled) ? clamped(BigInt(Math.abs(scaled)), scaled < 0) : value > 0 ? MOST : LEAST);
}

function outward(magnitude: bigint, isNegative: boolean): readonly DecimalText[] {
  return [written(clamped(magnitude, isNegative)), written(clamped(magnitude + 1n, isNegative))];
}

function clamped(magnitude: bigint, isNegative: boolean): bigint {
  const value = isNegative ? -magnitude : magnitude;
  return value > MOST ? MOST : value < LEAST ? LEAST : value;
}

function written(tenThousandths: bigint): DecimalText {
  const magnitude = tenThousandths < 0n ? -tenThousandths : tenThousandths;
  const fraction = (magnitude % SCALE)
    .toString()
    .padStart(4, '0')
    .replace(/0{1,3}$/, '');
  return `${tenThousandths < 0n ? '-' : ''}${magnitude / SCALE}.${fraction}` as DecimalText;
}
