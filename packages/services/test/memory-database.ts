import { Kysely, type Migration, Migrator, SqliteDialect } from 'kysely';
import Database from 'libsql';

/** An empty SQLite database in memory, migrated. */
export async function memoryDatabase<Tables>(migrations: Record<string, Migration>): Promise<Kysely<Tables>> {
  const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: new Database(':memory:') }) });
  const migrator = new Migrator({ db: database, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
  return database;
}
