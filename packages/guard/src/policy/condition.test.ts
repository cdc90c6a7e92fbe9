import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../operation.ts';
import { cedar, type PolicyJson } from './cedar.ts';
import { compileCondition } from './condition.ts';
import { UNDECIDED } from './condition-value.ts';
import {
  CONTEXT_ATTRIBUTE_NAMES,
  type ContextAttribute,
  type ContextValue,
  contextJson,
} from './context-attributes.ts';
import { entityJson, type KnownEntity, knownEntity } from './known-entity.ts';
import type { PolicyRequest } from './policy-request.ts';
import { groupsOfAction } from './scope.ts';

const owner = knownEntity('Account', 'owner@example.org', {
  parents: [{ type: 'Group', id: 'dismissed' }],
  attributes: { domain: 'example.org', isLocal: true },
});
const ana = knownEntity('Account', 'ana@example.org', {
  parents: [{ type: 'Group', id: 'operators' }],
  attributes: { domain: 'example.org', isLocal: true },
});
const eve = knownEntity('Account', 'eve@other.example', { attributes: { domain: 'other.example', isLocal: false } });
const owned = (by: KnownEntity | undefined, type: 'Thing' | 'Service' = 'Thing') =>
  knownEntity(type, 'plc@example.org', {
    parents: [{ type: 'Site', id: 'hall' }],
    attributes: {
      jid: 'plc@example.org',
      domain: 'example.org',
      isGuarded: true,
      account: { __entity: { type: 'Account', id: 'plc@example.org' } },
      ...(by ? { owner: { __entity: { type: 'Account', id: by.id } } } : {}),
    },
    related: by ? [by] : [],
  });

function policyOf(condition: string): PolicyJson {
  const answer = cedar().policyToJson(`permit (principal, action, resource) ${condition};`);
  if (answer.type === 'failure') throw new Error(`${condition}: ${answer.errors[0]?.message}`);
  return answer.json;
}

type Values = Partial<Record<ContextAttribute, ContextValue | undefined>>;

function requestOf(values: Values, more: Partial<PolicyRequest> = {}): PolicyRequest {
  return { principal: ana, action: 'set', resource: owned(owner), context: (name) => values[name], ...more };
}

/** What Cedar says of a policy, given all there is; undefined where something goes wrong. */
function byCedar(policy: PolicyJson, { principal, action, resource, context }: PolicyRequest): boolean | undefined {
  const all = new Set(['jid', 'domain', 'account', 'owner', 'isGuarded', 'isLocal']);
  const others = resource.related.filter(({ uid }) => uid !== principal.uid);
  const answer = cedar().isAuthorized({
    principal: { type: principal.type, id: principal.id },
    action: { type: 'Action', id: action },
    resource: { type: resource.type, id: resource.id },
    context: contextJson(context, CONTEXT_ATTRIBUTE_NAMES),
    policies: { staticPolicies: { policy } },
    entities: [
      ...[principal, resource, ...others].map((entity) => entityJson(entity, all)),
      {
        uid: { type: 'Action', id: action },
        attrs: {},
        parents: groupsOfAction(action).map((id) => ({ type: 'Action', id })),
      },
    ],
  });
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
  return answer.response.diagnostics.errors.length > 0 ? undefined : answer.response.decision === 'allow';
}

/** What is worked out here; `cedar` where it is left to Cedar. */
function here(policy: PolicyJson, request: PolicyRequest): boolean | 'cedar' {
  const condition = compileCondition(policy);
  try {
    return condition ? condition(request) : 'cedar';
  } catch (error) {
    if (error === UNDECIDED) return 'cedar';
    throw error;
  }
}

const decimals = fc.constantFrom('0.0', '-0.5', '10.0', '10.0001', '80.0', '-1234567.8', '922337203685477.5807');
const longs = fc.constantFrom(-1, 0, 3, 9, 600, 20261126);
const texts = fc.constantFrom('', 'a', 'Setpoint', 'Set*point', 'aba', 'Pump/1');
const times = fc.constantFrom(
  '2026-11-26',
  '2026-11-26T10:00:00Z',
  '2027-01-01T00:00:00.000Z',
  '2026-11-26T10:00:00+0100',
);
const patterns = fc.constantFrom('*', 'Set*', '*point', 'a*a', 'ab*ba', '', 'Set\\*point', '*b*', 'Pump/*');

/** Expressions by type, as deep as `depth`. */
const { truth } = fc.letrec<{ truth: string; long: string; entity: string }>((tie) => ({
  long: fc.oneof(
    { maxDepth: 3 },
    longs.map(String),
    fc.constantFrom('context.hour', 'context.address', 'context.perMinute'),
    fc.tuple(tie('long'), fc.constantFrom('+', '-', '*'), tie('long')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('truth'), tie('long'), tie('long')).map(([t, a, b]) => `(if ${t} then ${a} else ${b})`),
  ),
  entity: fc.constantFrom(
    'principal',
    'resource',
    'resource.owner',
    'resource.account',
    'Account::"owner@example.org"',
    'Account::"ana@example.org"',
    'Account::"who@example.org"',
  ),
  truth: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('true', 'false', 'context.isNested', 'context.isEncrypted', 'principal.isLocal'),
    fc.constantFrom(
      'context has number',
      'context has name',
      'resource has owner',
      'principal has owner',
      'context has ip',
    ),
    fc
      .tuple(
        fc.constantFrom('context.number', 'context.change'),
        decimals,
        fc.constantFrom('lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'),
      )
      .map(([a, b, op]) => `${a}.${op}(decimal("${b}"))`),
    decimals.map((one) => `context.number == decimal("${one}")`),
    fc
      .tuple(tie('long'), fc.constantFrom('<', '<=', '>', '>=', '==', '!='), tie('long'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(fc.constantFrom('<', '<=', '>', '>=', '==', '!='), times)
      .map(([op, b]) => `context.time ${op} datetime("${b}")`),
    texts.map((text) => `context.name == "${text}"`),
    patterns.map((pattern) => `context.name like "${pattern}"`),
    fc.constantFrom(
      'context.fieldTypes.contains("peak")',
      'context.fieldTypes.containsAny(["a", "peak"])',
      'context.fieldTypes.containsAll(["peak"])',
      '["a", "Setpoint"].contains(context.name)',
      'context.fieldTypes == ["peak", "a"]',
    ),
    fc.tuple(tie('entity'), tie('entity')).map(([a, b]) => `${a} == ${b}`),
    fc
      .tuple(
        tie('entity'),
        fc.constantFrom(
          'Group::"operators"',
          'Group::"dismissed"',
          'Site::"hall"',
          '[Group::"x", Group::"operators"]',
          'resource',
        ),
      )
      .map(([a, b]) => `${a} in ${b}`),
    fc
      .tuple(tie('entity'), fc.constantFrom('Account', 'Thing', 'Account in Group::"dismissed"', 'Service'))
      .map(([a, b]) => `${a} is ${b}`),
    fc.constantFrom(
      'resource.owner.domain == "example.org"',
      'resource.owner.isLocal',
      'principal.domain == resource.domain',
    ),
    fc.constantFrom(
      'action == Action::"set"',
      'action in Action::"observe"',
      'action in [Action::"control", Action::"publish"]',
      'Action::"set" in Action::"control"',
    ),
    tie('truth').map((one) => `!(${one})`),
    fc.tuple(tie('truth'), fc.constantFrom('&&', '||'), tie('truth')).map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(tie('truth'), tie('truth'), tie('truth')).map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
    fc.constantFrom(
      'context.ip.isLoopback()',
      'context.ip.isInRange(ip("192.0.2.0/24"))',
      'context.time.toTime() > duration("1h")',
    ),
  ),
}));
const contexts = fc.record({
  isNested: fc.boolean(),
  isEncrypted: fc.boolean(),
  number: fc.option(decimals, { nil: undefined }),
  change: fc.option(decimals, { nil: undefined }),
  hour: longs,
  perMinute: longs,
  address: fc.option(longs, { nil: undefined }),
  name: fc.option(texts, { nil: undefined }),
  time: fc.constantFrom('2026-11-26T10:00:00Z', '2027-01-01T00:00:00Z'),
  fieldTypes: fc.option(fc.constantFrom([], ['a'], ['peak', 'a']), { nil: undefined }),
  ip: fc.constantFrom(undefined, '192.0.2.7', '127.0.0.1'),
});
const clauses = fc.array(
  fc.tuple(fc.constantFrom('when', 'unless'), truth).map(([kind, one]) => `${kind} { ${one} }`),
  { minLength: 1, maxLength: 2 },
);

test('what is worked out here is what Cedar says, and most is', () => {
  let decided = 0;
  let all = 0;
  fc.assert(
    fc.property(
      clauses,
      contexts,
      fc.constantFrom(ana, owner, eve),
      fc.constantFrom(...ACTIONS),
      fc.constantFrom(owned(owner), owned(ana), owned(undefined), owned(eve, 'Service')),
      (conditions, values, principal, action, resource) => {
        const policy = policyOf(conditions.join(' '));
        const request = requestOf(values, { principal, action, resource });
        const expected = byCedar(policy, request);
        const found = here(policy, request);
        all++;
        if (found === 'cedar') return;
        decided++;
        expect(found).toBe(expected);
      },
    ),
    { numRuns: 1000 },
  );
  expect(decided / all).toBeGreaterThan(0.3);
});

describe('what it says of', () => {
  test.each<[string, Values, boolean | 'cedar']>([
    ['context.number.lessThan(decimal("80.0"))', { number: '79.9999' }, true],
    ['context.number.lessThan(decimal("80.0"))', { number: '80.0' }, false],
    ['context.number.lessThanOrEqual(decimal("80.0"))', { number: '80.0' }, true],
    ['context.number.lessThanOrEqual(decimal("80.0"))', { number: '80.0001' }, false],
    ['context.number.greaterThan(decimal("-0.5"))', { number: '-0.4999' }, true],
    ['context.number.greaterThan(decimal("-0.5"))', { number: '-0.5' }, false],
    ['context.number.greaterThanOrEqual(decimal("-0.5"))', { number: '-0.5' }, true],
    ['context.number.greaterThanOrEqual(decimal("-0.5"))', { number: '-0.5001' }, false],
    ['context.number.lessThan(decimal("80.0"))', { number: '922337203685477.5807' }, 'cedar'],
    ['context.number.lessThan(decimal("80.0"))', {}, 'cedar'],
    ['context.number == decimal("1.50")', { number: '1.5' }, true],
    ['context.hour >= 9007199254740991 + 1', { hour: 3 }, 'cedar'],
    ['context.hour < 3 || context.hour > 8', { hour: 9 }, true],
    ['context.hour * 2 == 6', { hour: 3 }, true],
    ['context.hour - 1 == 2', { hour: 3 }, true],
    ['context.time < datetime("2027-01-01")', { time: '2026-12-31T23:59:00Z' }, true],
    ['context.time < datetime("2027-01-01")', { time: '2027-01-01T00:00:00Z' }, false],
    ['context.time < datetime("2027-01-01T00:00:00+0100")', { time: '2026-12-31T22:59:00Z' }, 'cedar'],
    ['context.name like "a*a"', { name: 'a' }, false],
    ['context.name like "a*a"', { name: 'aa' }, true],
    ['context.name like "*b*c*"', { name: 'acb' }, false],
    ['context.name like "*b*c*"', { name: 'abxc' }, true],
    ['context.name like "ab"', { name: 'abc' }, false],
    ['context.fieldTypes.containsAll(["a", "peak"])', { fieldTypes: ['peak'] }, false],
    ['context.fieldTypes.containsAny(["a", "peak"])', { fieldTypes: ['peak'] }, true],
    ['context.fieldTypes.containsAny(["a"])', { fieldTypes: ['peak'] }, false],
    ['context.fieldTypes == ["peak", "a"]', { fieldTypes: ['a', 'peak'] }, true],
    ['context.fieldTypes == ["peak"]', { fieldTypes: ['a'] }, false],
    ['context.ip.isLoopback()', { ip: '127.0.0.1' }, 'cedar'],
    ['context == {hour: 3}', { hour: 3 }, 'cedar'],
    ['context.name == 3', { name: 'a' }, 'cedar'],
    ['principal is Account in Group::"operators"', {}, true],
    ['principal is Thing in Group::"operators"', {}, false],
    ['principal in [Group::"x", Group::"operators"]', {}, true],
    ['resource.owner in Group::"dismissed"', {}, true],
    ['resource.account in Group::"dismissed"', {}, false],
    ['resource.account.domain == "example.org"', {}, 'cedar'],
    ['action in Action::"control"', {}, true],
    ['action in Action::"observe"', {}, false],
    ['resource has owner.domain', {}, 'cedar'],
    ['resource has node', {}, false],
    ['false && context.number.lessThan(decimal("1.0"))', {}, false],
    ['true || context.number.lessThan(decimal("1.0"))', {}, true],
    ['if context has number then context.number.lessThan(decimal("1.0")) else true', {}, true],
  ])('%s with %j', (condition, values, expected) => {
    const policy = policyOf(`when { ${condition} }`);
    const request = requestOf(values);
    expect(here(policy, request)).toBe(expected);
    if (expected !== 'cedar') expect(byCedar(policy, request)).toBe(expected);
    if (expected !== 'cedar') expect(here(policyOf(`unless { ${condition} }`), request)).toBe(!expected);
  });
});
