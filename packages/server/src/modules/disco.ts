import { DISCO_INFO, DISCO_ITEMS, encodeDiscoInfo, encodeDiscoItems, StanzaError } from '@thingward/xmpp';
import type { ServerModule } from '../module.ts';
import type { Stanza } from '../stanza.ts';

/** Says what the server and its accounts are and speak, and which services there are. @see XEP-0030 */
export const disco: ServerModule = {
  name: 'disco',
  identity: { category: 'server', type: 'im', name: 'Thingward' },
  start({ router, modules, rosters, domain }) {
    const identities = modules.flatMap(({ identity }) => identity ?? []);
    const features = modules.flatMap((module) => module.features ?? []);
    const accountFeatures = modules.flatMap((module) => module.accountFeatures ?? []);

    router.onServerIq('get', 'query', DISCO_INFO, (stanza) => {
      refuseNodes(stanza);
      return encodeDiscoInfo({ identities, features });
    });
    router.onServerIq('get', 'query', DISCO_ITEMS, (stanza) => {
      refuseNodes(stanza);
      return encodeDiscoItems(router.services.map(({ jid, title }) => ({ jid, name: title })));
    });

    // Only who may see the presence of an account may ask about it (XEP-0030 §8).
    const authorise = async ({ from, to }: Stanza): Promise<void> => {
      if (to && from.bare.equals(to)) return;
      const entry = from.domain === domain && to?.local ? await rosters.entry(to.local, from.bare) : undefined;
      if (!entry?.from) throw new StanzaError('service-unavailable');
    };
    router.onAccountIq('get', 'query', DISCO_INFO, async (stanza) => {
      await authorise(stanza);
      refuseNodes(stanza);
      return encodeDiscoInfo({ identities: [{ category: 'account', type: 'registered' }], features: accountFeatures });
    });
    router.onAccountIq('get', 'query', DISCO_ITEMS, async (stanza) => {
      await authorise(stanza);
      refuseNodes(stanza);
      return encodeDiscoItems([]);
    });
  },
};

function refuseNodes({ element }: Stanza): void {
  if (element.elements[0]?.attribute('node') !== undefined)
    throw new StanzaError('item-not-found', 'there is no such node');
}
