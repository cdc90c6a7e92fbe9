import {
  BUILT_IN_TYPES,
  type DataValue,
  type ExpandedNodeId,
  type ExtensionObject,
  type FloatValue,
  formatDateTime,
  formatFloat,
  formatNodeId,
  formatQualifiedName,
  formatStatusCode,
  formatText,
  type LocalizedText,
  nodeName,
  type OpcUaText,
  type OpcUaValue,
  type QualifiedName,
  type Variant,
} from '@thingward/opcua';
import { decimalsAround } from '../decimal.ts';
import type { OperationFacts } from '../operation.ts';

/** A value as policies see it. */
export type SeenValue = Pick<OperationFacts, 'number' | 'text'>;

const NOTHING: readonly SeenValue[] = [{}];

/**
 * Everything that is in a value, each once: all elements of arrays, and what is inside variants and data values. What is a number or a
 * Boolean has a number; structures have none, but the name of their type.
 */
export function seenValues(variant: Variant): readonly SeenValue[] {
  const found = new Map<string, SeenValue>();
  collect(variant, found);
  return found.size === 0 ? NOTHING : [...found.values()];
}

/** What a data value gives: its value, or what is left of it without one. */
export function seenInData({ value, status }: DataValue): readonly SeenValue[] {
  if (value) return seenValues(value);
  return status === undefined ? NOTHING : [{ text: `status ${formatStatusCode(status)}` }];
}

/** Types of what is carried somewhere in a value without being understood. */
export function opaqueTypes(value: OpcUaValue): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (one: unknown): void => {
    if (typeof one !== 'object' || one === null || one instanceof Uint8Array) return;
    if (Array.isArray(one)) {
      for (const item of one) visit(item);
      return;
    }
    if (isExtensionObject(one) && isOpaque(one)) found.add(nodeName(one.typeId));
    for (const part of Object.values(one)) visit(part);
  };
  visit(value);
  return found;
}

function isExtensionObject(value: object): value is ExtensionObject {
  return 'typeId' in value && 'body' in value;
}

function isOpaque({ body }: ExtensionObject): boolean {
  return (body.kind === 'octets' && body.octets !== null) || (body.kind === 'xml' && body.text !== null);
}

function collect({ type, isArray, value }: Variant, found: Map<string, SeenValue>): void {
  if (type === 0 || (isArray && value === null)) return;
  for (const one of isArray ? (value as readonly OpcUaValue[]) : [value]) {
    if (BUILT_IN_TYPES[type] === 'Variant') {
      collect(one as Variant, found);
      continue;
    }
    const seen =
      BUILT_IN_TYPES[type] === 'DataValue' ? seenInData(one as DataValue) : seenScalar(type, one as OpcUaValue);
    for (const each of seen) found.set(`${each.number ?? ''}\n${each.text ?? ''}`, each);
  }
}

function seenScalar(type: number, value: OpcUaValue): readonly SeenValue[] {
  switch (BUILT_IN_TYPES[type]) {
    case 'Boolean':
      return [{ number: decimalsAround(value === true ? '1' : '0')[0], text: String(value) }];
    case 'SByte':
    case 'Byte':
    case 'Int16':
    case 'UInt16':
    case 'Int32':
    case 'UInt32':
    case 'Int64':
    case 'UInt64':
      return numbered(String(value), String(value));
    case 'Float':
      return numbered(floatText(value as FloatValue), formatFloat(value as FloatValue, 4));
    case 'Double':
      return numbered(floatText(value as FloatValue), formatFloat(value as FloatValue, 8));
    default:
      return [{ text: textOf(type, value) }];
  }
}

/** The number itself, not the shortest text that is rounded to it. */
function floatText(value: FloatValue): string {
  if (typeof value !== 'number' || Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? 'INF' : '-INF';
}

/** What is no number has none that could be judged. */
function numbered(exact: string, text: string): readonly SeenValue[] {
  const numbers = decimalsAround(exact);
  return numbers.length === 0 ? [{ text }] : numbers.map((number) => ({ number, text }));
}

function textOf(type: number, value: OpcUaValue): string | undefined {
  switch (BUILT_IN_TYPES[type]) {
    case 'String':
    case 'XmlElement':
      return value === null ? undefined : formatText(value as OpcUaText);
    case 'DateTime':
      return formatDateTime(value as bigint);
    case 'Guid':
      return value as string;
    case 'ByteString':
      return value === null ? undefined : Buffer.from(value as Uint8Array).toString('base64');
    case 'NodeId':
    case 'ExpandedNodeId':
      return nodeName(value as ExpandedNodeId);
    case 'StatusCode':
      return formatStatusCode(value as number);
    case 'QualifiedName':
      return formatQualifiedName(value as QualifiedName);
    case 'LocalizedText': {
      const { text } = value as LocalizedText;
      return text === undefined || text === null ? undefined : formatText(text);
    }
    case 'ExtensionObject': {
      const { typeId, body } = value as ExtensionObject;
      return body.kind === 'structure' ? body.name : formatNodeId(typeId);
    }
    default:
      return BUILT_IN_TYPES[type];
  }
}
