import type { DiscoIdentity, Logger } from '@thingward/xmpp';
import type { Accounts } from './accounts.ts';
import type { RosterStore } from './roster-store.ts';
import type { Router } from './router.ts';
import type { SessionTable } from './session.ts';

/** What a module can use. */
export interface ServerContext {
  readonly domain: string;
  readonly router: Router;
  readonly sessions: SessionTable;
  readonly accounts: Accounts;
  readonly rosters: RosterStore;
  readonly modules: readonly ServerModule[];
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
  /** Registers its handlers. */
  start(context: ServerContext): void;
}
