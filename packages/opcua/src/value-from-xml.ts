import type { Element } from '@thingward/xml';
import { elementName } from './element-name.ts';
import { type ElementPath, ElementReader, malformedXml, parseScalar } from './element-reader.ts';
import { type NodeId, NULL_NODE_ID } from './node-id.ts';
import { type AnyScalar, SCALARS } from './scalars.ts';
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

type StructureType = Extract<Type, { readonly kind: 'structure' }>;
type ItemType = Exclude<Type, { readonly kind: 'array' }>;

const BUILT_IN_TYPE_NAMES: readonly string[] = BUILT_IN_TYPES;

/** What is meant where there is no element. */
const NOTHING: Readonly<Record<CompositeName, OpcUaValue>> = {
  LocalizedText: {},
  ExtensionObject: { typeId: NULL_NODE_ID, body: { kind: 'none' } },
  DataValue: {},
  Variant: { type: 0, isArray: false, value: null },
  DiagnosticInfo: {},
};

/** What `structureToXml` has written. Strict: what is not in the structure is refused. @throws OpcUaError `malformed-xml` */
export function structureFromXml(element: Element, type: StructureType, path: ElementPath): Structure {
  const reader = new ElementReader(element, path);
  const value: Record<string, OpcUaValue> = {};
  for (const field of type.fields) {
    if (field.type.kind === 'scalar') {
      value[field.name] = reader.scalar(field.name, field.type.scalar) as OpcUaValue;
      continue;
    }
    const child = reader.nextNamed(field.name);
    value[field.name] = child
      ? valueFromXml(child, field.type, `${path}/${field.name}`)
      : nothing(field.type, `${path}/${field.name}`);
  }
  reader.end();
  return value;
}

function nothing(type: Type, path: ElementPath): OpcUaValue {
  if (type.kind === 'array') return null;
  if (type.kind === 'composite') return NOTHING[type.name];
  throw malformedXml(path, 'is missing');
}

function valueFromXml(element: Element, type: Type, path: ElementPath): OpcUaValue {
  if (type.kind === 'structure') return structureFromXml(element, type, path);
  const reader = new ElementReader(element, path);
  const value =
    type.kind === 'scalar'
      ? (reader.scalar('value', type.scalar) as OpcUaValue)
      : type.kind === 'array'
        ? itemsFromXml(reader, type.of)
        : compositeFromXml(reader, type.name);
  reader.end();
  return value;
}

function itemsFromXml(reader: ElementReader, of: ItemType): readonly OpcUaValue[] {
  if (of.kind === 'scalar' && of.scalar.isListed) return listFrom(reader.content(), of.scalar, reader.path);
  const values: OpcUaValue[] = [];
  const name = elementName(of.name);
  while (reader.hasMore) {
    const child = reader.next();
    const path = `${reader.path}/${child.name}[${values.length + 1}]`;
    if (child.name !== name) throw malformedXml(path, `expected <${name}>`);
    values.push(valueFromXml(child, of, path));
  }
  return values;
}

function listFrom(text: string, scalar: AnyScalar, path: ElementPath): readonly OpcUaValue[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  return trimmed.split(/[ \t\r\n]+/).map((item) => parseScalar(scalar, item, path) as OpcUaValue);
}

function compositeFromXml(reader: ElementReader, name: CompositeName): OpcUaValue {
  switch (name) {
    case 'LocalizedText':
      return localizedTextFrom(reader);
    case 'ExtensionObject':
      return extensionObjectFrom(reader);
    case 'DataValue':
      return dataValueFrom(reader);
    case 'Variant':
      return variantFrom(reader);
    case 'DiagnosticInfo':
      return diagnosticInfoFrom(reader);
  }
}

function localizedTextFrom(reader: ElementReader): LocalizedText {
  return defined({ locale: reader.nullable('locale'), text: reader.nullable('text') });
}

function extensionObjectFrom(reader: ElementReader): ExtensionObject {
  const typeId = reader.optional<NodeId>('typeId', 'NodeId') ?? NULL_NODE_ID;
  const encoding = reader.text('encoding');
  if (encoding === 'binary') {
    const octets = reader.optional<Uint8Array>('octets', 'ByteString') ?? null;
    return { typeId, body: { kind: 'octets', octets } };
  }
  if (encoding === 'xml')
    return { typeId, body: { kind: 'xml', text: reader.optional<string>('xml', 'String') ?? null } };
  if (encoding !== undefined) throw malformedXml(`${reader.path}/@encoding`, 'is binary or xml');
  if (!reader.hasMore) return { typeId, body: { kind: 'none' } };
  const child = reader.next();
  const isNumbered = typeId.kind === 'numeric' && typeId.namespace === 0;
  const type = isNumbered ? typeByEncoding(typeId.value) : undefined;
  if (!type || child.name !== elementName(type.name)) {
    throw malformedXml(`${reader.path}/${child.name}`, 'is not what its typeId stands for');
  }
  const value = structureFromXml(child, type, `${reader.path}/${child.name}`);
  return { typeId, body: { kind: 'structure', name: type.name, value } };
}

function dataValueFrom(reader: ElementReader): DataValue {
  const child = reader.nextNamed('value');
  return defined({
    value: child && (valueFromXml(child, { kind: 'composite', name: 'Variant' }, `${reader.path}/value`) as Variant),
    status: reader.optional<number>('status', 'StatusCode'),
    sourceTimestamp: reader.optional<bigint>('sourceTimestamp', 'DateTime'),
    sourcePicoseconds: reader.optional<number>('sourcePicoseconds', 'UInt16'),
    serverTimestamp: reader.optional<bigint>('serverTimestamp', 'DateTime'),
    serverPicoseconds: reader.optional<number>('serverPicoseconds', 'UInt16'),
  });
}

function variantFrom(reader: ElementReader): Variant {
  const name = reader.text('type');
  if (name === undefined) return { type: 0, isArray: false, value: null };
  const id = BUILT_IN_TYPE_NAMES.indexOf(name);
  const type = builtInType(id);
  if (!type || type.kind === 'array')
    throw malformedXml(`${reader.path}/@type`, `expected one of ${BUILT_IN_TYPES.slice(1).join(', ')}`);
  const array = reader.text('array');
  if (array === undefined) return { type: id, isArray: false, value: scalarOf(reader, type) };
  if (array !== 'true' && array !== 'null') throw malformedXml(`${reader.path}/@array`, 'is true or null');
  const value = array === 'null' ? null : itemsFromXml(reader, type);
  const written = reader.text('dimensions');
  if (written === undefined) return { type: id, isArray: true, value };
  const int32 = SCALARS.get('Int32') as AnyScalar;
  const dimensions =
    written === 'null' ? null : (listFrom(written, int32, `${reader.path}/@dimensions`) as readonly number[]);
  return { type: id, isArray: true, value, dimensions };
}

function scalarOf(reader: ElementReader, type: ItemType): OpcUaValue {
  if (type.kind === 'scalar') return reader.scalar('value', type.scalar) as OpcUaValue;
  const child = reader.next();
  if (child.name !== elementName(type.name))
    throw malformedXml(`${reader.path}/${child.name}`, `expected <${elementName(type.name)}>`);
  return valueFromXml(child, type, `${reader.path}/${child.name}`);
}

function diagnosticInfoFrom(reader: ElementReader): DiagnosticInfo {
  const child = reader.nextNamed('innerDiagnosticInfo');
  const path = `${reader.path}/innerDiagnosticInfo`;
  return defined({
    symbolicId: reader.optional<number>('symbolicId', 'Int32'),
    namespaceUri: reader.optional<number>('namespaceUri', 'Int32'),
    locale: reader.optional<number>('locale', 'Int32'),
    localizedText: reader.optional<number>('localizedText', 'Int32'),
    additionalInfo: reader.nullable('additionalInfo'),
    innerStatusCode: reader.optional<number>('innerStatusCode', 'StatusCode'),
    innerDiagnosticInfo:
      child && (valueFromXml(child, { kind: 'composite', name: 'DiagnosticInfo' }, path) as DiagnosticInfo),
  });
}

/** Only the parts that are there. */
function defined<Parts extends object>(parts: Parts): { [Name in keyof Parts]?: Exclude<Parts[Name], undefined> } {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)) as {
    [Name in keyof Parts]?: Exclude<Parts[Name], undefined>;
  };
}
