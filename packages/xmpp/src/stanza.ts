import { type Content, type Element, xml } from '@thingward/xml';
import type { Jid } from './jid.ts';
import { NS } from './namespaces.ts';
import type { StanzaError } from './stanza-error.ts';

export type IqType = 'get' | 'set' | 'result' | 'error';
export type MessageType = 'chat' | 'error' | 'groupchat' | 'headline' | 'normal';

/** Addressing that a stanza is built with; the sending peer adds what is missing. */
export interface Addressing {
  readonly to?: Jid | undefined;
  readonly from?: Jid | undefined;
  readonly id?: string | undefined;
}

/** An `<iq/>`. @see RFC 6120 §8.2.3 */
export function iq(type: IqType, addressing: Addressing, ...content: Content[]): Element {
  return stanza('iq', type, addressing, content);
}

/** A `<message/>`. @see RFC 6121 §5 */
export function message(type: MessageType, addressing: Addressing, ...content: Content[]): Element {
  return stanza('message', type === 'normal' ? undefined : type, addressing, content);
}

/** A `<presence/>`; without a type it says: available. @see RFC 6121 §4.7 */
export function presence(type: string | undefined, addressing: Addressing, ...content: Content[]): Element {
  return stanza('presence', type, addressing, content);
}

function stanza(name: string, type: string | undefined, { to, from, id }: Addressing, content: Content[]): Element {
  const addressing = { to: to?.toString(), from: from?.toString(), id };
  return xml(name, { xmlns: NS.client, type, ...addressing }, content);
}

/** The reply to an IQ request. */
export function iqResult(request: Element, ...content: Content[]): Element {
  return xml('iq', { xmlns: NS.client, type: 'result', ...replyAddressing(request) }, content);
}

/** The error reply to any stanza; does not repeat what was sent, which RFC 6120 §8.3.1 leaves open. */
export function errorReply(stanza: Element, error: StanzaError): Element {
  const attributes = { xmlns: stanza.namespace, type: 'error', ...replyAddressing(stanza) };
  return xml(stanza.name, attributes, error.payload, error.toElement());
}

function replyAddressing(stanza: Element): {
  to?: string | undefined;
  from?: string | undefined;
  id?: string | undefined;
} {
  return { to: stanza.attribute('from'), from: stanza.attribute('to'), id: stanza.attribute('id') };
}

/** Is the element an IQ that must be answered? */
export function isIqRequest(stanza: Element): boolean {
  const type = stanza.attribute('type');
  return stanza.name === 'iq' && (type === 'get' || type === 'set');
}
