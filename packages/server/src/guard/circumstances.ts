import { isIP } from 'node:net';
import type { AuthenticationStrength, Circumstances } from '@thingward/guard';
import type { Jid } from '@thingward/xmpp';
import type { ServerConfig } from '../config.ts';
import { addressIn } from '../listeners/address-key.ts';
import type { SessionTable } from '../session.ts';

/** How whoever has sent a stanza is connected. */
export interface CircumstancesOf {
  (sender: Jid): Circumstances;
  /** Is it the server itself, one of its services, or an account, and so nobody who could have made it up? */
  isOurs(sender: Jid): boolean;
}

export interface CircumstanceSources {
  readonly domain: string;
  readonly sessions: SessionTable;
  readonly router: { hasService(domain: string): boolean; hosts(domain: string): boolean };
  readonly s2s: ServerConfig['s2s'];
}

/** What is in this process. */
const OWN: Circumstances = { origin: 'service', isEncrypted: true, authentication: 'certificate' };
/** Proves itself with a shared secret, over a line that is not encrypted. */
const COMPONENT: Circumstances = { origin: 'component', isEncrypted: false, authentication: 'challenge' };

export function circumstancesIn({ domain, sessions, router, s2s }: CircumstanceSources): CircumstancesOf {
  const find = (sender: Jid): Circumstances => {
    if (sender.domain === domain) {
      if (sender.local === undefined) return OWN;
      const session = sessions.get(sender);
      const wire = session?.wire;
      return {
        origin: 'client',
        isEncrypted: wire?.isEncrypted ?? false,
        authentication: strengthOf(session?.mechanism),
        address: plainAddress(wire?.remote),
      };
    }
    if (router.hosts(sender.domain)) return OWN;
    if (router.hasService(sender.domain)) return COMPONENT;
    // Dialback proves no more than who answers at a name.
    const authentication = s2s.authentication === 'certificate' ? 'certificate' : 'plain';
    return { origin: 'server', isEncrypted: s2s.tls === 'required', authentication };
  };
  return Object.assign(find, {
    isOurs: (sender: Jid) => router.hosts(sender.domain) || (sender.domain === domain && sender.resource === undefined),
  });
}

/** How strong a SASL mechanism is. */
export function strengthOf(mechanism: string | undefined): AuthenticationStrength {
  if (mechanism === undefined || mechanism === 'ANONYMOUS') return 'none';
  if (mechanism === 'EXTERNAL') return 'certificate';
  if (mechanism === 'PLAIN') return 'plain';
  // Tokens say in their name what they are bound to (XEP-0484 §3.1).
  return mechanism.endsWith('-PLUS') || /^HT-.*-(UNIQ|EXPR|ENDP)$/.test(mechanism) ? 'channelBound' : 'challenge';
}

function plainAddress(remote: string | undefined): string | undefined {
  if (remote === undefined) return undefined;
  const address = addressIn(remote)
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
    .replace(/%.*$/, '');
  return isIP(address) === 0 ? undefined : address;
}
