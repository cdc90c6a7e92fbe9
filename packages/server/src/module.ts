import type { Element } from '@thingward/xml';
import type { DiscoIdentity, Logger } from '@thingward/xmpp';
import type { Accounts } from './accounts.ts';
import type { RosterStore } from './roster-store.ts';
import type { Router } from './router.ts';
import type { Session, SessionTable } from './session.ts';
import type { Stanza } from './stanza.ts';

/** Answers an IQ request with the payload of its result; throws a StanzaError otherwise. */
export type ServerIqHandler = (stanza: Stanza) => Element | undefined | Promise<Element | undefined>;

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

/** Takes presence stanzas, and hears of sessions that end. */
export interface PresenceHandler {
  /** From a client of ours. */
  fromClient(stanza: Stanza, session: Session): Promise<void>;
  /** To an account of ours, from anywhere. */
  toAccount(stanza: Stanza): Promise<void>;
  sessionEnded(session: Session): Promise<void>;
}
