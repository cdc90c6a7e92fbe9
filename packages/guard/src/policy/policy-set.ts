import { ACTIONS, type ActionName } from '../operation.ts';
import { cedar, type EntityJson, PARSED_SETS } from './cedar.ts';
import { type CompiledPolicy, compilePolicies, type PolicySource } from './compile.ts';
import {
  CONTEXT_ATTRIBUTE_NAMES,
  type ContextAttribute,
  type ContextSource,
  contextJson,
  contextKey,
  unknownJson,
} from './context-attributes.ts';
import { entityJson, type KnownEntity } from './known-entity.ts';
import type { PolicyProblem } from './policy-error.ts';
import { settled } from './residual.ts';
import { groupsOfAction } from './scope.ts';
import { shippedSchema } from './shipped.ts';

/** What is to be decided. */
export interface PolicyRequest {
  readonly principal: KnownEntity;
  readonly action: ActionName;
  readonly resource: KnownEntity;
  readonly context: ContextSource;
}

/** What policies say. */
export interface PolicyVerdict {
  readonly isPermitted: boolean;
  /** What decided: those that forbid, else those that permit. */
  readonly policies: readonly CompiledPolicy[];
  /** What went wrong while deciding; then it is denied. */
  readonly errors: readonly string[];
}

/** Policies with conditions, parsed together when they are first asked, and what they look at. */
interface Slice {
  /** Under which Cedar keeps them. */
  name: string | undefined;
  readonly policies: readonly CompiledPolicy[];
  readonly context: readonly ContextAttribute[];
  readonly entities: ReadonlySet<string>;
  readonly action: boolean;
  readonly hierarchy: boolean;
  readonly related: boolean;
}

/** Which policies are satisfied, and what went wrong while finding out. */
interface Evaluation {
  readonly satisfied: readonly CompiledPolicy[];
  readonly errors: readonly string[];
}

/** What has been decided about one principal, action and resource. */
interface Remembered {
  readonly principal: KnownEntity;
  readonly resource: KnownEntity;
  readonly candidates: readonly CompiledPolicy[];
  /** Those without conditions. */
  readonly unconditional: readonly CompiledPolicy[];
  /** Those with conditions: asked at once, the first time. */
  readonly conditional: Slice | undefined;
  /** Those of them that do not look at the context: asked once, when there is a second time. */
  readonly fixed: Slice | undefined;
  fixedEvaluation: Evaluation | undefined;
  /** Those that do. */
  readonly varying: Slice | undefined;
  readonly byContext: Map<string, PolicyVerdict>;
}

const MAX_SLICES = 512;
/** As many are asked about one principal, action and resource. */
const SLICES_OF_ONE = 3;
const MAX_REMEMBERED = 10_000;
const MAX_CONTEXTS = 64;
const NOTHING: ReadonlySet<string> = new Set();
const NONE: Evaluation = { satisfied: [], errors: [] };
const NO_CONTEXT = () => undefined;

/**
 * Policies in force. What Cedar is given for a decision is as little as decides it: the policies whose heads fit (which cannot be
 * satisfied otherwise), and of entities and context what those look at. Decisions are remembered by just that.
 * @see https://docs.cedarpolicy.com/bestpractices/bp-meta-permissions.html
 */
export class PolicySet {
  readonly policies: readonly CompiledPolicy[];
  readonly warnings: readonly PolicyProblem[];
  /** Attributes of the context that any policy looks at. */
  readonly uses: ReadonlySet<ContextAttribute>;
  readonly #byAction: ReadonlyMap<ActionName, readonly CompiledPolicy[]>;
  /** By resource and action: those whose heads fit as far as these go. */
  readonly #byResource = new WeakMap<KnownEntity, Map<ActionName, readonly CompiledPolicy[]>>();
  readonly #slices = new Map<string, Slice>();
  readonly #remembered = new Map<string, Remembered>();
  readonly #forbidden: ReadonlySet<ActionName>;
  #rememberedCount = 0;
  #evaluatedCount = 0;

  private constructor(policies: readonly CompiledPolicy[], warnings: readonly PolicyProblem[]) {
    this.policies = policies;
    this.warnings = warnings;
    this.#byAction = new Map(
      ACTIONS.map((action) => [action, policies.filter(({ scope }) => scope.actions.has(action))]),
    );
    this.#forbidden = new Set(
      policies.filter(({ effect }) => effect === 'forbid').flatMap(({ scope }) => [...scope.actions]),
    );
    const used = policies.map(({ use }) => use.context);
    this.uses = new Set(
      CONTEXT_ATTRIBUTE_NAMES.filter((name) => used.some((names) => names === undefined || names.has(name))),
    );
  }

  /** @throws PolicyError when any of it is wrong */
  static compile(sources: readonly PolicySource[], schema: string = shippedSchema()): PolicySet {
    const { policies, warnings } = compilePolicies(sources, schema);
    return new PolicySet(policies, warnings);
  }

  /** How many decisions were remembered, and how many had to be worked out. */
  get lookUps(): { readonly remembered: number; readonly evaluated: number } {
    return { remembered: this.#rememberedCount, evaluated: this.#evaluatedCount };
  }

  /** Is there a policy that forbids an action, so that it may be denied to resources nothing is known of? */
  forbids(action: ActionName): boolean {
    return this.#forbidden.has(action);
  }

  /** Is there a policy that wants this instead of a plain no? */
  hasObligation(kind: CompiledPolicy['obligation']['kind']): boolean {
    return this.policies.some(({ obligation, effect }) => effect === 'forbid' && obligation.kind === kind);
  }

  /** @param without ids of policies that are left aside */
  decide(request: PolicyRequest, without: ReadonlySet<string> = NOTHING): PolicyVerdict {
    const remembered = this.#remember(request, without);
    const { varying, byContext } = remembered;
    const key = varying === undefined ? '' : contextKey(request.context, varying.context);
    const known = byContext.get(key);
    if (known) {
      this.#rememberedCount++;
      return known;
    }
    this.#evaluatedCount++;
    const verdict = this.#evaluate(request, remembered);
    if (byContext.size >= MAX_CONTEXTS) byContext.clear();
    byContext.set(key, verdict);
    return verdict;
  }

  /**
   * Is there anything that could be unknown yet, such as a value, with which it would be permitted?
   * @param unknown attributes of the context that are not known yet @param counts policies that permit and do not fit it are left aside
   */
  couldPermit(
    request: PolicyRequest,
    unknown: ReadonlySet<ContextAttribute>,
    counts: (policy: CompiledPolicy) => boolean = () => true,
  ): boolean {
    const { candidates } = this.#remember(request, NOTHING);
    const counted = candidates.filter((policy) =>
      policy.effect === 'permit' ? counts(policy) : policy.obligation.kind === 'deny',
    );
    if (!counted.some(({ effect }) => effect === 'permit')) return false;
    const truths = this.#truths(request, counted, unknown);
    if (counted.some(({ effect }, i) => effect === 'forbid' && truths[i] === true)) return false;
    return counted.some(({ effect }, i) => effect === 'permit' && truths[i] !== false);
  }

  /** Is there anything that could be unknown yet with which a policy would take something out of the answer? */
  couldHide(request: PolicyRequest, unknown: ReadonlySet<ContextAttribute>): boolean {
    const { candidates } = this.#remember(request, NOTHING);
    const hiding = candidates.filter(({ obligation }) => obligation.kind === 'redact');
    return hiding.length > 0 && this.#truths(request, hiding, unknown).some((isTrue) => isTrue !== false);
  }

  /** Whether each of the policies is satisfied; undefined where that depends on what is unknown. */
  #truths(
    request: PolicyRequest,
    policies: readonly CompiledPolicy[],
    unknown: ReadonlySet<ContextAttribute>,
  ): readonly (boolean | undefined)[] {
    const { principal, action, resource, context } = request;
    const needs = needsOf(policies);
    const names = needs.context;
    const answer = cedar().isAuthorizedPartial({
      principal: { type: principal.type, id: principal.id },
      action: { type: 'Action', id: action },
      resource: { type: resource.type, id: resource.id },
      context: {
        ...contextJson(
          context,
          names.filter((name) => !unknown.has(name)),
        ),
        ...Object.fromEntries(names.filter((name) => unknown.has(name)).map((name) => [name, unknownJson(name)])),
      },
      policies: { staticPolicies: Object.fromEntries(policies.map(({ conditions }, i) => [`p${i}`, conditions])) },
      entities: entitiesOf(request, needs),
    });
    if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
    const { satisfied, residuals } = answer.response;
    return policies.map((_, i) => {
      const name = `p${i}`;
      if (satisfied.includes(name)) return true;
      const residual = residuals[name];
      return residual === undefined ? false : settled(residual);
    });
  }

  /** Forgets decisions: what is known of entities has changed in a way that does not show in them. */
  forget(): void {
    this.#remembered.clear();
  }

  /** Lets go of what Cedar keeps for it. */
  dispose(): void {
    this.forget();
    for (const { name } of this.#slices.values()) if (name !== undefined) PARSED_SETS.release(name);
    this.#slices.clear();
  }

  #remember(request: PolicyRequest, without: ReadonlySet<string>): Remembered {
    const { principal, action, resource } = request;
    const aside = without.size === 0 ? '' : [...without].join('\n');
    const key = `${principal.id}\n${action}\n${resource.uid}\n${aside}`;
    const known = this.#remembered.get(key);
    if (known && known.principal === principal && known.resource === resource) return known;
    // What was decided by them stays right, but they can't be asked again.
    if (this.#slices.size + SLICES_OF_ONE > MAX_SLICES) this.dispose();
    const candidates = this.#about(resource, action).filter(
      ({ id, scope }) => scope.principal(principal) && !without.has(id),
    );
    const conditional = candidates.filter(({ isUnconditional }) => !isUnconditional);
    const remembered: Remembered = {
      principal,
      resource,
      candidates,
      unconditional: candidates.filter(({ isUnconditional }) => isUnconditional),
      conditional: this.#slice(conditional),
      fixed: this.#slice(conditional.filter(({ use }) => use.context?.size === 0)),
      fixedEvaluation: undefined,
      varying: this.#slice(conditional.filter(({ use }) => use.context?.size !== 0)),
      byContext: new Map(),
    };
    if (this.#remembered.size >= MAX_REMEMBERED) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    this.#remembered.delete(key);
    this.#remembered.set(key, remembered);
    return remembered;
  }

  #about(resource: KnownEntity, action: ActionName): readonly CompiledPolicy[] {
    const byAction = this.#byResource.get(resource) ?? new Map<ActionName, readonly CompiledPolicy[]>();
    const known = byAction.get(action);
    if (known) return known;
    const about = (this.#byAction.get(action) ?? []).filter(({ scope }) => scope.resource(resource));
    this.#byResource.set(resource, byAction.set(action, about));
    return about;
  }

  #slice(policies: readonly CompiledPolicy[]): Slice | undefined {
    if (policies.length === 0) return undefined;
    const key = policies.map(({ id }) => id).join('\n');
    const known = this.#slices.get(key);
    if (known) return known;
    const slice: Slice = { name: undefined, policies, ...needsOf(policies) };
    this.#slices.set(key, slice);
    return slice;
  }

  #evaluate(request: PolicyRequest, remembered: Remembered): PolicyVerdict {
    const { unconditional, conditional, varying, byContext } = remembered;
    const isFirst = byContext.size === 0 && remembered.fixedEvaluation === undefined;
    if (!isFirst) remembered.fixedEvaluation ??= evaluate(remembered.fixed, { ...request, context: NO_CONTEXT });
    const fixed = remembered.fixedEvaluation ?? NONE;
    const rest = evaluate(isFirst ? conditional : varying, request);
    const satisfied = [...unconditional, ...fixed.satisfied, ...rest.satisfied];
    const errors = [...fixed.errors, ...rest.errors];
    const forbids = satisfied.filter(({ effect }) => effect === 'forbid');
    if (forbids.length > 0 || errors.length > 0) return { isPermitted: false, policies: forbids, errors };
    return { isPermitted: satisfied.length > 0, policies: satisfied, errors };
  }
}

type Needs = Omit<Slice, 'name' | 'policies'>;

function needsOf(policies: readonly CompiledPolicy[]): Needs {
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

/** Asks Cedar. It tells which policies forbid, or, where none does, which permit: more is not needed. */
function evaluate(slice: Slice | undefined, request: PolicyRequest): Evaluation {
  if (slice === undefined) return NONE;
  slice.name ??= PARSED_SETS.add(Object.fromEntries(slice.policies.map((policy, i) => [`p${i}`, policy.conditions])));
  const { principal, action, resource, context } = request;
  const answer = cedar().statefulIsAuthorized({
    principal: { type: principal.type, id: principal.id },
    action: { type: 'Action', id: action },
    resource: { type: resource.type, id: resource.id },
    context: contextJson(context, slice.context),
    preparsedPolicySetId: slice.name,
    validateRequest: false,
    entities: entitiesOf(request, slice),
  });
  if (answer.type === 'failure') return { satisfied: [], errors: answer.errors.map(({ message }) => message) };
  const { reason, errors: failed } = answer.response.diagnostics;
  const named = (name: string) => slice.policies[Number(name.slice(1))];
  return {
    satisfied: reason.flatMap((name) => named(name) ?? []),
    // A policy that permits and fails does not permit; one that forbids and fails must not be passed over.
    errors: failed.flatMap(({ policyId, error }) => {
      const policy = named(policyId);
      return policy?.effect === 'forbid' ? [`${policy.at}: ${error.message}`] : [];
    }),
  };
}

function entitiesOf({ principal, action, resource }: PolicyRequest, needs: Needs): EntityJson[] {
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
