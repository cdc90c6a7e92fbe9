export { AccountError, Accounts } from './accounts.ts';
export { type ServerConfig, type ServerConfigInput, serverConfigSchema } from './config.ts';
export { eventLogSchema } from './event-log-config.ts';
export { isLoopback, type ListenAddress, ListenError } from './listeners/listen.ts';
export { Federation, type FederationStatistics } from './s2s/federation.ts';
export { type DnsLookups, dnsLookups, type Target, type TimedAddress } from './s2s/resolve.ts';
export {
  type HostedService,
  openServerDatabase,
  type ServerOptions,
  type ServiceDefinition,
  type ServiceSettings,
  serverTls,
  ThingwardServer,
} from './server.ts';
export { type OpenDatabase, openDatabase, StorageError } from './storage/database.ts';
export type { ServerSchema } from './storage/schema.ts';
export { loadTls, selfSignedTls, type Tls, TlsError } from './tls.ts';
