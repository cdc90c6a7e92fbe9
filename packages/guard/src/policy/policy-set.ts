import { ACTIONS, type ActionName } from '../operation.ts';
import { cedar, PARSED_SETS } from './cedar.ts';
import { type CompiledPolicy, compilePolicies, type PolicySource } from './compile.ts';
import {
  CONTEXT_ATTRIBUTE_NAMES,
  type ContextAttribute,
  contextJson,
  contextKey,
  unknownJson,
} from './context-attributes.ts';
import type { KnownEntity } from './known-entity.ts';
import type { PolicyProblem } from './policy-error.ts';
import {
  askCedar,
  type Evaluation,
  entitiesOf,
  evaluateHere,
  looksAtContext,
  NO_EVALUATION,
  needsOf,
  partsOf,
  type Slice,
} from './policy-evaluation.ts';
import type { PolicyRequest } from './policy-request.ts';
import { settled as settledResidual } from './residual.ts';
import { shippedSchema } from './shipped.ts';

/** What policies say. */
export interface PolicyVerdict {
  readonly isPermitted: boolean;
  /** What decided: those that forbid, else those that permit. */
  readonly policies: readonly CompiledPolicy[];
  /** What went wrong while deciding; then it is denied. */
  readonly errors: readonly string[];
}

/** What has been decided about one principal, action and resource. */
interface Remembered {
  readonly principal: KnownEntity;
  readonly resource: KnownEntity;
  readonly candidates: readonly CompiledPolicy[];
  /** Those that hold whatever the context: without conditions, or with such that look at entities alone. */
  readonly settled: readonly CompiledPolicy[];
  /** Those whose conditions need no Cedar: worked out each time. */
  readonly local: readonly CompiledPolicy[];
  /** Attributes of the context that these and those left to Cedar look at. */
  readonly context: readonly ContextAttribute[];
  /** Those left to Cedar: asked at once, the first time. */
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
    const { byContext } = remembered;
    const key = contextKey(request.context, remembered.context);
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
      return residual === undefined ? false : settledResidual(residual);
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
    const { settled, local, left } = partsOf(candidates, request);
    const varying = left.filter(looksAtContext);
    const remembered: Remembered = {
      principal,
      resource,
      candidates,
      settled,
      local,
      context: needsOf([...local, ...varying]).context,
      conditional: this.#slice(left),
      fixed: this.#slice(left.filter((policy) => !looksAtContext(policy))),
      fixedEvaluation: undefined,
      varying: this.#slice(varying),
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
    const { settled, local, conditional, varying, byContext } = remembered;
    const isFirst = byContext.size === 0 && remembered.fixedEvaluation === undefined;
    if (!isFirst) remembered.fixedEvaluation ??= askCedar(remembered.fixed, { ...request, context: NO_CONTEXT });
    const fixed = remembered.fixedEvaluation ?? NO_EVALUATION;
    const rest = askCedar(isFirst ? conditional : varying, request);
    const here = evaluateHere(local, request);
    const satisfied = [...settled, ...here.satisfied, ...fixed.satisfied, ...rest.satisfied];
    const errors = [...here.errors, ...fixed.errors, ...rest.errors];
    const forbids = satisfied.filter(({ effect }) => effect === 'forbid');
    if (forbids.length > 0 || errors.length > 0) return { isPermitted: false, policies: forbids, errors };
    return { isPermitted: satisfied.length > 0, policies: satisfied, errors };
  }
}
