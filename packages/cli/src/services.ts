import type { ServiceDefinition } from '@thingward/server';
import {
  BrokerService,
  type BrokerTables,
  brokerMigrations,
  combinedOwners,
  EventLogService,
  type EventLogTables,
  eventLogMigrations,
  HistoryService,
  type HistoryTables,
  historyMigrations,
  McapService,
  type McapTables,
  mcapMigrations,
  ProvisioningService,
  type ProvisioningTables,
  PubSubService,
  type PubSubTables,
  provisioningMigrations,
  pubsubMigrations,
  RegistryService,
  type RegistryTables,
  registryMigrations,
  registryOwners,
  ToldOwners,
} from '@thingward/services';
import { Jid } from '@thingward/xmpp';
import type { Kysely } from 'kysely';
import { BROKER_CHECKS } from './broker-checks.ts';

/** First label of the domain of the log of events. */
export const EVENT_LOG_NAME = 'eventlog';

/** First label of the domain of the Thing Registry. */
export const REGISTRY_NAME = 'registry';

/** First label of the domain of provisioning. */
export const PROVISIONING_NAME = 'provisioning';

/** First label of the domain of the service broker. */
export const BROKER_NAME = 'broker';

/** The services that live beside a domain. */
export const SERVICES: readonly ServiceDefinition[] = [
  {
    name: REGISTRY_NAME,
    title: 'Thing Registry',
    migrations: registryMigrations,
    create: (peer, database, log, { registry: { tags, thingsPerAccount, ...limits } }) =>
      new RegistryService({
        peer,
        database: database as unknown as Kysely<RegistryTables>,
        limits: { ...limits, thingsPerJid: thingsPerAccount },
        ...(tags === 'any' ? {} : { tags }),
        log,
      }),
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
    create: (peer, database, log, _, environment) =>
      new PubSubService({
        peer,
        database: database as unknown as Kysely<PubSubTables>,
        ...(environment ? { contact: environment.contact, view: environment.view } : {}),
        log,
      }),
  },
  {
    name: PROVISIONING_NAME,
    title: 'Provisioning',
    migrations: { ...registryMigrations, ...provisioningMigrations },
    create: createProvisioning,
  },
  {
    name: EVENT_LOG_NAME,
    title: 'Event Log',
    migrations: eventLogMigrations,
    create: createEventLog,
  },
  {
    name: BROKER_NAME,
    title: 'Service Broker',
    isEnabled: ({ broker }) => broker.enabled,
    migrations: { ...registryMigrations, ...provisioningMigrations, ...brokerMigrations },
    create: createBroker,
  },
  {
    name: 'mcap',
    title: 'MCAP',
    migrations: mcapMigrations,
    isEnabled: ({ mcap }) => mcap.enabled,
    create: (peer, database, log, { isAdministrator }) =>
      new McapService({ peer, database: database as unknown as Kysely<McapTables>, isAdministrator, log }),
  },
];

/** The service broker. Where the registry's tables are not beside it, Things say themselves whom they belong to. */
function createBroker(
  ...[peer, database, log, { broker, isAdministrator }, environment]: Parameters<ServiceDefinition['create']>
) {
  const { contentBytes, documentsPerThing, documentsPerAccount, bytesPerAccount, changesPerMinute } = broker;
  return new BrokerService({
    peer,
    database: database as unknown as Kysely<BrokerTables>,
    owners: environment
      ? registryOwners(database as unknown as Kysely<RegistryTables>)
      : new ToldOwners(database as unknown as Kysely<ProvisioningTables>),
    isAdministrator,
    checks: BROKER_CHECKS,
    limits: {
      contentBytes,
      documentsPerThing,
      documentsPerJid: documentsPerAccount,
      bytesPerJid: bytesPerAccount,
      perMinute: changesPerMinute,
    },
    log,
  });
}

/** A provisioning server. Where the registry's tables are not beside it, Things say themselves whom they belong to. */
export function createProvisioning(
  ...[peer, database, log, { provisioning, isAdministrator }, environment]: Parameters<ServiceDefinition['create']>
) {
  const told = new ToldOwners(database as unknown as Kysely<ProvisioningTables>);
  const registry = registryOwners(database as unknown as Kysely<RegistryTables>);
  return new ProvisioningService({
    peer,
    database: database as unknown as Kysely<ProvisioningTables>,
    owners: environment ? combinedOwners(registry, told) : told,
    ...(environment ? { policy: environment.policy } : {}),
    services: provisioning.services.map(({ name, certificate, grants }) => ({
      name,
      fingerprint: certificate,
      grants,
    })),
    secondaryTrustAllowed: provisioning.secondaryTrust,
    maxQuestions: provisioning.maxRulesPerOwner,
    isAdministrator,
    log,
  });
}

/** The log of events: the same wherever it runs. */
export function createEventLog(
  ...[peer, database, log, { eventLog, isAdministrator }]: Parameters<ServiceDefinition['create']>
) {
  const { publish, readers, retentionDays, maxEvents } = eventLog;
  const domain = peer.jid.domain.slice(peer.jid.domain.indexOf('.') + 1);
  return new EventLogService({
    peer,
    database: database as unknown as Kysely<EventLogTables>,
    readers,
    mayRead: isAdministrator,
    retentionDays,
    maxEvents,
    ...(publish ? { publish: { ...publish, service: Jid.parse(`pubsub.${domain}`) } } : {}),
    log,
  });
}
