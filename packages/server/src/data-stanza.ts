import type { FrameHead } from '@thingward/xml';
import { NS } from '@thingward/xmpp';

/** Beginnings of the namespaces that are data of Things: those of the XEPs, of their successors, and ours. */
const DATA_NAMESPACES = ['urn:xmpp:iot:', 'urn:ieee:iot:', 'urn:nf:iot:', 'urn:thingward:'];

/**
 * Is a stanza of a client data of Things, and nothing else: an IQ, or a message that is no conversation, whose only child is
 * of their namespaces (or the empty result of an IQ)? Most of what filters look for is not to be found in it, so that it can
 * take a shorter way (see `direct-paths.ts`). It must be written plainly: without prefix, with no namespace of its own.
 */
export function isData({
  name,
  namespace,
  prefixed,
  declaration,
  attributes,
  payload,
  otherChildren,
}: FrameHead): boolean {
  if (namespace !== NS.client || prefixed || declaration || otherChildren?.length !== 0) return false;
  const { to, from, type, id } = attributes;
  if (from !== undefined || to === undefined || !to.includes('/')) return false;
  if (payload === undefined) return name === 'iq' && type === 'result' && Boolean(id);
  if (!DATA_NAMESPACES.some((beginning) => payload.namespace.startsWith(beginning))) return false;
  if (name === 'message') return type === undefined || type === 'normal';
  return name === 'iq' && Boolean(id) && (type === 'get' || type === 'set' || type === 'result');
}
