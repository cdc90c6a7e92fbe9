/** @see XEP-0352 */
export const CLIENT_STATE = 'urn:xmpp:csi:0';

/** @see XEP-0085 */
export const CHAT_STATES = 'http://jabber.org/protocol/chatstates';
