import type { SqliteDatabase, SqliteStatement } from 'kysely';

/** Statements that are kept; when there are more, the one used longest ago goes. */
const MAX_STATEMENTS = 200;

/**
 * A database that compiles a statement once, however often it runs: compiling takes longer than looking up a row. Whoever runs a
 * statement must run it to its end. SQLite itself compiles it anew when tables have changed.
 */
export class StatementCache implements SqliteDatabase {
  readonly #database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  get size(): number {
    return this.#statements.size;
  }

  prepare(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement) this.#statements.delete(sql);
    else {
      statement = this.#database.prepare(sql);
      const oldest = this.#statements.size >= MAX_STATEMENTS ? this.#statements.keys().next().value : undefined;
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}
