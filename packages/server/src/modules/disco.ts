import { DISCO_INFO, DISCO_ITEMS, encodeDiscoInfo, encodeDiscoItems, StanzaError } from '@thingward/xmpp';
import type { DiscoNodeInfo } from '../disco-registry.ts';
import type { ServerModule } from '../module.ts';
import type { Stanza } from '../stanza.ts';

/** Says what the server and its accounts are and speak, and which services there are. @see XEP-0030 */
export const disco: ServerModule = {
  name: 'disco',
  identity: { category: 'server', type: 'im', name: 'Thingward', language: 'en' },
  start({ router, rosters, sessions, domain, disco, temporaries }) {
    disco.addIdentity('account', { category: 'account', type: 'registered' });
    disco.addItems('server', () => router.services.map(({ jid, title }) => ({ jid, name: title })));

    disco.addItems('account', ({ to }) => sessions.availableOf(to?.local ?? '').map(({ jid }) => ({ jid })));

    // Only who may see the presence of an account learns anything about it (XEP-0030 §8).
    const mayKnow = async ({ from, to }: Stanza): Promise<boolean> => {
      if (to && from.bare.equals(to)) return true;
      return to?.local !== undefined && (await rosters.entry(to.local, from.bare)).from;
    };
    for (const scope of ['server', 'account'] as const) {
      const answer = scope === 'server' ? router.onServerIq.bind(router) : router.onAccountIq.bind(router);
      answer('get', 'query', DISCO_INFO, async (stanza) => {
        if (scope === 'account' && !(await mayKnow(stanza))) {
          throw new StanzaError('service-unavailable', `${domain} does not tell ${stanza.from.bare} about it`);
        }
        const node = nodeOf(stanza);
        const info = node === undefined ? disco.info(scope) : await disco.nodeInfo(scope, node, stanza);
        if (!info) throw new StanzaError('item-not-found', 'there is no such node');
        const isTemporary = scope === 'account' && temporaries.has(stanza.to?.local ?? '');
        return encodeDiscoInfo(isTemporary ? nameless(info) : info, node);
      });
      answer('get', 'query', DISCO_ITEMS, async (stanza) => {
        const node = nodeOf(stanza);
        if (scope === 'account' && !(await mayKnow(stanza))) return encodeDiscoItems([], node);
        const items =
          node === undefined ? await disco.items(scope, stanza) : await disco.nodeItems(scope, node, stanza);
        if (!items) throw new StanzaError('item-not-found', 'there is no such node');
        return encodeDiscoItems(items, node);
      });
    }
  },
};

/** @see XEP-0175 §5 */
function nameless({ identities, ...info }: DiscoNodeInfo): DiscoNodeInfo {
  return {
    ...info,
    identities: identities.map((identity) =>
      identity.category === 'account' ? { ...identity, type: 'anonymous' } : identity,
    ),
  };
}

function nodeOf({ element }: Stanza): string | undefined {
  return element.elements[0]?.attribute('node');
}
