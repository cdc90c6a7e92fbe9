import { type Jid, presence, type Received, type XmppPeer } from '@thingward/xmpp';
import { SHOW_VALUES, type ShowValue } from './subscription-options.ts';

/** Bounds of what is remembered of the presence of others. Beyond them somebody counts as offline. */
export interface PresenceLimits {
  readonly entities: number;
  readonly resourcesPerEntity: number;
}

export const DEFAULT_PRESENCE_LIMITS: PresenceLimits = { entities: 20_000, resourcesPerEntity: 20 };

/** What a change of presence means. */
export interface PresenceListener {
  /** A resource became available that was not before. */
  cameOnline(jid: Jid): Promise<void>;
  /** A resource is available no more; `isLast` when there is no other of the same entity. */
  wentOffline(jid: Jid, isLast: boolean): Promise<void>;
}

/** Who is online, as far as a service is told: it subscribes to the presence of those for whom it matters. @see XEP-0060 §12.6 */
export class PresenceBook {
  readonly #peer: XmppPeer;
  readonly #limits: PresenceLimits;
  /** By bare JID, then resource. */
  readonly #shows = new Map<string, Map<string, ShowValue>>();
  /** Bare JIDs that were asked for their presence already. */
  readonly #watched = new Set<string>();

  constructor(peer: XmppPeer, limits: PresenceLimits) {
    this.#peer = peer;
    this.#limits = limits;
  }

  /** The states of the available resources of a bare JID, or of one resource. */
  showsOf(jid: Jid): readonly ShowValue[] {
    const resources = this.#shows.get(jid.bare.toString());
    if (!resources) return [];
    if (jid.resource === undefined) return [...resources.values()];
    const show = resources.get(jid.resource);
    return show === undefined ? [] : [show];
  }

  /** What is known is old: the service was out of reach meanwhile. */
  reset(): void {
    this.#shows.clear();
    this.#watched.clear();
  }

  /** Asks for the presence of somebody: a subscription, and what it is now where there is one already. */
  watch(jid: Jid): void {
    const bare = jid.bare.toString();
    if (this.#watched.has(bare) || this.#watched.size >= this.#limits.entities) return;
    this.#watched.add(bare);
    this.#peer.send(presence('subscribe', { to: jid.bare }));
    this.#peer.send(presence('probe', { to: jid.bare }));
  }

  /** Takes in a presence stanza. */
  async receive({ from, type, stanza }: Received, listener: PresenceListener): Promise<void> {
    switch (type) {
      case undefined:
        if (this.#add(from, showOf(stanza.child('show')?.text))) await listener.cameOnline(from);
        return;
      case 'unavailable':
      case 'error':
        await this.#remove(from, listener);
        return;
      case 'subscribe':
        // The presence of a service tells nothing; being seen lets others have it in their rosters.
        this.#peer.send(presence('subscribed', { to: from.bare }));
        return;
      case 'unsubscribe':
        this.#peer.send(presence('unsubscribed', { to: from.bare }));
        return;
      case 'unsubscribed':
        this.#watched.delete(from.bare.toString());
        await this.#remove(from.bare, listener);
        return;
    }
  }

  /** @returns whether the resource was not there before */
  #add(jid: Jid, show: ShowValue): boolean {
    if (jid.resource === undefined) return false;
    const bare = jid.bare.toString();
    const resources = this.#shows.get(bare) ?? new Map<string, ShowValue>();
    const isNew = !resources.has(jid.resource);
    if (isNew && resources.size >= this.#limits.resourcesPerEntity) return false;
    if (!this.#shows.has(bare) && this.#shows.size >= this.#limits.entities) return false;
    resources.set(jid.resource, show);
    this.#shows.set(bare, resources);
    return isNew;
  }

  /** A full JID; of a bare one all resources. */
  async #remove(jid: Jid, listener: PresenceListener): Promise<void> {
    const bare = jid.bare.toString();
    const resources = this.#shows.get(bare);
    if (!resources) return;
    for (const resource of jid.resource === undefined ? [...resources.keys()] : [jid.resource]) {
      if (!resources.delete(resource)) continue;
      if (resources.size === 0) this.#shows.delete(bare);
      await listener.wentOffline(jid.bare.withResource(resource), resources.size === 0);
    }
  }
}

function showOf(text: string | undefined): ShowValue {
  return SHOW_VALUES.find((show) => show === text) ?? 'online';
}
