import type { Jid } from '@thingward/xmpp';

/** Is the address of the service's own domain, or of the one right above it? */
export function isServedBy(jid: Jid, service: Jid): boolean {
  return jid.domain === service.domain || jid.domain === service.domain.slice(service.domain.indexOf('.') + 1);
}
