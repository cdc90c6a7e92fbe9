import { type Element, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { decodeReadoutMessage, encodeReadoutMessage, SENSOR_DATA_NAMESPACE } from '../sensor-data/codec.ts';
import type { Field } from '../sensor-data/field.ts';
import { HISTORICAL_PERIODS, type HistoricalPeriod } from '../sensor-data/historical-period.ts';
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
import { parseInt32 } from '../thing/xml-schema-values.ts';
import { HISTORY } from './codec.ts';

/** `<read/>`: asks for what one Thing has stored, value by value, a page at a time. */
export interface StoredFieldsQuery {
  /** Bare JID of the Thing. */
  readonly thing: Jid;
  readonly node?: NodeReference | undefined;
  /** Names of fields wanted; empty: all. */
  readonly names: readonly string[];
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Only the values at the turns of this period; undefined: all, as they were stored. */
  readonly period?: HistoricalPeriod | undefined;
  /** Most fields of the page; undefined: as many as the history gives. */
  readonly maxFields?: number | undefined;
  /** What the page before said is next; undefined: the first page. */
  readonly after?: string | undefined;
}

/** `<page/>`: the answer, one field after the other, each in order of time. */
export interface StoredFieldsPage {
  readonly fields: readonly Field[];
  /** To ask for the next page with; undefined: this is the last. */
  readonly next?: string | undefined;
}

/** @throws PayloadError for what can't be written */
export function encodeStoredFieldsQuery(query: StoredFieldsQuery): Element {
  const { thing, node, names, from, to, period, maxFields, after } = query;
  return xml(
    'read',
    {
      xmlns: HISTORY,
      thing: thing.bare.toString(),
      ...(node && outgoingNode(node, 'read')),
      from: from && outgoingDateTime(from, 'read/@from'),
      to: to && outgoingDateTime(to, 'read/@to'),
      period,
      maxFields,
      after: optionalOutgoingText(after, 'read/@after'),
    },
    names.map((name) => xml('field', { name: outgoingText(name, 'read/field/@name') })),
  );
}

/** @throws PayloadError */
export function decodeStoredFieldsQuery(element: Element): StoredFieldsQuery {
  expectElement(element, 'read', HISTORY);
  const thing = requiredAttribute(element, 'thing', 'read');
  const period = element.attribute('period');
  const maxFields = element.attribute('maxFields');
  const count = maxFields === undefined ? undefined : parseInt32(maxFields.trim());
  return {
    thing: valid(Jid.tryParse(thing), 'read/@thing', 'a JID', thing).bare,
    node: decodeNode(element, 'read'),
    names: element.childrenNamed('field').map((field, i) => requiredAttribute(field, 'name', `read/field[${i + 1}]`)),
    from: dateTimeAttribute(element, 'from', 'read'),
    to: dateTimeAttribute(element, 'to', 'read'),
    period:
      period === undefined
        ? undefined
        : valid(isPeriod(period) ? period : undefined, 'read/@period', 'a period', period),
    maxFields:
      maxFields === undefined
        ? undefined
        : valid(
            count !== undefined && count > 0 ? count : undefined,
            'read/@maxFields',
            'a positive integer',
            maxFields,
          ),
    after: element.attribute('after'),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeStoredFieldsPage({ fields, next }: StoredFieldsPage): Element {
  const payload = encodeReadoutMessage({ kind: 'fields', seqnr: 0, fields, done: next === undefined });
  return xml('page', { xmlns: HISTORY, next: optionalOutgoingText(next, 'page/@next') }, payload);
}

/** @throws PayloadError */
export function decodeStoredFieldsPage(element: Element): StoredFieldsPage {
  expectElement(element, 'page', HISTORY);
  const payload = element.child('fields', SENSOR_DATA_NAMESPACE);
  const message = payload && decodeReadoutMessage(payload);
  if (message?.kind !== 'fields') {
    throw new PayloadError('unexpected-element', 'page', `expected <fields xmlns='${SENSOR_DATA_NAMESPACE}'/>`);
  }
  return { fields: message.fields, next: element.attribute('next') };
}

function isPeriod(text: string): text is HistoricalPeriod {
  return (HISTORICAL_PERIODS as readonly string[]).includes(text);
}
