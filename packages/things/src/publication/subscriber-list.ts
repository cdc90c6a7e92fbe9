import {
  encodeCommandRequest,
  type Jid,
  type NodeAffiliation,
  type NodeSubscription,
  nodeAffiliations,
  nodeSubscriptions,
  PUBSUB,
  type RequestOptions,
  StanzaError,
  SUBSCRIBE_AUTHORIZATION,
  setNodeAffiliations,
  setNodeSubscriptions,
  type XmppPeer,
} from '@thingward/xmpp';
import type { Publication } from './publication.ts';
import { admits, type ReadAccess } from './read-access.ts';

/** Affiliations besides the owner's with which items can be seen. @see XEP-0060 §4.1 */
const MAY_RETRIEVE = new Set(['member', 'publisher']);

/** Changes in one request. */
const CHANGES = 100;

/**
 * Makes the service let in who may read the Thing, and nobody else: first those go who may not read it any more.
 * @throws StanzaError, PeerError
 * @see docs/publish-subscribe.md §6
 */
export async function reconcileSubscribers(
  peer: XmppPeer,
  publication: Publication,
  access: ReadAccess,
  options: RequestOptions,
): Promise<void> {
  if (publication.access.kind === 'roster') return;
  const mayRead = async (jid: Jid) => admits(await access.mayRead(jid.bare), publication);
  if (publication.access.kind === 'readers') await reconcileMembers(peer, publication, access, mayRead, options);
  await reconcileSubscriptions(peer, publication, mayRead, options);
  if (publication.access.kind === 'authorize') await askForPending(peer, publication, options);
}

type Check = (jid: Jid) => Promise<boolean>;

async function reconcileMembers(
  peer: XmppPeer,
  { address }: Publication,
  access: ReadAccess,
  mayRead: Check,
  options: RequestOptions,
): Promise<void> {
  const present = await nodeAffiliations(peer, address, options);
  const wanted = new Map<string, Jid>();
  for (const reader of access.readers()) if (await mayRead(reader)) wanted.set(reader.bare.toString(), reader.bare);
  const removed: NodeAffiliation[] = [];
  const added = new Map(wanted);
  for (const { jid, affiliation } of present) {
    const bare = jid.bare.toString();
    // An owner keeps what it may: another one can't take that away.
    if (affiliation === 'owner' || (affiliation === 'member' && wanted.has(bare))) added.delete(bare);
    else if (MAY_RETRIEVE.has(affiliation) && !wanted.has(bare)) removed.push({ jid: jid.bare, affiliation: 'none' });
  }
  const changes = [...removed, ...[...added.values()].map((jid) => ({ jid, affiliation: 'member' }))];
  for (let start = 0; start < changes.length; start += CHANGES) {
    await setNodeAffiliations(peer, address, changes.slice(start, start + CHANGES), options);
  }
}

/** Servers differ in whether a subscription ends with the affiliation: it is ended in any case. */
async function reconcileSubscriptions(
  peer: XmppPeer,
  { address, access }: Publication,
  mayRead: Check,
  options: RequestOptions,
): Promise<void> {
  const changes: NodeSubscription[] = [];
  for (const subscription of await nodeSubscriptions(peer, address, options)) {
    const { jid, state } = subscription;
    if (jid.bare.equals(peer.jid.bare) || state === 'none') continue;
    const isIn = await mayRead(jid);
    if (!isIn) changes.push({ ...subscription, state: 'none' });
    else if (state === 'pending' && access.kind === 'authorize') changes.push({ ...subscription, state: 'subscribed' });
  }
  for (let start = 0; start < changes.length; start += CHANGES) {
    await setNodeSubscriptions(peer, address, changes.slice(start, start + CHANGES), options);
  }
}

/** Those who asked while the Thing was away: the service asks again. One that can't has listed them as pending. @see XEP-0060 §8.7 */
async function askForPending(peer: XmppPeer, { address }: Publication, options: RequestOptions): Promise<void> {
  const form = {
    type: 'submit',
    fields: [
      { var: 'FORM_TYPE', type: 'hidden', values: [SUBSCRIBE_AUTHORIZATION] },
      { var: 'pubsub#node', values: [address.node] },
    ],
  } as const;
  const command = encodeCommandRequest({ node: `${PUBSUB}#get-pending`, action: 'execute', form });
  try {
    await peer.request('set', address.service, command, options);
  } catch (error) {
    if (!(error instanceof StanzaError) || error.type === 'wait') throw error;
  }
}
