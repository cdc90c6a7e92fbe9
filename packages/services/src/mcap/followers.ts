import {
  type AddressedReading,
  encodeEvent,
  encodeTreeChange,
  type NcapResource,
  type ThingNode,
} from '@thingward/ieee1451/mcap';
import { nodeKey } from '@thingward/things';
import { type Element, xml } from '@thingward/xml';
import { type Jid, type Logger, PeerError, StanzaError, type XmppPeer } from '@thingward/xmpp';
import type { McapLimits } from './limits.ts';
import type { NcapChange } from './resource-store.ts';
import { type Readable, treeChanges, visibleNcap } from './visible.ts';

/** Those who are told of changes of the tree and of events: full JIDs, until they leave. */
export class Followers {
  readonly #peer: XmppPeer;
  readonly #limits: McapLimits;
  readonly #log: Logger;
  /** What each may read of an NCAP. */
  readonly #readable: (ncap: string, follower: Jid) => Promise<Readable>;
  readonly #followers = new Map<string, Jid>();

  constructor(
    peer: XmppPeer,
    limits: McapLimits,
    readable: (ncap: string, follower: Jid) => Promise<Readable>,
    log: Logger,
  ) {
    this.#peer = peer;
    this.#limits = limits;
    this.#readable = readable;
    this.#log = log;
  }

  get size(): number {
    return this.#followers.size;
  }

  /** @throws StanzaError `resource-constraint` */
  add(follower: Jid): void {
    const key = follower.toString();
    if (this.#followers.has(key)) return;
    const sameAccount = [...this.#followers.values()].filter(({ bare }) => bare.equals(follower.bare));
    if (sameAccount.length >= this.#limits.followersPerJid || this.#followers.size >= this.#limits.followers) {
      throw new StanzaError('resource-constraint', 'there are too many followers');
    }
    this.#followers.set(key, follower);
  }

  /** A bare JID are all its resources. */
  remove(follower: Jid): void {
    if (follower.isFull || follower.local === undefined) this.#followers.delete(follower.toString());
    else for (const [key, { bare }] of this.#followers) if (bare.equals(follower)) this.#followers.delete(key);
  }

  clear(): void {
    this.#followers.clear();
  }

  /** An NCAP is another than before. */
  async changed({ before, after }: NcapChange, reason?: string): Promise<void> {
    const id = (after ?? before)?.id;
    if (id === undefined) return;
    await this.#each(async (follower) => {
      const readable = await this.#readable(id, follower);
      const see = (ncap: NcapResource | undefined) => ncap && visibleNcap(ncap, readable);
      return treeChanges(see(before), see(after), reason).map(encodeTreeChange);
    });
  }

  /** Others than before may read a Thing of an NCAP. */
  async readersChanged(
    ncap: NcapResource,
    node: ThingNode | undefined,
    before: readonly string[],
    after: readonly string[],
  ): Promise<void> {
    await this.#each(async (follower) => {
      const bare = follower.bare.toString();
      if (before.includes(bare) === after.includes(bare)) return [];
      const now = await this.#readable(ncap.id, follower);
      if (now === 'all') return [];
      const earlier = new Set(now);
      if (before.includes(bare)) earlier.add(nodeKey(node));
      else earlier.delete(nodeKey(node));
      return treeChanges(visibleNcap(ncap, earlier), visibleNcap(ncap, now)).map(encodeTreeChange);
    });
  }

  /** A channel told something by itself. */
  async event(reading: AddressedReading, node: ThingNode): Promise<void> {
    await this.#each(async (follower) => {
      const readable = await this.#readable(reading.ncap, follower);
      return readable === 'all' || readable.has(nodeKey(node)) ? [encodeEvent(reading)] : [];
    });
  }

  async #each(payloadsFor: (follower: Jid) => Promise<readonly Element[]>): Promise<void> {
    for (const follower of [...this.#followers.values()]) {
      for (const payload of await payloadsFor(follower)) this.#tell(follower, payload);
    }
  }

  #tell(follower: Jid, payload: Element): void {
    try {
      // Nothing of it is worth keeping for somebody who is not there.
      this.#peer.send(xml('message', { to: follower.toString(), type: 'headline' }, payload));
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      this.#log.debug({ follower: follower.toString(), reason: error.message }, 'a follower could not be told');
    }
  }
}
