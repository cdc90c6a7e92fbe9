import type { XmppClient, XmppPeer } from '@thingward/xmpp';

/** The connection of an account, kept up between start and stop. */
export type AccountConnection = XmppPeer & Pick<XmppClient, 'state' | 'start' | 'stop' | 'ready'>;
