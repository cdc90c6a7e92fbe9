export { type BrokerOptions, BrokerService } from './broker/broker-service.ts';
export { DOCUMENT_CHECKS, type DocumentCheck } from './broker/document-check.ts';
export { type BrokerLimits, DEFAULT_BROKER_LIMITS } from './broker/limits.ts';
export { brokerMigrations } from './broker/migrations.ts';
export type { BrokerTables } from './broker/tables.ts';
export { isSqlite } from './dialect.ts';
export { type EventLogOptions, EventLogService } from './event-log/event-log-service.ts';
export { DEFAULT_EVENT_LOG_LIMITS, type EventLogLimits } from './event-log/limits.ts';
export { eventLogMigrations } from './event-log/migrations.ts';
export type { EventLogTables } from './event-log/tables.ts';
export {
  DEFAULT_HISTORY_LIMITS,
  type HistoryLimits,
  type HistoryOptions,
  HistoryService,
} from './history/history-service.ts';
export { historyMigrations } from './history/migrations.ts';
export type { HistoryTables } from './history/tables.ts';
export { KeyedLock } from './keyed-lock.ts';
export {
  describeTransducer,
  discoverNcaps,
  isOutcomeUnknown,
  readChannel,
  writeChannel,
} from './mcap/client.ts';
export { DEFAULT_MCAP_LIMITS, type McapLimits } from './mcap/limits.ts';
export { type McapOptions, McapService } from './mcap/mcap-service.ts';
export { mcapMigrations } from './mcap/migrations.ts';
export type { McapTables } from './mcap/tables.ts';
export { combinedOwners } from './provisioning/combined-owners.ts';
export type { AccessConditions } from './provisioning/credential-match.ts';
export type { AccessPolicy } from './provisioning/decisions.ts';
export { provisioningMigrations } from './provisioning/migrations.ts';
export { type Owners, registryOwners } from './provisioning/owners.ts';
export { type ProvisioningOptions, ProvisioningService } from './provisioning/provisioning-service.ts';
export type { AccessGrant, ProvisionedService } from './provisioning/service-access.ts';
export type { ProvisioningTables } from './provisioning/tables.ts';
export { ToldOwners } from './provisioning/told-owners.ts';
export { PubSubEngine, type PubSubEngineOptions } from './pubsub/engine.ts';
export type { PubSubProfile } from './pubsub/engine-parts.ts';
export type { PublicationView } from './pubsub/environment.ts';
export {
  type Contact,
  type InterestedContact,
  type Notification,
  type PubSubEnvironment,
  STRANGER,
} from './pubsub/environment.ts';
export { DEFAULT_PUBSUB_LIMITS, type PubSubLimits } from './pubsub/limits.ts';
export { pubsubMigrations } from './pubsub/migrations.ts';
export { PUBSUB, PUBSUB_EVENT, PUBSUB_OWNER } from './pubsub/namespaces.ts';
export { DEFAULT_NODE_CONFIG, type NodeConfig } from './pubsub/node-config.ts';
export { PubSubService, type PubSubServiceOptions } from './pubsub/pubsub-service.ts';
export { SHOW_VALUES, type ShowValue } from './pubsub/subscription-options.ts';
export type { PubSubTables } from './pubsub/tables.ts';
export { registryMigrations } from './registry/migrations.ts';
export {
  DEFAULT_REGISTRY_LIMITS,
  type RegistryLimits,
  type RegistryOptions,
  RegistryService,
} from './registry/registry-service.ts';
export { tagsOfStored } from './registry/stored-tags.ts';
export type { RegistryTables } from './registry/tables.ts';
