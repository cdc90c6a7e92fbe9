import { type Element, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { PayloadError, requiredAttribute, valid } from './payload.ts';

/** @see XEP-0324 */
export const PROVISIONING_NAMESPACE = 'urn:xmpp:iot:provisioning';

/** `<friend/>` or `<unfriend/>`: tells a Thing whom to trust, or not any more. @see XEP-0324 §3.2.3, §3.2.4 */
export interface FriendAdvice {
  readonly kind: 'friend' | 'unfriend';
  /** Bare JID. */
  readonly jid: Jid;
}

export function encodeFriendAdvice({ kind, jid }: FriendAdvice, namespace = PROVISIONING_NAMESPACE): Element {
  return xml(kind, { xmlns: namespace, jid: jid.bare.toString() });
}

/** @throws PayloadError */
export function decodeFriendAdvice(element: Element, namespace = PROVISIONING_NAMESPACE): FriendAdvice {
  const { name } = element;
  if (element.namespace !== namespace || !(name === 'friend' || name === 'unfriend')) {
    throw new PayloadError('unexpected-element', name, `expected friend or unfriend of ${namespace}`);
  }
  const text = requiredAttribute(element, 'jid', name);
  return { kind: name, jid: valid(Jid.tryParse(text), `${name}/@jid`, 'a JID', text).bare };
}
