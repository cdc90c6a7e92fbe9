import { Element, xml } from '@thingward/xml';
import { Jid } from './jid.ts';

export const STANZA_IDS = 'urn:xmpp:sid:0';

/** An identifier that somebody on the way gave to a stanza. @see XEP-0359 §3 */
export interface StanzaId {
  readonly id: string;
  /** Who gave it. */
  readonly by: Jid;
}

export function encodeStanzaId({ id, by }: StanzaId): Element {
  return xml('stanza-id', { xmlns: STANZA_IDS, id, by: by.toString() });
}

/** All identifiers of a stanza; those that are incomplete count as absent. */
export function stanzaIds(stanza: Element): readonly StanzaId[] {
  return stanza.childrenNamed('stanza-id', STANZA_IDS).flatMap((element) => {
    const id = element.attribute('id');
    const by = Jid.tryParse(element.attribute('by'));
    return id !== undefined && by ? [{ id, by }] : [];
  });
}

/** The stanza without the identifiers that name `by` as who gave them; the same when there are none. @see XEP-0359 §3 */
export function withoutStanzaIds(stanza: Element, by: Jid): Element {
  const isForged = (child: Element | string) =>
    typeof child !== 'string' && child.is('stanza-id', STANZA_IDS) && by.equals(Jid.tryParse(child.attribute('by')));
  const kept = stanza.children.filter((child) => !isForged(child));
  if (kept.length === stanza.children.length) return stanza;
  return new Element(stanza.name, stanza.namespace, stanza.attributes, kept);
}

/** The identifier its sender gave it. @see XEP-0359 §3.2 */
export function originId(stanza: Element): string | undefined {
  return stanza.child('origin-id', STANZA_IDS)?.attribute('id');
}
