import type { AccessPolicy, PublicationView } from '@thingward/services';
import type { Jid } from '@thingward/xmpp';
import type { ServerGuard } from './guard/server-guard.ts';
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
  /** What they leave of what Things publish. */
  readonly view: PublicationView;
}

/** What the services of a domain learn of its server. */
export function serviceEnvironment(
  domain: string,
  rosters: RosterStore,
  policies: Pick<ServerGuard, 'access' | 'view'>,
): ServiceEnvironment {
  const { access: policy, view } = policies;
  return {
    policy,
    view,
    async contact(owner, jid) {
      if (owner.domain !== domain || owner.local === undefined)
        return { isSubscribedToPresence: false, rosterGroups: [] };
      const { from, groups } = await rosters.entry(owner.local, jid);
      return { isSubscribedToPresence: from, rosterGroups: groups };
    },
  };
}
