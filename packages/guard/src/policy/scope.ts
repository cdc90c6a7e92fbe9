import { ACTIONS, type ActionName } from '../operation.ts';
import { uidText } from './attribute-use.ts';
import type { EntityUidJson, PolicyJson, TypeAndId } from './cedar.ts';

/** What is in which group of actions. @see policies/schema.cedarschema */
const GROUPS: Readonly<Record<string, readonly ActionName[]>> = {
  observe: ['read', 'subscribe', 'browse', 'connect'],
  control: ['set', 'write', 'execute', 'edit'],
};

/** The groups an action is in. */
export function groupsOfAction(action: ActionName): readonly string[] {
  return Object.keys(GROUPS).filter((group) => GROUPS[group]?.includes(action));
}

/** An entity as a scope sees it: itself and all it is in, as `Type::"id"`. */
export interface ScopedEntity {
  readonly type: string;
  readonly uid: string;
  readonly ancestors: ReadonlySet<string>;
}

/** Does an entity fit into the head of a policy? */
export type ScopeTest = (entity: ScopedEntity) => boolean;

/** The head of a policy. */
export interface PolicyScope {
  readonly actions: ReadonlySet<ActionName>;
  readonly principal: ScopeTest;
  readonly resource: ScopeTest;
  /** Entities it names. */
  readonly named: readonly TypeAndId[];
}

/** @see https://docs.cedarpolicy.com/policies/syntax-policy.html#term-scope */
export function policyScope({ principal, action, resource }: PolicyJson): PolicyScope {
  const named: TypeAndId[] = [];
  return {
    actions: new Set(actionsOf(action)),
    principal: scopeTest(principal, named),
    resource: scopeTest(resource, named),
    named,
  };
}

function actionsOf(action: PolicyJson['action']): readonly ActionName[] {
  if (action.op === 'All') return ACTIONS;
  const uids =
    'entities' in action ? action.entities : 'entity' in action ? [action.entity] : ([] as readonly EntityUidJson[]);
  const ids = uids.map((uid) => plain(uid).id);
  return ids.flatMap((id) => {
    const single = ACTIONS.filter((name) => name === id);
    return action.op === '==' ? single : [...single, ...(GROUPS[id] ?? [])];
  });
}

function scopeTest(constraint: PolicyJson['principal'] | PolicyJson['resource'], named: TypeAndId[]): ScopeTest {
  const uidOf = (uid: EntityUidJson): string => {
    const given = plain(uid);
    named.push(given);
    return uidText(given);
  };
  switch (constraint.op) {
    case 'All':
      return () => true;
    case '==': {
      if (!('entity' in constraint)) return () => false;
      const uid = uidOf(constraint.entity);
      return (entity) => entity.uid === uid;
    }
    case 'in': {
      if (!('entity' in constraint)) return () => false;
      const uid = uidOf(constraint.entity);
      return (entity) => entity.uid === uid || entity.ancestors.has(uid);
    }
    case 'is': {
      const { entity_type: type } = constraint;
      const inside = constraint.in && 'entity' in constraint.in ? uidOf(constraint.in.entity) : undefined;
      return (entity) =>
        entity.type === type && (inside === undefined || entity.uid === inside || entity.ancestors.has(inside));
    }
  }
}

function plain(uid: EntityUidJson): TypeAndId {
  return '__entity' in uid ? uid.__entity : uid;
}
