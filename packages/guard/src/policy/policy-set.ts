import { ACTIONS, type ActionName } from '../operation.ts';
import { cedar, PARSED_SETS } from './cedar.ts';
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

/** Policies with conditions that fit to a request by their heads, parsed together. */
interface Slice {
  readonly name: string;
  readonly policies: readonly CompiledPolicy[];
  readonly context: readonly ContextAttribute[];
  readonly entities: ReadonlySet<string>;
  /** Does it look at the action? */
  readonly action: boolean;
}

/** What has been decided about one principal, action and resource. */
interface Remembered {
  readonly principal: KnownEntity;
  readonly resource: KnownEntity;
  readonly candidates: readonly CompiledPolicy[];
  readonly slice: Slice | undefined;
  readonly byContext: Map<string, PolicyVerdict>;
}

const MAX_SLICES = 512;
const MAX_REMEMBERED = 10_000;
const MAX_CONTEXTS = 64;
const NOTHING: ReadonlySet<string> = new Set();

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
  readonly #slices = new Map<string, Slice>();
  readonly #remembered = new Map<string, Remembered>();
  readonly #forbidden: ReadonlySet<ActionName>;

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
    const { slice, byContext } = remembered;
    const key = slice === undefined ? '' : contextKey(request.context, slice.context);
    const known = byContext.get(key);
    if (known) return known;
    const verdict = this.#evaluate(request, remembered);
    if (byContext.size >= MAX_CONTEXTS) byContext.clear();
    byContext.set(key, verdict);
    return verdict;
  }

  /**
   * Is there anything that could be unknown yet, such as a value, with which it would be permitted?
   * @param unknown attributes of the context that are not known yet
   */
  couldPermit(request: PolicyRequest, unknown: ReadonlySet<ContextAttribute>): boolean {
    const { candidates, slice } = this.#remember(request, NOTHING);
    const names = slice?.context ?? [];
    if (!names.some((name) => unknown.has(name))) return this.decide(request).isPermitted;
    const counted = candidates.filter(({ effect, obligation }) => effect === 'permit' || obligation.kind === 'deny');
    const truths = this.#truths(request, counted, slice, unknown);
    if (counted.some(({ effect }, i) => effect === 'forbid' && truths[i] === true)) return false;
    return counted.some(({ effect }, i) => effect === 'permit' && truths[i] !== false);
  }

  /** Is there anything that could be unknown yet with which a policy would take something out of the answer? */
  couldHide(request: PolicyRequest, unknown: ReadonlySet<ContextAttribute>): boolean {
    const { candidates, slice } = this.#remember(request, NOTHING);
    const hiding = candidates.filter(({ obligation }) => obligation.kind === 'redact');
    return hiding.length > 0 && this.#truths(request, hiding, slice, unknown).some((isTrue) => isTrue !== false);
  }

  /** Whether each of the policies is satisfied; undefined where that depends on what is unknown. */
  #truths(
    request: PolicyRequest,
    policies: readonly CompiledPolicy[],
    slice: Slice | undefined,
    unknown: ReadonlySet<ContextAttribute>,
  ): readonly (boolean | undefined)[] {
    const { principal, action, resource, context } = request;
    const names = slice?.context ?? [];
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
      entities: slice ? entitiesOf(request, slice) : [],
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
    for (const { name } of this.#slices.values()) PARSED_SETS.release(name);
    this.#slices.clear();
  }

  #remember({ principal, action, resource }: PolicyRequest, without: ReadonlySet<string>): Remembered {
    const aside = without.size === 0 ? '' : [...without].join('\n');
    const key = `${principal.id}\n${action}\n${resource.uid}\n${aside}`;
    const known = this.#remembered.get(key);
    if (known && known.principal === principal && known.resource === resource) return known;
    const candidates = (this.#byAction.get(action) ?? []).filter(
      ({ id, scope }) => scope.principal(principal) && scope.resource(resource) && !without.has(id),
    );
    const remembered = {
      principal,
      resource,
      candidates,
      slice: this.#slice(candidates.filter(({ isUnconditional }) => !isUnconditional)),
      byContext: new Map<string, PolicyVerdict>(),
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

  #slice(policies: readonly CompiledPolicy[]): Slice | undefined {
    if (policies.length === 0) return undefined;
    const key = policies.map(({ id }) => id).join('\n');
    const known = this.#slices.get(key);
    if (known) return known;
    if (this.#slices.size >= MAX_SLICES) {
      // What was decided by them stays right, but they can't be asked again.
      this.forget();
      for (const { name } of this.#slices.values()) PARSED_SETS.release(name);
      this.#slices.clear();
    }
    const wanted = policies.map(({ use }) => use.context);
    const slice = {
      name: PARSED_SETS.add(Object.fromEntries(policies.map(({ conditions }, i) => [`p${i}`, conditions]))),
      policies,
      context: CONTEXT_ATTRIBUTE_NAMES.filter((name) => wanted.some((names) => names === undefined || names.has(name))),
      entities: new Set(policies.flatMap(({ use }) => [...use.entities])),
      action: policies.some(({ use }) => use.action),
    };
    this.#slices.set(key, slice);
    return slice;
  }

  #evaluate(request: PolicyRequest, { candidates, slice }: Remembered): PolicyVerdict {
    const satisfied = candidates.filter(({ isUnconditional }) => isUnconditional);
    const errors: string[] = [];
    if (slice) {
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
      if (answer.type === 'failure') errors.push(...answer.errors.map(({ message }) => message));
      else {
        const { reason, errors: failed } = answer.response.diagnostics;
        satisfied.push(...reason.flatMap((name) => slice.policies[Number(name.slice(1))] ?? []));
        for (const { policyId, error } of failed) {
          const policy = slice.policies[Number(policyId.slice(1))];
          // A policy that permits and fails does not permit; one that forbids and fails must not be passed over.
          if (policy?.effect === 'forbid') errors.push(`${policy.at}: ${error.message}`);
        }
      }
    }
    const forbids = satisfied.filter(({ effect }) => effect === 'forbid');
    if (forbids.length > 0 || errors.length > 0) return { isPermitted: false, policies: forbids, errors };
    return { isPermitted: satisfied.length > 0, policies: satisfied, errors };
  }
}

function entitiesOf(
  { principal, action, resource }: PolicyRequest,
  { entities: wanted, action: isActionWanted }: Slice,
) {
  const entities = [entityJson(principal, wanted), entityJson(resource, wanted)];
  if (isActionWanted) {
    const parents = groupsOfAction(action).map((id) => ({ type: 'Action', id }));
    entities.push({ uid: { type: 'Action', id: action }, attrs: {}, parents });
  }
  if (!wanted.has('owner') && !wanted.has('account')) return entities;
  for (const related of resource.related) {
    if (related.uid !== principal.uid && related.uid !== resource.uid) entities.push(entityJson(related, wanted));
  }
  return entities;
}
