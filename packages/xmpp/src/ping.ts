import { xml } from '@thingward/xml';
import type { Jid } from './jid.ts';
import type { RequestOptions, Unsubscribe, XmppPeer } from './peer.ts';

export const PING = 'urn:xmpp:ping';

/** Answers pings. @see XEP-0199 §4 */
export function servePing(peer: XmppPeer): Unsubscribe {
  return peer.onIq('get', { name: 'ping', namespace: PING }, () => undefined);
}

/** Asks for a sign of life; without an address, of the own server. @throws StanzaError @see XEP-0199 §4 */
export async function ping(peer: XmppPeer, to?: Jid, options?: RequestOptions): Promise<void> {
  await peer.request('get', to, xml('ping', { xmlns: PING }), options);
}
