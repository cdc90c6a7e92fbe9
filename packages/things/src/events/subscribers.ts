import type { Jid } from '@thingward/xmpp';

/**
 * Who is there, by full JID. Who shares presence is there until it says otherwise; who does not is there from its last request until
 * something sent to it comes back.
 */
export class Subscribers {
  readonly #online = new Map<string, { readonly sharesPresence: boolean }>();
  readonly #capacity: number;

  /** @param capacity how many it knows at most: anybody can say that it is there */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  isOnline(jid: Jid): boolean {
    return this.#online.has(jid.toString());
  }

  /** It sent a request. */
  asked(jid: Jid): void {
    if (!this.isOnline(jid)) this.#online.set(jid.toString(), { sharesPresence: false });
  }

  /** It said that it is there. @returns whether that is news */
  available(jid: Jid): boolean {
    const isNews = !this.isOnline(jid);
    if (isNews && this.#online.size >= this.#capacity) return false;
    this.#online.set(jid.toString(), { sharesPresence: true });
    return isNews;
  }

  gone(jid: Jid): void {
    this.#online.delete(jid.toString());
  }

  /** It has no subscription any more. */
  forget(jid: Jid): void {
    if (this.#online.get(jid.toString())?.sharesPresence === false) this.gone(jid);
  }

  /** There is a new connection: those who share presence will say again that they are there. */
  reconnected(): void {
    for (const [key, { sharesPresence }] of this.#online) if (sharesPresence) this.#online.delete(key);
  }
}
