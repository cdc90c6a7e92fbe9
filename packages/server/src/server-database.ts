import type { Logger } from '@thingward/xmpp';
import type { ServiceDefinition } from './hosted-services.ts';
import { modules } from './modules/index.ts';
import { databaseOf, type OpenDatabase, openDatabase, type StoragePlace } from './storage/database.ts';
import { serverMigrations } from './storage/migrations.ts';
import type { ServerSchema } from './storage/schema.ts';

/** Opens the database of a server, for the server itself or for administration beside it. @throws StorageError */
export function openServerDatabase(
  place: StoragePlace,
  services: readonly ServiceDefinition[] = [],
  log?: Logger,
): Promise<OpenDatabase<ServerSchema>> {
  const migrations = Object.assign(
    {},
    serverMigrations,
    ...modules.map((module) => module.migrations),
    ...services.map((service) => service.migrations),
  );
  return openDatabase<ServerSchema>(databaseOf(place, 'thingward'), migrations, { log });
}
