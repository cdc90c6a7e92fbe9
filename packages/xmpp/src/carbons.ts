import { type Element, xml } from '@thingward/xml';
import { decodeForwarded, encodeForwarded, FORWARDING } from './forwarding.ts';

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
 * The copy in a message; undefined when it is none. Whoever calls must have checked that it comes from the account itself (§11).
 * @throws StanzaError `bad-request`
 */
export function decodeCarbon(message: Element): Carbon | undefined {
  const copy = message.child('received', CARBONS) ?? message.child('sent', CARBONS);
  const forwarded = copy?.child('forwarded', FORWARDING);
  if (!copy || !forwarded) return undefined;
  return { direction: copy.name as CarbonDirection, message: decodeForwarded(forwarded).stanza };
}
