import { type Jid, StanzaError } from '@thingward/xmpp';
import type { RosterStore } from '../roster-store.ts';

/** Who may have to do with a Thing that sleeps, as far as the server knows: who sees its presence, and itself. */
export class Friends {
  readonly #rosters: RosterStore;
  readonly #domain: string;

  constructor(rosters: RosterStore, domain: string) {
    this.#rosters = rosters;
    this.#domain = domain;
  }

  async has(localpart: string, jid: Jid): Promise<boolean> {
    return this.isItself(localpart, jid) || (await this.#rosters.entry(localpart, jid.bare)).from;
  }

  isItself(localpart: string, { local, domain }: Jid): boolean {
    return local === localpart && domain === this.#domain;
  }

  /** Strangers do not learn that there is such a Thing. @throws StanzaError `service-unavailable` */
  async check(localpart: string, jid: Jid): Promise<void> {
    if (await this.has(localpart, jid)) return;
    throw new StanzaError('service-unavailable', `${this.#domain} does not tell ${jid.bare} about it`);
  }
}
