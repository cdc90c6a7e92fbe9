import { Ieee1451Error } from './error.ts';

const NOT_A_NUMBER = Uint8Array.of(0x7f, 0xff, 0xff, 0xff);
const INFINITIES: Readonly<Record<string, number>> = {
  INF: Number.POSITIVE_INFINITY,
  '-INF': Number.NEGATIVE_INFINITY,
};

/**
 * The octets of a single-precision float. What is no number is `7F FF FF FF`.
 * @throws Ieee1451Error for a finite number that is too large
 * @see IEEE 1451.0-2007 §4.3
 */
export function float32Octets(value: number, what: string): Uint8Array {
  if (Number.isNaN(value)) return NOT_A_NUMBER.slice();
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
    throw new Ieee1451Error('limit-exceeded', `${what} of ${value} is too large for a single-precision float`);
  }
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setFloat32(0, value);
  return octets;
}

/** The number with the fewest digits that a single-precision float can't tell from this one: 0.1, not 0.10000000149011612. */
export function shortestFloat32(value: number): number {
  const single = Math.fround(value);
  if (!Number.isFinite(single)) return single;
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(single.toPrecision(digits));
    if (Math.fround(shorter) === single) return shorter;
  }
  return Number(single.toPrecision(9));
}

/** A number as XML Schema writes it. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** @returns undefined for what is no number of XML Schema */
export function parseNumber(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN;
  if (Object.hasOwn(INFINITIES, text)) return INFINITIES[text];
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}
