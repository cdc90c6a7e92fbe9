import { randomUUID } from 'node:crypto';
import type { StateDatabase } from './state-database.ts';

/** The UUID of an NCAP, made at the first time and kept. @param node `nodeKey` of the Thing that it is */
export function ncapIdentity(database: StateDatabase, account: string, node: string): string {
  database
    .prepare('INSERT INTO ncap (account, node, uuid) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
    .run(account, node, randomUUID());
  const row = database.prepare('SELECT uuid FROM ncap WHERE account = ? AND node = ?').get(account, node);
  return (row as { uuid: string }).uuid;
}
