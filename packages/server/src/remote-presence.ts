import type { Jid } from '@thingward/xmpp';
import type { Stanza } from './stanza.ts';

/** Bounds of what is remembered. What goes beyond them is not known. */
const MAX_PER_ACCOUNT = 2000;
const MAX_IN_ALL = 200_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** The presence that accounts were sent by those of other servers, as it was sent last. */
export class RemotePresence {
  /** By localpart of the account, then full JID of the sender. */
  readonly #accounts = new Map<string, Map<string, Stanza>>();
  #size = 0;
  #bytes = 0;

  /**
   * Takes in a presence without a type, or `unavailable`.
   * @returns the presence it takes the place of
   */
  receive(presence: Stanza, localpart: string): Stanza | undefined {
    const key = presence.from.toString();
    const known = this.#accounts.get(localpart);
    const former = known?.get(key);
    if (former) {
      this.#size--;
      this.#bytes -= former.size;
      known?.delete(key);
    }
    const isRoom = (known?.size ?? 0) < MAX_PER_ACCOUNT && this.#size < MAX_IN_ALL;
    if (presence.type !== undefined || !isRoom || this.#bytes + presence.size > MAX_BYTES) {
      if (known?.size === 0) this.#accounts.delete(localpart);
      return former;
    }
    const presences = known ?? new Map<string, Stanza>();
    presence.compact();
    presences.set(key, presence);
    this.#accounts.set(localpart, presences);
    this.#size++;
    this.#bytes += presence.size;
    return former;
  }

  /** Is the sender available to the account? */
  has(localpart: string, jid: Jid): boolean {
    return this.#accounts.get(localpart)?.has(jid.toString()) ?? false;
  }

  /** The last presence of each sender that is available to the account. */
  of(localpart: string): Iterable<Stanza> {
    return this.#accounts.get(localpart)?.values() ?? [];
  }

  forget(localpart: string): void {
    for (const { size } of this.of(localpart)) {
      this.#size--;
      this.#bytes -= size;
    }
    this.#accounts.delete(localpart);
  }
}
