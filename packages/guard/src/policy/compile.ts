import { Jid } from '@thingward/xmpp';
import { type AttributeUse, attributeUse } from './attribute-use.ts';
import { cedar, type DetailedError, type PolicyJson, type TypeAndId } from './cedar.ts';
import { type Condition, compileCondition } from './condition.ts';
import { type Obligation, readObligation } from './obligation.ts';
import { PolicyError, type PolicyProblem } from './policy-error.ts';
import { indexOfByte, type PolicyStatement, policyStatements, positionOf } from './policy-statements.ts';
import { type PolicyScope, policyScope } from './scope.ts';

/** A file of policies. */
export interface PolicySource {
  /** As problems and decisions name it. */
  readonly file: string;
  readonly text: string;
  /** Does it come with Thingward? */
  readonly isShipped?: boolean;
}

/** A policy, ready to be used. */
export interface CompiledPolicy {
  readonly id: string;
  /** `file:line` */
  readonly at: string;
  readonly effect: 'permit' | 'forbid';
  readonly description: string | undefined;
  readonly obligation: Obligation;
  readonly scope: PolicyScope;
  readonly use: AttributeUse;
  /** Does its head say all? */
  readonly isUnconditional: boolean;
  readonly text: string;
  /** Its conditions alone: what is left to Cedar when its head fits. */
  readonly conditions: PolicyJson;
  /** The same, where they need no Cedar. */
  readonly holds: Condition | undefined;
  readonly isShipped: boolean;
}

const MAX_POLICIES = 5000;

/**
 * Reads and checks policies.
 * @returns them, with warnings
 * @throws PolicyError when there is an error anywhere
 */
export function compilePolicies(
  sources: readonly PolicySource[],
  schema: string,
): { readonly policies: readonly CompiledPolicy[]; readonly warnings: readonly PolicyProblem[] } {
  const problems: PolicyProblem[] = [];
  const policies: CompiledPolicy[] = [];
  const places = new Map<string, { readonly source: PolicySource; readonly statement: PolicyStatement }>();
  for (const source of sources) {
    for (const statement of policyStatements(source.text)) {
      const report = reporter(problems, source, statement);
      const answer = cedar().policyToJson(statement.text);
      if (answer.type === 'failure') {
        const error = answer.errors[0];
        if (/slot|template/i.test(error?.message ?? '')) {
          report(
            'error',
            'a policy with ?principal or ?resource is a template of Cedar',
            'name the principal or resource',
          );
        } else if (error) report('error', messageOf(error), error.help ?? undefined, placeOf(error));
        continue;
      }
      const { json } = answer;
      const annotations = (json.annotations ?? {}) as Readonly<Record<string, string>>;
      const { line } = positionOf(source.text, statement.start);
      const id = annotations.id || `${source.file}:${line}`;
      const known = places.get(id);
      if (known) {
        const other = positionOf(known.source.text, known.statement.start);
        report('error', `there is a policy "${id}" already`, `it is at ${known.source.file}:${other.line}`);
        continue;
      }
      places.set(id, { source, statement });
      const scope = policyScope(json);
      if (hasGreatNumber(json.conditions)) {
        report('error', 'a number is too great to be judged by', `write at most ${Number.MAX_SAFE_INTEGER}`);
      }
      checkNames(json, scope.named, attributeUse(json).named, (message, help) => report('error', message, help));
      policies.push({
        id,
        at: `${source.file}:${line}`,
        effect: json.effect,
        description: annotations.description,
        obligation: readObligation(annotations, json.effect, (message, help) => report('error', message, help)),
        scope,
        use: attributeUse(json),
        isUnconditional: json.conditions.length === 0,
        text: statement.text,
        conditions: {
          ...json,
          principal: { op: 'All' },
          action: { op: 'All' },
          resource: { op: 'All' },
          annotations: {},
        },
        holds: compileCondition(json),
        isShipped: source.isShipped ?? false,
      });
      if (policies.length > MAX_POLICIES) {
        throw new PolicyError('policy-invalid', [
          { severity: 'error', file: source.file, line, column: 1, message: `more than ${MAX_POLICIES} policies` },
        ]);
      }
    }
  }
  validateAll(policies, schema, (id, severity, error) => {
    const place = places.get(id);
    if (place)
      reporter(problems, place.source, place.statement, id)(
        severity,
        messageOf(error),
        error.help ?? undefined,
        placeOf(error),
      );
  });
  for (const policy of policies) {
    const place = places.get(policy.id);
    if (place && isTooWide(policy)) {
      const message = 'it permits everybody to control everything';
      reporter(
        problems,
        place.source,
        place.statement,
        policy.id,
      )('warning', message, 'name who may, or what, or when');
    }
  }
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new PolicyError('policy-invalid', problems);
  return { policies, warnings: problems };
}

type Report = (severity: PolicyProblem['severity'], message: string, help?: string, byte?: number) => void;

function reporter(
  problems: PolicyProblem[],
  source: PolicySource,
  statement: PolicyStatement,
  policy?: string,
): Report {
  return (severity, message, help, byte = 0) => {
    const index = statement.start + indexOfByte(statement.text, byte);
    const { line, column } = positionOf(source.text, index);
    // The same place is told of once, not once for each action.
    if (problems.some((other) => other.file === source.file && other.line === line && other.column === column)) return;
    problems.push({
      severity,
      file: source.file,
      line,
      column,
      policy,
      message,
      ...(help === undefined ? {} : { help }),
    });
  };
}

function validateAll(
  policies: readonly CompiledPolicy[],
  schema: string,
  report: (id: string, severity: PolicyProblem['severity'], error: DetailedError) => void,
): void {
  // Ids of Cedar are its own: ours may have any character.
  const staticPolicies = Object.fromEntries(policies.map(({ text }, i) => [`p${i}`, text]));
  const answer = cedar().validate({ schema, policies: { staticPolicies } });
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('; '));
  const idOf = (name: string) => policies[Number(name.slice(1))]?.id ?? name;
  for (const { policyId, error } of answer.validationErrors) report(idOf(policyId), 'error', error);
  for (const { policyId, error } of answer.validationWarnings) report(idOf(policyId), 'warning', error);
}

/** A message without the name Cedar was given for the policy. */
function messageOf({ message, sourceLocations }: DetailedError): string {
  const label = sourceLocations?.[0]?.label;
  return `${message.replace(/^for policy `[^`]*`, /, '')}${label ? `: ${label}` : ''}`;
}

function placeOf({ sourceLocations }: DetailedError): number | undefined {
  return sourceLocations?.[0]?.start;
}

/** Addresses that no account can have would never fit. */
function checkNames(
  json: PolicyJson,
  scoped: readonly TypeAndId[],
  conditions: ReadonlySet<string>,
  report: (message: string, help?: string) => void,
): void {
  const ids = [
    ...scoped.filter(({ type }) => type === 'Account').map(({ id }) => id),
    ...[...conditions].flatMap((uid) => {
      const [, id] = /^Account::(".*")$/.exec(uid) ?? [];
      return id === undefined ? [] : [JSON.parse(id) as string];
    }),
  ];
  for (const id of ids) {
    const jid = Jid.tryParse(id);
    if (jid === undefined) report(`Account::${JSON.stringify(id)} is no address`, 'write it like "ana@example.org"');
    else if (jid.bare.toString() !== id) {
      report(`no account is called ${JSON.stringify(id)}`, `write ${JSON.stringify(jid.bare.toString())}`);
    }
  }
  const { principal } = json;
  if (principal.op === 'is' && principal.entity_type !== 'Account') {
    report(`a principal is an Account, never a ${principal.entity_type}`);
  }
}

/** Numbers that JavaScript can't hold exactly would be others on their way back to Cedar. */
function hasGreatNumber(node: unknown): boolean {
  if (typeof node === 'number') return !Number.isSafeInteger(node);
  if (typeof node === 'bigint') return true;
  return typeof node === 'object' && node !== null && Object.values(node).some(hasGreatNumber);
}

function isTooWide({ effect, scope, isUnconditional, isShipped, text }: CompiledPolicy): boolean {
  return (
    effect === 'permit' &&
    isUnconditional &&
    !isShipped &&
    scope.named.length === 0 &&
    scope.actions.has('set') &&
    !/resource\s+is/.test(text)
  );
}
