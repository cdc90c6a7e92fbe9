import { type Kysely, SqliteAdapter, type TransactionBuilder } from 'kysely';

/** Is the database SQLite (of whatever driver)? Asked only where SQLite and PostgreSQL have no words in common. */
export function isSqlite<T>(database: Kysely<T>): boolean {
  return database.getExecutor().adapter instanceof SqliteAdapter;
}

/** A transaction that may run beside others on PostgreSQL: for what locks the rows it depends on, or checks when it writes. */
export function besideOthers<T>(database: Kysely<T>): TransactionBuilder<T> {
  return isSqlite(database) ? database.transaction() : database.transaction().setIsolationLevel('read committed');
}
