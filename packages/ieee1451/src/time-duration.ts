/*
 * Durations of IEEE 1451.0-2024 count 2^-16 nanoseconds in 64 bits. As seconds in decimal digits they are exact: 2^-16 ns is
 * 5^16 * 10^-25 s.
 */
const DECIMALS = 25;
const UNIT = 5n ** 16n;
const LIMIT = 2n ** 63n;

/** Seconds in decimal digits: `5`, `-0.5`. */
export function formatDuration(units: bigint): string {
  const sign = units < 0n ? '-' : '';
  const digits = String((units < 0n ? -units : units) * UNIT).padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  return sign + digits.slice(0, -DECIMALS) + (fraction === '' ? '' : `.${fraction}`);
}

/** The duration nearest to so many seconds; undefined for other text, and for what 64 bits do not hold. */
export function parseDuration(text: string): bigint | undefined {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,60}))?$/.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  const scaled = BigInt(whole + fraction.slice(0, DECIMALS).padEnd(DECIMALS, '0'));
  const rounded = (scaled + UNIT / 2n) / UNIT;
  const units = sign === '-' ? -rounded : rounded;
  return units >= -LIMIT && units < LIMIT ? units : undefined;
}
