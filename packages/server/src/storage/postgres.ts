import { Kysely, type LogEvent, type PostgresDialect, type PostgresPool } from 'kysely';
import pg from 'pg';
import { OneWriterDialect } from './one-writer-dialect.ts';
import { needsTls } from './postgres-url.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Queries on a PostgreSQL database. Numbers of 64 bits come as numbers: all of ours are times, counts or keys, below 2^53.
 * @param log told of each query
 * @param connections that share the work: with one, queries happen in the order they were asked for, as with SQLite
 * @param onIdleError told of connections that broke while nobody used them; the next query makes another
 */
export function postgres<Schema>(
  address: string,
  log: (event: LogEvent) => void,
  onIdleError: (error: Error) => void,
  connections: number,
): Kysely<Schema> {
  const numbers = new Set<number>([pg.types.builtins.INT8, pg.types.builtins.NUMERIC]);
  const pool = new pg.Pool({
    connectionString: address,
    max: connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'thingward',
    ...(needsTls(address) ? { ssl: { rejectUnauthorized: true } } : {}),
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        numbers.has(oid) && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format),
    } as pg.CustomTypesConfig,
  });
  pool.on('error', onIdleError);
  // Kysely's type of a pool is a part of this one.
  const dialect: PostgresDialect = new OneWriterDialect({ pool: pool as unknown as PostgresPool });
  return new Kysely<Schema>({ dialect, log });
}
