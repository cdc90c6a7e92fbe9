import { createHash } from 'node:crypto';
import { Jid, type RosterItem } from '@thingward/xmpp';
import type { Kysely, Selectable } from 'kysely';
import type { RosterTable, ServerSchema } from './storage/schema.ts';

/** Subscription state between an account and a contact. @see RFC 6121 Appendix A.1 */
export interface SubscriptionState {
  /** The account sees the contact's presence. */
  readonly to: boolean;
  /** The contact sees the account's presence. */
  readonly from: boolean;
  readonly pendingOut: boolean;
  readonly pendingIn: boolean;
}

export interface RosterEntry extends SubscriptionState {
  readonly contact: Jid;
  readonly name?: string | undefined;
  readonly groups: readonly string[];
  /** False while the entry only remembers a request that came in: it is not shown in the roster. */
  readonly inRoster: boolean;
}

/** Entries that are kept in memory; whole rosters go, the one first that was read first. */
const MAX_CACHED_ENTRIES = 200_000;

/** Rosters of all accounts, in the database; those read lately in memory too. */
export class RosterStore {
  readonly #database: Kysely<ServerSchema>;
  readonly #cache = new Map<string, Map<string, RosterEntry>>();
  #cachedEntries = 0;
  #observer: ((localpart: string) => void) | undefined;

  constructor(database: Kysely<ServerSchema>) {
    this.#database = database;
  }

  /** To be told of each change. */
  onChange(observer: (localpart: string) => void): void {
    this.#observer = observer;
  }

  async entries(localpart: string): Promise<readonly RosterEntry[]> {
    return [...(await this.#roster(localpart)).values()];
  }

  /** The entry for a contact; one without any state when there is none. */
  async entry(localpart: string, contact: Jid): Promise<RosterEntry> {
    return (await this.#roster(localpart)).get(contact.bare.toString()) ?? emptyEntry(contact);
  }

  /** Like `entry`, but at once; undefined when the roster is not in memory. */
  entryInMemory(localpart: string, contact: Jid): RosterEntry | undefined {
    const roster = this.#cache.get(localpart);
    return roster && (roster.get(contact.bare.toString()) ?? emptyEntry(contact));
  }

  async count(localpart: string): Promise<number> {
    return (await this.#roster(localpart)).size;
  }

  /** Changes with what its owner sees. @see RFC 6121 §2.6 */
  async version(localpart: string): Promise<string> {
    const hash = createHash('sha256');
    const items = [...(await this.#roster(localpart)).values()].filter(({ inRoster }) => inRoster).map(toRosterItem);
    const lines = items.map(({ jid, name, subscription, ask, groups }) =>
      JSON.stringify([jid, name, subscription, ask, [...groups].sort()]),
    );
    for (const line of lines.sort()) hash.update(line);
    return hash.digest('base64url').slice(0, 22);
  }

  async save(localpart: string, entry: RosterEntry): Promise<void> {
    const contact = entry.contact.bare.toString();
    const state = {
      name: entry.name ?? null,
      groups: JSON.stringify(entry.groups),
      subscription_to: Number(entry.to),
      subscription_from: Number(entry.from),
      pending_out: Number(entry.pendingOut),
      pending_in: Number(entry.pendingIn),
      in_roster: Number(entry.inRoster),
    };
    await this.#database
      .insertInto('roster')
      .values({ localpart, contact, ...state })
      .onConflict((conflict) => conflict.columns(['localpart', 'contact']).doUpdateSet(state))
      .execute();
    const roster = this.#cache.get(localpart);
    if (roster) {
      if (!roster.has(contact)) this.#cachedEntries++;
      roster.set(contact, { ...entry, contact: entry.contact.bare });
    }
    this.#observer?.(localpart);
  }

  async remove(localpart: string, contact: Jid): Promise<void> {
    const text = contact.bare.toString();
    await this.#database.deleteFrom('roster').where('localpart', '=', localpart).where('contact', '=', text).execute();
    if (this.#cache.get(localpart)?.delete(text)) this.#cachedEntries--;
    this.#observer?.(localpart);
  }

  /** The account is gone: what is in memory of it goes too. */
  forget(localpart: string): void {
    const roster = this.#cache.get(localpart);
    if (!roster) return;
    this.#cachedEntries -= roster.size + 1;
    this.#cache.delete(localpart);
  }

  async #roster(localpart: string): Promise<Map<string, RosterEntry>> {
    const cached = this.#cache.get(localpart);
    if (cached) return cached;
    const rows = await this.#database.selectFrom('roster').selectAll().where('localpart', '=', localpart).execute();
    // Another may have read it, and changed it, meanwhile.
    const meanwhile = this.#cache.get(localpart);
    if (meanwhile) return meanwhile;
    const roster = new Map(rows.map((row) => [row.contact, toEntry(row)]));
    // An empty one takes room as well, and anybody can ask for those of accounts that are not there.
    this.#cachedEntries += roster.size + 1;
    for (const oldest of this.#cache.keys()) {
      if (this.#cachedEntries <= MAX_CACHED_ENTRIES) break;
      this.forget(oldest);
    }
    this.#cache.set(localpart, roster);
    return roster;
  }
}

/** The entry as its owner sees it in the roster. */
export function toRosterItem(entry: RosterEntry): RosterItem {
  return {
    jid: entry.contact,
    name: entry.name,
    subscription: entry.to ? (entry.from ? 'both' : 'to') : entry.from ? 'from' : 'none',
    ask: entry.pendingOut,
    groups: entry.groups,
  };
}

function emptyEntry(contact: Jid): RosterEntry {
  return {
    contact: contact.bare,
    groups: [],
    to: false,
    from: false,
    pendingOut: false,
    pendingIn: false,
    inRoster: false,
  };
}

function toEntry(row: Selectable<RosterTable>): RosterEntry {
  return {
    contact: Jid.parse(row.contact),
    name: row.name ?? undefined,
    groups: JSON.parse(row.groups) as string[],
    to: row.subscription_to === 1,
    from: row.subscription_from === 1,
    pendingOut: row.pending_out === 1,
    pendingIn: row.pending_in === 1,
    inRoster: row.in_roster === 1,
  };
}
