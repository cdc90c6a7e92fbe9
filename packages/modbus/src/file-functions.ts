/*
 * The rows of the functions that reach files of records and queues. See MODBUS Application Protocol V1.1b3 §6; the section of each row
 * is named beside it.
 */
import { type ByteReader, checkUnsigned, uint16s, unpackRegisters } from './byte-cursor.ts';
import { ModbusError } from './error.ts';
import type { FunctionRow } from './function-row.ts';
import type { FileRecord, FileRecordReference } from './pdu.ts';

type FileKind = 'read-file-record' | 'write-file-record' | 'read-fifo-queue';

/** The only reference type there is. */
const REFERENCE_TYPE = 6;
/** Of the records in a read, asked for and answered. */
export const MAX_READ_BYTES = 0xf5;
const MAX_WRITE_BYTES = 0xfb;
const MAX_RECORD_NUMBER = 9999;
export const MAX_FIFO_VALUES = 31;

/** Length and reference type before a record that was read. */
const READ_RECORD_HEAD_BYTES = 2;

export const FILE_FUNCTIONS: { readonly [K in FileKind]: FunctionRow<K> } = {
  // §6.14
  'read-file-record': {
    code: 20,
    encodeRequest: ({ records }) => counted(records.flatMap(encodeReference), MAX_READ_BYTES),
    decodeRequest: (reader) => ({
      kind: 'read-file-record',
      records: decodeCounted(reader, MAX_READ_BYTES, decodeReference),
    }),
    encodeResponse: ({ records }) => counted(records.flatMap(encodeReadRecord), MAX_READ_BYTES),
    decodeResponse: (reader) => ({
      kind: 'read-file-record',
      records: decodeCounted(reader, MAX_READ_BYTES, decodeReadRecord),
    }),
  },
  // §6.15
  'write-file-record': {
    code: 21,
    encodeRequest: encodeRecords,
    decodeRequest: decodeRecords,
    encodeResponse: encodeRecords,
    decodeResponse: decodeRecords,
  },
  // §6.18
  'read-fifo-queue': {
    code: 24,
    encodeRequest: ({ address }) => uint16s(address),
    decodeRequest: (reader) => ({ kind: 'read-fifo-queue', address: reader.uint16() }),
    encodeResponse({ values }) {
      checkUnsigned(values.length, MAX_FIFO_VALUES, 'a number of values in a queue');
      return uint16s(2 + 2 * values.length, values.length, ...values);
    },
    decodeResponse(reader) {
      const length = reader.uint16();
      const count = reader.uint16();
      if (count > MAX_FIFO_VALUES) throw reader.error(`${count} values in a queue: at most ${MAX_FIFO_VALUES}`);
      if (length !== 2 + 2 * count) throw reader.error('the byte count does not fit the number of values');
      return { kind: 'read-fifo-queue', values: unpackRegisters(reader.bytes(2 * count)) };
    },
  },
};

function encodeRecords({ records }: { records: readonly FileRecord[] }): number[] {
  const octets = records.flatMap((record) => [
    ...encodeReference({ ...record, length: record.values.length }),
    ...uint16s(...record.values),
  ]);
  return counted(octets, MAX_WRITE_BYTES);
}

function decodeRecords(reader: ByteReader): { kind: 'write-file-record'; records: readonly FileRecord[] } {
  const records = decodeCounted(reader, MAX_WRITE_BYTES, () => {
    const { file, record, length } = decodeReference(reader);
    return { file, record, values: unpackRegisters(reader.bytes(2 * length)) };
  });
  return { kind: 'write-file-record', records };
}

function encodeReference({ file, record, length }: FileRecordReference): number[] {
  if (file === 0) throw new ModbusError('limit-exceeded', 'a file number of 0: 1 to 65535 are allowed');
  if (length === 0) throw new ModbusError('limit-exceeded', 'a record of no registers');
  return [
    REFERENCE_TYPE,
    ...uint16s(file, checkUnsigned(record, MAX_RECORD_NUMBER, 'a record number')),
    ...uint16s(length),
  ];
}

function decodeReference(reader: ByteReader): FileRecordReference {
  checkReferenceType(reader);
  const file = reader.uint16();
  if (file === 0) throw reader.error('a file number of 0');
  const record = reader.uint16();
  if (record > MAX_RECORD_NUMBER) throw reader.error(`a record number of ${record}`);
  const length = reader.uint16();
  if (length === 0) throw reader.error('a record of no registers');
  return { file, record, length };
}

function encodeReadRecord(values: readonly number[]): number[] {
  if (values.length === 0) throw new ModbusError('limit-exceeded', 'a record of no registers');
  return [1 + 2 * values.length, REFERENCE_TYPE, ...uint16s(...values)];
}

function decodeReadRecord(reader: ByteReader): number[] {
  const length = reader.uint8();
  if (length % 2 === 0 || length < 3) throw reader.error(`a record of ${length} bytes with its reference type`);
  checkReferenceType(reader);
  return unpackRegisters(reader.bytes(length - 1));
}

function checkReferenceType(reader: ByteReader): void {
  const type = reader.uint8();
  if (type !== REFERENCE_TYPE) throw reader.error(`a reference type of ${type}: only ${REFERENCE_TYPE} is there`);
}

/** The octets after their number. */
function counted(octets: readonly number[], most: number): number[] {
  if (octets.length === 0) throw new ModbusError('limit-exceeded', 'at least one record is needed');
  if (octets.length <= most) return [octets.length, ...octets];
  throw new ModbusError('limit-exceeded', `records of ${octets.length} bytes: at most ${most} fit`);
}

function decodeCounted<T>(reader: ByteReader, most: number, decode: (reader: ByteReader) => T): T[] {
  const length = reader.uint8();
  if (length === 0 || length > most) throw reader.error(`records of ${length} bytes: 1 to ${most} are allowed`);
  const end = reader.offset + length;
  const records: T[] = [];
  while (reader.offset < end) records.push(decode(reader));
  if (reader.offset !== end) throw reader.error('the records do not end with their byte count');
  return records;
}

/** Bytes of the answer to a read of records, which may be more than fit. */
export function readFileAnswerBytes(records: readonly FileRecordReference[]): number {
  return records.reduce((sum, { length }) => sum + READ_RECORD_HEAD_BYTES + 2 * length, 0);
}
