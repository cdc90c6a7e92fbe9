import { type Element, xml } from '@thingward/xml';
import { DELAY, type Delay, decodeDelay, encodeDelay } from './delay.ts';
import { Jid } from './jid.ts';
import { NS } from './namespaces.ts';
import { StanzaError } from './stanza-error.ts';

export const FORWARDING = 'urn:xmpp:forward:0';

/** A stanza inside another. @see XEP-0297 §3 */
export interface Forwarded {
  readonly stanza: Element;
  /** When it was sent first. */
  readonly delay?: Delay | undefined;
}

export function encodeForwarded({ stanza, delay }: Forwarded): Element {
  return xml('forwarded', { xmlns: FORWARDING }, delay && encodeDelay(delay), stanza);
}

/** @throws StanzaError `bad-request` */
export function decodeForwarded(element: Element): Forwarded {
  const stanza = ['message', 'presence', 'iq'].flatMap((name) => element.child(name, NS.client) ?? [])[0];
  if (!element.is('forwarded', FORWARDING) || !stanza) {
    throw new StanzaError('bad-request', 'there is no forwarded stanza');
  }
  const delay = element.child('delay', DELAY);
  return { stanza, delay: delay && decodeDelay(delay) };
}

/** Does a stanza come from this account itself, or from its server on its behalf? Others can put anything inside theirs. @see RFC 6120 §8.1.2.1 */
export function isFromAccount(stanza: Element, account: Jid): boolean {
  const from = stanza.attribute('from');
  return from === undefined || Jid.tryParse(from)?.equals(account.bare) === true;
}
