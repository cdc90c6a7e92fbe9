import { type Jid, StanzaError } from '@thingward/xmpp';
import { retrieving } from './access.ts';
import { OptionError } from './config-option.ts';
import { contactOf } from './contacts.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Item, PubSubNode } from './pubsub-node.ts';

/** The node. @throws StanzaError `gone` when it was deleted and has gone elsewhere, else `item-not-found` */
export async function requireNode({ nodes }: EngineParts, host: Jid, id: string): Promise<PubSubNode> {
  return (await nodes.get(host, id)) ?? missing(nodes, host, id);
}

/** Runs a change of a node that is there. @throws StanzaError like `requireNode` */
export function changeNode<T>(
  { nodes }: EngineParts,
  host: Jid,
  id: string,
  change: (node: PubSubNode) => Promise<T>,
): Promise<T> {
  return nodes.change(host, id, async (node) => change(node ?? (await missing(nodes, host, id))));
}

/** @throws StanzaError always */
async function missing(nodes: EngineParts['nodes'], host: Jid, id: string): Promise<never> {
  const address = await nodes.redirectOf(host, id);
  if (address === undefined) throw new StanzaError('item-not-found', 'there is no such node');
  throw new StanzaError('gone', undefined, { type: 'modify', address });
}

/** @throws StanzaError when the entity may not see the items of the node */
export async function requireRetrieving({ environment }: EngineParts, node: PubSubNode, jid: Jid): Promise<void> {
  const refusal = retrieving(node, jid, await contactOf(node, jid, environment));
  if (refusal) throw refusal;
}

/** The item to send to who is new: of a transient node, the one that memory still has. */
export async function lastItemOf({ items, now }: EngineParts, node: PubSubNode): Promise<Item | undefined> {
  if (node.config.persistItems) return items.last(node);
  const { lastItem, config } = node;
  const isTooOld = lastItem && config.itemExpire !== 'max' && lastItem.publishedAt < now() - config.itemExpire * 1000;
  return isTooOld ? undefined : lastItem;
}

/** Runs what reads a form; an option that can't be so is answered with the error that `refuse` makes. */
export function readingForm<T>(read: () => T, refuse: (text: string) => StanzaError): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof OptionError) throw refuse(error.message);
    throw error;
  }
}
