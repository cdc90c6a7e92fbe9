import { type Element, xml } from '@thingward/xml';
import { HISTORICAL_FIELD_TYPES, type ReadoutId } from '../sensor-data/codec.ts';
import { FIELD_TYPES, type FieldType } from '../sensor-data/field.ts';
import { decodeFieldTypes, flags } from '../sensor-data/field-codec.ts';
import type { NodeReference } from '../thing/node.ts';
import {
  decodeNodes,
  decodeTokens,
  expectElement,
  flagAttribute,
  intAttribute,
  outgoingNode,
  outgoingText,
  outgoingTokens,
  PayloadError,
  requiredAttribute,
  type Tokens,
  valid,
} from '../thing/payload.ts';
import { isFiniteDouble, parseInt32 } from '../thing/xml-schema-values.ts';
import { type Duration, formatDuration, parseDuration } from './duration.ts';

/** @see XEP-0000: Internet of Things - Events */
export const EVENTS_NAMESPACE = 'urn:xmpp:iot:events';

/** A field that is wanted in events and, with a change given, when. Changes are positive, and in the field's own unit. */
export interface FieldCondition {
  readonly name: string;
  /** What the subscriber believes the value to be: changes are measured from it. Undefined: from the value the Thing knows. */
  readonly currentValue?: number | undefined;
  /** In either direction. Where it is given, the other two are ignored. */
  readonly changedBy?: number | undefined;
  readonly changedUp?: number | undefined;
  readonly changedDown?: number | undefined;
}

/** `<subscribe/>`: asks to be told by the Thing itself when something happens. @see XEP-0000: Events §3.1 */
export interface EventSubscription extends Tokens {
  /** Chosen by the client; in all messages of all events of this subscription. */
  readonly seqnr: ReadoutId;
  /** Which of the Things behind the JID, each by itself; empty: the Thing that the JID itself is. */
  readonly nodes: readonly NodeReference[];
  /** Fields wanted; empty: all. */
  readonly fields: readonly FieldCondition[];
  /** Kinds of fields wanted; `all` and `historical` are written out. Empty: the request says nothing. */
  readonly types: readonly FieldType[];
  /** How old the values in an event may be. */
  readonly maxAge?: Duration | undefined;
  /** No more events than one in this time. */
  readonly minInterval?: Duration | undefined;
  /** After this time there is an event whatever the conditions say. */
  readonly maxInterval?: Duration | undefined;
  /** Is there to be an event at once? */
  readonly immediate: boolean;
}

/** @throws PayloadError for what can't be written */
export function encodeSubscribe(subscription: EventSubscription): Element {
  return xml(
    'subscribe',
    {
      xmlns: EVENTS_NAMESPACE,
      seqnr: outgoingSeqnr(subscription.seqnr, 'subscribe'),
      ...encodeTypes(subscription.types),
      maxAge: outgoingDuration(subscription.maxAge, 'maxAge'),
      minInterval: outgoingDuration(subscription.minInterval, 'minInterval'),
      maxInterval: outgoingDuration(subscription.maxInterval, 'maxInterval'),
      ...outgoingTokens(subscription, 'subscribe'),
      req: subscription.immediate || undefined,
    },
    subscription.nodes.map((node) => xml('node', outgoingNode(node, 'subscribe/node'))),
    subscription.fields.map((field, i) => encodeCondition(field, `subscribe/field[${i + 1}]`)),
  );
}

/** Also as an example of the document spells it: `maxInternval`, `changeBy`. @throws PayloadError */
export function decodeSubscribe(element: Element): EventSubscription {
  expectElement(element, 'subscribe', EVENTS_NAMESPACE);
  const duration = (name: string) => durationAttribute(element, name);
  return {
    seqnr: intAttribute(element, 'seqnr', 'subscribe'),
    nodes: decodeNodes(element),
    fields: element.childrenNamed('field').map((field, i) => decodeCondition(field, `subscribe/field[${i + 1}]`)),
    types: decodeTypes(element),
    maxAge: duration('maxAge'),
    minInterval: duration('minInterval'),
    maxInterval: duration('maxInterval') ?? duration('maxInternval'),
    immediate: flagAttribute(element, 'req', 'subscribe'),
    ...decodeTokens(element),
  };
}

/** `<unsubscribe/>`. @see XEP-0000: Events §3.3 @throws PayloadError */
export function encodeUnsubscribe(seqnr: ReadoutId): Element {
  return xml('unsubscribe', { xmlns: EVENTS_NAMESPACE, seqnr: outgoingSeqnr(seqnr, 'unsubscribe') });
}

/** The seqnr of the subscription. @throws PayloadError */
export function decodeUnsubscribe(element: Element): number {
  expectElement(element, 'unsubscribe', EVENTS_NAMESPACE);
  return intAttribute(element, 'seqnr', 'unsubscribe');
}

function encodeCondition({ name, currentValue, ...changes }: FieldCondition, path: string): Element {
  return xml('field', {
    name: outgoingText(name, `${path}/@name`),
    currentValue: currentValue === undefined ? undefined : outgoingDouble(currentValue, `${path}/@currentValue`),
    changedBy: outgoingChange(changes.changedBy, `${path}/@changedBy`),
    changedUp: outgoingChange(changes.changedUp, `${path}/@changedUp`),
    changedDown: outgoingChange(changes.changedDown, `${path}/@changedDown`),
  });
}

function decodeCondition(element: Element, path: string): FieldCondition {
  const change = (name: string) => changeAttribute(element, name, path);
  return {
    name: requiredAttribute(element, 'name', path),
    currentValue: doubleAttribute(element, 'currentValue', path),
    changedBy: change('changedBy') ?? change('changeBy'),
    changedUp: change('changedUp'),
    changedDown: change('changedDown'),
  };
}

function encodeTypes(types: readonly FieldType[]): Record<string, true> {
  const includesAll = (wanted: readonly FieldType[]) => wanted.every((type) => types.includes(type));
  if (includesAll(FIELD_TYPES)) return { all: true };
  if (!includesAll(HISTORICAL_FIELD_TYPES)) return flags(FIELD_TYPES, types);
  const others = types.filter((type) => !HISTORICAL_FIELD_TYPES.includes(type));
  return { ...flags(FIELD_TYPES, others), historical: true };
}

function decodeTypes(element: Element): readonly FieldType[] {
  const single = decodeFieldTypes(element, 'subscribe');
  if (flagAttribute(element, 'all', 'subscribe')) return FIELD_TYPES;
  const historical = flagAttribute(element, 'historical', 'subscribe');
  return FIELD_TYPES.filter((type) => single.includes(type) || (historical && HISTORICAL_FIELD_TYPES.includes(type)));
}

/** @throws PayloadError when it is not greater than 0 */
export function changeAttribute(element: Element, name: string, path: string): number | undefined {
  const value = doubleAttribute(element, name, path);
  if (value !== undefined && value <= 0) {
    throw new PayloadError('invalid-value', `${path}/@${name}`, 'a change is greater than 0');
  }
  return value;
}

/** @throws PayloadError when it is no finite number */
export function doubleAttribute(element: Element, name: string, path: string): number | undefined {
  const text = element.attribute(name)?.trim();
  if (text === undefined) return undefined;
  return valid(isFiniteDouble(text) ? Number(text) : undefined, `${path}/@${name}`, 'a finite number', text);
}

/** @throws PayloadError when it is no duration */
export function durationAttribute(element: Element, name: string): Duration | undefined {
  const text = element.attribute(name)?.trim();
  return text === undefined
    ? undefined
    : valid(parseDuration(text), `subscribe/@${name}`, 'a duration that is not negative', text);
}

/** @throws PayloadError */
export function outgoingDuration(duration: Duration | undefined, name: string): string | undefined {
  if (duration === undefined) return undefined;
  try {
    return formatDuration(duration);
  } catch (error) {
    if (error instanceof RangeError) throw new PayloadError('invalid-value', `subscribe/@${name}`, error.message);
    throw error;
  }
}

/** @throws PayloadError when it is not greater than 0 */
export function outgoingChange(change: number | undefined, path: string): string | undefined {
  if (change === undefined) return undefined;
  if (!(change > 0)) throw new PayloadError('invalid-value', path, 'a change is greater than 0');
  return outgoingDouble(change, path);
}

/** @throws PayloadError when it is not finite */
export function outgoingDouble(value: number, path: string): string {
  if (!Number.isFinite(value)) throw new PayloadError('invalid-value', path, 'not a finite number');
  return Object.is(value, -0) ? '-0' : String(value);
}

function outgoingSeqnr(seqnr: ReadoutId, path: string): number {
  return valid(parseInt32(String(seqnr)), `${path}/@seqnr`, 'a 32-bit integer', String(seqnr));
}
