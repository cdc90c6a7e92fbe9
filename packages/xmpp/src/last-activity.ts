import { type Element, xml } from '@thingward/xml';
import { StanzaError } from './stanza-error.ts';

export const LAST_ACTIVITY = 'jabber:iq:last';

/** @see XEP-0012 §2 */
export interface LastActivity {
  /** Of an account: since it was last available; of a client: since its user did something; of a server: since it started. */
  readonly seconds: number;
  /** What the account said when it left. */
  readonly status?: string | undefined;
}

export function encodeLastActivity({ seconds, status }: LastActivity): Element {
  return xml('query', { xmlns: LAST_ACTIVITY, seconds }, status);
}

/** @throws StanzaError `bad-request` */
export function decodeLastActivity(element: Element): LastActivity {
  const text = element.attribute('seconds') ?? '';
  if (!/^\d{1,15}$/.test(text)) throw new StanzaError('bad-request', `"${text}" is no number of seconds`);
  return { seconds: Number(text), status: element.text || undefined };
}
