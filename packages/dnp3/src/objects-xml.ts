import { type AttributeInput, type Element, xml } from '@thingward/xml';
import { Dnp3Error } from './error.ts';
import { type ItemDraft, type ObjectItem, stateAttribute, stateFromAttribute } from './fields.ts';
import { codeOf, type Names, nameOf } from './names.ts';
import { layoutOf, type ObjectHeader, PREFIXES, type PrefixCode, RANGES, type RangeCode } from './object-header.ts';
import { type Layout, type ObjectType, objectType } from './objects.ts';
import { asciiOctets, formatHex, printableText } from './octets.ts';
import { hexContent, integerAttribute, optionalInteger, xmlError } from './xml-attributes.ts';

const OCTET_STRING = 'octetString';
const MAX_32 = 0xffff_ffff;

/** Data types of device attributes. @see IEEE 1815-2012 A.1.1 */
const DATA_TYPES: Names = {
  1: 'visible-string',
  2: 'unsigned',
  3: 'signed',
  4: 'float',
  5: 'octet-string',
  6: 'bit-string',
  7: 'time',
  254: 'list',
  255: 'extended-list',
};

/** Objects of a fragment with this function, as XML. */
export function objectsToXml(header: ObjectHeader, functionCode: number): Element {
  const { group, variation, prefix, range, start, stop, count, items, padding } = header;
  const type = objectType(group, variation);
  const layout = layoutOf(header, functionCode);
  return xml(
    'objects',
    {
      group,
      variation,
      name: type?.name,
      range,
      prefix: prefix === 'none' ? undefined : prefix,
      start,
      stop,
      count: count === items.length ? undefined : count,
      padding: padding || undefined,
    },
    items.map((item) => itemToXml(item, layout, type)),
  );
}

function itemToXml(item: ObjectItem, layout: Layout, type: ObjectType | undefined): Element {
  const { index, octets, dataType } = item;
  if (octets) {
    const text = type?.element === OCTET_STRING || dataType === 1 ? printableText(octets) : undefined;
    const name = dataType !== undefined ? 'attribute' : type?.element === OCTET_STRING ? OCTET_STRING : 'opaque';
    const described = dataType === undefined ? {} : { dataType: nameOf(DATA_TYPES, dataType) };
    return xml(name, { index, ...described, text }, text === undefined ? formatHex(octets) : undefined);
  }
  if (!type || layout.kind === 'none') return xml('point', { index });
  if (layout.kind === 'bits') return xml(type.element, { index, ...stateOrOctet(item.value ?? 0, layout.width) });
  const attributes: AttributeInput = { index };
  const fields = layout.kind === 'fields' ? layout.fields : [];
  return xml(type.element, Object.assign(attributes, ...fields.map((field) => field.toAttributes(item))));
}

/** A packed state; with an index in front it takes an octet of its own, which may hold anything. */
function stateOrOctet(value: number, width: 1 | 2): AttributeInput {
  return value < 1 << width ? stateAttribute(value, width) : { octet: value };
}

/** @throws Dnp3Error `malformed-xml` */
export function objectsFromXml(element: Element, functionCode: number): ObjectHeader {
  const group = integerAttribute(element, 'group', 0, 255);
  const variation = integerAttribute(element, 'variation', 0, 255);
  const range = RANGES.find((code): code is RangeCode => code !== undefined && code === element.attribute('range'));
  if (!range) throw xmlError(element, 'range', `one of ${RANGES.filter((code) => code).join(', ')}`);
  const prefix = PREFIXES.find((code): code is PrefixCode => code === (element.attribute('prefix') ?? 'none'));
  if (!prefix) throw xmlError(element, 'prefix', `one of ${PREFIXES.join(', ')}`);
  const isCounted = range.startsWith('count-') || range === 'variable';
  const isRanged = !isCounted && range !== 'all';
  const start = isRanged ? integerAttribute(element, 'start', 0, MAX_32) : undefined;
  const stop = isRanged ? integerAttribute(element, 'stop', 0, MAX_32) : undefined;
  const layout = layoutOf({ group, variation, prefix }, functionCode);
  const type = objectType(group, variation);
  const items = element.elements.map((child, i) => {
    const item = itemFromXml(child, layout, type, start === undefined ? undefined : start + i);
    if (prefix !== 'none' || item.index === undefined || item.index === (start ?? Number.NaN) + i) return item;
    const place = start === undefined ? 'the objects have none' : `by the range it is ${start + i}`;
    throw new Dnp3Error('malformed-xml', `<${child.name}> has the index ${item.index}: ${place}`);
  });
  const padding = optionalInteger(element, 'padding', 0, 0x7f) ?? 0;
  return {
    group,
    variation,
    prefix,
    range,
    ...(isRanged ? { start, stop } : {}),
    ...(isCounted ? { count: optionalInteger(element, 'count', 0, MAX_32) ?? items.length } : {}),
    items,
    ...(padding === 0 ? {} : { padding }),
  };
}

/** @param expected the index it has by its place in the range */
function itemFromXml(
  element: Element,
  layout: Layout,
  type: ObjectType | undefined,
  expected: number | undefined,
): ObjectItem {
  const index = optionalInteger(element, 'index', 0, MAX_32) ?? expected;
  const item: ItemDraft = index === undefined ? {} : { index };
  switch (element.name) {
    case 'point':
      return item;
    case 'opaque':
      item.octets = hexContent(element);
      return item;
    case OCTET_STRING:
      item.octets = octetsFromXml(element);
      return item;
    case 'attribute':
      item.dataType = codeOf(DATA_TYPES, element.attribute('dataType') ?? '', 255);
      if (item.dataType === undefined) throw xmlError(element, 'dataType', 'the name of a data type, or its number');
      item.octets = octetsFromXml(element);
      return item;
  }
  if (!type || element.name !== type.element) {
    const objects = type
      ? `objects ${type.group}, ${type.variation} are <${type.element}>`
      : 'objects that are not known';
    throw new Dnp3Error('malformed-xml', `<${element.name}> where ${objects}`);
  }
  if (layout.kind === 'bits') {
    item.value = optionalInteger(element, 'octet', 0, 255) ?? stateFromAttribute(element, layout.width);
  } else if (layout.kind === 'fields') {
    for (const field of layout.fields) field.fromAttributes(element, item);
  }
  return item;
}

function octetsFromXml(element: Element): Uint8Array {
  const text = element.attribute('text');
  if (text === undefined) return hexContent(element);
  const octets = asciiOctets(text);
  if (!octets) throw xmlError(element, 'text', 'ASCII characters; others go into the content, in hexadecimal');
  return octets;
}
