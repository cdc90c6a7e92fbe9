import { Jid, StanzaError } from '@thingward/xmpp';
import type { Stanza } from '../stanza.ts';
import type { Settings } from '../storage/settings.ts';

export type AccessListName = 'blacklist' | 'whitelist';

const MAX_ENTRIES = 1000;

export interface AccessListOptions {
  /** Of the server. */
  readonly domain: string;
  readonly settings: Settings;
  /** Is the domain that of the server or of one of its services and components? */
  isServed(domain: string): boolean;
  /** The lists are others from now on. */
  changed(): void;
}

/**
 * With whom nobody here communicates, and with whom alone, in both directions; the first wins over the second. Everything that is served
 * here is as if on the second. Kept in the database.
 * @see XEP-0133 §4.11, §4.12
 */
export class AccessLists {
  readonly #options: AccessListOptions;
  readonly #lists: Record<AccessListName, ReadonlySet<string>> = { blacklist: new Set(), whitelist: new Set() };
  /** Accounts of this server that are on the first, with all they have or with one resource. */
  #localparts: ReadonlySet<string> = new Set();

  constructor(options: AccessListOptions) {
    this.#options = options;
  }

  /** Reads them. To be called before anybody is let in. */
  async load(): Promise<void> {
    for (const name of ['blacklist', 'whitelist'] as const) {
      const text = await this.#options.settings.get(name);
      this.#use(name, text === undefined ? [] : (JSON.parse(text) as string[]));
    }
    this.#options.changed();
  }

  /** The addresses on a list. */
  entries(name: AccessListName): readonly string[] {
    return [...this.#lists[name]].sort();
  }

  /** Makes these all there are on a list. @throws StanzaError `not-allowed`, `resource-constraint` */
  async replace(name: AccessListName, jids: readonly Jid[]): Promise<void> {
    const { domain, settings } = this.#options;
    if (jids.length > MAX_ENTRIES) throw new StanzaError('resource-constraint', `at most ${MAX_ENTRIES} addresses`);
    if (name === 'blacklist' && jids.some((jid) => jid.toString() === domain)) {
      throw new StanzaError('not-allowed', `${domain} is this server`);
    }
    const addresses = jids.map((jid) => jid.toString());
    await settings.set(name, JSON.stringify(addresses));
    this.#use(name, addresses);
    this.#options.changed();
  }

  /** May everything go everywhere? */
  get areEmpty(): boolean {
    return this.#lists.blacklist.size === 0 && this.#lists.whitelist.size === 0;
  }

  /** Is an account of this server on the list of those with whom nobody communicates? */
  names(localpart: string): boolean {
    return this.#localparts.has(localpart);
  }

  /** May the stanza go on? Nobody is kept from the server itself, nor from the other clients of the account. */
  admits({ from, to }: Stanza): boolean {
    const { domain } = this.#options;
    if (!to || to.bare.equals(from.bare)) return true;
    const isAtHome = from.domain === domain && to.domain === domain;
    if (isAtHome && (from.local === undefined || to.local === undefined)) return true;
    return this.#isWelcome(from) && this.#isWelcome(to);
  }

  #isWelcome(jid: Jid): boolean {
    const { blacklist, whitelist } = this.#lists;
    if (blacklist.size > 0 && isOn(blacklist, jid)) return false;
    return whitelist.size === 0 || this.#options.isServed(jid.domain) || isOn(whitelist, jid);
  }

  #use(name: AccessListName, addresses: readonly string[]): void {
    this.#lists[name] = new Set(addresses);
    const { domain } = this.#options;
    const blocked = [...this.#lists.blacklist].map((address) => Jid.parse(address));
    this.#localparts = new Set(blocked.flatMap((jid) => (jid.domain === domain ? (jid.local ?? []) : [])));
  }
}

/** Most specific first. @see XEP-0016 §2.1 */
function isOn(list: ReadonlySet<string>, jid: Jid): boolean {
  const { bare, domain, resource } = jid;
  return (
    list.has(jid.toString()) ||
    list.has(bare.toString()) ||
    (resource !== undefined && list.has(`${domain}/${resource}`)) ||
    list.has(domain)
  );
}
