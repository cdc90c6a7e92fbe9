import { xml } from '@thingward/xml';
import { decodeEntityTime, ENTITY_TIME, type Jid, StanzaError, type XmppPeer } from '@thingward/xmpp';

interface Offset {
  readonly ms: number;
  readonly measuredAt: number;
}

const FRESH_MS = 600_000;
const MAX_PEERS = 1000;

/**
 * By how much the clocks of others are ahead of ours, as they say when asked. What must not be carried out late has a time by its
 * sender's clock, and clocks in plants are often wrong.
 * @see XEP-0202
 */
export class ClockOffsets {
  readonly #peer: XmppPeer;
  readonly #now: () => number;
  readonly #offsets = new Map<string, Offset>();
  readonly #asking = new Map<string, Promise<number>>();

  /** @param now milliseconds since 1970 */
  constructor(peer: XmppPeer, now: () => number) {
    this.#peer = peer;
    this.#now = now;
  }

  /**
   * Is a point in time of somebody's clock over?
   * @throws StanzaError when its clock can't be known
   */
  async isOver(instant: Date, from: Jid, timeoutMs: number): Promise<boolean> {
    const offset = await this.#offsetOf(from, timeoutMs);
    return this.#now() + offset > instant.getTime();
  }

  async #offsetOf(from: Jid, timeoutMs: number): Promise<number> {
    const key = from.toString();
    const known = this.#offsets.get(key);
    const age = known ? this.#now() - known.measuredAt : Number.POSITIVE_INFINITY;
    // A clock of ours that was set back must not keep what was measured before.
    if (known && age >= 0 && age < FRESH_MS) return known.ms;
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#ask(from, timeoutMs).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return asking;
  }

  async #ask(from: Jid, timeoutMs: number): Promise<number> {
    const sent = this.#now();
    const answer = await this.#peer.request('get', from, xml('time', { xmlns: ENTITY_TIME }), { timeoutMs });
    if (!answer) throw new StanzaError('bad-request', `${from} does not say what time it is`);
    const received = this.#now();
    const offset = { ms: decodeEntityTime(answer).utc.getTime() - (sent + received) / 2, measuredAt: received };
    this.#offsets.delete(from.toString());
    if (this.#offsets.size >= MAX_PEERS) {
      for (const oldest of this.#offsets.keys()) {
        this.#offsets.delete(oldest);
        break;
      }
    }
    this.#offsets.set(from.toString(), offset);
    return offset.ms;
  }
}
