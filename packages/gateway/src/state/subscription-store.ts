import type { StoredSubscription, SubscriptionStore } from '@thingward/things';
import type { StateDatabase } from './state-database.ts';

/** Keeps who has subscribed to events of the Things of one account. */
export class StoredSubscriptions implements SubscriptionStore {
  readonly #database: StateDatabase;
  readonly #account: string;

  constructor(database: StateDatabase, account: string) {
    this.#database = database;
    this.#account = account;
  }

  async load(): Promise<readonly StoredSubscription[]> {
    return this.#database
      .prepare(
        'SELECT subscriber, node AS thing, addressed AS "to", request FROM event_subscription WHERE account = ? ORDER BY rowid',
      )
      .all(this.#account) as StoredSubscription[];
  }

  async save({ subscriber, thing, to, request }: StoredSubscription): Promise<void> {
    this.#database
      .prepare(
        `INSERT INTO event_subscription (account, node, subscriber, addressed, request) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET addressed = excluded.addressed, request = excluded.request`,
      )
      .run(this.#account, thing, subscriber, to, request);
  }

  async remove({ subscriber, thing }: Pick<StoredSubscription, 'subscriber' | 'thing'>): Promise<void> {
    this.#database
      .prepare('DELETE FROM event_subscription WHERE account = ? AND node = ? AND subscriber = ?')
      .run(this.#account, thing, subscriber);
  }
}
