import type { Ownership, OwnershipStore } from '@thingward/things';
import type { StateDatabase } from './state-database.ts';

/** Keeps who owns the Things of one account. */
export class StoredOwnership implements OwnershipStore {
  readonly #database: StateDatabase;
  readonly #account: string;

  constructor(database: StateDatabase, account: string) {
    this.#database = database;
    this.#account = account;
  }

  async load(key: string): Promise<Ownership | undefined> {
    const row = this.#database
      .prepare('SELECT value FROM ownership WHERE account = ? AND node = ?')
      .get(this.#account, key) as { value: string } | undefined;
    return row && (JSON.parse(row.value) as Ownership);
  }

  async save(key: string, ownership: Ownership): Promise<void> {
    this.#database
      .prepare(
        'INSERT INTO ownership (account, node, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
      )
      .run(this.#account, key, JSON.stringify(ownership));
  }
}
