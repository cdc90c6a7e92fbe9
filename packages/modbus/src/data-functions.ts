/*
 * The rows of the functions that reach coils, inputs and registers. See MODBUS Application Protocol V1.1b3 §6; the section of each row is
 * named beside it.
 */
import { type ByteReader, packBits, uint16s, unpackBits, unpackRegisters } from './byte-cursor.ts';
import { ModbusError } from './error.ts';
import type { FunctionRow } from './function-row.ts';
import { checkQuantity, checkRange } from './limits.ts';
import type { ReadBitsKind, ReadRegistersKind } from './pdu.ts';

export const MAX_READ_BITS = 2000;
export const MAX_READ_REGISTERS = 125;
export const MAX_WRITE_BITS = 1968;
export const MAX_WRITE_REGISTERS = 123;
export const MAX_READ_WRITE_REGISTERS = 121;

type DataKind =
  | ReadBitsKind
  | ReadRegistersKind
  | 'write-single-coil'
  | 'write-single-register'
  | 'write-multiple-coils'
  | 'write-multiple-registers'
  | 'mask-write-register'
  | 'read-write-multiple-registers';

export const DATA_FUNCTIONS: { readonly [K in DataKind]: FunctionRow<K> } = {
  'read-coils': readBits('read-coils', 1), // §6.1
  'read-discrete-inputs': readBits('read-discrete-inputs', 2), // §6.2
  'read-holding-registers': readRegisters('read-holding-registers', 3), // §6.3
  'read-input-registers': readRegisters('read-input-registers', 4), // §6.4
  // §6.5
  'write-single-coil': {
    code: 5,
    encodeRequest: encodeCoil,
    decodeRequest: decodeCoil,
    encodeResponse: encodeCoil,
    decodeResponse: decodeCoil,
  },
  // §6.6
  'write-single-register': {
    code: 6,
    encodeRequest: encodeRegister,
    decodeRequest: decodeRegister,
    encodeResponse: encodeRegister,
    decodeResponse: decodeRegister,
  },
  // §6.11
  'write-multiple-coils': {
    code: 15,
    encodeRequest({ address, values, padding = 0 }) {
      checkQuantity(values.length, MAX_WRITE_BITS);
      checkRange(address, values.length);
      const octets = packBits(values);
      if (padding & ~paddingMask(values.length)) {
        throw new ModbusError('limit-exceeded', `a padding of ${padding} is not outside the ${values.length} coils`);
      }
      octets[octets.length - 1] = (octets.at(-1) as number) | padding;
      return [...uint16s(address, values.length), octets.length, ...octets];
    },
    decodeRequest(reader) {
      const address = reader.uint16();
      const quantity = checkQuantity(reader.uint16(), MAX_WRITE_BITS, reader);
      checkRange(address, quantity, reader);
      const length = reader.uint8();
      if (length !== Math.ceil(quantity / 8)) throw reader.error('the byte count does not fit the quantity');
      const octets = reader.bytes(length);
      const padding = (octets.at(-1) as number) & paddingMask(quantity);
      const values = unpackBits(octets, quantity);
      return { kind: 'write-multiple-coils', address, values, ...(padding === 0 ? {} : { padding }) };
    },
    encodeResponse: (response) => encodeWritten(response, MAX_WRITE_BITS),
    decodeResponse: (reader) => ({ kind: 'write-multiple-coils', ...readRange(reader, MAX_WRITE_BITS) }),
  },
  // §6.12
  'write-multiple-registers': {
    code: 16,
    encodeRequest({ address, values }) {
      checkQuantity(values.length, MAX_WRITE_REGISTERS);
      checkRange(address, values.length);
      return [...uint16s(address, values.length), values.length * 2, ...uint16s(...values)];
    },
    decodeRequest(reader) {
      const address = reader.uint16();
      const quantity = checkQuantity(reader.uint16(), MAX_WRITE_REGISTERS, reader);
      checkRange(address, quantity, reader);
      return { kind: 'write-multiple-registers', address, values: countedRegisters(reader, quantity) };
    },
    encodeResponse: (response) => encodeWritten(response, MAX_WRITE_REGISTERS),
    decodeResponse: (reader) => ({ kind: 'write-multiple-registers', ...readRange(reader, MAX_WRITE_REGISTERS) }),
  },
  // §6.16
  'mask-write-register': {
    code: 22,
    encodeRequest: encodeMask,
    decodeRequest: decodeMask,
    encodeResponse: encodeMask,
    decodeResponse: decodeMask,
  },
  // §6.17
  'read-write-multiple-registers': {
    code: 23,
    encodeRequest({ readAddress, quantity, writeAddress, values }) {
      checkQuantity(quantity, MAX_READ_REGISTERS);
      checkRange(readAddress, quantity);
      checkQuantity(values.length, MAX_READ_WRITE_REGISTERS);
      checkRange(writeAddress, values.length);
      return [...uint16s(readAddress, quantity, writeAddress, values.length), values.length * 2, ...uint16s(...values)];
    },
    decodeRequest(reader) {
      const readAddress = reader.uint16();
      const quantity = checkQuantity(reader.uint16(), MAX_READ_REGISTERS, reader);
      checkRange(readAddress, quantity, reader);
      const writeAddress = reader.uint16();
      const written = checkQuantity(reader.uint16(), MAX_READ_WRITE_REGISTERS, reader);
      checkRange(writeAddress, written, reader);
      const values = countedRegisters(reader, written);
      return { kind: 'read-write-multiple-registers', readAddress, quantity, writeAddress, values };
    },
    encodeResponse: ({ values }) => encodeRegisters(values),
    decodeResponse: (reader) => ({ kind: 'read-write-multiple-registers', values: decodeRegisters(reader) }),
  },
};

function readBits<K extends ReadBitsKind>(kind: K, code: number) {
  return {
    code,
    encodeRequest: ({ address, quantity }: { address: number; quantity: number }) => {
      checkQuantity(quantity, MAX_READ_BITS);
      checkRange(address, quantity);
      return uint16s(address, quantity);
    },
    decodeRequest: (reader: ByteReader) => ({ kind, ...readRange(reader, MAX_READ_BITS) }),
    encodeResponse: ({ values }: { values: readonly boolean[] }) => {
      checkQuantity(values.length, MAX_READ_BITS);
      const octets = packBits(values);
      return [octets.length, ...octets];
    },
    decodeResponse: (reader: ByteReader) => {
      const length = checkQuantity(reader.uint8(), MAX_READ_BITS / 8, reader);
      return { kind, values: unpackBits(reader.bytes(length)) };
    },
  } as unknown as FunctionRow<K>;
}

function readRegisters<K extends ReadRegistersKind>(kind: K, code: number) {
  return {
    code,
    encodeRequest: ({ address, quantity }: { address: number; quantity: number }) => {
      checkQuantity(quantity, MAX_READ_REGISTERS);
      checkRange(address, quantity);
      return uint16s(address, quantity);
    },
    decodeRequest: (reader: ByteReader) => ({ kind, ...readRange(reader, MAX_READ_REGISTERS) }),
    encodeResponse: ({ values }: { values: readonly number[] }) => encodeRegisters(values),
    decodeResponse: (reader: ByteReader) => ({ kind, values: decodeRegisters(reader) }),
  } as unknown as FunctionRow<K>;
}

/** Bits of the last octet that no coil takes. */
function paddingMask(quantity: number): number {
  const used = quantity % 8;
  return used === 0 ? 0 : 0xff & (0xff << used);
}

function encodeWritten({ address, quantity }: { address: number; quantity: number }, most: number): number[] {
  checkRange(address, checkQuantity(quantity, most));
  return uint16s(address, quantity);
}

function readRange(reader: ByteReader, most: number): { address: number; quantity: number } {
  const address = reader.uint16();
  const quantity = checkQuantity(reader.uint16(), most, reader);
  checkRange(address, quantity, reader);
  return { address, quantity };
}

function encodeRegisters(values: readonly number[]): number[] {
  checkQuantity(values.length, MAX_READ_REGISTERS);
  return [values.length * 2, ...uint16s(...values)];
}

function decodeRegisters(reader: ByteReader): number[] {
  const length = reader.uint8();
  if (length % 2 !== 0) throw reader.error('an odd number of bytes for registers');
  checkQuantity(length / 2, MAX_READ_REGISTERS, reader);
  return unpackRegisters(reader.bytes(length));
}

function countedRegisters(reader: ByteReader, quantity: number): number[] {
  if (reader.uint8() !== quantity * 2) throw reader.error('the byte count does not fit the quantity');
  return unpackRegisters(reader.bytes(quantity * 2));
}

function encodeCoil({ address, value }: { address: number; value: boolean }): number[] {
  return uint16s(address, value ? 0xff00 : 0);
}

function decodeCoil(reader: ByteReader): { kind: 'write-single-coil'; address: number; value: boolean } {
  const address = reader.uint16();
  const value = reader.uint16();
  if (value !== 0xff00 && value !== 0) throw reader.error('a coil is written with FF00 or 0000');
  return { kind: 'write-single-coil', address, value: value !== 0 };
}

function encodeRegister({ address, value }: { address: number; value: number }): number[] {
  return uint16s(address, value);
}

function decodeRegister(reader: ByteReader): { kind: 'write-single-register'; address: number; value: number } {
  return { kind: 'write-single-register', address: reader.uint16(), value: reader.uint16() };
}

function encodeMask({ address, andMask, orMask }: { address: number; andMask: number; orMask: number }): number[] {
  return uint16s(address, andMask, orMask);
}

function decodeMask(reader: ByteReader): {
  kind: 'mask-write-register';
  address: number;
  andMask: number;
  orMask: number;
} {
  return { kind: 'mask-write-register', address: reader.uint16(), andMask: reader.uint16(), orMask: reader.uint16() };
}
