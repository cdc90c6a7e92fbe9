import { type Jid, StanzaError } from '@thingward/xmpp';
import { type AccessCheck, accessibleThings } from '../thing/access.ts';
import type { NodeReference } from '../thing/node.ts';
import type { Tokens } from '../thing/payload.ts';
import type { Thing } from '../thing/thing.ts';
import type { ControlParameter } from './parameter.ts';

/** A Thing that a requester may control. */
export interface ControlTarget {
  readonly thing: Thing;
  /** May this parameter be seen and set by the requester? */
  isAllowed(parameter: string): boolean;
}

/**
 * The Things that a command or a request for a form is for. Without nodes it is for the JID itself, or for the only Thing there is.
 * @throws StanzaError `forbidden`, `item-not-found`, `bad-request`
 */
export async function controlTargets(
  things: readonly Thing[],
  { nodes, ...tokens }: Tokens & { readonly nodes: readonly NodeReference[] },
  requester: Jid,
  mayControl: AccessCheck,
): Promise<readonly ControlTarget[]> {
  const accessible = await accessibleThings(things, { requester, tokens, nodes }, mayControl);
  const targets = accessible.map(({ thing, names }) => ({
    thing,
    isAllowed: (parameter: string) => names === undefined || names.includes(parameter),
  }));
  if (nodes.length > 0 || targets.length === 1) return targets;
  const itself = targets.find(({ thing }) => thing.node === undefined);
  if (itself) return [itself];
  throw new StanzaError('bad-request', 'several nodes are behind this address: say which');
}

/** The parameters of a Thing that a requester may set, as they are when the form has these values. */
export function allowedParameters(
  { thing, isAllowed }: ControlTarget,
  declared: readonly ControlParameter[] = thing.parameters,
): readonly ControlParameter[] {
  return declared.filter(({ name }) => isAllowed(name));
}
