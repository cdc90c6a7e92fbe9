import { type Element, xml } from '@thingward/xml';
import { ElementReader, malformedXml } from './element-reader.ts';
import { encodeMessage, type OpcUaMessage } from './message.ts';
import { decodeMessages } from './message-reader.ts';
import { messageFromXml, messageToXml, OPCUA_NAMESPACE } from './message-xml.ts';
import { isRequestName } from './service.ts';

/* What travels over XMPP of a connection: messages of clients as requests, those of servers as responses. */

/** A client's message on its way to a server. */
export interface CarriedMessage {
  readonly message: OpcUaMessage;
  /** Which of the servers behind the address it goes to, where there are several. */
  readonly line?: string | undefined;
  /** When it must not be sent any more, by the clock of who sent it. */
  readonly expires?: Date | undefined;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** Can it come from a client? What can't be looked into can. */
export function isFromClient(message: OpcUaMessage): boolean {
  if (message.kind === 'transport') return message.type === 'HEL';
  if (message.kind === 'secured' || message.body.kind === 'opaque') return true;
  return isRequestName(message.body.name);
}

/** Can it come from a server? What can't be looked into can. */
export function isFromServer(message: OpcUaMessage): boolean {
  if (message.kind === 'transport') return message.type !== 'HEL';
  if (message.kind === 'secured' || message.body.kind === 'opaque') return true;
  return !isRequestName(message.body.name);
}

/** `<request/>` */
export function encodeCarriedRequest({ message, line, expires }: CarriedMessage): Element {
  return xml('request', { xmlns: OPCUA_NAMESPACE, line, expires: expires?.toISOString() }, messageToXml(message));
}

/** @throws OpcUaError `malformed-xml`, also for what a client does not send */
export function decodeCarriedRequest(element: Element): CarriedMessage {
  const { message, reader } = open(element, 'request');
  const line = reader.text('line');
  const written = reader.text('expires');
  reader.end();
  if (!isFromClient(message)) throw malformedXml('request/message', 'is one that only a server sends');
  if (written === undefined) return { message, line };
  const expires = INSTANT.test(written) ? new Date(written) : undefined;
  if (!expires || Number.isNaN(expires.getTime())) {
    throw malformedXml('request/@expires', 'is a time in UTC such as 2026-07-01T12:00:00.000Z');
  }
  return { message, line, expires };
}

/** `<response/>` */
export function encodeCarriedResponse(message: OpcUaMessage): Element {
  return xml('response', { xmlns: OPCUA_NAMESPACE }, messageToXml(message));
}

/** @throws OpcUaError `malformed-xml`, also for what a server does not send */
export function decodeCarriedResponse(element: Element): OpcUaMessage {
  const { message, reader } = open(element, 'response');
  reader.end();
  if (!isFromServer(message)) throw malformedXml('response/message', 'is one that only a client sends');
  return message;
}

function open(element: Element, name: string): { readonly message: OpcUaMessage; readonly reader: ElementReader } {
  if (!element.is(name, OPCUA_NAMESPACE)) {
    throw malformedXml(element.name, `expected <${name} xmlns='${OPCUA_NAMESPACE}'>`);
  }
  const reader = new ElementReader(element, name);
  return { message: asReceived(messageFromXml(reader.next())), reader };
}

/**
 * The message as who gets its octets reads them. The same octets can be written in several ways, as a service that is passed off as
 * opaque, or as a number that a float rounds: what is judged is what arrives.
 * @throws OpcUaError
 */
function asReceived(message: OpcUaMessage): OpcUaMessage {
  if (message.kind === 'secured') return message;
  const [received, ...others] = decodeMessages(encodeMessage(message));
  if (!received || others.length > 0) throw malformedXml('message', 'is not one message when it is sent');
  return received;
}
