import { type Element, xml } from '@thingward/xml';
import { DATA_FORM_NAMESPACE, Jid } from '@thingward/xmpp';
import { encodeReadoutMessage } from '../sensor-data/codec.ts';
import { readoutDialectOf } from '../sensor-data/dialects.ts';
import type { Field } from '../sensor-data/field.ts';
import type { NodeReference } from '../thing/node.ts';
import {
  booleanAttribute,
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
import {
  BATTERY,
  decodeSchedule,
  durationAttribute,
  outgoingDuration,
  type Sleeper,
  type SleepSchedule,
  scheduleAttributes,
} from './schedule.ts';

/** `<sleep/>`: a Thing goes to sleep, and leaves behind what its server is to tell of it. @see docs/battery-powered.md §4 */
export interface SleepReport {
  readonly schedule: SleepSchedule;
  /** The last-known state, as a whole; undefined: as it was. */
  readonly fields?: readonly Field[] | undefined;
  /** The control forms, as a whole; undefined: as they were. */
  readonly forms?: readonly NodeForm[] | undefined;
  /** Who may read the state, as bare JIDs; undefined: as it was, which at first is all who see its presence. */
  readonly readers?: readonly Jid[] | undefined;
  /** Sees and cancels all that waits; undefined: as it was. */
  readonly owner?: Jid | undefined;
}

/** The control form of a Thing. */
export interface NodeForm {
  /** Undefined: the JID itself. */
  readonly node?: NodeReference | undefined;
  /** `<x/>` of XEP-0004. */
  readonly form: Element;
}

/** @throws PayloadError for what can't be written */
export function encodeSleep({ schedule, fields, forms, readers, owner }: SleepReport): Element {
  return xml(
    'sleep',
    { xmlns: BATTERY, ...scheduleAttributes(schedule, 'sleep'), owner: owner?.bare.toString() },
    readers &&
      xml(
        'readers',
        {},
        readers.map((jid) => xml('reader', { jid: jid.bare.toString() })),
      ),
    fields && encodeReadoutMessage({ kind: 'fields', seqnr: 0, fields, done: false }),
    forms && encodeNodeForms(forms),
  );
}

/** `<forms/>`: of a JID that is one Thing and of the nodes behind it. @throws PayloadError */
export function encodeNodeForms(forms: readonly NodeForm[]): Element {
  return xml(
    'forms',
    { xmlns: BATTERY },
    forms.map(({ node, form }) => xml('form', node ? outgoingNode(node, 'forms/form') : {}, form)),
  );
}

/** @throws PayloadError */
export function decodeNodeForms(element: Element): readonly NodeForm[] {
  expectElement(element, 'forms', BATTERY);
  return element.childrenNamed('form').map((child, i) => {
    const path = `forms/form[${i + 1}]`;
    const form = child.child('x', DATA_FORM_NAMESPACE);
    if (!form) throw new PayloadError('unexpected-element', path, `expected <x xmlns='${DATA_FORM_NAMESPACE}'/> in it`);
    return { node: decodeNode(child, path), form };
  });
}

/** @throws PayloadError */
export function decodeSleep(element: Element): SleepReport {
  expectElement(element, 'sleep', BATTERY);
  const readers = element.child('readers', BATTERY);
  const forms = element.child('forms', BATTERY);
  // A Thing without nodes may leave its form as it is.
  const form = element.child('x', DATA_FORM_NAMESPACE);
  return {
    schedule: decodeSchedule(element, 'sleep'),
    fields: decodeState(element),
    forms: forms ? decodeNodeForms(forms) : form && [{ form }],
    readers: readers?.childrenNamed('reader').map((reader, i) => bareJid(reader, `sleep/readers/reader[${i + 1}]`)),
    owner: element.attribute('owner') === undefined ? undefined : bareJid(element, 'sleep', 'owner'),
  };
}

/** The fields in any dialect; undefined when there are none. @throws PayloadError */
function decodeState(sleep: Element): readonly Field[] | undefined {
  for (const child of sleep.elements) {
    const messages = readoutDialectOf(child.namespace)?.decodeMessages(child);
    if (messages) return messages.flatMap((message) => (message.kind === 'fields' ? message.fields : []));
  }
  return undefined;
}

/** `<asleep/>`: it may go now. @param delivered commands it got since it woke */
export function encodeAsleep(delivered: number): Element {
  return xml('asleep', { xmlns: BATTERY, delivered });
}

/** How many commands the Thing got since it woke. @throws PayloadError */
export function decodeAsleep(element: Element): number {
  expectElement(element, 'asleep', BATTERY);
  requiredAttribute(element, 'delivered', 'asleep');
  return countAttribute(element, 'delivered', 'asleep') ?? 0;
}

/** @throws PayloadError */
export function decodeSleeper(element: Element): Sleeper {
  expectElement(element, 'sleeper', BATTERY);
  return {
    ...decodeSchedule(element, 'sleeper'),
    isAsleep: booleanAttribute(element, 'asleep', 'sleeper'),
    since: dateTimeAttribute(element, 'since', 'sleeper'),
    waiting: countAttribute(element, 'waiting', 'sleeper'),
  };
}

/** What becomes of a command. The first two are not its end. @see docs/battery-powered.md §5.3 */
export const COMMAND_STATES = [
  'waiting',
  'delivered',
  'answered',
  'refused',
  'superseded',
  'expired',
  'unknown',
  'cancelled',
] as const;
export type CommandState = (typeof COMMAND_STATES)[number];

/** `<command/>`: a command that may wait. */
export interface WaitingCommand {
  /** How long; undefined: as long as the server has it by default. */
  readonly expiresMs?: number | undefined;
  /** What the Thing is to get: a `<set/>` of XEP-0325. */
  readonly payload: Element;
}

/** @throws PayloadError */
export function encodeCommand({ expiresMs, payload }: WaitingCommand): Element {
  return xml('command', { xmlns: BATTERY, expires: outgoingDuration(expiresMs, 'command/@expires') }, payload);
}

/** @throws PayloadError */
export function decodeCommand(element: Element): WaitingCommand {
  expectElement(element, 'command', BATTERY);
  const [payload, ...others] = element.elements;
  if (!payload || others.length > 0) {
    throw new PayloadError('unexpected-element', 'command', 'expected exactly one element in it');
  }
  return { expiresMs: durationAttribute(element, 'expires', 'command'), payload };
}

/** `<queued/>`: a command or a read-out waits. */
export interface Queued {
  /** Of it in the mailbox. */
  readonly id: string;
  /** When it expires. */
  readonly until: Date;
  /** When the Thing is expected to wake. */
  readonly next?: Date | undefined;
  /** The `id` of the stanza that it came in, where this is no answer to it. */
  readonly request?: string | undefined;
  /** The identity of the read-out that waits; undefined for a command. */
  readonly readout?: string | undefined;
}

/** @throws PayloadError */
export function encodeQueued({ id, until, next, request, readout }: Queued): Element {
  return xml('queued', {
    xmlns: BATTERY,
    id,
    until: outgoingDateTime(until, 'queued/@until'),
    next: next && outgoingDateTime(next, 'queued/@next'),
    request,
    readout: optionalOutgoingText(readout, 'queued/@readout'),
  });
}

/** @throws PayloadError */
export function decodeQueued(element: Element): Queued {
  expectElement(element, 'queued', BATTERY);
  return {
    id: requiredAttribute(element, 'id', 'queued'),
    until: requiredDateTime(element, 'until', 'queued'),
    next: dateTimeAttribute(element, 'next', 'queued'),
    request: element.attribute('request'),
    readout: element.attribute('readout'),
  };
}

/** `<superseded/>`: a part of a command that waits was replaced by a later one; the rest waits still. */
export interface PartlySuperseded {
  readonly id: string;
  readonly parameters: readonly string[];
}

/** @throws PayloadError */
export function encodePartlySuperseded({ id, parameters }: PartlySuperseded): Element {
  return xml(
    'superseded',
    { xmlns: BATTERY, id },
    parameters.map((name) => xml('parameter', { name: outgoingText(name, 'superseded/parameter/@name') })),
  );
}

/** @throws PayloadError */
export function decodePartlySuperseded(element: Element): PartlySuperseded {
  expectElement(element, 'superseded', BATTERY);
  return {
    id: requiredAttribute(element, 'id', 'superseded'),
    parameters: element
      .childrenNamed('parameter')
      .map((parameter, i) => requiredAttribute(parameter, 'name', `superseded/parameter[${i + 1}]`)),
  };
}

/** `<outcome/>`: what became of a command in the end. */
export interface CommandOutcome {
  readonly id: string;
  readonly state: CommandState;
  readonly at: Date;
  /** What the Thing has answered, or the `<error/>` why it was refused. */
  readonly payload?: Element | undefined;
}

/** @throws PayloadError */
export function encodeOutcome({ id, state, at, payload }: CommandOutcome): Element {
  return xml('outcome', { xmlns: BATTERY, id, state, at: outgoingDateTime(at, 'outcome/@at') }, payload);
}

/** @throws PayloadError */
export function decodeOutcome(element: Element): CommandOutcome {
  expectElement(element, 'outcome', BATTERY);
  return {
    id: requiredAttribute(element, 'id', 'outcome'),
    state: stateAttribute(element, 'outcome'),
    at: requiredDateTime(element, 'at', 'outcome'),
    payload: element.elements[0],
  };
}

/** A command in a mailbox, as `<mailbox/>` lists it. */
export interface MailboxEntry {
  readonly id: string;
  /** Full JID. */
  readonly sender: Jid;
  readonly state: CommandState;
  readonly received: Date;
  /** When it expires. */
  readonly until: Date;
  /** When it reached its last state. */
  readonly finished?: Date | undefined;
  readonly payload: Element;
}

/** @throws PayloadError */
export function encodeMailbox(entries: readonly MailboxEntry[]): Element {
  return xml(
    'mailbox',
    { xmlns: BATTERY },
    entries.map(({ id, sender, state, received, until, finished, payload }) =>
      xml(
        'entry',
        {
          id,
          sender: sender.toString(),
          state,
          received: outgoingDateTime(received, 'mailbox/entry/@received'),
          until: outgoingDateTime(until, 'mailbox/entry/@until'),
          finished: finished && outgoingDateTime(finished, 'mailbox/entry/@finished'),
        },
        payload,
      ),
    ),
  );
}

/** @throws PayloadError */
export function decodeMailbox(element: Element): readonly MailboxEntry[] {
  expectElement(element, 'mailbox', BATTERY);
  return element.childrenNamed('entry').map((entry, i) => {
    const path = `mailbox/entry[${i + 1}]`;
    const [payload] = entry.elements;
    if (!payload) throw new PayloadError('unexpected-element', path, 'expected the command in it');
    const sender = requiredAttribute(entry, 'sender', path);
    return {
      id: requiredAttribute(entry, 'id', path),
      sender: valid(Jid.tryParse(sender), `${path}/@sender`, 'a JID', sender),
      state: stateAttribute(entry, path),
      received: requiredDateTime(entry, 'received', path),
      until: requiredDateTime(entry, 'until', path),
      finished: dateTimeAttribute(entry, 'finished', path),
      payload,
    };
  });
}

/** `<cancel/>`: the command is not to be delivered. */
export function encodeCommandCancel(id: string): Element {
  return xml('cancel', { xmlns: BATTERY, id: outgoingText(id, 'cancel/@id') });
}

/** @throws PayloadError */
export function decodeCommandCancel(element: Element): string {
  expectElement(element, 'cancel', BATTERY);
  return requiredAttribute(element, 'id', 'cancel');
}

/** `<withdrawn/>`: stands where a command was that is not delivered any more. */
export function encodeWithdrawn(id: string): Element {
  return xml('withdrawn', { xmlns: BATTERY, id });
}

/** `<lastKnown/>`, beside fields: they are what the server has of a Thing that sleeps. */
export interface LastKnown {
  /** When the Thing handed them over. */
  readonly at: Date;
  /** When it is expected to wake. */
  readonly next?: Date | undefined;
}

/** @throws PayloadError */
export function encodeLastKnown({ at, next }: LastKnown): Element {
  return xml('lastKnown', {
    xmlns: BATTERY,
    at: outgoingDateTime(at, 'lastKnown/@at'),
    next: next && outgoingDateTime(next, 'lastKnown/@next'),
  });
}

/** @throws PayloadError */
export function decodeLastKnown(element: Element): LastKnown {
  expectElement(element, 'lastKnown', BATTERY);
  return { at: requiredDateTime(element, 'at', 'lastKnown'), next: dateTimeAttribute(element, 'next', 'lastKnown') };
}

function stateAttribute(element: Element, path: string): CommandState {
  const text = requiredAttribute(element, 'state', path);
  const state = COMMAND_STATES.find((known) => known === text);
  return valid(state, `${path}/@state`, COMMAND_STATES.join(', '), text);
}

function requiredDateTime(element: Element, name: string, path: string): Date {
  const text = requiredAttribute(element, name, path);
  return valid(dateTimeAttribute(element, name, path), `${path}/@${name}`, 'a date and time', text);
}

function bareJid(element: Element, path: string, name = 'jid'): Jid {
  const text = requiredAttribute(element, name, path);
  return valid(Jid.tryParse(text), `${path}/@${name}`, 'a JID', text).bare;
}

function countAttribute(element: Element, name: string, path: string): number | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const count = parseInt32(text.trim());
  return valid(count !== undefined && count >= 0 ? count : undefined, `${path}/@${name}`, 'a number from 0', text);
}
