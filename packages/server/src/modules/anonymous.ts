import { type Jid, NS, StanzaError } from '@thingward/xmpp';
import type { DataInterest } from '../hooks.ts';
import type { ServerModule } from '../module.ts';
import type { Stanza } from '../stanza.ts';
import { isSubscriptionType } from '../subscription.ts';

/**
 * Keeps those who stay nameless in bounds: they reach what is served here and nothing else, leave no trace in anybody's roster,
 * and take with them what was kept for them.
 * @see XEP-0175 §3
 */
export const anonymous: ServerModule = {
  name: 'anonymous',
  start({ config, hooks, router, temporaries }) {
    if (!config.auth.anonymous) return;
    const isServed = (jid: Jid) => jid.domain === router.domain.domain || router.hasService(jid.domain);

    const others: DataInterest = { passesData: (localpart) => !temporaries.has(localpart) };
    hooks.onSending((stanza, { localpart }) => {
      if (!temporaries.has(localpart)) return;
      if (stanza.to && !isServed(stanza.to)) {
        throw new StanzaError('forbidden', 'who stays nameless speaks with nobody at other domains');
      }
      if (changesRoster(stanza)) throw new StanzaError('not-allowed', 'who stays nameless has no contacts');
      return stanza.kind === 'presence' && isSubscriptionType(stanza.type) ? 'stop' : undefined;
    }, others);
    hooks.onReceiving((stanza, localpart) => {
      if (!temporaries.has(localpart)) return;
      if (!isServed(stanza.from)) throw new StanzaError('service-unavailable');
      return stanza.kind === 'presence' && isSubscriptionType(stanza.type) ? 'stop' : undefined;
    }, others);
    hooks.onSessionEnded(({ localpart }) => temporaries.leave(localpart));
  },
};

function changesRoster({ kind, type, payload }: Stanza): boolean {
  return kind === 'iq' && type === 'set' && payload?.namespace === NS.roster;
}
