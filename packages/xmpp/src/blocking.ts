import { type Element, xml } from '@thingward/xml';
import { Jid } from './jid.ts';
import { StanzaError } from './stanza-error.ts';

export const BLOCKING = 'urn:xmpp:blocking';
export const BLOCKING_ERRORS = 'urn:xmpp:blocking:errors';

/** `<blocklist/>`, `<block/>` or `<unblock/>` with these addresses. @see XEP-0191 §3 */
export function encodeBlocking(name: 'blocklist' | 'block' | 'unblock', jids: readonly Jid[]): Element {
  return xml(
    name,
    { xmlns: BLOCKING },
    jids.map((jid) => xml('item', { jid: jid.toString() })),
  );
}

/** The addresses in one of these elements. @throws StanzaError `jid-malformed` */
export function decodeBlocking(element: Element): readonly Jid[] {
  return element.childrenNamed('item', BLOCKING).map((item) => {
    const jid = Jid.tryParse(item.attribute('jid'));
    if (!jid) throw new StanzaError('jid-malformed', `"${item.attribute('jid') ?? ''}" is no address`);
    return jid;
  });
}

/** The error for a stanza to somebody its sender has blocked. @see XEP-0191 §3.3 */
export function blockedError(): StanzaError {
  return new StanzaError('not-acceptable', undefined, {
    type: 'cancel',
    application: xml('blocked', { xmlns: BLOCKING_ERRORS }),
  });
}
