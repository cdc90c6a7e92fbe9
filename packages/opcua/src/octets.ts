import { OpcUaError, type OpcUaErrorCode } from './error.ts';
import { DEFAULT_OPCUA_LIMITS, type OpcUaLimits } from './limits.ts';

type Size = 1 | 2 | 4;

/** Reads little-endian numbers, refusing to run over the end, to go too deep and to make too many values. @see OPC 10000-6 §5.2 */
export class OctetReader {
  readonly octets: Uint8Array;
  readonly limits: OpcUaLimits;
  readonly #view: DataView;
  #at: number;
  #end: number;
  #depth = 0;
  #values = 0;

  constructor(octets: Uint8Array, limits: OpcUaLimits = DEFAULT_OPCUA_LIMITS, at = 0) {
    this.octets = octets;
    this.limits = limits;
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
    this.#at = at;
    this.#end = octets.length;
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  unsigned(size: Size): number {
    const at = this.#take(size);
    return size === 1
      ? this.#view.getUint8(at)
      : size === 2
        ? this.#view.getUint16(at, true)
        : this.#view.getUint32(at, true);
  }

  signed(size: Size): number {
    const at = this.#take(size);
    return size === 1
      ? this.#view.getInt8(at)
      : size === 2
        ? this.#view.getInt16(at, true)
        : this.#view.getInt32(at, true);
  }

  signed64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  unsigned64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.octets.slice(at, at + length);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A length of octets or elements; -1 is null. */
  length(): number {
    const at = this.#at;
    const length = this.signed(4);
    if (length < -1) throw this.error(`a length of ${length}`, at);
    return length;
  }

  /** One more value. @throws OpcUaError `limit-exceeded` */
  count(): void {
    if (++this.#values > this.limits.maxValues) {
      throw this.error(`more than ${this.limits.maxValues} values`, this.#at, 'limit-exceeded');
    }
  }

  /** Reads something that is inside another. @throws OpcUaError `limit-exceeded` where it is too deep */
  nested<T>(read: () => T): T {
    if (this.#depth >= this.limits.maxDepth) {
      throw this.error(`deeper than ${this.limits.maxDepth}`, this.#at, 'limit-exceeded');
    }
    this.#depth++;
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }

  /**
   * Reads something that has exactly so many octets.
   * @returns undefined where it is not to be read, or ends elsewhere; then the octets are not taken
   */
  within<T>(length: number, read: () => T): T | undefined {
    if (length > this.remaining) throw this.#short(length);
    const [start, end] = [this.#at, this.#end];
    this.#end = start + length;
    try {
      const value = read();
      if (this.#at === this.#end) return value;
    } catch (error) {
      if (!(error instanceof OpcUaError)) throw error;
    } finally {
      this.#end = end;
    }
    this.#at = start;
    return undefined;
  }

  error(message: string, offset = this.#at, code: OpcUaErrorCode = 'malformed-value'): OpcUaError {
    return new OpcUaError(code, message, offset);
  }

  #take(size: number): number {
    if (size > this.remaining) throw this.#short(size);
    const at = this.#at;
    this.#at += size;
    return at;
  }

  #short(size: number): OpcUaError {
    return this.error(`octets that are needed: ${size}, that follow: ${this.remaining}`);
  }
}

/** Collects octets, numbers little-endian. */
export class OctetWriter {
  #octets = new Uint8Array(256);
  #view = new DataView(this.#octets.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  unsigned(size: Size, value: number): void {
    this.#check(value, 0, 2 ** (8 * size) - 1);
    const at = this.#grow(size);
    if (size === 1) this.#view.setUint8(at, value);
    else if (size === 2) this.#view.setUint16(at, value, true);
    else this.#view.setUint32(at, value, true);
  }

  signed(size: Size, value: number): void {
    this.#check(value, -(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1);
    const at = this.#grow(size);
    if (size === 1) this.#view.setInt8(at, value);
    else if (size === 2) this.#view.setInt16(at, value, true);
    else this.#view.setInt32(at, value, true);
  }

  signed64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new OpcUaError('limit-exceeded', `${value} is no 64-bit integer`);
    const at = this.#grow(8);
    this.#view.setBigInt64(at, value, true);
  }

  unsigned64(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) {
      throw new OpcUaError('limit-exceeded', `${value} is no unsigned 64-bit integer`);
    }
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, true);
  }

  bytes(octets: Uint8Array): void {
    const at = this.#grow(octets.length);
    this.#octets.set(octets, at);
  }

  /** Octets with their length before them; -1 for null. */
  counted(octets: Uint8Array | null): void {
    this.signed(4, octets?.length ?? -1);
    if (octets) this.bytes(octets);
  }

  finish(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  #check(value: number, least: number, most: number): void {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new OpcUaError('limit-exceeded', `${value}: integers from ${least} to ${most} are allowed`);
  }

  #grow(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#octets.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#octets.length * 2));
      larger.set(this.#octets);
      this.#octets = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}

/** Joins octets. */
export function concatOctets(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
