import { ModbusError } from './error.ts';

/** Reads big-endian numbers from a PDU, refusing to run over its end. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#at;
  }

  uint8(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw this.error('the PDU ends too early');
    this.#at++;
    return value;
  }

  uint16(): number {
    return (this.uint8() << 8) | this.uint8();
  }

  bytes(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw this.error(`${length} bytes were announced, fewer follow`);
    const slice = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return slice;
  }

  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at);
  }

  /** @throws ModbusError when something follows */
  end(): void {
    if (this.#at < this.#bytes.length) throw this.error('the PDU goes on after its end');
  }

  error(message: string): ModbusError {
    return new ModbusError('malformed-pdu', message, this.#at);
  }
}

/** Big-endian octets of 16-bit numbers. @throws ModbusError for a number that 16 bits don't hold */
export function uint16s(...values: readonly number[]): number[] {
  return values.flatMap((value) => {
    const checked = checkUnsigned(value, 0xffff, 'an address or register');
    return [checked >> 8, checked & 0xff];
  });
}

/** @param what for the error's text. @throws ModbusError for anything but an integer from 0 to `most` */
export function checkUnsigned(value: number, most: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new ModbusError('limit-exceeded', `${what} of ${value}: 0 to ${most} are allowed`);
}

/** Bits, first one lowest, padded with zeros to octets. @see MODBUS Application Protocol V1.1b3 §6.1 */
export function packBits(values: readonly boolean[]): number[] {
  const octets = new Array<number>(Math.ceil(values.length / 8)).fill(0);
  for (const [i, value] of values.entries()) if (value) octets[i >> 3] = (octets[i >> 3] as number) | (1 << (i & 7));
  return octets;
}

export function unpackBits(octets: Uint8Array, count = octets.length * 8): boolean[] {
  return Array.from({ length: count }, (_, i) => (((octets[i >> 3] as number) >> (i & 7)) & 1) === 1);
}

export function unpackRegisters(octets: Uint8Array): number[] {
  return Array.from(
    { length: octets.length / 2 },
    (_, i) => ((octets[2 * i] as number) << 8) | (octets[2 * i + 1] as number),
  );
}
