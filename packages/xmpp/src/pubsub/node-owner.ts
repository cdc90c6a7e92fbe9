import { type Element, xml } from '@thingward/xml';
import { DATA_FORM_NAMESPACE, type DataForm, decodeDataForm, encodeDataForm } from '../data-form.ts';
import { Jid } from '../jid.ts';
import type { RequestOptions, XmppPeer } from '../peer.ts';
import { decodeResultSetPage, encodeResultSetRequest, RESULT_SET } from '../result-set.ts';
import { StanzaError } from '../stanza-error.ts';
import { NODE_CONFIG, PUBSUB_OWNER } from './namespaces.ts';
import { type NodeAddress, requestPubSub, requiredChild } from './node-address.ts';
import { decodeSubscriptionState } from './node-event.ts';
import { type NodeOptions, nodeOptionsForm } from './node-options.ts';
import type { NodeSubscription } from './node-requests.ts';

/** Who is what to a node. @see XEP-0060 §4.1 */
export interface NodeAffiliation {
  /** Bare. */
  readonly jid: Jid;
  /** Like `owner`, `publisher`, `member`, `outcast`, `none`. */
  readonly affiliation: string;
}

/** Pages of a list that are asked for at most. */
const MAX_PAGES = 200;

/** Makes a node, with options unless the service's own will do. @throws StanzaError `conflict` when there is one; PeerError. @see XEP-0060 §8.1 */
export async function createNode(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  nodeOptions?: NodeOptions,
  options?: RequestOptions,
): Promise<void> {
  const form = nodeOptions && encodeDataForm(nodeOptionsForm(NODE_CONFIG, nodeOptions));
  await requestPubSub(peer, 'set', service, [xml('create', { node }), form && xml('configure', {}, form)], options);
}

/** The configuration of a node as a form to fill in. @throws StanzaError, DataFormError, PeerError. @see XEP-0060 §8.2 */
export async function nodeConfiguration(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  options?: RequestOptions,
): Promise<DataForm> {
  const answer = await requestPubSub(peer, 'get', service, [xml('configure', { node })], options, PUBSUB_OWNER);
  return decodeDataForm(requiredChild(requiredChild(answer, 'configure'), 'x', DATA_FORM_NAMESPACE));
}

/** Changes options of a node; the others stay. @throws StanzaError, PeerError. @see XEP-0060 §8.2.4 */
export async function configureNode(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  nodeOptions: NodeOptions,
  options?: RequestOptions,
): Promise<void> {
  const form = encodeDataForm(nodeOptionsForm(NODE_CONFIG, nodeOptions));
  await requestPubSub(peer, 'set', service, [xml('configure', { node }, form)], options, PUBSUB_OWNER);
}

/** @throws StanzaError, PeerError. @see XEP-0060 §8.4 */
export async function deleteNode(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  options?: RequestOptions,
): Promise<void> {
  await requestPubSub(peer, 'set', service, [xml('delete', { node })], options, PUBSUB_OWNER);
}

/** Who is what to a node, all of them. @throws StanzaError, PeerError. @see XEP-0060 §8.9.1 */
export async function nodeAffiliations(
  peer: XmppPeer,
  at: NodeAddress,
  options?: RequestOptions,
): Promise<readonly NodeAffiliation[]> {
  const entries = await listed(peer, at, 'affiliations', 'affiliation', options);
  return entries.flatMap((entry) => {
    const jid = Jid.tryParse(entry.attribute('jid'));
    return jid ? [{ jid, affiliation: entry.attribute('affiliation') ?? 'none' }] : [];
  });
}

/** Changes who is what; the others stay. @throws StanzaError, PeerError. @see XEP-0060 §8.9.2 */
export async function setNodeAffiliations(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  changes: readonly NodeAffiliation[],
  options?: RequestOptions,
): Promise<void> {
  const entries = changes.map(({ jid, affiliation }) => xml('affiliation', { jid: jid.bare.toString(), affiliation }));
  await requestPubSub(peer, 'set', service, [xml('affiliations', { node }, entries)], options, PUBSUB_OWNER);
}

/** Who is subscribed to a node, all of them. @throws StanzaError, PeerError. @see XEP-0060 §8.8.1 */
export async function nodeSubscriptions(
  peer: XmppPeer,
  at: NodeAddress,
  options?: RequestOptions,
): Promise<readonly NodeSubscription[]> {
  const entries = await listed(peer, at, 'subscriptions', 'subscription', options);
  return entries.flatMap((entry) => {
    const jid = Jid.tryParse(entry.attribute('jid'));
    return jid ? [{ jid, subid: entry.attribute('subid'), state: decodeSubscriptionState(entry) }] : [];
  });
}

/** Changes who is subscribed; the others stay. @throws StanzaError, PeerError. @see XEP-0060 §8.8.2 */
export async function setNodeSubscriptions(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  changes: readonly NodeSubscription[],
  options?: RequestOptions,
): Promise<void> {
  const entries = changes.map(({ jid, subid, state }) =>
    xml('subscription', { jid: jid.toString(), subid, subscription: state }),
  );
  await requestPubSub(peer, 'set', service, [xml('subscriptions', { node }, entries)], options, PUBSUB_OWNER);
}

/** All entries of a list, page by page where the service gives it so. */
async function listed(
  peer: XmppPeer,
  { service, node }: NodeAddress,
  list: string,
  entry: string,
  options: RequestOptions | undefined,
): Promise<readonly Element[]> {
  const all: Element[] = [];
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const part = after === undefined ? undefined : encodeResultSetRequest({ after });
    const answer = await requestPubSub(peer, 'get', service, [xml(list, { node }), part], options, PUBSUB_OWNER);
    const found = requiredChild(answer, list).childrenNamed(entry);
    all.push(...found);
    const set = answer?.child('set', RESULT_SET);
    const { last, count } = set ? decodeResultSetPage(set) : {};
    if (last === undefined || last === after || found.length === 0 || (count !== undefined && all.length >= count)) {
      return all;
    }
    after = last;
  }
  throw new StanzaError('resource-constraint', `the list of ${list} of ${node} has no end`);
}
