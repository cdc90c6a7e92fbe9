import { randomUUID } from 'node:crypto';
import type { StateDatabase } from './state-database.ts';

/** The UUID of the NCAP that an account is, made when there is none yet; the same after a restart. @param account a bare JID */
export function ncapId(database: StateDatabase, account: string): string {
  database.prepare('INSERT INTO ncap (account, id) VALUES (?, ?) ON CONFLICT DO NOTHING').run(account, randomUUID());
  return (database.prepare('SELECT id FROM ncap WHERE account = ?').get(account) as { id: string }).id;
}
