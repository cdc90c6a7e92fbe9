import { RESULT_SET } from '@thingward/xmpp';
import { PUBSUB } from './namespaces.ts';
import type { NodeConfig } from './node-config.ts';

/** What works wherever nodes are kept. @see XEP-0060 §10 */
const ALWAYS = [
  'auto-create',
  'config-node',
  'config-node-max',
  'create-and-configure',
  'create-nodes',
  'delete-items',
  'delete-nodes',
  'instant-nodes',
  'item-ids',
  'leased-subscription',
  'manage-subscriptions',
  'member-affiliation',
  'meta-data',
  'modify-affiliations',
  'multi-items',
  'outcast-affiliation',
  'persistent-items',
  'publish',
  'publish-node-full',
  'publish-only-affiliation',
  'publish-options',
  'publisher-affiliation',
  'purge-nodes',
  'retract-items',
  'retrieve-affiliations',
  'retrieve-default',
  'retrieve-default-sub',
  'retrieve-items',
  'retrieve-subscriptions',
  'rsm',
  'subscribe',
  'subscription-notifications',
  'subscription-options',
] as const;

/** What accounts add to that. @see XEP-0060 §9, XEP-0163 §6.1 */
const OF_ACCOUNTS = [
  'auto-subscribe',
  'filtered-notifications',
  'last-published',
  'presence-subscribe',
  'pubsub-on-a-jid',
] as const;

/** The features to be told by service discovery. */
export function pubsubFeatures(
  defaultConfig: NodeConfig,
  { knowsPresence, ofAccounts }: { readonly knowsPresence: boolean; readonly ofAccounts: boolean },
): readonly string[] {
  const names = [
    ...ALWAYS,
    `access-${defaultConfig.accessModel}`,
    ...(knowsPresence ? ['presence-notifications'] : []),
    ...(ofAccounts ? OF_ACCOUNTS : ['get-pending']),
  ];
  return [PUBSUB, RESULT_SET, ...names.map((name) => `${PUBSUB}#${name}`)];
}
