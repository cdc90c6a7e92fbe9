import { Jid } from '@thingward/xmpp';
import { dependsOnRoster } from './access.ts';
import { type Contact, type MaybePromise, type PubSubEnvironment, STRANGER } from './environment.ts';
import type { PubSubNode } from './pubsub-node.ts';

/** What the rosters of the node's owners say of an entity; asked only where the access model wants to know. */
export function contactOf(node: PubSubNode, jid: Jid, environment: PubSubEnvironment): MaybePromise<Contact> {
  if (!environment.contact || !dependsOnRoster(node)) return STRANGER;
  const [owner, ...others] = node.owners;
  if (owner === undefined) return STRANGER;
  if (others.length === 0) return environment.contact(Jid.parse(owner), jid.bare);
  return ofSeveral([owner, ...others], jid, environment.contact);
}

/** It is enough to be a contact of one of the owners. */
async function ofSeveral(
  owners: readonly string[],
  jid: Jid,
  ask: NonNullable<PubSubEnvironment['contact']>,
): Promise<Contact> {
  const contacts = await Promise.all(owners.map((owner) => ask(Jid.parse(owner), jid.bare)));
  const friends = contacts.filter(({ isSubscribedToPresence }) => isSubscribedToPresence);
  if (friends.length === 0) return STRANGER;
  return { isSubscribedToPresence: true, rosterGroups: friends.flatMap(({ rosterGroups }) => rosterGroups) };
}
