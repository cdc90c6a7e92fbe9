import { type Jid, STANZA_IDS, withoutStanzaIds } from '@thingward/xmpp';
import { PASSES_DATA } from '../hooks.ts';
import type { ServerModule } from '../module.ts';
import { Stanza } from '../stanza.ts';

/** Takes identifiers away that only the account itself may give, so that those who read one can trust it. @see XEP-0359 §3 */
export const stanzaIdentifiers: ServerModule = {
  name: 'stanza-ids',
  accountFeatures: [STANZA_IDS],
  start({ hooks }) {
    const cleaned = (stanza: Stanza, account: Jid): Stanza | undefined => {
      if (stanza.kind !== 'message' || !stanza.hasChild('stanza-id', STANZA_IDS)) return undefined;
      const element = withoutStanzaIds(stanza.element, account);
      return element === stanza.element ? undefined : Stanza.made(element, stanza.from, stanza.to);
    };
    hooks.onSending((stanza, { jid }) => cleaned(stanza, jid.bare), PASSES_DATA);
    hooks.onReceiving((stanza) => cleaned(stanza, (stanza.to as Jid).bare), PASSES_DATA);
  },
};
