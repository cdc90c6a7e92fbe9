import { randomBytes } from 'node:crypto';
import type { Jid } from '@thingward/xmpp';
import type { StateDatabase } from './state-database.ts';

/** Random bits of a password that nobody has to remember. */
const PASSWORD_BYTES = 18;

/** Accounts that the gateway makes for itself, with the passwords it has thought of. */
export class OwnAccounts {
  readonly #database: StateDatabase;

  constructor(database: StateDatabase) {
    this.#database = database;
  }

  /** The same each time, from before the account is made. */
  password(account: Jid): string {
    const jid = account.toString();
    this.#database
      .prepare('INSERT INTO own_account (account, password) VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(jid, randomBytes(PASSWORD_BYTES).toString('base64url'));
    const row = this.#database.prepare('SELECT password FROM own_account WHERE account = ?').get(jid);
    return (row as { readonly password: string }).password;
  }

  isMade(account: Jid): boolean {
    const row = this.#database
      .prepare('SELECT made_at FROM own_account WHERE account = ? AND made_at IS NOT NULL')
      .get(account.toString());
    return row !== undefined;
  }

  made(account: Jid, now = Date.now()): void {
    this.#database.prepare('UPDATE own_account SET made_at = ? WHERE account = ?').run(now, account.toString());
  }
}
