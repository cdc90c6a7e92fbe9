import { type Element, xml } from '@thingward/xml';
import { StanzaError, type StanzaErrorCondition, type StanzaErrorType } from '@thingward/xmpp';
import { PUBSUB_ERRORS } from './namespaces.ts';

/** Conditions of publish-subscribe with the stanza error each comes in. @see XEP-0060 §11, §17.2 */
const CONDITIONS = {
  'closed-node': ['not-allowed', 'cancel'],
  'invalid-jid': ['bad-request', 'modify'],
  'invalid-options': ['bad-request', 'modify'],
  'invalid-payload': ['bad-request', 'modify'],
  'invalid-subid': ['not-acceptable', 'modify'],
  'item-forbidden': ['bad-request', 'modify'],
  'item-required': ['bad-request', 'modify'],
  'jid-required': ['bad-request', 'modify'],
  'max-items-exceeded': ['not-allowed', 'cancel'],
  'max-nodes-exceeded': ['resource-constraint', 'wait'],
  'node-full': ['conflict', 'cancel'],
  'nodeid-required': ['bad-request', 'modify'],
  'not-in-roster-group': ['not-authorized', 'auth'],
  'not-subscribed': ['unexpected-request', 'cancel'],
  'payload-too-big': ['not-acceptable', 'modify'],
  'payload-required': ['bad-request', 'modify'],
  'pending-subscription': ['not-authorized', 'auth'],
  'precondition-not-met': ['conflict', 'cancel'],
  'presence-subscription-required': ['not-authorized', 'auth'],
  'too-many-subscriptions': ['policy-violation', 'wait'],
  'unsupported-access-model': ['not-acceptable', 'modify'],
} as const satisfies Record<string, readonly [StanzaErrorCondition, StanzaErrorType]>;

export type PubSubErrorCondition = keyof typeof CONDITIONS;

/** The error with its condition of publish-subscribe. */
export function pubsubError(condition: PubSubErrorCondition, text?: string): StanzaError {
  const [stanzaCondition, type] = CONDITIONS[condition];
  return new StanzaError(stanzaCondition, text, { type, application: xml(condition, { xmlns: PUBSUB_ERRORS }) });
}

/** Who is not subscribed may not see the items. @see XEP-0060 §6.5.9.3 */
export function notSubscribed(): StanzaError {
  return new StanzaError('not-authorized', undefined, {
    application: xml('not-subscribed', { xmlns: PUBSUB_ERRORS }),
  });
}

/** What the node or the service does not do. @param feature without the namespace, like `persistent-items` */
export function unsupported(feature: string): StanzaError {
  return new StanzaError('feature-not-implemented', undefined, {
    application: xml('unsupported', { xmlns: PUBSUB_ERRORS, feature }),
  });
}

/** Some entries of a list could not be changed. @param unchanged the `<pubsub/>` with these as they are. @see XEP-0060 §8.8.2.4, §8.9.2.4 */
export function notAllChanged(unchanged: Element): StanzaError {
  return new StanzaError('not-acceptable', undefined, { payload: unchanged });
}
