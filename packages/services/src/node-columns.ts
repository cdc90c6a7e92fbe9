import type { NodeReference } from '@thingward/things';
import { type Jid, StanzaError } from '@thingward/xmpp';

/** A Thing in a table: the bare JID, and the node triple with '' for what is absent (NULLs would not be unique). */
export interface ThingColumns {
  jid: string;
  node_id: string;
  source_id: string;
  cache_type: string;
}

/** Most characters of each part of a node reference. */
const MAX_NODE_PART_LENGTH = 256;

/** @throws StanzaError policy-violation when a part of the reference is too long */
export function thingColumns(jid: Jid, node: NodeReference | undefined): ThingColumns {
  const columns = {
    jid: jid.bare.toString(),
    node_id: node?.nodeId ?? '',
    source_id: node?.sourceId ?? '',
    cache_type: node?.cacheType ?? '',
  };
  for (const part of [columns.node_id, columns.source_id, columns.cache_type]) {
    if (part.length > MAX_NODE_PART_LENGTH) {
      throw new StanzaError(
        'policy-violation',
        `nodeId, sourceId and cacheType have at most ${MAX_NODE_PART_LENGTH} characters`,
      );
    }
  }
  return columns;
}

export function nodeOfColumns({
  node_id,
  source_id,
  cache_type,
}: Omit<ThingColumns, 'jid'>): NodeReference | undefined {
  if (node_id === '') return undefined;
  return {
    nodeId: node_id,
    ...(source_id === '' ? {} : { sourceId: source_id }),
    ...(cache_type === '' ? {} : { cacheType: cache_type }),
  };
}
