import { type Kysely, SqliteAdapter } from 'kysely';

/** Is the database SQLite (of whatever driver)? Asked only where SQLite and PostgreSQL have no words in common. */
export function isSqlite<T>(database: Kysely<T>): boolean {
  return database.getExecutor().adapter instanceof SqliteAdapter;
}
