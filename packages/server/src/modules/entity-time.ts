import { ENTITY_TIME, encodeEntityTime } from '@thingward/xmpp';
import type { ServerModule } from '../module.ts';

/** Tells the server's time. @see XEP-0202 */
export const entityTime: ServerModule = {
  name: 'entity-time',
  features: [ENTITY_TIME],
  start({ router }) {
    router.onServerIq('get', 'time', ENTITY_TIME, () => {
      const utc = new Date();
      return encodeEntityTime({ utc, offsetMinutes: 0 - utc.getTimezoneOffset() });
    });
  },
};
