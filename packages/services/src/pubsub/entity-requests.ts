import type { Element } from '@thingward/xml';
import type { Jid } from '@thingward/xmpp';
import type { EngineParts } from './engine-parts.ts';
import { requireNode } from './finding.ts';
import { encodeOwnAffiliations, encodeOwnSubscriptions } from './reply.ts';

/** What somebody is to the nodes of a host. @see XEP-0060 §5.6, §5.7 */
export class EntityRequests {
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.#parts = parts;
  }

  async subscriptions(host: Jid, from: Jid, node: string | undefined): Promise<Element> {
    const found = await this.#parts.nodes.subscriptionsOf(host, from, node);
    return encodeOwnSubscriptions(
      node,
      found.map(({ node: id, subscription: { jid, subid, state } }) => ({ node: id, jid, subid, state })),
    );
  }

  async affiliations(host: Jid, from: Jid, node: string | undefined): Promise<Element> {
    if (node === undefined) {
      const { nodes, limits } = this.#parts;
      // What somebody owns is bounded; what others make of it is told as far as there is room.
      return encodeOwnAffiliations(node, await nodes.affiliationsOf(host, from, 2 * limits.nodesPerOwner));
    }
    const affiliation = (await requireNode(this.#parts, host, node)).affiliationOf(from);
    return encodeOwnAffiliations(node, affiliation === 'none' ? [] : [{ node, affiliation }]);
  }
}
