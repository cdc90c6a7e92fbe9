import type { ServiceDefinition } from '@thingward/server';
import {
  HistoryService,
  type HistoryTables,
  historyMigrations,
  PubSubService,
  type PubSubTables,
  pubsubMigrations,
  RegistryService,
  type RegistryTables,
  registryMigrations,
} from '@thingward/services';
import type { Kysely } from 'kysely';

/** The services that live beside a domain. */
export const SERVICES: readonly ServiceDefinition[] = [
  {
    name: 'registry',
    title: 'Thing Registry',
    migrations: registryMigrations,
    create: (peer, database, log) =>
      new RegistryService({ peer, database: database as unknown as Kysely<RegistryTables>, log }),
  },
  {
    name: 'history',
    title: 'History',
    migrations: historyMigrations,
    create: (peer, database, log, { history }) =>
      new HistoryService({
        peer,
        database: database as unknown as Kysely<HistoryTables>,
        retentionDays: history.retentionDays,
        log,
      }),
  },
  {
    name: 'pubsub',
    title: 'Publish-Subscribe',
    migrations: pubsubMigrations,
    create: (peer, database, log) =>
      new PubSubService({ peer, database: database as unknown as Kysely<PubSubTables>, log }),
  },
];
