import type { DiscoIdentity, Logger } from '@thingward/xmpp';
import type { Kysely, Migration } from 'kysely';
import type { AccountChanges } from './account-changes.ts';
import type { Accounts } from './accounts.ts';
import type { AccessLists } from './administration/access-lists.ts';
import type { Administrators } from './administration/administrators.ts';
import type { ServiceControl } from './administration/service-control.ts';
import type { CommandRegistry } from './commands/command-registry.ts';
import type { ServerConfig } from './config.ts';
import type { DiscoRegistry } from './disco-registry.ts';
import type { ServerGuard } from './guard/server-guard.ts';
import type { Hooks } from './hooks.ts';
import type { WebRoutes } from './http/web-routes.ts';
import type { LogInGuard } from './log-in-guard.ts';
import type { LoopTurns } from './loop-turns.ts';
import type { MetricSources } from './metrics.ts';
import type { RosterStore } from './roster-store.ts';
import type { Router } from './router.ts';
import type { SessionTable } from './session.ts';
import type { ServerSchema } from './storage/schema.ts';
import type { TemporaryAccounts } from './temporary-accounts.ts';

/** What a module can use. */
export interface ServerContext {
  readonly domain: string;
  readonly config: ServerConfig;
  readonly router: Router;
  readonly sessions: SessionTable;
  readonly accounts: Accounts;
  /** Of those who stay nameless. */
  readonly temporaries: TemporaryAccounts;
  /** Changes of accounts that their sessions must not outlive. */
  readonly accountChanges: AccountChanges;
  readonly administrators: Administrators;
  /** With whom nobody here communicates, or with whom alone. */
  readonly accessLists: AccessLists;
  /** Where whoever has started the server can end it and start it again. */
  readonly serviceControl?: ServiceControl | undefined;
  readonly rosters: RosterStore;
  /** A module sees its own tables through `database.withTables<...>()`. */
  readonly database: Kysely<ServerSchema>;
  readonly disco: DiscoRegistry;
  /** Commands people run. @see XEP-0050 */
  readonly commands: CommandRegistry;
  /** What is going on. */
  readonly figures: MetricSources;
  readonly hooks: Hooks;
  /** Decides what may be done to Things. */
  readonly policies: ServerGuard;
  readonly web: WebRoutes;
  /** Watches those who guess passwords. */
  readonly logInGuard: LogInGuard;
  readonly turns: LoopTurns;
  readonly log: Logger;
}

/** One feature of the server, in one file. */
export interface ServerModule {
  readonly name: string;
  /** Features the server advertises because of it. */
  readonly features?: readonly string[];
  /** Features of accounts (bare JIDs). */
  readonly accountFeatures?: readonly string[];
  readonly identity?: DiscoIdentity;
  /** Tables it keeps in the server's database; names sort by date. */
  readonly migrations?: Readonly<Record<string, Migration>>;
  /** Registers its handlers. @returns what ends its timers and queues when the server stops, where it has any */
  start(context: ServerContext): void | (() => void | Promise<void>);
}
