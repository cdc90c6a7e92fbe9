import { type Element, xml } from '@thingward/xml';
import { parseDateTime } from './date-time.ts';
import { Jid } from './jid.ts';
import { StanzaError } from './stanza-error.ts';

export const DELAY = 'urn:xmpp:delay';

/** Says that a stanza was sent earlier than it arrives. @see XEP-0203 §2 */
export interface Delay {
  /** When it was sent, as far as `from` knows. */
  readonly stamp: Date;
  /** Who has held it back. */
  readonly from?: Jid | undefined;
  readonly reason?: string | undefined;
}

export function encodeDelay({ stamp, from, reason }: Delay): Element {
  return xml('delay', { xmlns: DELAY, from: from?.toString(), stamp: stamp.toISOString() }, reason);
}

/** @throws StanzaError `bad-request` */
export function decodeDelay(element: Element): Delay {
  const text = element.attribute('stamp');
  const stamp = parseDateTime(text);
  if (!stamp) throw new StanzaError('bad-request', `"${text ?? ''}" is no date and time`);
  const from = element.attribute('from');
  return {
    stamp,
    from: from === undefined ? undefined : Jid.tryParse(from),
    reason: element.text || undefined,
  };
}
