/** Data that a client keeps on its server, and nobody else sees. @see XEP-0049 */
export const PRIVATE_STORAGE = 'jabber:iq:private';
