import type { Logger } from '@thingward/xmpp';
import type { ServiceControl } from './administration/service-control.ts';
import type { ServiceDefinition } from './hosted-services.ts';
import type { DnsLookups } from './s2s/resolve.ts';

/** What whoever starts a server gives it beside its configuration. */
export interface ServerOptions {
  readonly services?: readonly ServiceDefinition[];
  readonly log?: Logger;
  /** In the place of the system's DNS. */
  readonly dns?: DnsLookups;
  /** How often it looks whether certificates on the disk have changed, in ms. */
  readonly watchIntervalMs?: number;
  /** What worker processes run, in the place of the built package's own. */
  readonly workerProgram?: string;
  /** Lets administrators end the server or start it again; without it they can't. */
  readonly serviceControl?: ServiceControl;
  /** The built console. */
  readonly consoleDirectory?: string;
  /** Further files to serve over HTTP, by URL prefix. */
  readonly staticDirectories?: Readonly<Record<string, string>>;
}
