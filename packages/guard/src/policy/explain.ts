import { cedar, type PolicyJson } from './cedar.ts';
import type { CompiledPolicy } from './compile.ts';
import { CONTEXT_ATTRIBUTE_NAMES, contextJson } from './context-attributes.ts';
import { entityJson } from './known-entity.ts';
import type { PolicyBundle } from './policy-bundle.ts';
import type { PolicyRequest } from './policy-request.ts';
import type { PolicyVerdict } from './policy-set.ts';
import { policyRequests, type Question } from './question.ts';
import { groupsOfAction } from './scope.ts';

/** What is said of one policy. */
export interface ExplainedPolicy {
  readonly id: string;
  /** `file:line` */
  readonly at: string;
  readonly effect: 'permit' | 'forbid';
  readonly description?: string | undefined;
  readonly obligation?: string | undefined;
  /** Conditions that do not hold, as Cedar writes them: why it has no part in the decision. */
  readonly failed: readonly string[];
}

/** Why something is decided as it is. */
export interface Explanation {
  readonly outcome: 'permit' | 'deny' | 'approve' | 'limit' | 'quarantine' | 'redact';
  /** What decided. None: nothing permits it. */
  readonly decisive: readonly ExplainedPolicy[];
  /** Policies about just this, whose conditions do not hold. */
  readonly others: readonly ExplainedPolicy[];
  readonly errors: readonly string[];
}

/** Which policies decide a question, and which would if things were otherwise. */
export function explain(bundle: PolicyBundle, question: Question, now: Date): Explanation {
  const { set, entities } = bundle;
  const requests = policyRequests(question, entities, now);
  const answers = requests.map((request) => ({ request, verdict: set.decide(request) }));
  // A number that lies between two decimals is permitted where both are.
  const { request, verdict } =
    answers.find((answer) => !answer.verdict.isPermitted) ?? (answers[0] as (typeof answers)[0]);
  const decisive = new Set(verdict.policies.map(({ id }) => id));
  const others = set.policies.filter(
    ({ id, scope }) =>
      !decisive.has(id) &&
      scope.actions.has(request.action) &&
      scope.principal(request.principal) &&
      scope.resource(request.resource),
  );
  return {
    outcome: outcomeOf(set.decide.bind(set), request, verdict),
    decisive: verdict.policies.map((policy) => explained(policy, [])),
    others: others.map((policy) => explained(policy, failedConditions(policy, request))),
    errors: verdict.errors,
  };
}

function outcomeOf(
  decide: (request: PolicyRequest, without: ReadonlySet<string>) => PolicyVerdict,
  request: PolicyRequest,
  { isPermitted, policies, errors }: PolicyVerdict,
): Explanation['outcome'] {
  if (isPermitted) return 'permit';
  const kinds = new Set(policies.map(({ obligation }) => obligation.kind));
  if (errors.length > 0 || kinds.size === 0 || kinds.has('deny')) return 'deny';
  if (kinds.has('quarantine')) return 'quarantine';
  if (kinds.has('limit')) return 'limit';
  if (!decide(request, new Set(policies.map(({ id }) => id))).isPermitted) return 'deny';
  return kinds.has('approve') ? 'approve' : 'redact';
}

function explained(policy: CompiledPolicy, failed: readonly string[]): ExplainedPolicy {
  const { id, at, effect, description, obligation } = policy;
  return {
    id,
    at,
    effect,
    description,
    ...(obligation.kind === 'deny' ? {} : { obligation: obligation.kind }),
    failed,
  };
}

/** The conditions that do not hold, each by itself. */
function failedConditions(policy: CompiledPolicy, request: PolicyRequest): readonly string[] {
  return policy.conditions.conditions.flatMap((condition) => {
    const alone: PolicyJson = { ...policy.conditions, effect: 'permit', conditions: [condition] };
    if (isSatisfied(alone, request)) return [];
    const text = cedar().policyToText(alone);
    return text.type === 'success' ? [conditionText(text.text)] : [];
  });
}

function isSatisfied(policy: PolicyJson, { principal, action, resource, context }: PolicyRequest): boolean {
  const all = new Set([...Object.keys(principal.attributes), ...Object.keys(resource.attributes)]);
  const others = resource.related.filter(({ uid }) => uid !== principal.uid && uid !== resource.uid);
  const parents = groupsOfAction(action).map((id) => ({ type: 'Action', id }));
  const answer = cedar().isAuthorized({
    principal: { type: principal.type, id: principal.id },
    action: { type: 'Action', id: action },
    resource: { type: resource.type, id: resource.id },
    context: contextJson(context, CONTEXT_ATTRIBUTE_NAMES),
    policies: { staticPolicies: { policy } },
    entities: [
      ...[principal, resource, ...others].map((entity) => entityJson(entity, all)),
      { uid: { type: 'Action', id: action }, attrs: {}, parents },
    ],
  });
  return answer.type === 'success' && answer.response.decision === 'allow';
}

function conditionText(policy: string): string {
  return policy
    .slice(policy.indexOf(')') + 1)
    .replace(/;\s*$/, '')
    .replace(/\s+/g, ' ')
    .trim();
}
