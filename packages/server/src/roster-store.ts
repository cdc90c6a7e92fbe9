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

/** Most entries an account may have. */
export const MAX_ROSTER_ENTRIES = 10_000;

/** Rosters of all accounts, in the database. */
export class RosterStore {
  readonly #database: Kysely<ServerSchema>;

  constructor(database: Kysely<ServerSchema>) {
    this.#database = database;
  }

  async entries(localpart: string): Promise<readonly RosterEntry[]> {
    const rows = await this.#database.selectFrom('roster').selectAll().where('localpart', '=', localpart).execute();
    return rows.map(toEntry);
  }

  /** The entry for a contact; one without any state when there is none. */
  async entry(localpart: string, contact: Jid): Promise<RosterEntry> {
    const row = await this.#database
      .selectFrom('roster')
      .selectAll()
      .where('localpart', '=', localpart)
      .where('contact', '=', contact.bare.toString())
      .executeTakeFirst();
    return row ? toEntry(row) : emptyEntry(contact);
  }

  async count(localpart: string): Promise<number> {
    const { count } = await this.#database
      .selectFrom('roster')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('localpart', '=', localpart)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async save(localpart: string, entry: RosterEntry): Promise<void> {
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
      .values({ localpart, contact: entry.contact.bare.toString(), ...state })
      .onConflict((conflict) => conflict.columns(['localpart', 'contact']).doUpdateSet(state))
      .execute();
  }

  async remove(localpart: string, contact: Jid): Promise<void> {
    await this.#database
      .deleteFrom('roster')
      .where('localpart', '=', localpart)
      .where('contact', '=', contact.bare.toString())
      .execute();
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
