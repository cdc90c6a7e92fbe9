/** A number as it is written: digits / 10^decimals, exactly. */
export interface Decimal {
  readonly digits: bigint;
  /** At least 0. */
  readonly decimals: number;
}

/** Beyond this no type of register reaches; it keeps numbers such as 1e999999999 from filling the memory. */
const MAX_PLACES = 400;

/** The exact value of decimal text such as `-21.50` or `1e-7`; undefined when it is no number or of absurd size. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const decimals = fraction.length - Number(exponent);
  if (whole + fraction === '' || whole.length + fraction.length > MAX_PLACES || Math.abs(decimals) > MAX_PLACES) {
    return undefined;
  }
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n);
  return decimals < 0 ? { digits: digits * 10n ** BigInt(-decimals), decimals: 0 } : { digits, decimals };
}

/** The decimal that a number is written as: 0.1 is exactly 0.1. @throws RangeError for one that is not finite */
export function toDecimal(value: number): Decimal {
  const decimal = parseDecimal(String(value));
  if (!decimal) throw new RangeError(`${value} has no decimal digits`);
  return decimal;
}

/** value * factor + shift, with the decimals that they have. */
export function scaleDecimal(value: Decimal, factor: Decimal, shift: Decimal): Decimal {
  const product = { digits: value.digits * factor.digits, decimals: value.decimals + factor.decimals };
  const decimals = Math.max(product.decimals, shift.decimals);
  return { digits: digitsAt(product, decimals) + digitsAt(shift, decimals), decimals };
}

/** The integer nearest to (value - shift) / factor, halves away from zero. @throws RangeError for a factor of 0 */
export function unscaleDecimal(value: Decimal, factor: Decimal, shift: Decimal): bigint {
  const decimals = Math.max(value.decimals, shift.decimals, factor.decimals);
  return divideRounded(digitsAt(value, decimals) - digitsAt(shift, decimals), digitsAt(factor, decimals));
}

/** With exactly so many decimals, halves away from zero. */
export function roundDecimal(value: Decimal, decimals: number): Decimal {
  if (value.decimals <= decimals) return { digits: digitsAt(value, decimals), decimals };
  return { digits: divideRounded(value.digits, 10n ** BigInt(value.decimals - decimals)), decimals };
}

export function printDecimal({ digits, decimals }: Decimal): string {
  const sign = digits < 0n ? '-' : '';
  const text = (digits < 0n ? -digits : digits).toString().padStart(decimals + 1, '0');
  return decimals === 0 ? sign + text : `${sign}${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

/** Digits with at least the decimals the value has. */
function digitsAt(value: Decimal, decimals: number): bigint {
  return value.digits * 10n ** BigInt(decimals - value.decimals);
}

function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const isNegative = dividend < 0n !== divisor < 0n;
  const [a, b] = [dividend < 0n ? -dividend : dividend, divisor < 0n ? -divisor : divisor];
  const quotient = (2n * a + b) / (2n * b);
  return isNegative ? -quotient : quotient;
}
