import { type Jid, StanzaError } from '@thingward/xmpp';
import type { FieldType } from '../sensor-data/field.ts';
import type { NodeReference } from './node.ts';
import type { Tokens } from './payload.ts';
import type { Thing } from './thing.ts';

/** Some of a Thing. */
export interface PartialAccess {
  /** Names of fields or parameters; undefined: all. */
  readonly names?: readonly string[] | undefined;
  /** Kinds of fields; undefined: all. */
  readonly types?: readonly FieldType[] | undefined;
}

/** Yes, no, or only for some fields or parameters. */
export type AccessDecision = boolean | PartialAccess;

/** May the requester do what it asks for with this Thing? The tokens are what it shows of delegated trust. @see XEP-0324 §5.6 */
export type AccessCheck = (requester: Jid, thing: Thing, tokens: Tokens) => AccessDecision | Promise<AccessDecision>;

/** A Thing that the requester may have. */
export interface AccessibleThing extends PartialAccess {
  readonly thing: Thing;
}

/**
 * The Things that nodes in a request mean, none of them twice. A node given by its nodeId alone is all that have this nodeId.
 * @throws StanzaError `item-not-found`
 * @see XEP-0323 §5.9
 */
export function findThings(things: readonly Thing[], nodes: readonly NodeReference[]): readonly Thing[] {
  const found = nodes.flatMap((node) => {
    const meant = things.filter((thing) => isMeant(thing.node, node));
    if (meant.length === 0) throw new StanzaError('item-not-found', `there is no node ${JSON.stringify(node.nodeId)}`);
    return meant;
  });
  return [...new Set(found)];
}

function isMeant(node: NodeReference | undefined, { nodeId, sourceId, cacheType }: NodeReference): boolean {
  return (
    node?.nodeId === nodeId &&
    (sourceId === undefined || node.sourceId === sourceId) &&
    (cacheType === undefined || node.cacheType === cacheType)
  );
}

/**
 * The Things behind nodes in a request to read: those that are meant, and all that are parts of them or of their parts. A node that is
 * no Thing itself stands for its parts.
 * @throws StanzaError `item-not-found`
 * @see XEP-0323 §5.8
 */
export function findWithSubnodes(things: readonly Thing[], nodes: readonly NodeReference[]): readonly Thing[] {
  const found = new Set<Thing>();
  const include = (node: NodeReference): boolean => {
    const parts = things.filter((thing) => isMeant(thing.parent, node));
    const meant = [...things.filter((thing) => isMeant(thing.node, node)), ...parts];
    for (const thing of meant) {
      if (found.has(thing)) continue;
      found.add(thing);
      if (thing.node) include(thing.node);
    }
    return meant.length > 0;
  };
  for (const node of nodes) {
    if (!include(node)) throw new StanzaError('item-not-found', `there is no node ${JSON.stringify(node.nodeId)}`);
  }
  return [...found];
}

/** What a requester asks for. */
export interface AccessRequest {
  readonly requester: Jid;
  readonly tokens: Tokens;
  /** Empty: whatever it may have. */
  readonly nodes: readonly NodeReference[];
}

/**
 * The Things that the requester asks for and may have; without nodes, all it may have. Who may have none learns nothing about nodes.
 * @param find the Things that nodes mean. Those named must all be allowed; what they imply is left out where it is not.
 * @throws StanzaError `forbidden`, `item-not-found`
 */
export async function accessibleThings(
  things: readonly Thing[],
  { requester, tokens, nodes }: AccessRequest,
  isAllowed: AccessCheck,
  find: typeof findThings = findThings,
): Promise<readonly AccessibleThing[]> {
  const decisions = await Promise.all(things.map(async (thing) => isAllowed(requester, thing, tokens)));
  const allowed = new Map(
    things.flatMap((thing, i) => {
      const decision = decisions[i];
      if (decision === undefined || decision === false) return [];
      return [[thing, decision === true ? { thing } : { thing, names: decision.names, types: decision.types }]];
    }),
  );
  if (allowed.size === 0) throw accessDenied();
  if (nodes.length === 0) return [...allowed.values()];
  const found = find(things, nodes);
  const isNamed = (thing: Thing) => nodes.some((node) => isMeant(thing.node, node));
  const wanted = found.flatMap((thing) => allowed.get(thing) ?? []);
  if (wanted.length === 0 || found.some((thing) => isNamed(thing) && !allowed.has(thing))) throw accessDenied();
  return wanted;
}

/** @see XEP-0323 §3.3, XEP-0325 §5.1 */
export function accessDenied(): StanzaError {
  return new StanzaError('forbidden', 'Access denied.', { type: 'cancel' });
}
