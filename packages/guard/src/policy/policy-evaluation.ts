import { type AuthorizationAnswer, cedar, type EntityJson, PARSED_SETS } from './cedar.ts';
import type { CompiledPolicy } from './compile.ts';
import type { Condition } from './condition.ts';
import { UNDECIDED } from './condition-value.ts';
import { CONTEXT_ATTRIBUTE_NAMES, type ContextAttribute, contextJson } from './context-attributes.ts';
import { entityJson } from './known-entity.ts';
import type { PolicyRequest } from './policy-request.ts';
import { groupsOfAction } from './scope.ts';

/** What policies look at, of context and entities. */
export interface Needs {
  readonly context: readonly ContextAttribute[];
  readonly entities: ReadonlySet<string>;
  readonly action: boolean;
  readonly hierarchy: boolean;
  readonly related: boolean;
}

/** Policies with conditions that Cedar keeps, parsed together when they are first asked, and what they look at. */
export interface Slice extends Needs {
  /** Under which Cedar keeps them. */
  name: string | undefined;
  readonly policies: readonly CompiledPolicy[];
}

/** Which policies are satisfied, and what went wrong while finding out. */
export interface Evaluation {
  readonly satisfied: readonly CompiledPolicy[];
  readonly errors: readonly string[];
}

export const NO_EVALUATION: Evaluation = { satisfied: [], errors: [] };

export function needsOf(policies: readonly CompiledPolicy[]): Needs {
  const uses = policies.map(({ use }) => use);
  return {
    context: CONTEXT_ATTRIBUTE_NAMES.filter((name) =>
      uses.some(({ context }) => context === undefined || context.has(name)),
    ),
    entities: new Set(uses.flatMap(({ entities }) => [...entities])),
    action: uses.some(({ action }) => action),
    hierarchy: uses.some(({ hierarchy }) => hierarchy),
    related: uses.some(({ related }) => related),
  };
}

export function looksAtContext({ use }: CompiledPolicy): boolean {
  return use.context?.size !== 0;
}

/** Sorts policies whose heads fit by who says whether their conditions hold, and when. What does not hold in any context is left out. */
export function partsOf(
  candidates: readonly CompiledPolicy[],
  request: PolicyRequest,
): Readonly<Record<'settled' | 'local' | 'left', readonly CompiledPolicy[]>> {
  const parts = { settled: [] as CompiledPolicy[], local: [] as CompiledPolicy[], left: [] as CompiledPolicy[] };
  for (const policy of candidates) {
    if (!policy.holds) parts.left.push(policy);
    else if (looksAtContext(policy)) parts.local.push(policy);
    else {
      const holds = here(policy.holds, request);
      if (holds === undefined) parts.left.push(policy);
      else if (holds) parts.settled.push(policy);
    }
  }
  return parts;
}

/** Undefined where Cedar has to say. */
function here(condition: Condition, request: PolicyRequest): boolean | undefined {
  try {
    return condition(request);
  } catch (error) {
    if (error === UNDECIDED) return undefined;
    throw error;
  }
}

/** Works out conditions without Cedar; it is asked about those alone that turn out to need it. */
export function evaluateHere(policies: readonly CompiledPolicy[], request: PolicyRequest): Evaluation {
  const satisfied: CompiledPolicy[] = [];
  const undecided: CompiledPolicy[] = [];
  for (const policy of policies) {
    const holds = policy.holds && here(policy.holds, request);
    if (holds === undefined) undecided.push(policy);
    else if (holds) satisfied.push(policy);
  }
  if (undecided.length === 0) return { satisfied, errors: [] };
  const needs = needsOf(undecided);
  const answer = cedar().isAuthorized({
    ...requestJson(request, needs),
    policies: { staticPolicies: policiesJson(undecided) },
    validateRequest: false,
  });
  const left = evaluationOf(answer, undecided);
  return { satisfied: [...satisfied, ...left.satisfied], errors: left.errors };
}

/** Asks Cedar about policies that it keeps. */
export function askCedar(slice: Slice | undefined, request: PolicyRequest): Evaluation {
  if (slice === undefined) return NO_EVALUATION;
  slice.name ??= PARSED_SETS.add(policiesJson(slice.policies));
  const answer = cedar().statefulIsAuthorized({
    ...requestJson(request, slice),
    preparsedPolicySetId: slice.name,
    validateRequest: false,
  });
  return evaluationOf(answer, slice.policies);
}

function policiesJson(policies: readonly CompiledPolicy[]): Record<string, CompiledPolicy['conditions']> {
  return Object.fromEntries(policies.map(({ conditions }, i) => [`p${i}`, conditions]));
}

function requestJson(request: PolicyRequest, needs: Needs) {
  const { principal, action, resource, context } = request;
  return {
    principal: { type: principal.type, id: principal.id },
    action: { type: 'Action', id: action },
    resource: { type: resource.type, id: resource.id },
    context: contextJson(context, needs.context),
    entities: entitiesOf(request, needs),
  };
}

/** What Cedar says. It tells which policies forbid, or, where none does, which permit: more is not needed. */
function evaluationOf(answer: AuthorizationAnswer, policies: readonly CompiledPolicy[]): Evaluation {
  if (answer.type === 'failure') return { satisfied: [], errors: answer.errors.map(({ message }) => message) };
  const { reason, errors: failed } = answer.response.diagnostics;
  const named = (name: string) => policies[Number(name.slice(1))];
  return {
    satisfied: reason.flatMap((name) => named(name) ?? []),
    // A policy that permits and fails does not permit; one that forbids and fails must not be passed over.
    errors: failed.flatMap(({ policyId, error }) => {
      const policy = named(policyId);
      return policy?.effect === 'forbid' ? [`${policy.at}: ${error.message}`] : [];
    }),
  };
}

export function entitiesOf({ principal, action, resource }: PolicyRequest, needs: Needs): EntityJson[] {
  const { entities: wanted, hierarchy } = needs;
  if (wanted.size === 0 && !hierarchy) return [];
  const entities = [entityJson(principal, wanted, hierarchy), entityJson(resource, wanted, hierarchy)].filter(
    // Of what it is not given, Cedar knows as much as of what has nothing that is asked for.
    ({ attrs, parents }) => parents.length > 0 || Object.keys(attrs).length > 0,
  );
  if (needs.action) {
    const parents = groupsOfAction(action).map((id) => ({ type: 'Action', id }));
    entities.push({ uid: { type: 'Action', id: action }, attrs: {}, parents });
  }
  if (!needs.related) return entities;
  for (const related of resource.related) {
    if (related.uid !== principal.uid && related.uid !== resource.uid) {
      entities.push(entityJson(related, wanted, hierarchy));
    }
  }
  return entities;
}
