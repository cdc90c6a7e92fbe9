import { PING } from '@thingward/xmpp';
import type { ServerModule } from '../module.ts';

/** @see XEP-0199 §4.2 */
export const ping: ServerModule = {
  name: 'ping',
  features: [PING],
  accountFeatures: [PING],
  start({ router }) {
    router.onServerIq('get', 'ping', PING, () => undefined);
    router.onAccountIq('get', 'ping', PING, () => undefined);
  },
};
