/** Namespaces of publish-subscribe. @see XEP-0060 §16.1 */
export const PUBSUB = 'http://jabber.org/protocol/pubsub';
export const PUBSUB_OWNER = `${PUBSUB}#owner`;
export const PUBSUB_EVENT = `${PUBSUB}#event`;
export const PUBSUB_ERRORS = `${PUBSUB}#errors`;

/** Values of FORM_TYPE. @see XEP-0060 §16.4 */
export const NODE_CONFIG = `${PUBSUB}#node_config`;
export const META_DATA = `${PUBSUB}#meta-data`;
export const SUBSCRIBE_OPTIONS = `${PUBSUB}#subscribe_options`;
export const SUBSCRIBE_AUTHORIZATION = `${PUBSUB}#subscribe_authorization`;
export const PUBLISH_OPTIONS = `${PUBSUB}#publish-options`;
