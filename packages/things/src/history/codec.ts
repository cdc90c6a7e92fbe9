import { type Element, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { decodeReadoutMessage, encodeReadoutMessage, SENSOR_DATA_NAMESPACE } from '../sensor-data/codec.ts';
import type { Field, FieldValue } from '../sensor-data/field.ts';
import type { NodeReference } from '../thing/node.ts';
import {
  dateTimeAttribute,
  decodeNode,
  expectElement,
  optionalOutgoingText,
  outgoingDateTime,
  outgoingNode,
  outgoingText,
  PayloadError,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import { decodeReaderList, encodeReaderList, type ReaderList } from '../thing/reader-list.ts';
import { parseInt32 } from '../thing/xml-schema-values.ts';

/** Namespace of the history's payloads; also the feature a history has. Its schema is beside this file. */
export const HISTORY = 'urn:thingward:history:1';

/** `<readers/>`: who besides the Thing itself may ask for its history. */
export type Readers = ReaderList;

/** `<query/>`: asks for what one Thing has stored. */
export interface HistoryQuery {
  /** Bare JID of the Thing. */
  readonly thing: Jid;
  readonly node?: NodeReference | undefined;
  /** Names of fields wanted; empty: all. */
  readonly names: readonly string[];
  /** Only points at or after. */
  readonly from?: Date | undefined;
  /** Only points at or before. */
  readonly to?: Date | undefined;
  /** Most points of each field; when more are stored, they are aggregated. Undefined: as many as the history gives. */
  readonly maxPoints?: number | undefined;
}

/** One value of a field, or several aggregated. */
export interface HistoryPoint {
  /** When it was sampled; of an aggregate of numbers, when its interval begins. */
  readonly timestamp: Date;
  /** Lexical form, digits kept; of an aggregate of numbers, their average with as many decimals as they had. */
  readonly value: string;
  /** Of an aggregate of numbers: the least and the greatest of them, and how many there were. */
  readonly min?: string;
  readonly max?: string;
  readonly count?: number;
}

/** What is stored of one field, in order of time. */
export interface Series {
  readonly name: string;
  readonly type: FieldValue['type'];
  /** Of a `numeric` field that has one. */
  readonly unit?: string;
  /** Of an `enum` field. */
  readonly dataType?: string;
  readonly points: readonly HistoryPoint[];
}

/** `<history/>`: the answer to a query. */
export interface HistoryAnswer {
  readonly series: readonly Series[];
}

/** @throws PayloadError for a field that can't be written */
export function encodeStore(fields: readonly Field[]): Element {
  const payload = encodeReadoutMessage({ kind: 'fields', seqnr: 0, fields, done: false });
  return xml('store', { xmlns: HISTORY }, payload);
}

/** @throws PayloadError */
export function decodeStore(store: Element): readonly Field[] {
  expectElement(store, 'store', HISTORY);
  const fields = store.child('fields', SENSOR_DATA_NAMESPACE);
  if (fields === undefined) {
    throw new PayloadError('unexpected-element', 'store', `expected <fields xmlns='${SENSOR_DATA_NAMESPACE}'/>`);
  }
  const message = decodeReadoutMessage(fields);
  return message.kind === 'fields' ? message.fields : [];
}

/** @throws PayloadError for what can't be written */
export function encodeReaders(readers: Readers): Element {
  return encodeReaderList(HISTORY, readers);
}

/** @throws PayloadError */
export function decodeReaders(element: Element): Readers {
  return decodeReaderList(HISTORY, element);
}

/** @throws PayloadError for what can't be written */
export function encodeHistoryQuery({ thing, node, names, from, to, maxPoints }: HistoryQuery): Element {
  return xml(
    'query',
    {
      xmlns: HISTORY,
      thing: thing.bare.toString(),
      ...(node && outgoingNode(node, 'query')),
      from: from && outgoingDateTime(from, 'query/@from'),
      to: to && outgoingDateTime(to, 'query/@to'),
      maxPoints,
    },
    names.map((name) => xml('field', { name: outgoingText(name, 'query/field/@name') })),
  );
}

/** @throws PayloadError */
export function decodeHistoryQuery(element: Element): HistoryQuery {
  expectElement(element, 'query', HISTORY);
  return {
    thing: bareJid(element, 'thing', 'query'),
    node: decodeNode(element, 'query'),
    names: element.childrenNamed('field').map((field, i) => requiredAttribute(field, 'name', `query/field[${i + 1}]`)),
    from: dateTimeAttribute(element, 'from', 'query'),
    to: dateTimeAttribute(element, 'to', 'query'),
    maxPoints: countAttribute(element, 'maxPoints', 'query'),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeHistoryAnswer({ series }: HistoryAnswer): Element {
  return xml('history', { xmlns: HISTORY }, series.map(encodeSeries));
}

/** @throws PayloadError */
export function decodeHistoryAnswer(element: Element): HistoryAnswer {
  expectElement(element, 'history', HISTORY);
  return { series: element.childrenNamed('series').map(decodeSeries) };
}

function encodeSeries({ name, type, unit, dataType, points }: Series): Element {
  return xml(
    'series',
    {
      name: outgoingText(name, 'series/@name'),
      type,
      unit: optionalOutgoingText(unit, 'series/@unit'),
      dataType: optionalOutgoingText(dataType, 'series/@dataType'),
    },
    points.map(({ timestamp, value, min, max, count }) =>
      xml('point', {
        timestamp: outgoingDateTime(timestamp, 'point/@timestamp'),
        value: outgoingText(value, 'point/@value'),
        min,
        max,
        count,
      }),
    ),
  );
}

/** The types of fields. @see XEP-0323 §3.1 */
const TYPES: Readonly<Record<FieldValue['type'], true>> = {
  boolean: true,
  date: true,
  dateTime: true,
  duration: true,
  enum: true,
  int: true,
  long: true,
  numeric: true,
  string: true,
  time: true,
};

function decodeSeries(element: Element, i: number): Series {
  const path = `history/series[${i + 1}]`;
  const type = requiredAttribute(element, 'type', path);
  const unit = element.attribute('unit');
  const dataType = element.attribute('dataType');
  return {
    name: requiredAttribute(element, 'name', path),
    type: valid(isType(type) ? type : undefined, `${path}/@type`, 'a type of fields', type),
    ...(unit === undefined ? {} : { unit }),
    ...(dataType === undefined ? {} : { dataType }),
    points: element.childrenNamed('point').map((point, p) => decodePoint(point, `${path}/point[${p + 1}]`)),
  };
}

function isType(text: string): text is FieldValue['type'] {
  return Object.hasOwn(TYPES, text);
}

function decodePoint(element: Element, path: string): HistoryPoint {
  const text = requiredAttribute(element, 'timestamp', path);
  const min = element.attribute('min');
  const max = element.attribute('max');
  const count = countAttribute(element, 'count', path);
  return {
    timestamp: valid(dateTimeAttribute(element, 'timestamp', path), `${path}/@timestamp`, 'a timestamp', text),
    value: requiredAttribute(element, 'value', path),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(count === undefined ? {} : { count }),
  };
}

function bareJid(element: Element, name: string, path: string): Jid {
  const text = requiredAttribute(element, name, path);
  return valid(Jid.tryParse(text), `${path}/@${name}`, 'a JID', text).bare;
}

/** A positive integer; undefined when it is not there. */
function countAttribute(element: Element, name: string, path: string): number | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const count = parseInt32(text.trim());
  return valid(count !== undefined && count > 0 ? count : undefined, `${path}/@${name}`, 'a positive integer', text);
}
