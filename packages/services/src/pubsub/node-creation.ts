import { type Jid, StanzaError } from '@thingward/xmpp';
import type { EngineParts } from './engine-parts.ts';
import type { PubSubLimits } from './limits.ts';
import type { NodeConfig } from './node-config.ts';
import type { PubSubNode } from './pubsub-node.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters a node id must not have
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Within the node's change, where there was no node. Of an account's node the account is the owner. @throws StanzaError */
export function createNode(
  { profile, nodes, now }: EngineParts,
  host: Jid,
  creator: Jid,
  id: string,
  config: NodeConfig,
): Promise<PubSubNode> {
  const owner = 'service' in profile.scope ? creator.bare : host;
  return nodes.create(host, id, creator, owner, config, now());
}

/** Ids are what a resource of a JID could be. @throws StanzaError `not-acceptable`. @see XEP-0060 §4.6.2 */
export function checkNodeId(id: string, { idCharacters }: PubSubLimits): void {
  if (id.length > idCharacters) {
    throw new StanzaError('not-acceptable', `a node id has at most ${idCharacters} characters`);
  }
  if (CONTROL.test(id)) throw new StanzaError('not-acceptable', 'a node id has no control characters');
}
