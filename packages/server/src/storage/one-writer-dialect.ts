import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from 'kysely';

/** Taken by transactions, one at a time in each schema, until they end. */
const LOCK = `select pg_advisory_xact_lock(hashtext('thingward ' || current_schema()))`;

/**
 * PostgreSQL whose transactions come one after the other, whoever begins them, as those of SQLite do: what one has read is still so when
 * it writes. A transaction that names its isolation level needs no such promise and runs beside the others.
 */
export class OneWriterDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new OneWriterDriver(this.#config);
  }
}

class OneWriterDriver extends PostgresDriver {
  override async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    await super.beginTransaction(connection as Parameters<PostgresDriver['beginTransaction']>[0], settings);
    if (settings.isolationLevel === undefined) await connection.executeQuery(CompiledQuery.raw(LOCK));
  }
}
