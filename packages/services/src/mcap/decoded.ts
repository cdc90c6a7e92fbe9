import { Ieee1451Error } from '@thingward/ieee1451';
import type { Element } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';

/** What a request says. @throws StanzaError `bad-request`, which tells what is wrong with it */
export function decoded<T>(decode: (payload: Element) => T, payload: Element): T {
  try {
    return decode(payload);
  } catch (error) {
    if (error instanceof Ieee1451Error) throw new StanzaError('bad-request', error.message);
    throw error;
  }
}
