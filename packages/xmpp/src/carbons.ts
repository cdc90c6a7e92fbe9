import { type Element, xml } from '@thingward/xml';
import { decodeForwarded, encodeForwarded, FORWARDING, isFromAccount } from './forwarding.ts';
import type { Jid } from './jid.ts';

export const CARBONS = 'urn:xmpp:carbons:2';

/** Was the original received by another resource of the account, or sent by one? */
export type CarbonDirection = 'received' | 'sent';

/** A copy of a message. @see XEP-0280 §7, §8 */
export interface Carbon {
  readonly direction: CarbonDirection;
  readonly message: Element;
}

export function encodeCarbon({ direction, message }: Carbon): Element {
  return xml(direction, { xmlns: CARBONS }, encodeForwarded({ stanza: message }));
}

/**
 * The copy in a message; undefined when it is none, or when somebody else than the account itself has made it up.
 * @param account whose client has got the message
 * @throws StanzaError `bad-request`
 * @see XEP-0280 §11
 */
export function decodeCarbon(message: Element, account: Jid): Carbon | undefined {
  if (!isFromAccount(message, account)) return undefined;
  const copy = message.child('received', CARBONS) ?? message.child('sent', CARBONS);
  const forwarded = copy?.child('forwarded', FORWARDING);
  if (!copy || !forwarded) return undefined;
  return { direction: copy.name as CarbonDirection, message: decodeForwarded(forwarded).stanza };
}
