import { Element } from '@thingward/xml';
import type { Stanza } from '../stanza.ts';

/** Of users of OPC UA: with their passwords, where the channel does not encrypt. */
const TOKENS = ['userIdentityToken', 'userNameIdentityToken', 'issuedIdentityToken'];
/** What people write to each other is not for logs. */
const PRIVATE = new Set(['body', 'subject', 'html', 'encrypted', 'openpgp', ...TOKENS]);

/** A stanza as XML, for the log of events: without what is said in it. */
export function packetText(stanza: Stanza): string {
  return String(withoutMessages(stanza.element));
}

function withoutMessages(element: Element): Element {
  const { name, attributes, children } = element;
  const kept = children
    .filter((child) => !(child instanceof Element && PRIVATE.has(child.name)))
    .map((child) => (child instanceof Element ? withoutMessages(child) : child));
  return new Element(name, element.namespace, attributes, kept);
}
