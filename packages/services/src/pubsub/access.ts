import { type Jid, StanzaError } from '@thingward/xmpp';
import { PRIVILEGES } from './affiliation.ts';
import type { Contact } from './environment.ts';
import { notSubscribed, pubsubError } from './pubsub-error.ts';
import type { PubSubNode } from './pubsub-node.ts';

/**
 * Who may do what with a node. Pure: all that matters is in the arguments. A refusal is the error to answer with; undefined
 * means yes.
 * @see XEP-0060 §4.1, §4.5
 */
export type Refusal = StanzaError | undefined;

/**
 * May the entity subscribe?
 * @returns `pending` when an owner has to decide
 * @see XEP-0060 §6.1.3, §6.1.4
 */
export function subscribing(node: PubSubNode, jid: Jid, contact: Contact): Refusal | 'pending' {
  const affiliation = node.affiliationOf(jid);
  if (!PRIVILEGES[affiliation].subscribe) return new StanzaError('forbidden');
  if (affiliation !== 'none') return undefined;
  if (node.config.accessModel === 'authorize') return 'pending';
  return accessRefusal(node, contact);
}

/**
 * May the entity see the items, by asking for them or by being notified?
 * @see XEP-0060 §6.5.1
 */
export function retrieving(node: PubSubNode, jid: Jid, contact: Contact): Refusal {
  const affiliation = node.affiliationOf(jid);
  if (PRIVILEGES[affiliation].retrieve) return undefined;
  if (!PRIVILEGES[affiliation].subscribe) return new StanzaError('forbidden');
  if (node.config.accessModel === 'authorize') return node.isSubscriber(jid) ? undefined : notSubscribed();
  return accessRefusal(node, contact);
}

/** @see XEP-0060 §7.1.3.1 */
export function publishing(node: PubSubNode, jid: Jid): Refusal {
  const affiliation = node.affiliationOf(jid);
  const { publishModel } = node.config;
  const mayPublish =
    PRIVILEGES[affiliation].publish ||
    (affiliation !== 'outcast' &&
      (publishModel === 'open' || (publishModel === 'subscribers' && node.isSubscriber(jid))));
  return mayPublish ? undefined : new StanzaError('forbidden');
}

/** May the entity delete items that `publisher` (a bare JID) has published? Who may publish may take back its own. */
export function deleting(node: PubSubNode, jid: Jid, publisher: string): Refusal {
  const { deleteItem } = PRIVILEGES[node.affiliationOf(jid)];
  if (deleteItem === 'all') return undefined;
  const isOwn = publisher === jid.bare.toString() && publishing(node, jid) === undefined;
  return isOwn ? undefined : new StanzaError('forbidden');
}

/** @see XEP-0060 §14.2 */
export function owning(node: PubSubNode, jid: Jid): Refusal {
  return PRIVILEGES[node.affiliationOf(jid)].own ? undefined : new StanzaError('forbidden');
}

/** May the entity learn of the node from a list? @see XEP-0163 §6.2 */
export function discovering(node: PubSubNode, jid: Jid, contact: Contact): boolean {
  const decision = subscribing(node, jid, contact);
  return decision === undefined || decision === 'pending' || retrieving(node, jid, contact) === undefined;
}

/** Does the decision about the node depend on what the owner's roster says? */
export function dependsOnRoster({ config: { accessModel } }: PubSubNode): boolean {
  return accessModel === 'presence' || accessModel === 'roster';
}

/** What the access model says of an entity without affiliation. */
function accessRefusal({ config }: PubSubNode, contact: Contact): Refusal {
  switch (config.accessModel) {
    case 'open':
      return undefined;
    case 'presence':
      return contact.isSubscribedToPresence ? undefined : pubsubError('presence-subscription-required');
    case 'roster': {
      const isAllowed =
        contact.isSubscribedToPresence &&
        contact.rosterGroups.some((group) => config.rosterGroupsAllowed.includes(group));
      return isAllowed ? undefined : pubsubError('not-in-roster-group');
    }
    case 'authorize':
    case 'whitelist':
      return pubsubError('closed-node');
  }
}
