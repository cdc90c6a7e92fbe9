import type { OctetReader, OctetWriter } from './octets.ts';
import type { NotANumber } from './values.ts';

export type FloatValue = number | NotANumber;

/** Layout of a Float (4 octets) or Double (8). @see OPC 10000-6 §5.2.2.3 */
interface FloatFormat {
  readonly size: 4 | 8;
  readonly usualNan: bigint;
  readonly infinity: bigint;
  readonly sign: bigint;
}
const FORMATS: Readonly<Record<4 | 8, FloatFormat>> = {
  4: { size: 4, usualNan: 0x7fc0_0000n, infinity: 0x7f80_0000n, sign: 0x8000_0000n },
  8: {
    size: 8,
    usualNan: 0x7ff8_0000_0000_0000n,
    infinity: 0x7ff0_0000_0000_0000n,
    sign: 0x8000_0000_0000_0000n,
  },
};
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const scratch = new DataView(new ArrayBuffer(8));

export function readFloat(reader: OctetReader, size: 4 | 8): FloatValue {
  const bits = size === 4 ? BigInt(reader.unsigned(4)) : reader.unsigned64();
  const { usualNan, infinity, sign } = FORMATS[size];
  if ((bits & ~sign) > infinity) return bits === usualNan ? Number.NaN : { nan: bits };
  if (size === 4) {
    scratch.setUint32(0, Number(bits));
    return scratch.getFloat32(0);
  }
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

export function writeFloat(writer: OctetWriter, size: 4 | 8, value: FloatValue): void {
  const bits = floatBits(size, value);
  if (size === 4) writer.unsigned(4, Number(bits));
  else writer.unsigned64(bits);
}

function floatBits(size: 4 | 8, value: FloatValue): bigint {
  if (typeof value !== 'number') return value.nan;
  if (Number.isNaN(value)) return FORMATS[size].usualNan;
  if (size === 4) scratch.setFloat32(0, value);
  else scratch.setFloat64(0, value);
  return size === 4 ? BigInt(scratch.getUint32(0)) : scratch.getBigUint64(0);
}

/** The shortest number that is read as the same; `INF`, `NaN`, or `NaN:` and the bits of another NaN. */
export function formatFloat(value: FloatValue, size: 4 | 8): string {
  if (typeof value !== 'number') return `NaN:${value.nan.toString(16).padStart(2 * size, '0')}`;
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF';
  if (Object.is(value, -0)) return '-0';
  if (size === 8) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(Number(value.toPrecision(9)));
}

/** @returns undefined for what is no number that fits */
export function parseFloatText(text: string, size: 4 | 8): FloatValue | undefined {
  if (text === 'NaN') return Number.NaN;
  if (text === 'INF') return Number.POSITIVE_INFINITY;
  if (text === '-INF') return Number.NEGATIVE_INFINITY;
  if (text.startsWith('NaN:')) return parseNan(text.slice(4), FORMATS[size]);
  if (!NUMBER.test(text)) return undefined;
  const value = size === 4 ? Math.fround(Number(text)) : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

function parseNan(digits: string, { size, infinity, sign, usualNan }: FloatFormat): FloatValue | undefined {
  if (digits.length !== 2 * size || !/^[0-9a-f]+$/.test(digits)) return undefined;
  const bits = BigInt(`0x${digits}`);
  if ((bits & ~sign) <= infinity) return undefined;
  return bits === usualNan ? Number.NaN : { nan: bits };
}
