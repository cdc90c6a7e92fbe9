/** An exact number. The denominator is greater than 0. */
export interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Decimal text as it is: its digits without a point, and how many of them are decimals (fewer than none for an exponent). */
export interface Decimal {
  readonly digits: bigint;
  readonly decimals: number;
}

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
/** Beyond what an xs:double holds there are no measurements. */
const MAX_EXPONENT = 400;
const MAX_DIGITS = 400;

/** Undefined for text that is no decimal, or one with more digits than any measurement has. */
export function parseDecimal(text: string): Decimal | undefined {
  const [, sign = '', whole = '', part = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  const digits = whole + part;
  if (digits === '' || digits.length > MAX_DIGITS || Math.abs(Number(exponent)) > MAX_EXPONENT) return undefined;
  const value = BigInt(digits);
  return { digits: sign === '-' ? -value : value, decimals: part.length - Number(exponent) };
}

/** The number, or the quotient of two, that decimal texts of this program say. @throws RangeError */
export function fraction(text: string, divisor = '1'): Fraction {
  const above = fractionOf(required(text));
  const below = fractionOf(required(divisor));
  return { numerator: above.numerator * below.denominator, denominator: above.denominator * below.numerator };
}

function required(text: string): Decimal {
  const decimal = parseDecimal(text);
  if (decimal === undefined) throw new RangeError(`${text} is no decimal number`);
  return decimal;
}

export function fractionOf({ digits, decimals }: Decimal): Fraction {
  return decimals >= 0
    ? { numerator: digits, denominator: 10n ** BigInt(decimals) }
    : { numerator: digits * 10n ** BigInt(-decimals), denominator: 1n };
}

export function multiplied(a: Fraction, b: Fraction): Fraction {
  return { numerator: a.numerator * b.numerator, denominator: a.denominator * b.denominator };
}

/** @param b greater than 0 */
export function divided(a: Fraction, b: Fraction): Fraction {
  return { numerator: a.numerator * b.denominator, denominator: a.denominator * b.numerator };
}

export function added(a: Fraction, b: Fraction): Fraction {
  return {
    numerator: a.numerator * b.denominator + b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
  };
}

export function subtracted(a: Fraction, b: Fraction): Fraction {
  return added(a, { numerator: -b.numerator, denominator: b.denominator });
}

/** Decimal text with so many decimals; halves are rounded away from zero. */
export function decimalText({ numerator, denominator }: Fraction, decimals: number): string {
  const isNegative = numerator < 0n;
  const scaled = (isNegative ? -numerator : numerator) * 10n ** BigInt(decimals);
  const rounded = (2n * scaled + denominator) / (2n * denominator);
  const digits = rounded.toString().padStart(decimals + 1, '0');
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return isNegative && rounded !== 0n ? `-${text}` : text;
}
