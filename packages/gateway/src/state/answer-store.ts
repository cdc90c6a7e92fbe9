import type { AnswerStore, KeptAnswer } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import type { StateDatabase } from './state-database.ts';

/** Keeps what a provisioning server has answered to the Things of one account, and which server was found. @see XEP-0324 §5.2 */
export class StoredAnswers implements AnswerStore {
  readonly #database: StateDatabase;
  readonly #account: string;
  readonly #server: string;

  /** @param server tells the answers of one server from those of others; empty for the first */
  constructor(database: StateDatabase, account: string, server: string) {
    this.#database = database;
    this.#account = account;
    this.#server = server;
  }

  async load() {
    const row = this.#database.prepare('SELECT jid FROM provisioning_server WHERE account = ?').get(this.#account) as
      | { jid: string }
      | undefined;
    const answers = this.#database
      .prepare('SELECT question, decision, at FROM provisioning_answer WHERE account = ? AND server = ? ORDER BY at')
      .all(this.#account, this.#server) as { question: string; decision: string; at: number }[];
    return {
      server: row && this.#server === '' ? Jid.parse(row.jid) : undefined,
      answers: answers.map(
        ({ question, decision, at }) => [question, { decision: JSON.parse(decision), at } as KeptAnswer] as const,
      ),
    };
  }

  found(server: Jid): void {
    this.#database
      .prepare(
        'INSERT INTO provisioning_server (account, jid) VALUES (?, ?) ON CONFLICT DO UPDATE SET jid = excluded.jid',
      )
      .run(this.#account, server.toString());
  }

  keep(question: string, { decision, at }: KeptAnswer): void {
    this.#database
      .prepare(
        'INSERT INTO provisioning_answer (account, server, question, decision, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET decision = excluded.decision, at = excluded.at',
      )
      .run(this.#account, this.#server, question, JSON.stringify(decision), at);
  }

  forget(question: string): void {
    this.#database
      .prepare('DELETE FROM provisioning_answer WHERE account = ? AND server = ? AND question = ?')
      .run(this.#account, this.#server, question);
  }

  forgetAll(): void {
    this.#database
      .prepare('DELETE FROM provisioning_answer WHERE account = ? AND server = ?')
      .run(this.#account, this.#server);
  }
}
