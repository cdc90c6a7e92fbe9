/** What an entity is to a node, whatever resource it uses. @see XEP-0060 §4.1 */
export const AFFILIATIONS = ['owner', 'publisher', 'publish-only', 'member', 'none', 'outcast'] as const;
export type Affiliation = (typeof AFFILIATIONS)[number];

/** What an affiliation allows at a node that everybody may subscribe to. */
export interface Privileges {
  readonly subscribe: boolean;
  readonly retrieve: boolean;
  readonly publish: boolean;
  /** May delete items: all of them, or those it published itself. */
  readonly deleteItem: 'all' | 'own' | 'none';
  /** Configure, purge and delete the node, and say who is what to it. */
  readonly own: boolean;
}

/**
 * A row for each affiliation. Where the specification leaves it to the service, publishers delete their own items only, and do not
 * purge. @see XEP-0060 §4.1, table 1
 */
export const PRIVILEGES: Readonly<Record<Affiliation, Privileges>> = {
  owner: { subscribe: true, retrieve: true, publish: true, deleteItem: 'all', own: true },
  publisher: { subscribe: true, retrieve: true, publish: true, deleteItem: 'own', own: false },
  'publish-only': { subscribe: false, retrieve: false, publish: true, deleteItem: 'own', own: false },
  member: { subscribe: true, retrieve: true, publish: false, deleteItem: 'none', own: false },
  none: { subscribe: true, retrieve: false, publish: false, deleteItem: 'none', own: false },
  outcast: { subscribe: false, retrieve: false, publish: false, deleteItem: 'none', own: false },
};

/** May an owner make one of the other? An owner resigns before being anything else. @see XEP-0060 §4.1, table 2 */
export function mayBecome(before: Affiliation, after: Affiliation): boolean {
  if (before === after) return true;
  return before !== 'owner' || after === 'none';
}

export function isAffiliation(text: string | undefined): text is Affiliation {
  return (AFFILIATIONS as readonly (string | undefined)[]).includes(text);
}
