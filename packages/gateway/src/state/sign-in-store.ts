import { randomUUID } from 'node:crypto';
import type { Jid, KeptToken, TokenKeeper } from '@thingward/xmpp';
import type { StateDatabase } from './state-database.ts';

interface TokenRow {
  readonly mechanism: string;
  readonly token: string;
  readonly expires_at: number;
  readonly count: number;
}

/** Keeps the tokens accounts sign in with, and what the gateway is known by. @see XEP-0484 §4.1, XEP-0388 §2.3 */
export class StoredSignIns implements TokenKeeper {
  readonly #database: StateDatabase;

  constructor(database: StateDatabase) {
    this.#database = database;
  }

  /** The UUID of this installation, a different one for each account so that servers can't tell they belong together. */
  installationId(account: Jid): string {
    this.#database
      .prepare('INSERT INTO installation (account, id) VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(account.toString(), randomUUID());
    const row = this.#database.prepare('SELECT id FROM installation WHERE account = ?').get(account.toString());
    return (row as { id: string }).id;
  }

  load(account: Jid): KeptToken | undefined {
    const row = this.#database
      .prepare('SELECT mechanism, token, expires_at, count FROM token WHERE account = ?')
      .get(account.toString()) as TokenRow | undefined;
    if (!row) return undefined;
    const { mechanism, token, count } = row;
    return { mechanism, token, count, expiresAt: new Date(row.expires_at) };
  }

  save(account: Jid, kept: KeptToken | undefined): void {
    if (!kept) {
      this.#database.prepare('DELETE FROM token WHERE account = ?').run(account.toString());
      return;
    }
    this.#database
      .prepare(
        `INSERT INTO token (account, mechanism, token, expires_at, count) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET mechanism = excluded.mechanism, token = excluded.token,
           expires_at = excluded.expires_at, count = excluded.count`,
      )
      .run(account.toString(), kept.mechanism, kept.token, kept.expiresAt.getTime(), kept.count);
  }
}
