import { Element } from '@thingward/xml';
import { DELAY, Jid } from '@thingward/xmpp';
import { PASSES_DATA } from '../hooks.ts';
import type { ServerModule } from '../module.ts';
import { Stanza } from '../stanza.ts';

/** Takes notes of a delay away that speak for the server and that it has not made: what it says of a delay can be trusted. @see XEP-0203 §5 */
export const delays: ServerModule = {
  name: 'delays',
  start({ hooks, router }) {
    hooks.onReceiving((stanza) => {
      if (stanza.kind === 'iq' || !stanza.hasChild('delay', DELAY)) return undefined;
      const element = withoutDelays(stanza.element, router.domain);
      return element === stanza.element ? undefined : Stanza.made(element, stanza.from, stanza.to);
    }, PASSES_DATA);
  },
};

function withoutDelays(stanza: Element, by: Jid): Element {
  const kept = stanza.children.filter(
    (child) =>
      typeof child === 'string' || !child.is('delay', DELAY) || !by.equals(Jid.tryParse(child.attribute('from'))),
  );
  if (kept.length === stanza.children.length) return stanza;
  return new Element(stanza.name, stanza.namespace, stanza.attributes, kept);
}
