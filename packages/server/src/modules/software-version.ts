import { encodeSoftwareVersion, SOFTWARE_VERSION } from '@thingward/xmpp';
import type { ServerModule } from '../module.ts';
import { VERSION } from '../version.ts';

/** Names the software; the operating system is nobody's business. @see XEP-0092 */
export const softwareVersion: ServerModule = {
  name: 'software-version',
  features: [SOFTWARE_VERSION],
  start({ router }) {
    router.onServerIq('get', 'query', SOFTWARE_VERSION, () =>
      encodeSoftwareVersion({ name: 'Thingward', version: VERSION }),
    );
  },
};
