import { unpackBits } from './byte-cursor.ts';

export type RegisterTable = 'coil' | 'discrete-input' | 'input-register' | 'holding-register';

export type PointType =
  | 'bool'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float32'
  | 'float64'
  | 'string';

/** Where a value is in a device's tables and how it is written there. */
export interface PointAddress {
  readonly table: RegisterTable;
  /** As in the PDU: from 0. */
  readonly address: number;
  readonly type: PointType;
  /** Order of the two octets inside each register; `big` when not given, as the specification has it. */
  readonly byteOrder?: 'big' | 'little' | undefined;
  /** Order of the registers of one value, `big`: most significant first. */
  readonly wordOrder?: 'big' | 'little' | undefined;
  /** Engineering value = raw * scale + offset. */
  readonly scale?: number | undefined;
  readonly offset?: number | undefined;
  /** Decimals a float is printed with; all that are needed when not given. */
  readonly decimals?: number | undefined;
  /** Bit of a register, 0 the lowest, for `bool` in register tables. */
  readonly bit?: number | undefined;
  /** Registers that a `string` takes, two characters each. */
  readonly length?: number | undefined;
}

/** A value as decimal text with exactly the digits it has, as text, as a truth value; undefined: the device has none (a float that is not a number). */
export type PointValue =
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'text'; readonly value: string };

/** A value that can't be written to a point. */
export class PointRangeError extends Error {
  override readonly name = 'PointRangeError';
  readonly code = 'out-of-range';
}

const REGISTERS: Readonly<Record<Exclude<PointType, 'string'>, number>> = {
  bool: 1,
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
};

/** Bits or registers the point takes in its table. */
export function pointLength(point: PointAddress): number {
  return point.type === 'string' ? (point.length ?? 1) : REGISTERS[point.type];
}

export function isBitTable(table: RegisterTable): boolean {
  return table === 'coil' || table === 'discrete-input';
}

/** The value in a bit table. */
export function decodeBit(value: boolean): PointValue {
  return { kind: 'boolean', value };
}

/** The value in registers, as many as `pointLength` says; undefined for a float that is not a number. */
export function decodeRegisters(point: PointAddress, registers: readonly number[]): PointValue | undefined {
  const view = toBytes(point, registers);
  switch (point.type) {
    case 'bool':
      return {
        kind: 'boolean',
        value: unpackBits(Uint8Array.of(view.getUint8(1), view.getUint8(0)))[point.bit ?? 0] === true,
      };
    case 'string':
      return { kind: 'text', value: decodeText(view) };
    case 'float32':
      return float(point, view.getFloat32(0), 7);
    case 'float64':
      return float(point, view.getFloat64(0), 15);
    default:
      return { kind: 'number', text: scaleInteger(readInteger(point.type, view), point.scale ?? 1, point.offset ?? 0) };
  }
}

/**
 * Registers that hold a value.
 * @param current what the registers hold now, for a bit of a register
 * @throws PointRangeError when the value does not fit
 */
export function encodeRegisters(point: PointAddress, value: PointValue, current: readonly number[] = []): number[] {
  const view = new DataView(new ArrayBuffer(pointLength(point) * 2));
  if (value.kind === 'boolean') {
    const mask = 1 << (point.bit ?? 0);
    view.setUint16(0, value.value ? (current[0] ?? 0) | mask : (current[0] ?? 0) & ~mask);
    return fromBytes(point, view);
  }
  if (value.kind === 'text') {
    const bytes = new TextEncoder().encode(value.value);
    if (bytes.length > view.byteLength) throw new PointRangeError(`at most ${view.byteLength} characters fit`);
    new Uint8Array(view.buffer).set(bytes);
    return fromBytes(point, view);
  }
  const raw = (Number(value.text) - (point.offset ?? 0)) / (point.scale ?? 1);
  if (!Number.isFinite(raw)) throw new PointRangeError(`"${value.text}" is no number`);
  if (point.type === 'float32' && !Number.isFinite(Math.fround(raw))) {
    throw new PointRangeError(`"${value.text}" is too large for a float32`);
  }
  if (point.type === 'float32') view.setFloat32(0, raw);
  else if (point.type === 'float64') view.setFloat64(0, raw);
  else writeInteger(point.type as IntegerType, view, raw);
  return fromBytes(point, view);
}

type IntegerType = 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'uint64';

const INTEGER_BITS: Readonly<Record<IntegerType, number>> = {
  int16: 16,
  uint16: 16,
  int32: 32,
  uint32: 32,
  int64: 64,
  uint64: 64,
};

function readInteger(type: IntegerType, view: DataView): bigint {
  let value = 0n;
  for (let i = 0; i < view.byteLength; i++) value = (value << 8n) | BigInt(view.getUint8(i));
  const bits = INTEGER_BITS[type];
  return type.startsWith('u') ? value : BigInt.asIntN(bits, value);
}

function writeInteger(type: IntegerType, view: DataView, raw: number): void {
  const value = BigInt(Math.round(raw));
  const bits = BigInt(INTEGER_BITS[type]);
  const unsigned = type.startsWith('u');
  const low = unsigned ? 0n : -(1n << (bits - 1n));
  const high = unsigned ? (1n << bits) - 1n : (1n << (bits - 1n)) - 1n;
  if (value < low || value > high) throw new PointRangeError(`the register holds ${low} to ${high}, not ${value}`);
  const twos = BigInt.asUintN(Number(bits), value);
  for (let i = 0; i < view.byteLength; i++) {
    view.setUint8(i, Number((twos >> BigInt(8 * (view.byteLength - 1 - i))) & 0xffn));
  }
}

/** raw * scale + offset in exact decimal arithmetic, with the decimals that scale and offset have. */
export function scaleInteger(raw: bigint, scale: number, offset: number): string {
  const factor = toDecimal(scale);
  const shift = toDecimal(offset);
  const decimals = Math.max(factor.decimals, shift.decimals);
  const digits =
    raw * factor.digits * 10n ** BigInt(decimals - factor.decimals) +
    shift.digits * 10n ** BigInt(decimals - shift.decimals);
  return printDecimal(digits, decimals);
}

function toDecimal(value: number): { digits: bigint; decimals: number } {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const decimals = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return decimals < 0 ? { digits: digits * 10n ** BigInt(-decimals), decimals: 0 } : { digits, decimals };
}

function printDecimal(digits: bigint, decimals: number): string {
  const sign = digits < 0n ? '-' : '';
  const text = (digits < 0n ? -digits : digits).toString().padStart(decimals + 1, '0');
  return decimals === 0 ? sign + text : `${sign}${text.slice(0, -decimals)}.${text.slice(-decimals)}`;
}

function float(
  { scale = 1, offset = 0, decimals }: PointAddress,
  raw: number,
  precision: number,
): PointValue | undefined {
  const value = raw * scale + offset;
  if (!Number.isFinite(value)) return undefined;
  return {
    kind: 'number',
    text: decimals === undefined ? String(Number(value.toPrecision(precision))) : value.toFixed(decimals),
  };
}

function decodeText(view: DataView): string {
  const bytes = new Uint8Array(view.buffer);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end)).trimEnd();
}

/** The octets of a value, most significant first (of a string: in reading order). */
function toBytes({ byteOrder, wordOrder }: PointAddress, registers: readonly number[]): DataView {
  const words = wordOrder === 'little' ? registers.toReversed() : registers;
  const view = new DataView(new ArrayBuffer(words.length * 2));
  for (const [i, word] of words.entries()) view.setUint16(i * 2, word, byteOrder === 'little');
  return view;
}

function fromBytes({ byteOrder, wordOrder }: PointAddress, view: DataView): number[] {
  const words = Array.from({ length: view.byteLength / 2 }, (_, i) => view.getUint16(i * 2, byteOrder === 'little'));
  return wordOrder === 'little' ? words.toReversed() : words;
}
