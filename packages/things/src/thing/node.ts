/**
 * Which of the Things behind a JID is meant. Unique within the JID as a triple.
 * @see XEP-0326 §3.1, XEP-0347 §3.6
 */
export interface NodeReference {
  readonly nodeId: string;
  readonly sourceId?: string;
  readonly cacheType?: string;
}

/** A string that is equal for equal references (and for none), to key maps with. */
export function nodeKey(node: NodeReference | undefined): string {
  return node === undefined ? '' : JSON.stringify([node.nodeId, node.sourceId ?? '', node.cacheType ?? '']);
}

/** The reference as attributes of an element; none for the JID itself. */
export function nodeAttributes(node: NodeReference | undefined): Record<string, string | undefined> {
  return { nodeId: node?.nodeId, sourceId: node?.sourceId, cacheType: node?.cacheType };
}
