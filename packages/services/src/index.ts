export {
  DEFAULT_HISTORY_LIMITS,
  type HistoryLimits,
  type HistoryOptions,
  HistoryService,
} from './history/history-service.ts';
export { historyMigrations } from './history/migrations.ts';
export type { HistoryTables } from './history/tables.ts';
export { registryMigrations } from './registry/migrations.ts';
export {
  DEFAULT_REGISTRY_LIMITS,
  type RegistryLimits,
  type RegistryOptions,
  RegistryService,
} from './registry/registry-service.ts';
export type { RegistryTables } from './registry/tables.ts';
