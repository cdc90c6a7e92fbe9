import {
  type Jid,
  type Logger,
  PeerError,
  presence,
  type Received,
  type Unsubscribe,
  type XmppPeer,
} from '@thingward/xmpp';

/** Requests for friendship within a second, of all together: more are left unanswered, and are repeated by who means it. */
const MAX_PER_SECOND = 50;

/**
 * Makes friends of all who ask, and sees whether they are there: a registry that is hosted as a client, not as a component, can be talked
 * to by nobody else, and reach nobody else.
 * @see XEP-0347 §5.1, §5.3
 */
export function befriendAll(peer: XmppPeer, log: Logger, now: () => number): Unsubscribe {
  let second = 0;
  let answered = 0;
  const send = (type: 'subscribe' | 'subscribed' | 'unsubscribe' | 'unsubscribed', to: Jid) => {
    try {
      peer.send(presence(type, { to: to.bare, from: peer.jid.bare }));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      log.debug({ to: to.bare.toString(), type }, 'no connection to answer a request for friendship');
    }
  };
  return peer.onPresence(({ from, type }: Received) => {
    if (type === 'unsubscribe') {
      // Who leaves is left: a registry keeps no friends it does not need.
      send('unsubscribed', from);
      send('unsubscribe', from);
    }
    if (type !== 'subscribe') return;
    const thisSecond = Math.floor(now() / 1000);
    answered = thisSecond === second ? answered + 1 : 1;
    second = thisSecond;
    if (answered > MAX_PER_SECOND) {
      log.warn({ from: from.bare.toString() }, 'too many requests for friendship at once');
      return;
    }
    send('subscribed', from);
    send('subscribe', from);
  });
}
