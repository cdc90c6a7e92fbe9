import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Hooks } from './hooks.ts';
import type { ServerSchema } from './storage/schema.ts';

/**
 * Accounts of those who stay nameless, from their authentication to the end of their session. They are in the database as others
 * are, so that whatever a module keeps for one goes when it goes; but nobody finds them there, and none outlives the server.
 * @see XEP-0175 §3
 */
export class TemporaryAccounts {
  readonly #database: Kysely<ServerSchema>;
  readonly #hooks: Hooks;
  readonly #present = new Set<string>();

  constructor(database: Kysely<ServerSchema>, hooks: Hooks) {
    this.#database = database;
    this.#hooks = hooks;
  }

  has(localpart: string): boolean {
    return this.#present.has(localpart);
  }

  /** Makes one. @returns its localpart */
  async enter(): Promise<string> {
    const localpart = randomUUID();
    await this.#database.insertInto('account').values({ localpart, created_at: Date.now(), is_temporary: 1 }).execute();
    this.#present.add(localpart);
    return localpart;
  }

  /** Removes it with all that was kept for it. */
  async leave(localpart: string): Promise<void> {
    if (!this.#present.delete(localpart)) return;
    await this.#database
      .deleteFrom('account')
      .where('localpart', '=', localpart)
      .where('is_temporary', '=', 1)
      .execute();
    await this.#hooks.accountRemoved(localpart);
  }

  /** Removes those whose end a server that was killed has not seen. */
  async clear(): Promise<void> {
    await this.#database.deleteFrom('account').where('is_temporary', '=', 1).execute();
  }
}
