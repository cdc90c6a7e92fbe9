import type { Jid } from '@thingward/xmpp';

/** Is the address of the service's own domain, or of the one right above it? */
export function isServedBy(jid: Jid, service: Jid): boolean {
  return jid.domain === service.domain || jid.domain === domainAbove(service);
}

/** Is it another service right below the same domain? */
export function isServiceBeside(jid: Jid, service: Jid): boolean {
  return jid.local === undefined && jid.domain.includes('.') && domainAbove(jid) === domainAbove(service);
}

function domainAbove({ domain }: Jid): string {
  return domain.slice(domain.indexOf('.') + 1);
}
