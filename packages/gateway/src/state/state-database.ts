import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';

/**
 * The gateway's memory on disk: readings to be uploaded or published, ownership, subscriptions to events, keys, tokens, the certificate of the
 * server where it was pinned, documents of the broker.
 */
export type StateDatabase = InstanceType<typeof Database>;

/** The state could not be opened. */
export class StateError extends Error {
  override readonly name = 'StateError';
  readonly code = 'state';
}

/** Opens the state in a directory, making it when it is not there. @throws StateError */
export function openState(dataDir: string): StateDatabase {
  const file = join(dataDir, 'gateway.db');
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const database = new Database(file);
    // It holds the KEYs with which Things are claimed, and tokens to sign in with.
    chmodSync(file, 0o600);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA busy_timeout = 5000;
      CREATE TABLE IF NOT EXISTS reading (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        fields TEXT NOT NULL,
        count INTEGER NOT NULL
      );
      -- An account with nothing to upload must not look through all that waits for another.
      CREATE INDEX IF NOT EXISTS reading_by_account ON reading (account, id);
      CREATE TABLE IF NOT EXISTS ownership (
        account TEXT NOT NULL,
        node TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (account, node)
      );
      CREATE TABLE IF NOT EXISTS installation (
        account TEXT PRIMARY KEY,
        id TEXT NOT NULL
      );
      CREATE TABLE IF NOT EXISTS token (
        account TEXT PRIMARY KEY,
        mechanism TEXT NOT NULL,
        token TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        count INTEGER NOT NULL
      );
      CREATE TABLE IF NOT EXISTS exi_set_up (
        domain TEXT PRIMARY KEY,
        configuration_id TEXT NOT NULL,
        configuration TEXT NOT NULL,
        proposal TEXT NOT NULL,
        grammars BLOB NOT NULL
      );
      CREATE TABLE IF NOT EXISTS event_subscription (
        account TEXT NOT NULL,
        node TEXT NOT NULL,
        subscriber TEXT NOT NULL,
        addressed TEXT NOT NULL,
        request TEXT NOT NULL,
        PRIMARY KEY (account, node, subscriber)
      );
      -- How far a publication has come: the number of the item under way or to come, and the last reading that is in it.
      CREATE TABLE IF NOT EXISTS publication (
        queue TEXT PRIMARY KEY,
        epoch TEXT NOT NULL,
        number INTEGER NOT NULL,
        last_reading INTEGER
      );
      -- Accounts the gateway makes for itself; made_at: when the server had them.
      CREATE TABLE IF NOT EXISTS own_account (
        account TEXT PRIMARY KEY,
        password TEXT NOT NULL,
        made_at INTEGER
      );
      CREATE TABLE IF NOT EXISTS server_pin (
        domain TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        pinned_at INTEGER NOT NULL
      );
      -- Answers of provisioning servers, and which of them was found.
      CREATE TABLE IF NOT EXISTS provisioning_answer (
        account TEXT NOT NULL,
        server TEXT NOT NULL,
        question TEXT NOT NULL,
        decision TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (account, server, question)
      );
      CREATE TABLE IF NOT EXISTS provisioning_server (
        account TEXT PRIMARY KEY,
        jid TEXT NOT NULL
      );
      -- The last good copies of documents of the service broker.
      CREATE TABLE IF NOT EXISTS broker_document (
        account TEXT NOT NULL,
        reference TEXT NOT NULL,
        media_type TEXT NOT NULL,
        digest TEXT NOT NULL,
        version INTEGER NOT NULL,
        form TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (account, reference)
      );
      -- UUIDs of NCAPs.
      CREATE TABLE IF NOT EXISTS ncap (
        account TEXT NOT NULL,
        node TEXT NOT NULL,
        uuid TEXT NOT NULL,
        PRIMARY KEY (account, node)
      );
      CREATE TABLE IF NOT EXISTS claim_key (
        account TEXT NOT NULL,
        node TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (account, node)
      );
    `);
    return database;
  } catch (error) {
    throw new StateError(`can't open ${file}: ${(error as Error).message}`, { cause: error });
  }
}
