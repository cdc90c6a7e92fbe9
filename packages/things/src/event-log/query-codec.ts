import { type Element, xml } from '@thingward/xml';
import {
  decodeResultSetPage,
  encodeResultSetPage,
  encodeResultSetRequest,
  findResultSetRequest,
  Jid,
  RESULT_SET,
  type ResultSetPage,
  type ResultSetRequest,
} from '@thingward/xmpp';
import {
  dateTimeAttribute,
  expectElement,
  optionalOutgoingText,
  outgoingDateTime,
  PayloadError,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import {
  decodeLoggedEvent,
  EVENT_LEVELS,
  EVENT_LOG,
  EVENT_TYPES,
  type EventLevel,
  type EventType,
  encodeLoggedEvent,
  type LoggedEvent,
} from './codec.ts';

/** Namespace of our questions to a log of events; also its feature. Its schema is beside this file. */
export const EVENT_LOG_QUERY = 'urn:thingward:eventlog:1';

/** `<query/>`: asks for logged events. What is not given does not matter. */
export interface EventLogQuery {
  /** Bare JID of who told of it. */
  readonly sender?: Jid | undefined;
  /** As severe as this, or more. */
  readonly leastType?: EventType | undefined;
  readonly leastLevel?: EventLevel | undefined;
  readonly id?: string | undefined;
  readonly object?: string | undefined;
  readonly subject?: string | undefined;
  readonly facility?: string | undefined;
  readonly module?: string | undefined;
  /** Only what happened at or after, and at or before. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Which part. `after` and `before` are `sequence` numbers. */
  readonly part?: ResultSetRequest | undefined;
}

/** An event as the log has it. */
export interface StoredEvent {
  /** Its place in the log, growing. */
  readonly sequence: string;
  /** Bare JID of who told of it, as its server vouches for it. */
  readonly sender: Jid;
  readonly received: Date;
  readonly event: LoggedEvent;
}

/** `<events/>`: the answer, in the order in which the events were received. */
export interface EventLogAnswer {
  readonly events: readonly StoredEvent[];
  readonly part: ResultSetPage;
}

const TEXTS = ['id', 'object', 'subject', 'facility', 'module'] as const;

/** @throws PayloadError for what can't be written */
export function encodeEventLogQuery(query: EventLogQuery): Element {
  return xml(
    'query',
    {
      xmlns: EVENT_LOG_QUERY,
      sender: query.sender?.bare.toString(),
      leastType: query.leastType,
      leastLevel: query.leastLevel,
      ...Object.fromEntries(TEXTS.map((name) => [name, optionalOutgoingText(query[name], `query/@${name}`)])),
      from: query.from && outgoingDateTime(query.from, 'query/@from'),
      to: query.to && outgoingDateTime(query.to, 'query/@to'),
    },
    query.part && encodeResultSetRequest(query.part),
  );
}

/** @throws PayloadError; StanzaError `bad-request` for a part that is none */
export function decodeEventLogQuery(element: Element): EventLogQuery {
  expectElement(element, 'query', EVENT_LOG_QUERY);
  const sender = element.attribute('sender');
  return {
    sender: sender === undefined ? undefined : valid(Jid.tryParse(sender)?.bare, 'query/@sender', 'a JID', sender),
    leastType: member(EVENT_TYPES, element, 'leastType'),
    leastLevel: member(EVENT_LEVELS, element, 'leastLevel'),
    id: element.attribute('id'),
    object: element.attribute('object'),
    subject: element.attribute('subject'),
    facility: element.attribute('facility'),
    module: element.attribute('module'),
    from: dateTimeAttribute(element, 'from', 'query'),
    to: dateTimeAttribute(element, 'to', 'query'),
    part: findResultSetRequest(element),
  };
}

/** @throws PayloadError for what can't be written */
export function encodeEventLogAnswer({ events, part }: EventLogAnswer): Element {
  return xml(
    'events',
    { xmlns: EVENT_LOG_QUERY },
    events.map(({ sequence, sender, received, event }) =>
      xml(
        'event',
        { sequence, sender: sender.bare.toString(), received: outgoingDateTime(received, 'event/@received') },
        encodeLoggedEvent(event),
      ),
    ),
    encodeResultSetPage(part),
  );
}

/** @throws PayloadError; StanzaError `bad-request` for a part that is none */
export function decodeEventLogAnswer(element: Element): EventLogAnswer {
  expectElement(element, 'events', EVENT_LOG_QUERY);
  const part = element.child('set', RESULT_SET);
  return {
    events: element.childrenNamed('event').map((stored, i) => decodeStored(stored, `events/event[${i + 1}]`)),
    part: part ? decodeResultSetPage(part) : {},
  };
}

function decodeStored(element: Element, path: string): StoredEvent {
  const sender = requiredAttribute(element, 'sender', path);
  const received = requiredAttribute(element, 'received', path);
  const log = element.child('log', EVENT_LOG);
  if (log === undefined) throw new PayloadError('unexpected-element', path, `expected <log xmlns='${EVENT_LOG}'/>`);
  return {
    sequence: requiredAttribute(element, 'sequence', path),
    sender: valid(Jid.tryParse(sender)?.bare, `${path}/@sender`, 'a JID', sender),
    received: valid(dateTimeAttribute(element, 'received', path), `${path}/@received`, 'a date and time', received),
    event: decodeLoggedEvent(log),
  };
}

function member<T extends string>(members: readonly T[], element: Element, name: string): T | undefined {
  const text = element.attribute(name)?.trim();
  if (text === undefined) return undefined;
  return valid(
    members.find((candidate) => candidate === text),
    `query/@${name}`,
    `one of ${members.join(', ')}`,
    text,
  );
}
