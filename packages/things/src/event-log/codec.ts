import { type Element, xml } from '@thingward/xml';
import {
  dateTimeAttribute,
  expectElement,
  optionalOutgoingText,
  outgoingDateTime,
  outgoingText,
  PayloadError,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import { isTagType, isTagValue, type TagType } from './tag-type.ts';

/** Namespace of logged events; also the feature of who collects them. @see XEP-0337 §4 */
export const EVENT_LOG = 'urn:xmpp:eventlog';

/** What kind of event it is, from the least severe. @see XEP-0337 §5.1 */
export const EVENT_TYPES = [
  'Debug',
  'Informational',
  'Notice',
  'Warning',
  'Error',
  'Critical',
  'Alert',
  'Emergency',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** How much it matters among its kind, from the least. @see XEP-0337 §5.2 */
export const EVENT_LEVELS = ['Minor', 'Medium', 'Major'] as const;
export type EventLevel = (typeof EVENT_LEVELS)[number];

/** Something about an event that programs understand. @see XEP-0337 §5.9 */
export interface EventTag {
  readonly name: string;
  /** In the lexical form of the type. */
  readonly value: string;
  readonly type: TagType;
}

/** `<log/>`: something that happened. @see XEP-0337 §3 */
export interface LoggedEvent {
  readonly timestamp: Date;
  readonly type: EventType;
  readonly level: EventLevel;
  /** For people; may have several lines. */
  readonly message: string;
  /** What kind of thing happened, for programs: the same in all languages. */
  readonly id?: string | undefined;
  /** What it happened to. */
  readonly object?: string | undefined;
  /** Who or what caused it. */
  readonly subject?: string | undefined;
  /** What kind of device, server or application tells of it. */
  readonly facility?: string | undefined;
  /** Which part of the software tells of it. */
  readonly module?: string | undefined;
  readonly tags: readonly EventTag[];
  readonly stackTrace?: string | undefined;
}

/** @throws PayloadError for what can't be written */
export function encodeLoggedEvent(event: LoggedEvent): Element {
  const text = (name: 'id' | 'object' | 'subject' | 'facility' | 'module') =>
    optionalOutgoingText(event[name], `log/@${name}`);
  return xml(
    'log',
    {
      xmlns: EVENT_LOG,
      timestamp: outgoingDateTime(event.timestamp, 'log/@timestamp'),
      id: text('id'),
      type: event.type === 'Informational' ? undefined : event.type,
      level: event.level === 'Minor' ? undefined : event.level,
      object: text('object'),
      subject: text('subject'),
      facility: text('facility'),
      module: text('module'),
    },
    xml('message', {}, outgoingText(event.message, 'log/message')),
    event.tags.map((tag, i) => encodeTag(tag, `log/tag[${i + 1}]`)),
    event.stackTrace === undefined
      ? undefined
      : xml('stackTrace', {}, outgoingText(event.stackTrace, 'log/stackTrace')),
  );
}

/** @throws PayloadError */
export function decodeLoggedEvent(element: Element): LoggedEvent {
  expectElement(element, 'log', EVENT_LOG);
  const message = element.child('message', EVENT_LOG);
  if (message === undefined) throw new PayloadError('unexpected-element', 'log', 'expected <message/> in it');
  const text = requiredAttribute(element, 'timestamp', 'log');
  // An example of the document has it as an attribute, too, in short.
  const stackTrace = element.child('stackTrace', EVENT_LOG)?.text ?? element.attribute('stackTrace');
  return {
    timestamp: valid(dateTimeAttribute(element, 'timestamp', 'log'), 'log/@timestamp', 'a timestamp', text),
    type: memberOf(EVENT_TYPES, element, 'type') ?? 'Informational',
    level: memberOf(EVENT_LEVELS, element, 'level') ?? 'Minor',
    message: message.text,
    id: element.attribute('id'),
    object: element.attribute('object'),
    subject: element.attribute('subject'),
    facility: element.attribute('facility'),
    module: element.attribute('module'),
    tags: element.childrenNamed('tag', EVENT_LOG).map((tag, i) => decodeTag(tag, `log/tag[${i + 1}]`)),
    stackTrace,
  };
}

/** All events of a message, in order. @see XEP-0337 §3.9 @throws PayloadError */
export function decodeLoggedEvents(message: Element): readonly LoggedEvent[] {
  return message.childrenNamed('log', EVENT_LOG).map(decodeLoggedEvent);
}

function encodeTag({ name, value, type }: EventTag, path: string): Element {
  checkValue(type, value, path);
  return xml('tag', {
    name: outgoingText(name, `${path}/@name`),
    value: outgoingText(value, `${path}/@value`),
    type: type === 'xs:string' ? undefined : type,
  });
}

function decodeTag(element: Element, path: string): EventTag {
  const name = requiredAttribute(element, 'name', path);
  const value = requiredAttribute(element, 'value', path);
  // What we don't know is text: senders may have types of their own.
  const type = element.attribute('type')?.trim() ?? 'xs:string';
  if (!isTagType(type)) return { name, value, type: 'xs:string' };
  checkValue(type, value, path);
  return { name, value, type };
}

function checkValue(type: TagType, value: string, path: string): void {
  valid(isTagValue(type, value) ? value : undefined, `${path}/@value`, `a value of ${type}`, value);
}

function memberOf<T extends string>(members: readonly T[], element: Element, name: string): T | undefined {
  const text = element.attribute(name)?.trim();
  if (text === undefined) return undefined;
  const member = members.find((candidate) => candidate === text);
  return valid(member, `log/@${name}`, `one of ${members.join(', ')}`, text);
}
