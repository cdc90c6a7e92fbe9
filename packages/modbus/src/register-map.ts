import {
  type Decimal,
  parseDecimal,
  printDecimal,
  roundDecimal,
  scaleDecimal,
  toDecimal,
  unscaleDecimal,
} from './decimal.ts';
import { ModbusError } from './error.ts';

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

/**
 * The value in registers; undefined for a float that is not a number.
 * @param registers as many as `pointLength` says
 * @throws ModbusError `malformed-pdu` when there are more or fewer
 */
export function decodeRegisters(point: PointAddress, registers: readonly number[]): PointValue | undefined {
  const length = pointLength(point);
  if (registers.length !== length) {
    throw new ModbusError('malformed-pdu', `a ${point.type} of ${length} registers in ${registers.length}`);
  }
  const view = toBytes(point, registers);
  switch (point.type) {
    case 'bool':
      return { kind: 'boolean', value: ((view.getUint16(0) >> (point.bit ?? 0)) & 1) === 1 };
    case 'string':
      return { kind: 'text', value: decodeText(view) };
    case 'float32':
      return decodeFloat(point, shortestFloat32(view.getFloat32(0)), 9);
    case 'float64':
      return decodeFloat(point, view.getFloat64(0), 15);
    default:
      return { kind: 'number', text: scaleInteger(readInteger(point.type, view), point.scale ?? 1, point.offset ?? 0) };
  }
}

/**
 * Registers that hold a value. A number between two that an integer can hold becomes the nearest.
 * @param current what the registers hold now, for a bit of a register: its other bits are kept
 * @throws PointRangeError when the value does not fit, or is of another kind than the point
 */
export function encodeRegisters(point: PointAddress, value: PointValue, current: readonly number[] = []): number[] {
  const view = new DataView(new ArrayBuffer(pointLength(point) * 2));
  switch (point.type) {
    case 'bool': {
      if (value.kind !== 'boolean') throw mismatch(point, value, 'true or false');
      const now = toBytes(point, [current[0] ?? 0]).getUint16(0);
      const mask = 1 << (point.bit ?? 0);
      view.setUint16(0, value.value ? now | mask : now & ~mask);
      break;
    }
    case 'string': {
      if (value.kind !== 'text') throw mismatch(point, value, 'text');
      const bytes = new TextEncoder().encode(value.value);
      if (bytes.length > view.byteLength) throw new PointRangeError(`at most ${view.byteLength} characters fit`);
      new Uint8Array(view.buffer).set(bytes);
      break;
    }
    case 'float32':
    case 'float64':
      writeFloat(point, view, numberText(point, value));
      break;
    default:
      writeInteger(point, point.type, view, numberText(point, value));
  }
  return fromBytes(point, view);
}

function mismatch({ type }: PointAddress, value: PointValue, wanted: string): PointRangeError {
  const given = value.kind === 'number' ? value.text : JSON.stringify(value.value);
  return new PointRangeError(`a ${type} takes ${wanted}, not ${given}`);
}

function numberText(point: PointAddress, value: PointValue): string {
  if (value.kind !== 'number') throw mismatch(point, value, 'a number');
  return value.text;
}

function decimalOf(text: string): Decimal {
  const decimal = parseDecimal(text);
  if (!decimal) throw new PointRangeError(`"${text}" is no number that registers can hold`);
  return decimal;
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

function writeInteger({ scale = 1, offset = 0 }: PointAddress, type: IntegerType, view: DataView, text: string): void {
  const value = unscaleDecimal(decimalOf(text), toDecimal(scale), toDecimal(offset));
  const bits = BigInt(INTEGER_BITS[type]);
  const unsigned = type.startsWith('u');
  const low = unsigned ? 0n : -(1n << (bits - 1n));
  const high = unsigned ? (1n << bits) - 1n : (1n << (bits - 1n)) - 1n;
  if (value < low || value > high) {
    const [least, most] = (scale < 0 ? [high, low] : [low, high]).map((raw) => scaleInteger(raw, scale, offset));
    throw new PointRangeError(`the ${type} holds ${least} to ${most}, not ${text}`);
  }
  const twos = BigInt.asUintN(Number(bits), value);
  for (let i = 0; i < view.byteLength; i++) {
    view.setUint8(i, Number((twos >> BigInt(8 * (view.byteLength - 1 - i))) & 0xffn));
  }
}

function writeFloat({ type, scale = 1, offset = 0 }: PointAddress, view: DataView, text: string): void {
  decimalOf(text);
  const raw = (Number(text) - offset) / scale;
  const held = type === 'float32' ? Math.fround(raw) : raw;
  if (!Number.isFinite(held)) throw new PointRangeError(`"${text}" is too large for a ${type}`);
  if (type === 'float32') view.setFloat32(0, held);
  else view.setFloat64(0, held);
}

/** raw * scale + offset in exact decimal arithmetic, with the decimals that scale and offset have. */
function scaleInteger(raw: bigint, scale: number, offset: number): string {
  return printDecimal(scaleDecimal({ digits: raw, decimals: 0 }, toDecimal(scale), toDecimal(offset)));
}

/** The number with the fewest digits that a float32 can't tell from this one: 0.1, not 0.10000000149011612. */
function shortestFloat32(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return Number(value.toPrecision(9));
}

/** @param significant digits that are no noise of binary arithmetic after scaling */
function decodeFloat(
  { scale = 1, offset = 0, decimals }: PointAddress,
  raw: number,
  significant: number,
): PointValue | undefined {
  const isScaled = scale !== 1 || offset !== 0;
  const value = isScaled ? Number((raw * scale + offset).toPrecision(significant)) : raw;
  if (!Number.isFinite(value)) return undefined;
  const text = decimals === undefined ? String(value) : printDecimal(roundDecimal(toDecimal(value), decimals));
  return { kind: 'number', text };
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
