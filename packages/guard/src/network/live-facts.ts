import type { ActionName } from '../operation.ts';

/** What the registry knows of a Thing. */
export interface KnownThing {
  /** Bare JID. */
  readonly owner?: string | undefined;
  /** Meta tags by name, in upper case. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** Interfaces it has, where that is known otherwise than by tags. */
  readonly interfaces?: readonly string[] | undefined;
}

/** What is between somebody and a Thing. */
export interface Relation {
  /** Groups the owner of the Thing has put them into, in its roster. */
  readonly rosterGroups: readonly string[];
  /** May they see the presence of the Thing? */
  readonly isFriend: boolean;
  /** Must it be looked up again each time? */
  readonly isFleeting?: boolean;
  /** Has the owner decided at the provisioning server that they may do such a thing? */
  readonly ownerAllows: (action: ActionName, name: string | undefined) => boolean;
}

export const NO_RELATION: Relation = { rosterGroups: [], isFriend: false, ownerAllows: () => false };

/** What whoever enforces knows of the network at the moment. */
export interface LiveFacts {
  /** Is there a Thing behind this bare JID in the registry? */
  isRegistered(jid: string): boolean;
  thing(jid: string, node: string | undefined): KnownThing | undefined;
  /** Nodes known behind a bare JID. */
  nodesOf(jid: string): readonly string[];
  /** @param thing bare JID @param owner of the Thing */
  relation(
    principal: string,
    thing: string,
    node: string | undefined,
    owner: string | undefined,
  ): Relation | Promise<Relation>;
  isLocal(domain: string): boolean;
  /** Groups that an account is in beside those of files, such as its roles. @param jid bare */
  rolesOf?(jid: string): readonly string[];
  /** Accounts of whom `rolesOf` says something. */
  roleHolders?(): readonly string[];
}

/** Of who knows nothing but what files say. */
export const NO_FACTS: LiveFacts = {
  isRegistered: () => false,
  thing: () => undefined,
  nodesOf: () => [],
  relation: () => NO_RELATION,
  isLocal: () => false,
};
