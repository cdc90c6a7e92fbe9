import { type DiscoItem, type Jid, StanzaError } from '@thingward/xmpp';
import type { AccessDecision } from '../thing/access.ts';
import type { Thing } from '../thing/thing.ts';
import { PUBLICATIONS, type Publication, publicationsNode } from './publication.ts';
import { admits } from './read-access.ts';

/** What a host of Things publishes, and who may know of it. */
export interface PublicationList {
  readonly things: readonly Thing[];
  readonly publicationsOf: (thing: Thing) => readonly Publication[];
  readonly mayRead: (requester: Jid, thing: Thing) => AccessDecision | Promise<AccessDecision>;
}

/**
 * The nodes that somebody may subscribe to, for service discovery: of all Things, or of the one whose node of discovery is asked about.
 * @throws StanzaError `item-not-found` where nothing is published, or nothing that it may know of
 * @see docs/publish-subscribe.md §3
 */
export async function listPublications(
  { things, publicationsOf, mayRead }: PublicationList,
  requester: Jid,
  queried: string | undefined,
): Promise<readonly DiscoItem[]> {
  const isWhole = queried === undefined || queried === PUBLICATIONS;
  const asked = isWhole ? things : things.filter(({ node }) => publicationsNode(node) === queried);
  const items: DiscoItem[] = [];
  for (const thing of asked) {
    const publications = publicationsOf(thing);
    if (publications.length === 0) continue;
    const decision = await mayRead(requester, thing);
    for (const publication of publications) {
      if (!admits(decision, publication)) continue;
      const { address, title } = publication;
      items.push({ jid: address.service, node: address.node, name: title });
    }
  }
  if (items.length === 0 && queried !== undefined) throw new StanzaError('item-not-found', 'there is no such node');
  return items;
}
