import { Element } from '@thingward/xml';

/** Of users of OPC UA: with their passwords, where the channel does not encrypt. */
const IDENTITIES = ['userIdentityToken', 'userNameIdentityToken', 'issuedIdentityToken'];
/** What people write to each other is not for logs. */
const PRIVATE = new Set(['body', 'subject', 'html', 'encrypted', 'openpgp', ...IDENTITIES]);
/** Nor are tokens of delegated trust, in full and abbreviated. @see XEP-0324 §3.4; Neuro-Foundation, Tokens */
const TOKENS = new Set(['serviceToken', 'deviceToken', 'userToken', 'st', 'dt', 'ut']);

/** A stanza as XML, for logs: without what is said in it, and without tokens. */
export function packetText(stanza: Element): string {
  return String(withoutSecrets(stanza));
}

function withoutSecrets({ name, namespace, attributes, children }: Element): Element {
  const kept = children
    .filter((child) => !(child instanceof Element && PRIVATE.has(child.name)))
    .map((child) => (child instanceof Element ? withoutSecrets(child) : child));
  const shown = Object.fromEntries(Object.entries(attributes).filter(([attribute]) => !TOKENS.has(attribute)));
  return new Element(name, namespace, shown, kept);
}
