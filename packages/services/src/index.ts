export { registryMigrations } from './registry/migrations.ts';
export {
  DEFAULT_REGISTRY_LIMITS,
  type RegistryLimits,
  type RegistryOptions,
  RegistryService,
} from './registry/registry-service.ts';
export type { RegistryTables } from './registry/tables.ts';
