import { type Element, xml } from '@thingward/xml';
import { decodeHarmonizedNode, outgoingHarmonizedNode } from '../thing/harmonized-payload.ts';
import { nodeKey } from '../thing/node.ts';
import {
  booleanAttribute,
  dateTimeAttribute,
  flagAttribute,
  optionalOutgoingText,
  outgoingDateTime,
  outgoingText,
  PayloadError,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import type { NodeFailure } from './codec.ts';
import { FIELD_TYPES, type Field, type FieldType, type FieldValue, QOS_FLAGS, type QosFlag } from './field.ts';
import { runs } from './field-codec.ts';
import { incomingValue, outgoingValue } from './field-value.ts';
import { parseStringIds } from './localization.ts';

/** The kinds of fields that have an attribute of their own. The periods of historical ones are all `h`. */
const CATEGORIES = {
  momentary: 'm',
  peak: 'p',
  status: 's',
  computed: 'c',
  identity: 'i',
} as const satisfies Partial<Record<FieldType, string>>;

const QOS_ATTRIBUTES: Readonly<Record<QosFlag, string>> = {
  missing: 'ms',
  inProgress: 'pr',
  automaticEstimate: 'ae',
  manualEstimate: 'me',
  manualReadout: 'mr',
  automaticReadout: 'ar',
  timeOffset: 'of',
  warning: 'w',
  error: 'er',
  signed: 'so',
  invoiced: 'iv',
  endOfSeries: 'eos',
  powerFailure: 'pf',
  invoiceConfirmed: 'ic',
};

const ELEMENTS: Readonly<Record<FieldValue['type'], string>> = {
  boolean: 'b',
  date: 'd',
  dateTime: 'dt',
  duration: 'dr',
  enum: 'e',
  int: 'i',
  long: 'l',
  numeric: 'q',
  string: 's',
  time: 't',
};

const TYPE_OF_ELEMENT: ReadonlyMap<string, FieldValue['type']> = new Map(
  Object.entries(ELEMENTS).map(([type, name]) => [name, type as FieldValue['type']]),
);

/** Has a kind of field a period? Which one, these dialects can't tell. */
function isHistorical(type: FieldType): boolean {
  return type.startsWith('historical');
}

/** The kinds of fields as attributes; all of them as `all` where that may stand. */
export function encodeCategories(types: readonly FieldType[]): Record<string, true> {
  const single = Object.entries(CATEGORIES).filter(([type]) => types.includes(type as FieldType));
  return {
    ...Object.fromEntries(single.map(([, name]) => [name, true])),
    ...(types.some(isHistorical) ? { h: true } : {}),
  };
}

/** What is asked for with `h` are all periods. @throws PayloadError */
export function decodeWantedCategories(element: Element): readonly FieldType[] {
  const path = element.name;
  if (flagAttribute(element, 'all', path)) return FIELD_TYPES;
  const h = flagAttribute(element, 'h', path);
  return FIELD_TYPES.filter((type) => (isHistorical(type) ? h : hasCategory(element, type, path)));
}

/** What is known of a field with `h` is that it is of some other period than none. */
function decodeFieldCategories(element: Element, path: string): FieldType[] {
  const all = flagAttribute(element, 'all', path);
  const h = all || flagAttribute(element, 'h', path);
  return FIELD_TYPES.filter((type) =>
    isHistorical(type) ? h && type === 'historicalOther' : all || hasCategory(element, type, path),
  );
}

function hasCategory(element: Element, type: FieldType, path: string): boolean {
  const name: string | undefined = (CATEGORIES as Partial<Record<FieldType, string>>)[type];
  return name !== undefined && flagAttribute(element, name, path);
}

/** What a `<resp/>` tells of one node at one time. */
type Item = { readonly node?: Field['node']; readonly timestamp: Date };

/**
 * Fields, or failures of nodes, as the children of a `<resp/>`: those that follow each other and share node and timestamp share
 * elements, and the order is kept. What is of the JID itself stands without a node, but among others in one without a name.
 * @throws PayloadError for what can't be written
 */
export function encodeResponseContent<T extends Item>(items: readonly T[], encode: (item: T) => Element): Element[] {
  const namesNodes = items.some(({ node }) => node !== undefined);
  return runs(items, ({ node }) => nodeKey(node)).flatMap((ofNode) => {
    const { node } = ofNode[0] as T;
    const timestamps = runs(ofNode, ({ timestamp }) => String(timestamp.getTime())).map((atOnce) =>
      xml('ts', { v: outgoingDateTime((atOnce[0] as T).timestamp, 'ts/@v') }, atOnce.map(encode)),
    );
    if (!namesNodes) return timestamps;
    return [xml('nd', node ? outgoingHarmonizedNode(node, 'nd') : { id: '' }, timestamps)];
  });
}

/** @throws PayloadError for a field that can't be written */
export function encodeHarmonizedField(field: Field): Element {
  const { value } = field;
  const name = ELEMENTS[value.type];
  const path = `${name}[@n=${JSON.stringify(field.name)}]`;
  if (field.stringIds !== undefined) parseStringIds(field.stringIds, `${path}/@loc`);
  const qos = QOS_FLAGS.filter((flag) => field.qos.includes(flag)).map((flag) => [QOS_ATTRIBUTES[flag], true]);
  return xml(name, {
    n: outgoingText(field.name, `${path}/@n`),
    lns: optionalOutgoingText(field.module, `${path}/@lns`),
    loc: optionalOutgoingText(field.stringIds, `${path}/@loc`),
    ctr: field.writable,
    ...encodeCategories(field.types),
    ...Object.fromEntries(qos),
    v: outgoingValue(value, `${path}/@v`),
    u: value.type === 'numeric' ? outgoingText(value.unit, `${path}/@u`) : undefined,
    t: value.type === 'enum' ? outgoingText(value.dataType, `${path}/@t`) : undefined,
  });
}

/** @throws PayloadError */
export function encodeHarmonizedError({ message }: NodeFailure): Element {
  return xml('err', {}, outgoingText(message, 'err'));
}

/**
 * The fields and failures in a `<resp/>`, in or outside of nodes. Elements it does not know are passed over.
 * @param defaultZone where timestamps without a time zone are from; local time when not given
 * @throws PayloadError
 */
export function decodeResponseContent(
  response: Element,
  defaultZone?: string,
): { readonly fields: readonly Field[]; readonly errors: readonly NodeFailure[] } {
  const fields: Field[] = [];
  const errors: NodeFailure[] = [];
  const readTimestamps = (parent: Element, path: string, node: Field['node']) => {
    for (const [t, element] of parent.childrenNamed('ts').entries()) {
      const at = `${path}/ts[${t + 1}]`;
      const text = requiredAttribute(element, 'v', at);
      const timestamp = valid(dateTimeAttribute(element, 'v', at, defaultZone), at, 'a timestamp', text);
      for (const [i, child] of element.elements.entries()) {
        if (child.namespace !== response.namespace) continue;
        if (child.name === 'err') errors.push({ node, timestamp, message: child.text });
        const field = decodeField(child, `${at}/${child.name}[${i + 1}]`);
        if (field) fields.push({ node, ...field, timestamp });
      }
    }
  };
  readTimestamps(response, response.name, undefined);
  for (const [n, element] of response.childrenNamed('nd').entries()) {
    const path = `${response.name}/nd[${n + 1}]`;
    readTimestamps(element, path, decodeHarmonizedNode(element, path));
  }
  return { fields, errors };
}

function decodeField(element: Element, path: string): Omit<Field, 'node' | 'timestamp'> | undefined {
  const type = TYPE_OF_ELEMENT.get(element.name);
  if (type === undefined) return undefined;
  const value = incomingValue(type, requiredAttribute(element, 'v', path), `${path}/@v`, {
    unit: element.attribute('u'),
    dataType: () => requiredAttribute(element, 't', path),
  });
  const writable = booleanAttribute(element, 'ctr', path);
  const module = element.attribute('lns');
  const stringIds = knownStringIds(element.attribute('loc'));
  return {
    name: requiredAttribute(element, 'n', path),
    value,
    types: decodeFieldCategories(element, path),
    qos: QOS_FLAGS.filter((flag) => flagAttribute(element, QOS_ATTRIBUTES[flag], path)),
    ...(writable === undefined ? {} : { writable }),
    ...(module === undefined ? {} : { module }),
    ...(stringIds === undefined ? {} : { stringIds }),
  };
}

/** Namespaces of strings may have any name here, which modules of XEP-0323 may not: without them the name itself is shown. */
function knownStringIds(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    parseStringIds(text);
    return text;
  } catch (error) {
    if (error instanceof PayloadError) return undefined;
    throw error;
  }
}
