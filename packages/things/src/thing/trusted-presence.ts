import { xml } from '@thingward/xml';
import { decodeRosterItem, type Jid, NS, PeerError, presence, type XmppPeer } from '@thingward/xmpp';

const ROSTER_TIMEOUT_MS = 5000;

type SubscriptionChange = 'subscribe' | 'subscribed' | 'unsubscribe' | 'unsubscribed';

/**
 * Who sees the presence of a peer, and whose presence it asks for: those it trusts. What can't be sent for want of a connection is
 * made up for when there is one again. Holds no more than one address for each that is or was trusted.
 * @see RFC 6121 §3
 */
export class TrustedPresence {
  readonly #peer: XmppPeer;
  /** Bare JIDs that were asked for their presence. */
  readonly #asked = new Set<string>();
  /** Addresses that are yet to be told whether they are trusted, by bare JID. */
  readonly #untold = new Map<string, Jid>();

  constructor(peer: XmppPeer) {
    this.#peer = peer;
  }

  /** Shows somebody once that it is there, who is not asked for anything. */
  tell(jid: Jid): void {
    this.#peer.send(presence(undefined, { to: jid }));
  }

  /** Asks for somebody's presence, once: two that trust each other would go on for ever. */
  ask(jid: Jid): void {
    const bare = jid.bare.toString();
    if (this.#asked.has(bare)) return;
    this.#asked.add(bare);
    this.#send('subscribe', jid);
  }

  /** Lets somebody who asked see the presence. */
  show(jid: Jid): void {
    this.#send('subscribed', jid);
  }

  /** Does not let somebody who asked see the presence. */
  refuse(jid: Jid): void {
    this.#send('unsubscribed', jid);
  }

  /** Ends it in both directions. */
  revoke(jid: Jid): void {
    this.#send('unsubscribed', jid);
    this.#send('unsubscribe', jid);
    this.#asked.delete(jid.bare.toString());
  }

  /**
   * Ends it for all accounts that see the presence by the roster, but for those that are trusted: somebody may have been let in before a restart.
   * @throws StanzaError, PeerError
   * @see RFC 6121 §2.1.3
   */
  async revokeOthers(isTrusted: (jid: Jid) => boolean): Promise<void> {
    // A component has no roster.
    if (this.#peer.jid.local === undefined) return;
    const query = xml('query', { xmlns: NS.roster });
    const answer = await this.#peer.request('get', undefined, query, { timeoutMs: ROSTER_TIMEOUT_MS });
    for (const item of answer?.childrenNamed('item') ?? []) {
      const { jid, subscription } = decodeRosterItem(item);
      if (jid.local === undefined || subscription === 'none' || isTrusted(jid)) continue;
      this.revoke(jid);
    }
  }

  /** To be called when there is a connection again. */
  cameOnline(isTrusted: (jid: Jid) => boolean): void {
    const untold = [...this.#untold.values()];
    this.#untold.clear();
    for (const jid of untold) {
      if (isTrusted(jid)) this.ask(jid);
      else this.revoke(jid);
    }
  }

  #send(type: SubscriptionChange, to: Jid): void {
    try {
      this.#peer.send(presence(type, { to: to.bare, from: this.#peer.jid.bare }));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      const bare = to.bare.toString();
      this.#untold.set(bare, to.bare);
      this.#asked.delete(bare);
    }
  }
}
