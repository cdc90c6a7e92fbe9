import { fieldKey, type Guard, redacted, shownFields } from '@thingward/guard';
import type { PublicationView } from '@thingward/services';
import { type Element, xml } from '@thingward/xml';
import type { CircumstancesOf } from './circumstances.ts';
import type { NetworkFacts } from './network-facts.ts';

/**
 * What policies leave of what Things publish: the fields that an `@obligation("redact")` hides from somebody are taken out of items, as of
 * read-outs. Who publishes is vouched for, so an item counts for the Thing that has published it, whatever node it is at. The Thing itself sees all.
 */
export function publicationView(
  guard: Guard,
  facts: Pick<NetworkFacts, 'ready'>,
  circumstances: CircumstancesOf,
): PublicationView {
  return {
    hidesSomething: (publisher) => guard.redacts && guard.isGuarded(publisher),
    async shown(payload, publisher, jid) {
      if (jid.bare.toString() === publisher) return payload;
      await facts.ready;
      const item = xml('item', {}, payload);
      const fields = shownFields(item, publisher);
      const hidden = await guard.hidden(jid, circumstances(jid), fields);
      if (!fields.some(({ resource, name }) => hidden.has(fieldKey(resource, name)))) return payload;
      return redacted(item, publisher, hidden).elements[0] as Element;
    },
  };
}
