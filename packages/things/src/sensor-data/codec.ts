import { type Element, xml } from '@thingward/xml';
import type { NodeReference } from '../thing/node.ts';
import {
  dateTimeAttribute,
  decodeNode,
  decodeNodes,
  decodeTokens,
  expectElement,
  flagAttribute,
  intAttribute,
  outgoingDateTime,
  outgoingNode,
  outgoingText,
  outgoingTokens,
  PayloadError,
  requiredAttribute,
  type Tokens,
  valid,
} from '../thing/payload.ts';
import { parseInt32 } from '../thing/xml-schema-values.ts';
import { FIELD_TYPES, type Field, type FieldType } from './field.ts';
import { decodeFieldNodes, decodeFieldTypes, encodeFieldNodes, flags, requiredNode } from './field-codec.ts';

/** @see XEP-0323 */
export const SENSOR_DATA_NAMESPACE = 'urn:xmpp:iot:sensordata';

/** The kinds that `historical` stands for in a request. */
export const HISTORICAL_FIELD_TYPES: readonly FieldType[] = FIELD_TYPES.filter((type) => type.startsWith('historical'));

/** What tells a read-out from others of the same reader: 32 bits in XEP-0323, any text in later versions. */
export type ReadoutId = number | string;

/** `<req/>`: asks for a read-out. @see XEP-0323 §3.1 */
export interface ReadoutRequest extends Tokens {
  /** Chosen by the client; in all messages of this read-out. */
  readonly seqnr: ReadoutId;
  /** Which of the Things behind the JID; empty: all. */
  readonly nodes: readonly NodeReference[];
  /** Names of fields wanted; empty: all. */
  readonly names: readonly string[];
  /** Kinds of fields wanted; `all` and `historical` are written out. Empty: the request says nothing. */
  readonly types: readonly FieldType[];
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** When to read; undefined: now. */
  readonly when?: Date | undefined;
}

/** `<accepted/>`. @see XEP-0323 §3.1 */
export interface Accepted {
  readonly seqnr: ReadoutId;
  /** It will be begun later; a `started` message will say when. */
  readonly queued: boolean;
}

/** What went wrong with one node in a read-out. @see XEP-0323 §3.2 */
export interface NodeFailure {
  readonly node?: NodeReference | undefined;
  readonly timestamp: Date;
  /** For people. */
  readonly message: string;
}

/** A message of a read-out in progress. @see XEP-0323 §3 */
export type ReadoutMessage =
  | { readonly kind: 'started'; readonly seqnr: ReadoutId }
  | { readonly kind: 'fields'; readonly seqnr: ReadoutId; readonly fields: readonly Field[]; readonly done: boolean }
  | {
      readonly kind: 'failure';
      readonly seqnr: ReadoutId;
      readonly errors: readonly NodeFailure[];
      readonly done: boolean;
    }
  | { readonly kind: 'done'; readonly seqnr: ReadoutId };

/** @throws PayloadError for what can't be written */
export function encodeReadoutRequest(request: ReadoutRequest): Element {
  const { from, to, when } = request;
  return xml(
    'req',
    {
      xmlns: SENSOR_DATA_NAMESPACE,
      seqnr: outgoingSeqnr(request.seqnr, 'req'),
      ...encodeRequestedTypes(request.types),
      from: from && outgoingDateTime(from, 'req/@from'),
      to: to && outgoingDateTime(to, 'req/@to'),
      when: when && outgoingDateTime(when, 'req/@when'),
      ...outgoingTokens(request, 'req'),
    },
    request.nodes.map((node) => xml('node', outgoingNode(node, 'req/node'))),
    request.names.map((name) => xml('field', { name: outgoingText(name, 'req/field/@name') })),
  );
}

/** @throws PayloadError */
export function decodeReadoutRequest(element: Element): ReadoutRequest {
  expectElement(element, 'req', SENSOR_DATA_NAMESPACE);
  const from = dateTimeAttribute(element, 'from', 'req');
  const to = dateTimeAttribute(element, 'to', 'req');
  if (from && to && from > to) throw new PayloadError('invalid-value', 'req/@from', 'it is after req/@to');
  return {
    seqnr: intAttribute(element, 'seqnr', 'req'),
    nodes: decodeNodes(element),
    names: element.childrenNamed('field').map((field, i) => requiredAttribute(field, 'name', `req/field[${i + 1}]`)),
    types: decodeRequestedTypes(element),
    from,
    to,
    when: dateTimeAttribute(element, 'when', 'req'),
    ...decodeTokens(element),
  };
}

/** As few attributes as say it. @see XEP-0323 §5.6 */
export function encodeRequestedTypes(types: readonly FieldType[]): Record<string, true> {
  const includesAll = (wanted: readonly FieldType[]) => wanted.every((type) => types.includes(type));
  if (includesAll(FIELD_TYPES)) return { all: true };
  if (!includesAll(HISTORICAL_FIELD_TYPES)) return flags(FIELD_TYPES, types);
  const others = types.filter((type) => !HISTORICAL_FIELD_TYPES.includes(type));
  return { ...flags(FIELD_TYPES, others), historical: true };
}

/** The kinds an element asks for, `all` and `historical` written out. @throws PayloadError */
export function decodeRequestedTypes(element: Element): readonly FieldType[] {
  const { name } = element;
  const single = decodeFieldTypes(element, name);
  if (flagAttribute(element, 'all', name)) return FIELD_TYPES;
  const historical = flagAttribute(element, 'historical', name);
  return FIELD_TYPES.filter((type) => single.includes(type) || (historical && HISTORICAL_FIELD_TYPES.includes(type)));
}

/** @throws PayloadError */
export function encodeAccepted({ seqnr, queued }: Accepted): Element {
  return xml('accepted', {
    xmlns: SENSOR_DATA_NAMESPACE,
    seqnr: outgoingSeqnr(seqnr, 'accepted'),
    queued: queued || undefined,
  });
}

/** @throws PayloadError */
export function decodeAccepted(element: Element): Accepted {
  expectElement(element, 'accepted', SENSOR_DATA_NAMESPACE);
  return { seqnr: intAttribute(element, 'seqnr', 'accepted'), queued: flagAttribute(element, 'queued', 'accepted') };
}

/** `<cancel/>` and its answer `<cancelled/>`. @see XEP-0323 §3.7 @throws PayloadError */
export function encodeCancel(name: 'cancel' | 'cancelled', seqnr: ReadoutId): Element {
  return xml(name, { xmlns: SENSOR_DATA_NAMESPACE, seqnr: outgoingSeqnr(seqnr, name) });
}

/** The seqnr of the read-out. @throws PayloadError */
export function decodeCancel(name: 'cancel' | 'cancelled', element: Element): number {
  expectElement(element, name, SENSOR_DATA_NAMESPACE);
  return intAttribute(element, 'seqnr', name);
}

/** @throws PayloadError for what can't be written, like a numeric value that is no number */
export function encodeReadoutMessage(message: ReadoutMessage): Element {
  const attributes = {
    xmlns: SENSOR_DATA_NAMESPACE,
    seqnr: outgoingSeqnr(message.seqnr, message.kind),
    done: ('done' in message && message.done) || undefined,
  };
  switch (message.kind) {
    case 'fields':
      return xml('fields', attributes, encodeFieldNodes(message.fields));
    case 'failure':
      return xml('failure', attributes, message.errors.map(encodeNodeFailure));
    default:
      return xml(message.kind, attributes);
  }
}

function encodeNodeFailure({ node, timestamp, message }: NodeFailure): Element {
  return xml(
    'error',
    {
      ...requiredNode(node, 'failure/error'),
      timestamp: outgoingDateTime(timestamp, 'failure/error/@timestamp'),
    },
    outgoingText(message, 'failure/error'),
  );
}

/**
 * @param defaultZone where timestamps without a time zone are from; local time when not given, as XEP-0323 §6.1 wants it
 * @throws PayloadError
 */
export function decodeReadoutMessage(element: Element, defaultZone?: string): ReadoutMessage {
  const { name } = element;
  if (element.namespace !== SENSOR_DATA_NAMESPACE) {
    throw new PayloadError('unexpected-element', name, `expected an element of ${SENSOR_DATA_NAMESPACE}`);
  }
  switch (name) {
    case 'started':
    case 'done':
      return { kind: name, seqnr: intAttribute(element, 'seqnr', name) };
    case 'fields':
      return {
        kind: name,
        seqnr: intAttribute(element, 'seqnr', name),
        fields: decodeFieldNodes(element, defaultZone),
        done: flagAttribute(element, 'done', name),
      };
    case 'failure':
      return {
        kind: name,
        seqnr: intAttribute(element, 'seqnr', name),
        errors: element.childrenNamed('error').map((error, i) => decodeNodeFailure(error, i, defaultZone)),
        done: flagAttribute(element, 'done', name),
      };
    default:
      throw new PayloadError('unexpected-element', name, 'expected started, fields, failure or done');
  }
}

function decodeNodeFailure(element: Element, i: number, defaultZone: string | undefined): NodeFailure {
  const path = `failure/error[${i + 1}]`;
  const text = requiredAttribute(element, 'timestamp', path);
  const timestamp = valid(dateTimeAttribute(element, 'timestamp', path, defaultZone), path, 'a timestamp', text);
  return { node: decodeNode(element, path), timestamp, message: element.text };
}

function outgoingSeqnr(seqnr: ReadoutId, path: string): number {
  return valid(parseInt32(String(seqnr)), `${path}/@seqnr`, 'a 32-bit integer', String(seqnr));
}
