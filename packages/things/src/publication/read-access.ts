import type { Jid } from '@thingward/xmpp';
import type { AccessDecision } from '../thing/access.ts';
import type { Publication } from './publication.ts';

/** Who may read a Thing: the same decision that read-outs and events follow. */
export interface ReadAccess {
  /** Bare JIDs that may read it for all that is known, so that they can be let in before they ask. */
  readers(): readonly Jid[];
  /** @see XEP-0324 §3.4 */
  mayRead(requester: Jid): AccessDecision | Promise<AccessDecision>;
}

/**
 * Does the decision let somebody subscribe? All subscribers of a node get the same items: who may read some fields only is let in
 * where the node holds no others.
 */
export function admits(decision: AccessDecision, { filter: { names, types } }: Publication): boolean {
  if (typeof decision === 'boolean') return decision;
  return isWithin(names, decision.names) && isWithin(types, decision.types);
}

/** Is all that a node holds (empty: anything) among what is allowed (undefined: anything)? */
function isWithin<T>(held: readonly T[], allowed: readonly T[] | undefined): boolean {
  return allowed === undefined || (held.length > 0 && held.every((one) => allowed.includes(one)));
}
