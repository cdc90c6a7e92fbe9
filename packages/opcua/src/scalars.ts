import { formatDateTime, parseDateTime } from './date-time.ts';
import { ATTRIBUTE_IDS, ENUMERATIONS } from './enumerations.ts';
import { type FloatValue, formatFloat, parseFloatText, readFloat, writeFloat } from './float.ts';
import { parseGuid, readGuid, writeGuid } from './guid.ts';
import {
  type ExpandedNodeId,
  formatNodeId,
  type NodeId,
  NULL_NODE_ID,
  parseExpandedNodeId,
  parseNodeId,
  readExpandedNodeId,
  readNodeId,
  writeNodeId,
} from './node-id.ts';
import type { OctetReader, OctetWriter } from './octets.ts';
import {
  formatQualifiedName,
  NULL_NAME,
  parseQualifiedName,
  readQualifiedName,
  writeQualifiedName,
} from './qualified-name.ts';
import type { Scalar } from './scalar.ts';
import { formatStatusCode, parseStatusCode } from './status-codes.ts';
import { formatText, type OpcUaText, parseText, textOctets, textOf } from './text.ts';
import type { QualifiedName } from './values.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function integer(name: string, size: 1 | 2 | 4, isSigned: boolean, schemaType: string): Scalar<number> {
  const least = isSigned ? -(2 ** (8 * size - 1)) : 0;
  const most = 2 ** (8 * size - (isSigned ? 1 : 0)) - 1;
  return {
    name,
    read: (reader) => (isSigned ? reader.signed(size) : reader.unsigned(size)),
    write: (writer, value) => (isSigned ? writer.signed(size, value) : writer.unsigned(size, value)),
    format: String,
    parse: (text) => {
      const value = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : undefined;
    },
    isListed: true,
    schemaType,
    expected: `an integer from ${least} to ${most}`,
  };
}

function integer64(name: string, isSigned: boolean, schemaType: string): Scalar<bigint> {
  return {
    name,
    read: (reader) => (isSigned ? reader.signed64() : reader.unsigned64()),
    write: (writer, value) => (isSigned ? writer.signed64(value) : writer.unsigned64(value)),
    format: String,
    parse: (text) => {
      if (!/^-?\d{1,20}$/.test(text)) return undefined;
      const value = BigInt(text);
      return (isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) === value ? value : undefined;
    },
    isListed: true,
    schemaType,
    expected: `an integer of 64 bits${isSigned ? '' : ', without a sign'}`,
  };
}

function float(name: string, size: 4 | 8): Scalar<FloatValue> {
  return {
    name,
    read: (reader) => readFloat(reader, size),
    write: (writer, value) => writeFloat(writer, size, value),
    format: (value) => formatFloat(value, size),
    parse: (text) => parseFloatText(text, size),
    isListed: true,
    schemaType: 'xs:string',
    expected: `a number, INF, -INF or NaN that ${size} octets can hold`,
  };
}

/** @param codes names by number @param width of the number on the wire */
function enumeration(name: string, codes: Readonly<Record<number, string>>, numbers: Scalar<number>): Scalar<number> {
  const byName = new Map(Object.entries(codes).map(([code, text]) => [text, Number(code)]));
  return {
    ...numbers,
    name,
    format: (value) => codes[value] ?? String(value),
    parse: (text) => byName.get(text) ?? numbers.parse(text),
    schemaType: 'xs:string',
    expected: `one of ${[...byName.keys()].join(', ')}, or ${numbers.expected}`,
  };
}

function readCounted(reader: OctetReader): Uint8Array | null {
  const length = reader.length();
  return length < 0 ? null : reader.bytes(length);
}

function text(name: string): Scalar<OpcUaText | null> {
  return {
    name,
    read: (reader) => {
      const octets = readCounted(reader);
      return octets && textOf(octets);
    },
    write: (writer, value) => writer.counted(value === null ? null : textOctets(value)),
    format: (value) => (value === null ? undefined : formatText(value)),
    parse: parseText,
    absent: null,
    isListed: false,
    schemaType: 'xs:string',
    expected: 'text in which backslashes are doubled',
  };
}

function nodeId<Id extends NodeId>(
  name: string,
  read: (reader: OctetReader) => Id,
  parse: (text: string) => Id | undefined,
): Scalar<Id> {
  const nothing = formatNodeId(NULL_NODE_ID);
  return {
    name,
    read,
    write: (writer: OctetWriter, value) => writeNodeId(writer, value),
    format: (value) => {
      const written = formatNodeId(value);
      return written === nothing ? undefined : written;
    },
    parse,
    absent: NULL_NODE_ID as Id,
    isListed: false,
    schemaType: 'xs:string',
    expected: 'a node such as i=85 or ns=2;s=Pump.Speed',
  };
}

const BOOLEAN: Scalar<boolean> = {
  name: 'Boolean',
  read: (reader) => {
    const at = reader.offset;
    const octet = reader.unsigned(1);
    // Encoders write 1 for true; with another octet it could not be made again of its text.
    if (octet > 1) throw reader.error(`a Boolean of ${octet}`, at);
    return octet === 1;
  },
  write: (writer, value) => writer.unsigned(1, value ? 1 : 0),
  format: String,
  parse: (written) => (written === 'true' ? true : written === 'false' ? false : undefined),
  isListed: true,
  schemaType: 'xs:boolean',
  expected: 'true or false',
};

const INT32 = integer('Int32', 4, true, 'xs:int');
const UINT32 = integer('UInt32', 4, false, 'xs:unsignedInt');

const DATE_TIME: Scalar<bigint> = {
  name: 'DateTime',
  read: (reader) => reader.signed64(),
  write: (writer, value) => writer.signed64(value),
  format: formatDateTime,
  parse: parseDateTime,
  isListed: true,
  schemaType: 'xs:string',
  expected: 'a time in UTC such as 2026-07-01T12:00:00.25Z, or a number of 100 ns since 1601',
};

const GUID: Scalar<string> = {
  name: 'Guid',
  read: readGuid,
  write: writeGuid,
  format: String,
  parse: parseGuid,
  isListed: true,
  schemaType: 'xs:string',
  expected: 'a GUID',
};

const BYTE_STRING: Scalar<Uint8Array | null> = {
  name: 'ByteString',
  read: readCounted,
  write: (writer, value) => writer.counted(value),
  format: (value) => (value === null ? undefined : Buffer.from(value).toString('base64')),
  parse: (written) => (BASE64.test(written) ? new Uint8Array(Buffer.from(written, 'base64')) : undefined),
  absent: null,
  isListed: false,
  schemaType: 'xs:base64Binary',
  expected: 'base64',
};

const STATUS_CODE: Scalar<number> = {
  ...UINT32,
  name: 'StatusCode',
  format: formatStatusCode,
  parse: parseStatusCode,
  schemaType: 'xs:string',
  expected: 'the name of a status code, or 0x and eight hexadecimal digits',
};

const QUALIFIED_NAME: Scalar<QualifiedName> = {
  name: 'QualifiedName',
  read: readQualifiedName,
  write: writeQualifiedName,
  format: formatQualifiedName,
  parse: parseQualifiedName,
  absent: NULL_NAME,
  isListed: false,
  schemaType: 'xs:string',
  expected: 'a name such as Speed or 2:Speed',
};

/** Any scalar: what is written by one was read by it, or is of the type of its field. */
// biome-ignore lint/suspicious/noExplicitAny: a table of all value types; each row is used with its own values only.
export type AnyScalar = Scalar<any>;

/** Types whose values are one piece of text, by name. @see OPC 10000-6 §5.2.2 */
export const SCALARS: ReadonlyMap<string, AnyScalar> = new Map(
  [
    BOOLEAN,
    integer('SByte', 1, true, 'xs:byte'),
    integer('Byte', 1, false, 'xs:unsignedByte'),
    integer('Int16', 2, true, 'xs:short'),
    integer('UInt16', 2, false, 'xs:unsignedShort'),
    INT32,
    UINT32,
    integer64('Int64', true, 'xs:long'),
    integer64('UInt64', false, 'xs:unsignedLong'),
    float('Float', 4),
    float('Double', 8),
    text('String'),
    DATE_TIME,
    GUID,
    BYTE_STRING,
    text('XmlElement'),
    nodeId<NodeId>('NodeId', readNodeId, parseNodeId),
    nodeId<ExpandedNodeId>('ExpandedNodeId', readExpandedNodeId, parseExpandedNodeId),
    STATUS_CODE,
    QUALIFIED_NAME,
    ...Object.entries(ENUMERATIONS).map(([name, codes]) => enumeration(name, codes, INT32)),
    enumeration('AttributeId', ATTRIBUTE_IDS, UINT32),
  ].map((scalar: AnyScalar) => [scalar.name, scalar]),
);
