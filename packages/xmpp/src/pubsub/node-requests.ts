import { xml } from '@thingward/xml';
import { encodeDataForm } from '../data-form.ts';
import { Jid } from '../jid.ts';
import type { RequestOptions, XmppPeer } from '../peer.ts';
import { PUBLISH_OPTIONS } from './namespaces.ts';
import { type NodeAddress, requestPubSub, requiredChild } from './node-address.ts';
import {
  decodeNodeItem,
  decodeSubscriptionState,
  encodeNodeItem,
  type NodeItem,
  type NodeSubscriptionState,
} from './node-event.ts';
import { type NodeOptions, nodeOptionsForm } from './node-options.ts';

/** A subscription to a node. */
export interface NodeSubscription {
  /** As it was given: bare or full. */
  readonly jid: Jid;
  readonly subid: string | undefined;
  readonly state: NodeSubscriptionState;
}

/**
 * Publishes an item; one with the same id is replaced.
 * @param preconditions what the node's configuration must be, or becomes where the service makes the node
 * @returns the id of the item, where the service tells it
 * @throws StanzaError `conflict` with `precondition-not-met`; PeerError
 * @see XEP-0060 §7.1
 */
export async function publishItem(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  item: NodeItem,
  preconditions?: NodeOptions,
  options?: RequestOptions,
): Promise<string | undefined> {
  const form = preconditions && encodeDataForm(nodeOptionsForm(PUBLISH_OPTIONS, preconditions));
  const content = [xml('publish', { node }, encodeNodeItem(item)), form && xml('publish-options', {}, form)];
  const answer = await requestPubSub(peer, 'set', service, content, options);
  return answer?.child('publish')?.child('item')?.attribute('id') ?? item.id;
}

/** Which of the items a node keeps. */
export type ItemSelection = { readonly ids: readonly string[] } | { readonly newest: number };

/** The items a node keeps, as the service gives them. @throws StanzaError, PeerError. @see XEP-0060 §6.5 */
export async function retrieveItems(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  selection: ItemSelection,
  options?: RequestOptions,
): Promise<readonly NodeItem[]> {
  const items =
    'ids' in selection
      ? xml(
          'items',
          { node },
          selection.ids.map((id) => xml('item', { id })),
        )
      : xml('items', { node, max_items: selection.newest });
  const answer = await requestPubSub(peer, 'get', service, [items], options);
  return requiredChild(answer, 'items').childrenNamed('item').map(decodeNodeItem);
}

/** Subscribes an address of one's own. @throws StanzaError, PeerError. @see XEP-0060 §6.1 */
export async function subscribeToNode(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  jid: Jid,
  options?: RequestOptions,
): Promise<NodeSubscription> {
  const answer = await requestPubSub(peer, 'set', service, [xml('subscribe', { node, jid: jid.toString() })], options);
  const subscription = requiredChild(answer, 'subscription');
  return {
    jid: Jid.tryParse(subscription.attribute('jid')) ?? jid,
    subid: subscription.attribute('subid'),
    state: decodeSubscriptionState(subscription),
  };
}

/** @throws StanzaError, PeerError. @see XEP-0060 §6.2 */
export async function unsubscribeFromNode(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  { jid, subid }: Pick<NodeSubscription, 'jid' | 'subid'>,
  options?: RequestOptions,
): Promise<void> {
  await requestPubSub(peer, 'set', service, [xml('unsubscribe', { node, jid: jid.toString(), subid })], options);
}
