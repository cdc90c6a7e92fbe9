import { type Element, xml } from '@thingward/xml';
import type { NodeReference } from '../thing/node.ts';
import { nodeKey } from '../thing/node.ts';
import {
  booleanAttribute,
  dateTimeAttribute,
  decodeNode,
  flagAttribute,
  optionalOutgoingText,
  outgoingDateTime,
  outgoingNode,
  outgoingText,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import { isDuration } from '../thing/xml-schema-values.ts';
import { FIELD_TYPES, type Field, type FieldType, type FieldValue, QOS_FLAGS, type QosFlag } from './field.ts';
import { incomingValue, outgoingValue } from './field-value.ts';
import { parseStringIds } from './localization.ts';

/**
 * Fields as the `<node/>` children of a `<fields/>`: fields that follow each other and share node and timestamp share elements, and
 * the order is kept. The JID itself is the node with an empty nodeId, since the schema requires the attribute.
 * @throws PayloadError for a field that can't be written
 * @see XEP-0323 §3.1
 */
export function encodeFieldNodes(fields: readonly Field[]): Element[] {
  return runs(fields, (field) => nodeKey(field.node)).map((ofNode) => {
    const { node } = ofNode[0] as Field;
    const timestamps = runs(ofNode, (field) => String(field.timestamp.getTime()));
    return xml(
      'node',
      requiredNode(node, 'node'),
      timestamps.map((atOnce) => {
        const value = outgoingDateTime((atOnce[0] as Field).timestamp, 'timestamp/@value');
        return xml('timestamp', { value }, atOnce.map(encodeField));
      }),
    );
  });
}

/** Splits into runs of items with the same key. */
export function runs<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const all: T[][] = [];
  let lastKey: string | undefined;
  for (const item of items) {
    const key = keyOf(item);
    if (key === lastKey) all.at(-1)?.push(item);
    else all.push([item]);
    lastKey = key;
  }
  return all;
}

function encodeField(field: Field): Element {
  const path = `${field.value.type}[@name=${JSON.stringify(field.name)}]`;
  if (field.stringIds !== undefined) parseStringIds(field.stringIds, `${path}/@stringIds`);
  return xml(field.value.type, {
    name: outgoingText(field.name, `${path}/@name`),
    ...flags(FIELD_TYPES, field.types),
    ...flags(QOS_FLAGS, field.qos),
    writable: field.writable,
    ...encodeValue(field.value, path),
    module: optionalOutgoingText(field.module, `${path}/@module`),
    stringIds: optionalOutgoingText(field.stringIds, `${path}/@stringIds`),
  });
}

/** The members of a set as attributes, in the order of the specification. */
export function flags<T extends string>(declared: readonly T[], members: readonly T[]): Record<string, true> {
  return Object.fromEntries(declared.filter((name) => members.includes(name)).map((name) => [name, true]));
}

function encodeValue(value: FieldValue, path: string): Record<string, string> {
  return {
    value: outgoingValue(value, `${path}/@value`),
    ...(value.type === 'numeric' ? { unit: outgoingText(value.unit, `${path}/@unit`) } : {}),
    ...(value.type === 'enum' ? { dataType: outgoingText(value.dataType, `${path}/@dataType`) } : {}),
  };
}

/**
 * The fields of the `<node/>` children of a `<fields/>`. Elements it does not know are passed over.
 * @param defaultZone where timestamps without a time zone are from; local time when not given
 * @throws PayloadError
 */
export function decodeFieldNodes(parent: Element, defaultZone?: string): Field[] {
  const fields: Field[] = [];
  for (const [n, nodeElement] of parent.childrenNamed('node').entries()) {
    const nodePath = `${parent.name}/node[${n + 1}]`;
    const node = decodeNode(nodeElement, nodePath);
    for (const [t, timestampElement] of nodeElement.childrenNamed('timestamp').entries()) {
      const path = `${nodePath}/timestamp[${t + 1}]`;
      const text = requiredAttribute(timestampElement, 'value', path);
      const timestamp = dateTimeAttribute(timestampElement, 'value', path, defaultZone);
      for (const [f, element] of timestampElement.elements.entries()) {
        if (element.namespace !== parent.namespace) continue;
        const decoded = decodeField(element, `${path}/${element.name}[${f + 1}]`);
        if (decoded) fields.push({ node, ...decoded, timestamp: valid(timestamp, path, 'a timestamp', text) });
      }
    }
  }
  return fields;
}

function decodeField(element: Element, path: string): Omit<Field, 'node' | 'timestamp'> | undefined {
  const value = decodeValue(element, path);
  if (value === undefined) return undefined;
  const writable = booleanAttribute(element, 'writable', path);
  const module = element.attribute('module');
  const stringIds = element.attribute('stringIds');
  if (stringIds !== undefined) parseStringIds(stringIds, `${path}/@stringIds`);
  return {
    name: requiredAttribute(element, 'name', path),
    value,
    types: decodeFieldTypes(element, path),
    qos: QOS_FLAGS.filter((flag): flag is QosFlag => flagAttribute(element, flag, path)),
    ...(writable === undefined ? {} : { writable }),
    ...(module === undefined ? {} : { module }),
    ...(stringIds === undefined ? {} : { stringIds }),
  };
}

/** The field types that are set. `identification`, as an example of XEP-0323 §3.4 spells it, is `identity`. */
export function decodeFieldTypes(element: Element, path: string): FieldType[] {
  return FIELD_TYPES.filter(
    (type) =>
      flagAttribute(element, type, path) || (type === 'identity' && flagAttribute(element, 'identification', path)),
  );
}

const VALUE_TYPES: ReadonlySet<string> = new Set<FieldValue['type']>([
  'boolean',
  'date',
  'dateTime',
  'duration',
  'enum',
  'int',
  'long',
  'numeric',
  'string',
  'time',
]);

/** Undefined for an element that is no field. */
function decodeValue(element: Element, path: string): FieldValue | undefined {
  const text = () => requiredAttribute(element, 'value', path);
  if (element.name === 'timeSpan') {
    // The name of a duration until version 0.3 of XEP-0323, which some implementations still have.
    const duration = text().trim();
    return isDuration(duration) ? { type: 'duration', value: duration } : undefined;
  }
  if (!VALUE_TYPES.has(element.name)) return undefined;
  return incomingValue(element.name as FieldValue['type'], text(), `${path}/@value`, {
    unit: element.attribute('unit'),
    dataType: () => requiredAttribute(element, 'dataType', path),
  });
}

/** The node of an error or field on the wire: the JID itself has an empty nodeId. */
export function requiredNode(node: NodeReference | undefined, path: string): Record<string, string | undefined> {
  return node ? outgoingNode(node, path) : { nodeId: '' };
}
