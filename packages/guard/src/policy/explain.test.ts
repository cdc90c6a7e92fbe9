import { expect, test } from 'vitest';
import { checkExpectations } from './expectations.ts';
import { explain } from './explain.ts';
import { compileBundle } from './policy-bundle.ts';
import { PolicyError } from './policy-error.ts';
import { questionSchema } from './question.ts';

const NOW = new Date('2026-11-26T10:00:00Z');
const OWN = `@id("range") @description("Operators set it within 10 to 80, by day.")
permit(principal in Group::"operators", action == Action::"set", resource in Site::"hall")
when { context has number && context.number.lessThanOrEqual(decimal("80.0")) }
when { context.hour >= 6 && context.hour < 22 };
@id("eyes") @obligation("approve") @approvers("chiefs")
forbid(principal, action == Action::"set", resource) when { context has name && context.name == "Mode" };`;
const ENTITIES = `timeZone: UTC
groups: { operators: [ana@example.org] }
things: { plc@example.org: { owner: owner@example.org, sites: [hall] } }`;
const TESTS = `- name: within the range
  principal: ana@example.org
  action: set
  resource: plc@example.org#boiler
  context: { name: Setpoint, number: 50 }
  expect: permit
  by: [range]
- name: just outside
  principal: ana@example.org
  action: set
  resource: plc@example.org
  context: { name: Setpoint, number: 80.00001 }
  expect: deny
- name: with consent
  principal: owner@example.org
  action: set
  resource: plc@example.org
  context: { name: Mode, text: auto }
  expect: approve
- name: wrong
  principal: ana@example.org
  action: set
  resource: plc@example.org
  context: { name: Setpoint, number: 50, hour: 23 }
  expect: permit
`;
const files = (tests = TESTS) =>
  new Map([
    ['own.cedar', OWN],
    ['entities.yaml', ENTITIES],
    ['own.test.yaml', tests],
  ]);

test('which conditions do not hold', () => {
  const question = questionSchema.parse({
    principal: 'ana@example.org/desk',
    action: 'set',
    resource: 'plc@example.org',
    context: { name: 'Setpoint', number: 90, hour: 23 },
  });
  const { outcome, decisive, others } = explain(compileBundle(files()), question, NOW);
  expect({ outcome, decisive }).toEqual({ outcome: 'deny', decisive: [] });
  const range = others.find(({ id }) => id === 'range');
  expect(range?.at).toBe('own.cedar:1');
  expect(range?.failed).toHaveLength(2);
  expect(range?.failed[0]).toContain('context.number');
  expect(range?.failed[1]).toContain('context.hour');
});

test('expectations are met or not, each with its line', () => {
  const results = checkExpectations(compileBundle(files()), NOW);
  expect(results.map(({ at, isMet, difference }) => [at, isMet, difference])).toEqual([
    ['own.test.yaml:1', true, undefined],
    ['own.test.yaml:8', true, undefined],
    ['own.test.yaml:14', true, undefined],
    ['own.test.yaml:20', false, 'it is deny'],
  ]);
});

test.each([
  [
    '- name: x\n  principal: "@"\n  action: set\n  resource: a@b\n  expect: permit\n',
    /own\.test\.yaml:2:1: error: 0\.principal/,
  ],
  ['- name: x\n  principal: a@b\n  action: sett\n  resource: a@b\n  expect: permit\n', /own\.test\.yaml:3:1: error/],
  ['- {', /own\.test\.yaml:\d+:1: error/],
])('%j is told with its place', (tests, expected) => {
  const bundle = compileBundle(files(tests));
  expect(() => checkExpectations(bundle, NOW)).toThrow(PolicyError);
  expect(() => checkExpectations(bundle, NOW)).toThrow(expected);
});

test('entities that are wrong are told with their place', () => {
  const wrong = (text: string) => () => compileBundle(new Map([['entities.yaml', text]]));
  expect(wrong('groups:\n  a: [ana]\n  b: ["@"]')).toThrow(
    /^entities\.yaml:3:7: error: groups\.b\.0: expected an address/,
  );
  expect(wrong('timeZone: Mars/Olympus')).toThrow(/entities\.yaml:1:11: error: timeZone/);
  expect(wrong('thing: {}')).toThrow(/entities\.yaml:1:\d+: error/);
});
