import { type Jid, type RequestOptions, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { decodeInterfaces, encodeGetInterfaces, type InterfacesRequest } from './codec.ts';

/** Asks a Thing what interfaces it has. @throws StanzaError; PayloadError @see XEP-0000: Interoperability §3.1 */
export async function getInterfaces(
  peer: XmppPeer,
  to: Jid,
  request: InterfacesRequest = {},
  options?: RequestOptions,
): Promise<readonly string[]> {
  const answer = await peer.request('get', to, encodeGetInterfaces(request), options);
  if (answer === undefined) throw new StanzaError('undefined-condition', 'the answer has no interfaces');
  return decodeInterfaces(answer);
}
