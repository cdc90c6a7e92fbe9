import type { AccessPolicy } from '@thingward/services';
import type { Jid } from '@thingward/xmpp';
import type { RosterStore } from './roster-store.ts';

/** What the roster of an account says of somebody. */
export interface RosterContact {
  /** May see the account's presence. */
  readonly isSubscribedToPresence: boolean;
  /** Groups the account has put the contact into. */
  readonly rosterGroups: readonly string[];
}

/** What a service learns of the server it runs in; elsewhere it does without. */
export interface ServiceEnvironment {
  /** Of owners elsewhere nothing is known: nobody is a contact of theirs. */
  readonly contact: (owner: Jid, jid: Jid) => Promise<RosterContact>;
  /** What the server's policies say about access to Things. */
  readonly policy: AccessPolicy;
}

/** What the services of a domain learn of its server. */
export function serviceEnvironment(domain: string, rosters: RosterStore, policy: AccessPolicy): ServiceEnvironment {
  return {
    policy,
    async contact(owner, jid) {
      if (owner.domain !== domain || owner.local === undefined)
        return { isSubscribedToPresence: false, rosterGroups: [] };
      const { from, groups } = await rosters.entry(owner.local, jid);
      return { isSubscribedToPresence: from, rosterGroups: groups };
    },
  };
}
