import type { Element } from '@thingward/xml';

export const HINTS = 'urn:xmpp:hints';

/** What a sender asks of those who process a message. @see XEP-0334 §4 */
export type Hint = 'no-permanent-store' | 'no-store' | 'no-copy' | 'store';

export function hasHint(message: Element, hint: Hint): boolean {
  return message.child(hint, HINTS) !== undefined;
}
