import { readNodeId } from './node-id.ts';
import type { OctetReader } from './octets.ts';
import { textOf } from './text.ts';
import { BUILT_IN_TYPES, builtInType, type CompositeName, type Type, typeByEncoding } from './type.ts';
import type {
  DataValue,
  DiagnosticInfo,
  ExtensionObject,
  LocalizedText,
  OpcUaValue,
  Structure,
  Variant,
} from './values.ts';

const IS_ARRAY = 0x80;
const HAS_DIMENSIONS = 0x40;

/**
 * Reads a value. Only the one form in which encoders write it is read, beside the three forms of a numeric NodeId, so that it can be made
 * again of what was read.
 * @throws OpcUaError `malformed-value`, `limit-exceeded`
 * @see OPC 10000-6 §5.2
 */
export function readValue(reader: OctetReader, type: Type): OpcUaValue {
  reader.count();
  switch (type.kind) {
    case 'scalar':
      return type.scalar.read(reader);
    case 'composite':
      return reader.nested(() => readComposite(reader, type.name));
    case 'structure':
      return reader.nested(() => readFields(reader, type));
    case 'array':
      return readArray(reader, type.of);
  }
}

function readFields(reader: OctetReader, { fields }: Extract<Type, { readonly kind: 'structure' }>): Structure {
  const value: Record<string, OpcUaValue> = {};
  for (const { name, type } of fields) value[name] = readValue(reader, type);
  return value;
}

function readArray(reader: OctetReader, of: Type): readonly OpcUaValue[] | null {
  const at = reader.offset;
  const length = reader.length();
  if (length < 0) return null;
  if (length > reader.limits.maxArrayLength) {
    throw reader.error(`an array of ${length}: at most ${reader.limits.maxArrayLength}`, at, 'limit-exceeded');
  }
  // Every value has an octet at least.
  if (length > reader.remaining) throw reader.error(`an array of ${length} in ${reader.remaining} octets`, at);
  const values: OpcUaValue[] = [];
  for (let i = 0; i < length; i++) values.push(readValue(reader, of));
  return values;
}

function readComposite(reader: OctetReader, name: CompositeName): OpcUaValue {
  switch (name) {
    case 'LocalizedText':
      return readLocalizedText(reader);
    case 'ExtensionObject':
      return readExtensionObject(reader);
    case 'DataValue':
      return readDataValue(reader);
    case 'Variant':
      return readVariant(reader);
    case 'DiagnosticInfo':
      return readDiagnosticInfo(reader);
  }
}

function readMask(reader: OctetReader, known: number, what: string): number {
  const at = reader.offset;
  const mask = reader.unsigned(1);
  if ((mask & ~known) !== 0) throw reader.error(`${what} with reserved bits: ${mask}`, at);
  return mask;
}

function readText(reader: OctetReader) {
  const length = reader.length();
  return length < 0 ? null : textOf(reader.bytes(length));
}

function readLocalizedText(reader: OctetReader): LocalizedText {
  const mask = readMask(reader, 0x03, 'a LocalizedText');
  return {
    ...(mask & 0x01 ? { locale: readText(reader) } : {}),
    ...(mask & 0x02 ? { text: readText(reader) } : {}),
  };
}

function readExtensionObject(reader: OctetReader): ExtensionObject {
  const typeId = readNodeId(reader);
  const at = reader.offset;
  const encoding = reader.unsigned(1);
  if (encoding === 0) return { typeId, body: { kind: 'none' } };
  if (encoding === 2) return { typeId, body: { kind: 'xml', text: readText(reader) } };
  if (encoding !== 1) throw reader.error(`an ExtensionObject with encoding ${encoding}`, at);
  const length = reader.length();
  if (length < 0) return { typeId, body: { kind: 'octets', octets: null } };
  const isNumbered = typeId.kind === 'numeric' && typeId.namespace === 0;
  const type = isNumbered ? typeByEncoding(typeId.value) : undefined;
  const value = type && reader.within(length, () => readValue(reader, type) as Structure);
  if (type && value) return { typeId, body: { kind: 'structure', name: type.name, value } };
  return { typeId, body: { kind: 'octets', octets: reader.bytes(length) } };
}

function readDataValue(reader: OctetReader): DataValue {
  const mask = readMask(reader, 0x3f, 'a DataValue');
  return {
    ...(mask & 0x01 ? { value: reader.nested(() => readVariant(reader)) } : {}),
    ...(mask & 0x02 ? { status: reader.unsigned(4) } : {}),
    ...(mask & 0x04 ? { sourceTimestamp: reader.signed64() } : {}),
    ...(mask & 0x10 ? { sourcePicoseconds: reader.unsigned(2) } : {}),
    ...(mask & 0x08 ? { serverTimestamp: reader.signed64() } : {}),
    ...(mask & 0x20 ? { serverPicoseconds: reader.unsigned(2) } : {}),
  };
}

function readVariant(reader: OctetReader): Variant {
  const at = reader.offset;
  const octet = reader.unsigned(1);
  const id = octet & 0x3f;
  const isArray = (octet & IS_ARRAY) !== 0;
  const hasDimensions = (octet & HAS_DIMENSIONS) !== 0;
  if (id === 0) {
    if (octet !== 0) throw reader.error('an array of nothing', at);
    return { type: 0, isArray: false, value: null };
  }
  const type = builtInType(id);
  if (!type) throw reader.error(`a Variant of type ${id}: ${BUILT_IN_TYPES.length - 1} is the last`, at);
  if (!isArray) {
    if (hasDimensions) throw reader.error('a Variant that has dimensions and is no array', at);
    return { type: id, isArray, value: readValue(reader, type) };
  }
  const value = readArray(reader, type);
  if (!hasDimensions) return { type: id, isArray, value };
  const dimensions = readArray(reader, builtInType(6) as Type) as readonly number[] | null;
  return { type: id, isArray, value, dimensions };
}

function readDiagnosticInfo(reader: OctetReader): DiagnosticInfo {
  const mask = readMask(reader, 0x7f, 'a DiagnosticInfo');
  return {
    ...(mask & 0x01 ? { symbolicId: reader.signed(4) } : {}),
    ...(mask & 0x02 ? { namespaceUri: reader.signed(4) } : {}),
    ...(mask & 0x08 ? { locale: reader.signed(4) } : {}),
    ...(mask & 0x04 ? { localizedText: reader.signed(4) } : {}),
    ...(mask & 0x10 ? { additionalInfo: readText(reader) } : {}),
    ...(mask & 0x20 ? { innerStatusCode: reader.unsigned(4) } : {}),
    ...(mask & 0x40 ? { innerDiagnosticInfo: reader.nested(() => readDiagnosticInfo(reader)) } : {}),
  };
}
