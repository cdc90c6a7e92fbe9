import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Logger, SILENT_LOGGER } from '@thingward/xmpp';
import { Kysely, type LogEvent, type Migration, Migrator, type SqliteDatabase, sql } from 'kysely';
import Database from 'libsql';
import { DatabaseTime } from '../figures/database-time.ts';
import { ImmediateDialect } from './immediate-dialect.ts';
import { isPostgresUrl, shownPostgresUrl } from './postgres-url.ts';
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

/** Where things are kept: `storage` and `dataDir` of the configuration. */
export interface StoragePlace {
  readonly storage: string;
  readonly dataDir: string;
}

export interface OpenOptions {
  readonly log?: Logger | undefined;
  /**
   * To PostgreSQL. More than one is for those alone whose queries may overtake each other: who lock the rows they depend on.
   */
  readonly connections?: number;
}

/** What `openDatabase` opens. @param name of the embedded database's file, without its ending */
export function databaseOf({ storage, dataDir }: StoragePlace, name: string): string {
  return isPostgresUrl(storage) ? storage : join(dataDir, `${name}.db`);
}

/**
 * Opens a database and brings its tables up to date.
 * @param place path of an embedded database, which is made where it is not there; `:memory:`; or `postgres://user@host/database`
 * @param migrations of everything that keeps tables in it; names sort by age
 * @throws StorageError
 */
export async function openDatabase<Schema>(
  place: string,
  migrations: Record<string, Migration>,
  { log = SILENT_LOGGER, connections = 1 }: OpenOptions = {},
): Promise<OpenDatabase<Schema>> {
  const time = new DatabaseTime();
  const count = ({ level, queryDurationMillis }: LogEvent) => time.took(queryDurationMillis, level === 'error');
  let query: Kysely<Schema> | undefined;
  try {
    query = await connect<Schema>(place, count, log, connections);
    const migrator = new Migrator({
      db: query,
      provider: { getMigrations: async () => migrations },
      // The server and each service number their own.
      allowUnorderedMigrations: true,
      ...(isPostgresUrl(place) ? { migrationTableSchema: await currentSchema(query) } : {}),
    });
    const { error } = await migrator.migrateToLatest();
    if (error) throw error;
    const opened = query;
    return { query, time, close: () => opened.destroy() };
  } catch (error) {
    await query?.destroy();
    const shown = isPostgresUrl(place) ? shownPostgresUrl(place) : place;
    throw new StorageError(`can't open the database ${shown}: ${(error as Error).message}`, { cause: error });
  }
}

async function connect<Schema>(
  place: string,
  count: (event: LogEvent) => void,
  log: Logger,
  connections: number,
): Promise<Kysely<Schema>> {
  if (!isPostgresUrl(place)) return new Kysely<Schema>({ dialect: embedded(place), log: count });
  // Loaded where it is used: it takes longer than opening a file.
  const { postgres } = await import('./postgres.ts');
  const onIdleError = (error: Error) => log.warn({ reason: error.message }, 'a connection to the database broke');
  return postgres<Schema>(place, count, onIdleError, connections);
}

/** Where its tables are made. The migrator would take those of another schema for its own. */
async function currentSchema<Schema>(query: Kysely<Schema>): Promise<string> {
  const { rows } = await sql<{ name: string | null }>`select current_schema() as name`.execute(query);
  const name = rows[0]?.name;
  if (!name) throw new Error('its search_path has no schema that exists');
  return name;
}

function embedded(file: string): ImmediateDialect {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const database = new Database(file);
  // WAL lets the command line look in while the server runs. With synchronous=FULL what was answered survives a power cut.
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  database.exec('PRAGMA foreign_keys = ON');
  database.exec('PRAGMA busy_timeout = 5000');
  return new ImmediateDialect({ database: new StatementCache(database as unknown as SqliteDatabase) });
}
