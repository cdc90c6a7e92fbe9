import { Dnp3Error } from './error.ts';
import type { ItemDraft, ObjectItem } from './fields.ts';
import {
  ASSIGN_CLASS,
  DISABLE_UNSOLICITED,
  ENABLE_UNSOLICITED,
  FREEZE_AT_TIME,
  FREEZE_AT_TIME_NO_RESPONSE,
  FREEZE_CLEAR,
  FREEZE_CLEAR_NO_RESPONSE,
  IMMEDIATE_FREEZE,
  IMMEDIATE_FREEZE_NO_RESPONSE,
  READ,
} from './function-codes.ts';
import { type Layout, objectType } from './objects.ts';
import { checkRange, type OctetReader, type OctetWriter } from './octets.ts';

/** Range specifier codes by their number. @see IEEE 1815-2012 §4.2.2.7.3.3 */
export const RANGES = [
  'start-stop-8',
  'start-stop-16',
  'start-stop-32',
  'address-8',
  'address-16',
  'address-32',
  'all',
  'count-8',
  'count-16',
  'count-32',
  undefined,
  'variable',
] as const;

/** Object prefix codes by their number. @see IEEE 1815-2012 §4.2.2.7.3.2 */
export const PREFIXES = ['none', 'index-8', 'index-16', 'index-32', 'size-8', 'size-16', 'size-32'] as const;

export type RangeCode = Exclude<(typeof RANGES)[number], undefined>;
export type PrefixCode = (typeof PREFIXES)[number];

/** Objects of one group and variation, or what is asked for. @see IEEE 1815-2012 §4.2.2.7 */
export interface ObjectHeader {
  readonly group: number;
  /** 0: any. */
  readonly variation: number;
  readonly prefix: PrefixCode;
  readonly range: RangeCode;
  /** With `start-stop-*` and `address-*`. */
  readonly start?: number | undefined;
  readonly stop?: number | undefined;
  /** With `count-*` and `variable`. */
  readonly count?: number | undefined;
  /** The objects. Those of a request that only names them have an index alone, and only with an index prefix. */
  readonly items: readonly ObjectItem[];
  /** The bits after the last packed one. They should be zero; kept where they are not. */
  readonly padding?: number | undefined;
}

const WITHOUT_DATA: ReadonlySet<number> = new Set([
  READ,
  IMMEDIATE_FREEZE,
  IMMEDIATE_FREEZE_NO_RESPONSE,
  FREEZE_CLEAR,
  FREEZE_CLEAR_NO_RESPONSE,
  ENABLE_UNSOLICITED,
  DISABLE_UNSOLICITED,
  ASSIGN_CLASS,
]);
const GROUP_TIME = 50;
const GROUP_AUTHENTICATION = 120;

/** Are there objects after this header, or does it only name them? */
function hasObjects(functionCode: number, group: number, prefix: PrefixCode): boolean {
  if (prefix.startsWith('size-') || group === GROUP_AUTHENTICATION) return true;
  if (functionCode === FREEZE_AT_TIME || functionCode === FREEZE_AT_TIME_NO_RESPONSE) return group === GROUP_TIME;
  return !WITHOUT_DATA.has(functionCode);
}

/** How the objects after a header are, in a fragment with this function. */
export function layoutOf(
  { group, variation, prefix }: Pick<ObjectHeader, 'group' | 'variation' | 'prefix'>,
  functionCode: number,
): Layout {
  if (!hasObjects(functionCode, group, prefix)) return { kind: 'none' };
  return objectType(group, variation)?.layout ?? { kind: 'free' };
}

/** Octets of each number in a range or prefix. */
const NUMBER_OCTETS: Readonly<Record<RangeCode | PrefixCode, number>> = {
  'start-stop-8': 1,
  'start-stop-16': 2,
  'start-stop-32': 4,
  'address-8': 1,
  'address-16': 2,
  'address-32': 4,
  all: 0,
  'count-8': 1,
  'count-16': 2,
  'count-32': 4,
  variable: 1,
  none: 0,
  'index-8': 1,
  'index-16': 2,
  'index-32': 4,
  'size-8': 1,
  'size-16': 2,
  'size-32': 4,
};

function octetsOf(code: RangeCode | PrefixCode): number {
  return NUMBER_OCTETS[code];
}

/** @throws Dnp3Error `malformed-fragment` for a header that can't be understood */
export function decodeObjectHeader(reader: OctetReader, functionCode: number): ObjectHeader {
  const group = reader.unsigned(1);
  const variation = reader.unsigned(1);
  const qualifierAt = reader.offset;
  const qualifier = reader.unsigned(1);
  const range = RANGES[qualifier & 0x0f];
  const prefix = PREFIXES[qualifier >> 4];
  if (!range || !prefix || (range === 'variable' && !prefix.startsWith('size-'))) {
    throw reader.error(`the qualifier ${qualifier.toString(16).padStart(2, '0')} is reserved`, qualifierAt);
  }
  const limits = decodeRange(reader, range);
  const header = { group, variation, prefix, range, ...limits };
  const type = objectType(group, variation);
  const layout = layoutOf(header, functionCode);
  const count = quantity(header);
  const isPrefixed = prefix !== 'none';
  if (count === undefined || (layout.kind === 'none' && !isPrefixed)) return { ...header, items: [] };
  if (layout.kind === 'free' && !prefix.startsWith('size-')) {
    const what = type ? `objects ${group}, ${variation} need a size in front of each` : unknown(group, variation);
    throw reader.error(what, qualifierAt - 2);
  }
  if (layout.kind === 'bits' && !isPrefixed) return decodeBits(reader, header, layout.width, count);
  const least = (isPrefixed ? octetsOf(prefix) : 0) + (prefix.startsWith('size-') ? 0 : sizeOf(layout));
  if (count * least > reader.remaining) {
    throw reader.error(
      `${count} objects of ${least} octets at least were announced, ${reader.remaining} octets follow`,
    );
  }
  const items: ObjectItem[] = [];
  for (let i = 0; i < count; i++) {
    const item: ItemDraft = header.start === undefined ? {} : { index: header.start + i };
    decodeObject(reader, layout, prefix, item);
    items.push(item);
  }
  return { ...header, items };
}

function unknown(group: number, variation: number): string {
  return `objects of group ${group}, variation ${variation} are not known`;
}

type Limits = Pick<ObjectHeader, 'start' | 'stop' | 'count'>;

function decodeRange(reader: OctetReader, range: RangeCode): Limits {
  if (range === 'all') return {};
  const size = octetsOf(range);
  if (range.startsWith('count-') || range === 'variable') return { count: reader.unsigned(size) };
  const at = reader.offset;
  const start = reader.unsigned(size);
  const stop = reader.unsigned(size);
  if (stop < start) throw reader.error(`a range from ${start} to ${stop}`, at);
  return { start, stop };
}

/** How many objects it is about; undefined for all. */
function quantity({ start, stop, count }: Limits): number | undefined {
  return start === undefined || stop === undefined ? count : stop - start + 1;
}

/** Octets of an object, the fewest where they vary. */
function sizeOf(layout: Layout): number {
  if (layout.kind === 'fields' || layout.kind === 'octets') return layout.size;
  return layout.kind === 'attribute' ? 2 : layout.kind === 'bits' ? 1 : 0;
}

function decodeBits(
  reader: OctetReader,
  header: Omit<ObjectHeader, 'items'>,
  width: 1 | 2,
  count: number,
): ObjectHeader {
  const bits = count * width;
  if (bits > reader.remaining * 8) {
    throw reader.error(`${count} packed objects were announced, ${reader.remaining} octets follow`);
  }
  const octets = reader.bytes(Math.ceil(bits / 8));
  const items = Array.from({ length: count }, (_, i): ObjectItem => {
    const at = i * width;
    const value = ((octets[at >> 3] as number) >> (at & 7)) & ((1 << width) - 1);
    return { ...(header.start === undefined ? {} : { index: header.start + i }), value };
  });
  const used = bits & 7;
  const padding = used === 0 ? 0 : (octets.at(-1) as number) >> used;
  return { ...header, items, ...(padding === 0 ? {} : { padding }) };
}

function decodeObject(reader: OctetReader, layout: Layout, prefix: PrefixCode, item: ItemDraft): void {
  if (prefix.startsWith('size-')) {
    const size = reader.unsigned(octetsOf(prefix));
    if (layout.kind !== 'fields' || layout.size !== size) {
      item.octets = reader.bytes(size);
      return;
    }
  } else if (prefix !== 'none') item.index = reader.unsigned(octetsOf(prefix));
  switch (layout.kind) {
    case 'fields':
      for (const field of layout.fields) field.read(reader, item);
      break;
    case 'octets':
      item.octets = reader.bytes(layout.size);
      break;
    case 'attribute':
      item.dataType = reader.unsigned(1);
      item.octets = reader.bytes(reader.unsigned(1));
      break;
    case 'bits':
      item.value = reader.unsigned(1);
      break;
  }
}

/** @throws Dnp3Error `limit-exceeded` for a header that does not fit its objects, or values that do not fit */
export function encodeObjectHeader(writer: OctetWriter, header: ObjectHeader, functionCode: number): void {
  const { group, variation, prefix, range, items, padding = 0 } = header;
  const what = `objects ${group}, ${variation}`;
  const prefixCode = PREFIXES.indexOf(prefix);
  if (range === 'variable' && !prefix.startsWith('size-')) throw misfit(`${what}: a variable range needs sizes`);
  writer.unsigned(1, group, 'a group');
  writer.unsigned(1, variation, 'a variation');
  writer.unsigned(1, (prefixCode << 4) | RANGES.indexOf(range), 'a qualifier');
  encodeRange(writer, header);
  const type = objectType(group, variation);
  const layout = layoutOf(header, functionCode);
  const count = quantity(header) ?? 0;
  const isNamedOnly = range === 'all' || (layout.kind === 'none' && prefix === 'none');
  if (isNamedOnly ? items.length > 0 : items.length !== count) {
    throw misfit(`${what}: ${items.length} objects, ${isNamedOnly ? 0 : count} by the range`);
  }
  if (isNamedOnly) return;
  if (layout.kind === 'free' && !prefix.startsWith('size-'))
    throw misfit(type ? `${what} need sizes` : unknown(group, variation));
  if (layout.kind === 'bits' && prefix === 'none') encodeBits(writer, items, layout.width, padding);
  else for (const item of items) encodeObject(writer, layout, prefix, item, what);
}

function misfit(message: string): Dnp3Error {
  return new Dnp3Error('limit-exceeded', message);
}

function encodeRange(writer: OctetWriter, { range, start, stop, count }: ObjectHeader): void {
  if (range === 'all') return;
  const size = octetsOf(range);
  if (range.startsWith('count-') || range === 'variable') {
    if (count === undefined) throw misfit(`a range of ${range} needs a count`);
    writer.unsigned(size, count, 'a count');
    return;
  }
  if (start === undefined || stop === undefined || stop < start) {
    throw misfit(`a range of ${range} needs a start and a stop that is not below it`);
  }
  writer.unsigned(size, start, 'a start');
  writer.unsigned(size, stop, 'a stop');
}

function encodeBits(writer: OctetWriter, items: readonly ObjectItem[], width: 1 | 2, padding: number): void {
  const bits = items.length * width;
  const octets = new Uint8Array(Math.ceil(bits / 8));
  for (const [i, { value = 0 }] of items.entries()) {
    checkRange(value, 0, (1 << width) - 1, 'a state');
    const at = i * width;
    octets[at >> 3] = (octets[at >> 3] as number) | (value << (at & 7));
  }
  const used = bits & 7;
  checkRange(padding, 0, used === 0 ? 0 : (1 << (8 - used)) - 1, 'padding');
  if (used > 0) octets[octets.length - 1] = (octets.at(-1) as number) | (padding << used);
  writer.bytes(octets);
}

function encodeObject(writer: OctetWriter, layout: Layout, prefix: PrefixCode, item: ObjectItem, what: string): void {
  const { octets = new Uint8Array(0) } = item;
  if (prefix.startsWith('size-')) {
    const isOpaque = layout.kind !== 'fields' || item.octets !== undefined;
    writer.unsigned(octetsOf(prefix), isOpaque ? octets.length : layout.size, 'a size');
    if (isOpaque) {
      if (layout.kind === 'fields' && octets.length === layout.size) throw misfit(`${what} have fields, not octets`);
      writer.bytes(octets);
      return;
    }
  } else if (prefix !== 'none') writer.unsigned(octetsOf(prefix), item.index ?? 0, 'an index');
  switch (layout.kind) {
    case 'fields':
      for (const field of layout.fields) field.write(writer, item);
      break;
    case 'octets':
      if (octets.length !== layout.size) throw misfit(`${what} have ${layout.size} octets, not ${octets.length}`);
      writer.bytes(octets);
      break;
    case 'attribute':
      writer.unsigned(1, item.dataType ?? 0, 'a data type');
      writer.unsigned(1, octets.length, 'a length');
      writer.bytes(octets);
      break;
    case 'bits':
      writer.unsigned(1, item.value ?? 0, 'a state');
      break;
  }
}
