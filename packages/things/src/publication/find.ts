import { xml } from '@thingward/xml';
import {
  DISCO_INFO,
  DISCO_ITEMS,
  type DiscoItem,
  decodeDiscoInfo,
  decodeDiscoItems,
  formValues,
  type Jid,
  META_DATA,
  type NodeAddress,
  type RequestOptions,
  StanzaError,
  type XmppPeer,
} from '@thingward/xmpp';
import type { NodeReference } from '../thing/node.ts';
import { personalPublicationNode, publicationNode, publicationService, publicationsNode } from './publication.ts';

/** A node that a Thing publishes to. */
export interface PublishedNode extends NodeAddress {
  /** For people. */
  readonly title?: string | undefined;
}

/**
 * Asks a Thing what it publishes, and where.
 * @param thing its full JID
 * @param node which of the Things behind the JID; undefined: all
 * @returns none where it publishes nothing that one may read
 * @throws StanzaError when it can't be asked
 */
export async function findPublications(
  peer: XmppPeer,
  thing: Jid,
  node?: NodeReference,
  options?: RequestOptions,
): Promise<readonly PublishedNode[]> {
  try {
    return toNodes(await itemsOf(peer, thing, publicationsNode(node), options));
  } catch (error) {
    if (isNothing(error)) return [];
    throw error;
  }
}

/**
 * Where a Thing that can't be asked publishes by convention: at the publish-subscribe service of its domain, and at its own account. A
 * node of the service counts only when the service says that it is the Thing's own and nobody else's.
 * @param thing its bare JID
 * @see docs/publish-subscribe.md §3
 */
export async function findConventionalPublications(
  peer: XmppPeer,
  thing: Jid,
  node?: NodeReference,
  options?: RequestOptions,
): Promise<readonly PublishedNode[]> {
  const { bare } = thing;
  const shared = { service: publicationService(bare.domain), node: publicationNode(bare, node) };
  const personal = { service: bare, node: personalPublicationNode(node) };
  const found: PublishedNode[] = [];
  if (await isOwnedBy(peer, shared, bare, options)) found.push(shared);
  if (await isThere(peer, personal, options)) found.push(personal);
  return found;
}

async function isOwnedBy(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  owner: Jid,
  options?: RequestOptions,
): Promise<boolean> {
  const info = await infoOf(peer, service, node, options);
  const metaData = info?.forms?.find((form) => formValues(form, 'FORM_TYPE')?.[0] === META_DATA);
  const owners = metaData && formValues(metaData, 'pubsub#owner');
  return owners?.length === 1 && owners[0] === owner.toString();
}

async function isThere(peer: XmppPeer, { service, node }: NodeAddress, options?: RequestOptions): Promise<boolean> {
  try {
    return (await itemsOf(peer, service, undefined, options)).some((item) => item.node === node);
  } catch (error) {
    if (isNothing(error)) return false;
    throw error;
  }
}

async function infoOf(peer: XmppPeer, jid: Jid, node: string, options?: RequestOptions) {
  try {
    const query = await peer.request('get', jid, xml('query', { xmlns: DISCO_INFO, node }), options);
    return query && decodeDiscoInfo(query);
  } catch (error) {
    if (isNothing(error)) return undefined;
    throw error;
  }
}

async function itemsOf(
  peer: XmppPeer,
  jid: Jid,
  node: string | undefined,
  options?: RequestOptions,
): Promise<readonly DiscoItem[]> {
  const query = await peer.request('get', jid, xml('query', { xmlns: DISCO_ITEMS, node }), options);
  return query ? decodeDiscoItems(query) : [];
}

function toNodes(items: readonly DiscoItem[]): readonly PublishedNode[] {
  return items.flatMap(({ jid, node, name }) => (node === undefined ? [] : [{ service: jid, node, title: name }]));
}

/** There is no such thing, or none that one may know of. */
function isNothing(error: unknown): boolean {
  const conditions = ['item-not-found', 'feature-not-implemented', 'service-unavailable', 'forbidden', 'not-allowed'];
  return (
    error instanceof StanzaError &&
    (conditions.includes(error.condition) || error.condition === 'remote-server-not-found')
  );
}
