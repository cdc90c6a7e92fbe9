import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, type Migration, Migrator, type SqliteDatabase } from 'kysely';
import Database from 'libsql';
import { DatabaseTime } from '../figures/database-time.ts';
import { ImmediateDialect } from './immediate-dialect.ts';
import { StatementCache } from './statement-cache.ts';

/** A database could not be opened or brought up to date. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code = 'storage';
}

/** An open database; `Schema` is what the caller's part of it looks like. */
export interface OpenDatabase<Schema> {
  readonly query: Kysely<Schema>;
  /** What its queries cost. */
  readonly time: DatabaseTime;
  close(): Promise<void>;
}

/**
 * Opens the embedded database, making it and bringing its tables up to date.
 * @param file path, or `:memory:`
 * @param migrations of everything that keeps tables in it; names sort by age
 * @throws StorageError
 */
export async function openDatabase<Schema>(
  file: string,
  migrations: Record<string, Migration>,
): Promise<OpenDatabase<Schema>> {
  try {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    const database = new Database(file);
    // WAL lets the command line look in while the server runs. With synchronous=FULL what was answered survives a power cut.
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA foreign_keys = ON');
    database.exec('PRAGMA busy_timeout = 5000');
    const time = new DatabaseTime();
    const query = new Kysely<Schema>({
      dialect: new ImmediateDialect({ database: new StatementCache(database as unknown as SqliteDatabase) }),
      log: ({ level, queryDurationMillis }) => time.took(queryDurationMillis, level === 'error'),
    });
    const migrator = new Migrator({
      db: query,
      provider: { getMigrations: async () => migrations },
      // The server and each service number their own.
      allowUnorderedMigrations: true,
    });
    const { error } = await migrator.migrateToLatest();
    if (error) throw error;
    return { query, time, close: () => query.destroy() };
  } catch (error) {
    throw new StorageError(`can't open the database ${file}: ${(error as Error).message}`, { cause: error });
  }
}
