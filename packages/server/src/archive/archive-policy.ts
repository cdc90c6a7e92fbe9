import { type ArchiveDefault, type ArchivePreferences, Jid, StanzaError } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import type { MaybePromise } from '../hooks.ts';
import type { RosterStore } from '../roster-store.ts';
import type { ArchiveSchema } from './archive-tables.ts';

/** Addresses one account may list. */
const MAX_LISTED = 1000;
/** Accounts whose preferences are kept in memory; when there are more, what came first goes first. */
const MAX_ACCOUNTS = 20_000;

/** What accounts have that want nothing else; read when it is needed. */
interface ArchiveSettings {
  readonly default: ArchiveDefault;
}

/** Whose lists are empty, as most are, is looked up in no list. */
interface KnownPreferences {
  readonly default: ArchiveDefault;
  readonly always: ReadonlySet<string>;
  readonly never: ReadonlySet<string>;
}

/**
 * Says which messages an account wants archived. Answers from memory where it can, because it is asked for each message that
 * has a body.
 * @see XEP-0441
 */
export class ArchivePolicy {
  readonly #database: Kysely<ArchiveSchema>;
  readonly #rosters: RosterStore;
  readonly #settings: ArchiveSettings;
  readonly #preferences = new Map<string, KnownPreferences>();
  /** Counts what made memory wrong: what was read before must not be remembered after. */
  #changes = 0;

  constructor(database: Kysely<ArchiveSchema>, rosters: RosterStore, settings: ArchiveSettings) {
    this.#database = database;
    this.#rosters = rosters;
    this.#settings = settings;
  }

  /**
   * Is a message to or from `peer` to be archived?
   * @param own the account's address
   */
  wants(own: Jid, peer: Jid): MaybePromise<boolean> {
    const localpart = own.local as string;
    const known = this.#preferences.get(localpart);
    if (!known) return this.#load(localpart).then((preferences) => this.#decide(preferences, own, peer));
    return this.#decide(known, own, peer);
  }

  async preferences(localpart: string): Promise<ArchivePreferences> {
    const row = await this.#database
      .selectFrom('archive_preference')
      .selectAll()
      .where('localpart', '=', localpart)
      .executeTakeFirst();
    if (!row) return { default: this.#settings.default, always: [], never: [] };
    return { default: row.default_policy, always: jidsOf(row.always), never: jidsOf(row.never) };
  }

  /** @throws StanzaError `resource-constraint` when the lists are too long */
  async setPreferences(localpart: string, preferences: ArchivePreferences): Promise<void> {
    const { always, never } = preferences;
    if (always.length + never.length > MAX_LISTED) {
      throw new StanzaError('resource-constraint', `at most ${MAX_LISTED} addresses can be listed`);
    }
    const row = {
      default_policy: preferences.default,
      always: JSON.stringify(always),
      never: JSON.stringify(never),
    };
    await this.#database
      .insertInto('archive_preference')
      .values({ localpart, ...row })
      .onConflict((conflict) => conflict.column('localpart').doUpdateSet(row))
      .execute();
    this.#changes++;
    this.#preferences.delete(localpart);
  }

  /** Forgets what is in memory; it may have been changed by another process. */
  forget(): void {
    this.#changes++;
    this.#preferences.clear();
  }

  #decide({ default: policy, always, never }: KnownPreferences, own: Jid, peer: Jid): MaybePromise<boolean> {
    if (never.size > 0 && isListed(never, peer)) return false;
    if (always.size > 0 && isListed(always, peer)) return true;
    if (policy !== 'roster') return policy === 'always';
    // Notes to oneself are among friends.
    if (peer.bare.equals(own.bare)) return true;
    const localpart = own.local as string;
    const known = this.#rosters.entryInMemory(localpart, peer);
    return known ? known.inRoster : this.#rosters.entry(localpart, peer).then(({ inRoster }) => inRoster);
  }

  async #load(localpart: string): Promise<KnownPreferences> {
    const changes = this.#changes;
    const { default: policy, always, never } = await this.preferences(localpart);
    const known = { default: policy, always: setOf(always), never: setOf(never) };
    if (changes !== this.#changes) return known;
    const oldest = this.#preferences.size >= MAX_ACCOUNTS ? this.#preferences.keys().next().value : undefined;
    if (oldest !== undefined) this.#preferences.delete(oldest);
    this.#preferences.set(localpart, known);
    return known;
  }
}

/** @see XEP-0441 §2.3.1 */
function isListed(list: ReadonlySet<string>, peer: Jid): boolean {
  return list.has(peer.bare.toString()) || (peer.isFull && list.has(peer.toString()));
}

function setOf(jids: readonly Jid[]): ReadonlySet<string> {
  return new Set(jids.map((jid) => jid.toString()));
}

function jidsOf(json: string): readonly Jid[] {
  return (JSON.parse(json) as string[]).map((text) => Jid.parse(text));
}
