export { AccountError, type AccountState, Accounts } from './accounts.ts';
export { ADMIN } from './administration/admin-form.ts';
export type { ServiceControl } from './administration/service-control.ts';
export { SESSION_LIST_NODE } from './administration/session-list-command.ts';
export { STATISTICS_NODE } from './administration/statistics-command.ts';
export { type ServerConfig, type ServerConfigInput, serverConfigSchema } from './config.ts';
export { eventLogSchema } from './event-log-config.ts';
export { isLoopback, type ListenAddress, ListenError } from './listeners/listen.ts';
export type { ConfigChange } from './live-config.ts';
export { CREATE_ACCOUNT } from './registration/invitation-command.ts';
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
export type { RosterContact, ServiceEnvironment } from './service-environment.ts';
export { type OpenDatabase, openDatabase, StorageError } from './storage/database.ts';
export type { ServerSchema } from './storage/schema.ts';
export { daysLeft, loadTls, RENEW_DAYS, selfSignedTls, type Tls, TlsError } from './tls.ts';
