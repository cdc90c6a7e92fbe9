import { PING, StanzaError } from '@thingward/xmpp';
import type { ServerModule } from '../module.ts';

/** @see XEP-0199 §4.2 */
export const ping: ServerModule = {
  name: 'ping',
  features: [PING],
  accountFeatures: [PING],
  start({ router, accounts }) {
    router.onServerIq('get', 'ping', PING, () => undefined);
    router.onAccountIq('get', 'ping', PING, async ({ from, to }) => {
      // Nobody answers for an account that does not exist (RFC 6121 §8.5.1).
      if (to?.local === undefined || from.bare.equals(to.bare) || (await accounts.exists(to.local))) return undefined;
      throw new StanzaError('service-unavailable');
    });
  },
};
