import { join } from 'node:path';
import type { ServiceDefinition } from './hosted-services.ts';
import { modules } from './modules/index.ts';
import { type OpenDatabase, openDatabase } from './storage/database.ts';
import { serverMigrations } from './storage/migrations.ts';
import type { ServerSchema } from './storage/schema.ts';

/** Opens the database of a server's data directory, for the server itself or for administration beside it. @throws StorageError */
export function openServerDatabase(
  dataDir: string,
  services: readonly ServiceDefinition[] = [],
): Promise<OpenDatabase<ServerSchema>> {
  const migrations = Object.assign(
    {},
    serverMigrations,
    ...modules.map((module) => module.migrations),
    ...services.map((service) => service.migrations),
  );
  return openDatabase<ServerSchema>(join(dataDir, 'thingward.db'), migrations);
}
