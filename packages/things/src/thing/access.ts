import { type Jid, StanzaError } from '@thingward/xmpp';
import type { NodeReference } from './node.ts';
import type { Thing } from './thing.ts';

/** May the requester do what it asks for with this Thing? */
export type AccessCheck = (requester: Jid, thing: Thing) => boolean | Promise<boolean>;

/**
 * The Things that nodes in a request mean, none of them twice. A node given by its nodeId alone is all that have this nodeId.
 * @throws StanzaError `item-not-found`
 * @see XEP-0323 §5.9
 */
export function findThings(things: readonly Thing[], nodes: readonly NodeReference[]): readonly Thing[] {
  const found = nodes.flatMap((node) => {
    const meant = things.filter((thing) => isMeant(thing.node, node));
    if (meant.length === 0) throw new StanzaError('item-not-found', `there is no node ${JSON.stringify(node.nodeId)}`);
    return meant;
  });
  return [...new Set(found)];
}

function isMeant(node: NodeReference | undefined, { nodeId, sourceId, cacheType }: NodeReference): boolean {
  return (
    node?.nodeId === nodeId &&
    (sourceId === undefined || node.sourceId === sourceId) &&
    (cacheType === undefined || node.cacheType === cacheType)
  );
}

/**
 * The Things that the requester asks for and may have; without nodes, all it may have. Who may have none learns nothing about nodes.
 * @throws StanzaError `forbidden`, `item-not-found`
 */
export async function accessibleThings(
  things: readonly Thing[],
  nodes: readonly NodeReference[],
  requester: Jid,
  isAllowed: AccessCheck,
): Promise<readonly Thing[]> {
  const answers = await Promise.all(things.map(async (thing) => isAllowed(requester, thing)));
  const allowed = things.filter((_, i) => answers[i]);
  if (allowed.length === 0) throw accessDenied();
  if (nodes.length === 0) return allowed;
  const wanted = findThings(things, nodes);
  if (!wanted.every((thing) => allowed.includes(thing))) throw accessDenied();
  return wanted;
}

/** @see XEP-0323 §3.3, XEP-0325 §5.1 */
export function accessDenied(): StanzaError {
  return new StanzaError('forbidden', 'Access denied.', { type: 'cancel' });
}
