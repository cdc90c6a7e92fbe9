import { Jid } from '@thingward/xmpp';
import { describe, expect, test } from 'vitest';
import { attemptKey, Judge, type Judgement, valueKey } from './judge.ts';
import type { KnownPair } from './network/known-network.ts';
import { type LiveFacts, NO_FACTS, NO_RELATION } from './network/live-facts.ts';
import type { ActionName, Circumstances, DecimalText, Operation, OperationFacts } from './operation.ts';
import { compileBundle } from './policy/policy-bundle.ts';
import { OperationHistory } from './state/operation-history.ts';

const NOW = Date.parse('2026-11-26T10:20:00Z');
const ENTITIES = `timeZone: UTC
groups: { operators: [ana@example.org] }
things: { plc@example.org: { owner: owner@example.org } }`;
const CLIENT: Circumstances = {
  origin: 'client',
  isEncrypted: true,
  authentication: 'challenge',
  address: '192.0.2.7',
};
const PERMIT = '@id("permit") permit(principal in Group::"operators", action, resource);';
/** Cedar's numbers end at 2^63 - 1: what goes beyond fails. */
const FAILS = 'context.date * 9007199254740991 > 0';

function judgeWith(own: string, facts: Partial<LiveFacts> = {}) {
  const history = new OperationHistory();
  const bundle = compileBundle(
    new Map([
      ['own.cedar', own],
      ['entities.yaml', ENTITIES],
    ]),
  );
  const judge = new Judge(bundle, { ...NO_FACTS, ...facts }, history);
  const pairOf = ({ principal, resource }: Operation) =>
    judge.network.pair(principal.bare.toString(), resource) as KnownPair;
  return {
    judge,
    history,
    judged: (operation: Operation): Judgement => judge.judge(operation, pairOf(operation), NOW),
    hides: (operation: Operation) => judge.hides(operation, pairOf(operation), NOW),
  };
}

function asked(action: ActionName, facts: Partial<OperationFacts> = {}, more: Partial<Operation> = {}): Operation {
  return {
    principal: Jid.parse('ana@example.org/desk'),
    action,
    resource: { kind: 'thing', jid: 'plc@example.org' },
    circumstances: CLIENT,
    ...more,
    facts: { protocol: 'control', ...facts },
  };
}

const short = ({ kind, policies }: Judgement) => [kind, ...policies.map(({ id }) => id).sort()].join(' ');

describe('of several that forbid, the most severe counts, and it alone is told', () => {
  const forbid = (id: string, annotation: string) => `@id("${id}") ${annotation} forbid(principal, action, resource);`;
  const POLICIES = {
    deny: forbid('deny', ''),
    quarantine: forbid('quarantine', '@obligation("quarantine")'),
    limit: forbid('limit', '@obligation("limit")'),
    approve: forbid('approve', '@obligation("approve") @approvers("chiefs")'),
    redact: forbid('redact', '@obligation("redact")'),
  };
  type Name = keyof typeof POLICIES;

  test.each<[readonly Name[], string]>([
    [['deny', 'quarantine', 'limit', 'approve'], 'deny approve deny limit quarantine'],
    [['quarantine', 'limit', 'approve'], 'quarantine quarantine'],
    [['limit', 'approve', 'redact'], 'limit limit'],
    [['approve'], 'approve approve'],
  ])('%j', (names, expected) => {
    const { judged } = judgeWith([PERMIT, ...names.map((name) => POLICIES[name])].join('\n'));
    expect(short(judged(asked('set', { name: 'Setpoint' })))).toBe(expected);
  });

  test('consent is no permission where nothing permits it beside', () => {
    const { judged } = judgeWith(POLICIES.approve);
    expect(short(judged(asked('set', { name: 'Setpoint' })))).toBe('deny');
  });

  test('what would be taken out is refused where it is named, or can not be taken out', () => {
    const { judged } = judgeWith(`${PERMIT}\n${POLICIES.redact}`);
    expect(short(judged(asked('read', { protocol: 'sensor-data' })))).toBe('permit permit thingward:observe');
    expect(short(judged(asked('subscribe', { protocol: 'events' })))).toBe('permit permit thingward:observe');
    expect(short(judged(asked('read', { protocol: 'sensor-data', name: 'Level' })))).toBe('deny redact');
    expect(short(judged(asked('read', { protocol: 'http' })))).toBe('deny redact');
    expect(short(judged(asked('write', { protocol: 'modbus' })))).toBe('deny redact');
  });

  test('consent and taking out go together', () => {
    const { judged } = judgeWith(`${PERMIT}\n${POLICIES.redact}\n${POLICIES.approve}`);
    expect(short(judged(asked('read', { protocol: 'sensor-data' })))).toBe('approve approve');
  });
});

describe('where it can not be decided', () => {
  const broken = (annotation: string) =>
    `@id("broken") ${annotation} forbid(principal, action, resource) when { ${FAILS} };`;
  const also = '@id("also") @obligation("limit") forbid(principal, action, resource);';

  test.each(['', '@obligation("limit")', '@obligation("approve") @approvers("chiefs")', '@obligation("redact")'])(
    'it is denied, and told why: %s',
    (annotation) => {
      const { judged } = judgeWith(`${PERMIT}\n${broken(annotation)}`);
      const judgement = judged(asked('set'));
      expect(short(judgement)).toBe('deny');
      expect(judgement.errors).toEqual([expect.stringMatching(/^own\.cedar:2: .*overflow/)]);
    },
  );

  test('something milder beside it does not make it milder', () => {
    const { judged } = judgeWith(`${PERMIT}\n${broken('')}\n${also}`);
    expect(short(judged(asked('set')))).toBe('deny also');
  });

  test('a policy that permits and fails does not permit, and nothing more', () => {
    const { judged } = judgeWith(`permit(principal, action == Action::"set", resource) when { ${FAILS} };`);
    expect(judged(asked('set'))).toEqual({ kind: 'deny', policies: [], errors: [] });
    expect(
      short(judgeWith(`${PERMIT}\npermit(principal, action, resource) when { ${FAILS} };`).judged(asked('set'))),
    ).toBe('permit permit');
  });

  test('a field is not shown', () => {
    const { hides } = judgeWith(broken('@obligation("redact")'));
    expect(hides(asked('read', { protocol: 'sensor-data', name: 'Level' }))).toBe(true);
  });
});

describe('redaction', () => {
  const REDACT =
    '@id("recipe") @obligation("redact") forbid(principal, action, resource) when { context has name && context.name == "Recipe" };';

  test('fields are hidden by policies that say so, not by others', () => {
    const limit =
      '@obligation("limit") forbid(principal, action, resource) when { context has name && ["Recipe", "Level"].contains(context.name) };';
    const { hides } = judgeWith(`${REDACT}\n${limit}`);
    const hidden = (name: string) => hides(asked('read', { protocol: 'sensor-data', name }));
    expect(hidden('Recipe')).toBe(true);
    expect(hidden('Level')).toBe(false);
    expect(hidden('Flow')).toBe(false);
  });

  test('a history that would show what is hidden is refused by what hides it', () => {
    const other = '@id("other") forbid(principal, action == Action::"set", resource);';
    const { judged } = judgeWith(`${REDACT}\n${other}`);
    expect(short(judged(asked('read', { protocol: 'history' })))).toBe('deny recipe');
    expect(short(judged(asked('read', { protocol: 'history', name: 'Level' })))).toBe('permit thingward:observe');
    expect(short(judged(asked('read', { protocol: 'sensor-data' })))).toBe('permit thingward:observe');
  });

  test('it is known whether any policy hides something', () => {
    expect(judgeWith(REDACT).judge.redacts).toBe(true);
    expect(judgeWith(PERMIT).judge.redacts).toBe(false);
  });
});

describe('what policies find in the context', () => {
  const facts: Partial<OperationFacts> = { name: 'Setpoint', number: '50.0' as DecimalText, unit: 3 };
  const before = valueKey(asked('set', facts));

  test.each([
    'context.protocol == "control"',
    'context has unit && context.unit == 3',
    '!context.isNested',
    'context.origin == "client"',
    'context.isEncrypted',
    'context.authentication == 2',
    'context has ip && context.ip.isInRange(ip("192.0.2.0/24"))',
    'context.isFriend',
    'context.ownerAllows',
    'context.time == datetime("2026-11-26T10:20:00Z")',
    'context.date == 20261126',
    'context.hour == 10',
    'context.minuteOfDay == 620',
    'context.weekday == 4',
    'context has previous && context.previous == decimal("44.0")',
    'context has change && context.change == decimal("6.0")',
    'context has changePerSecond && context.changePerSecond == decimal("0.1")',
    'context has secondsSinceLast && context.secondsSinceLast == 60',
    'context.perMinute == 2',
    'context.perHour == 3',
  ])('%s', (condition) => {
    const { judged, history } = judgeWith(
      `@id("found") permit(principal, action == Action::"set", resource) when { ${condition} };`,
      {
        relation: () => ({
          ...NO_RELATION,
          isFriend: true,
          ownerAllows: (action, name) => action === 'set' && name === 'Setpoint',
        }),
      },
    );
    history.permitted(before, '44.0' as DecimalText, NOW - 60_000);
    const key = attemptKey(asked('set'));
    for (const ago of [600_000, 1000, 0]) history.tried(key, NOW - ago);
    expect(judged(asked('set', facts)).policies.map(({ id }) => id)).toContain('found');
  });

  test('that it was found inside something else', () => {
    const { judged } = judgeWith('@id("found") permit(principal, action, resource) when { context.isNested };');
    expect(short(judged(asked('set', { isNested: true })))).toBe('permit found');
    expect(short(judged(asked('set', { isNested: false })))).toBe('deny');
    expect(short(judged(asked('set')))).toBe('deny');
  });
});

test('attempts are counted by who, what and where', () => {
  const others = [
    asked('set', {}, { principal: Jid.parse('tom@example.org/desk') }),
    asked('write'),
    asked('set', {}, { resource: { kind: 'service', jid: 'plc@example.org' } }),
    asked('set', {}, { resource: { kind: 'thing', jid: 'plc@example.org', node: 'a' } }),
  ];
  const key = attemptKey(asked('set'));
  expect(attemptKey(asked('set', { name: 'x' }, { principal: Jid.parse('ana@example.org/phone') }))).toBe(key);
  expect(new Set([key, ...others.map(attemptKey)]).size).toBe(5);
});

test('values are remembered by what was given one, whoever did', () => {
  const key = valueKey(asked('set', { name: 'Setpoint' }));
  expect(valueKey(asked('set', { name: 'Setpoint', text: '7' }, { principal: Jid.parse('tom@example.org') }))).toBe(
    key,
  );
  const others = [
    asked('set', { name: 'Mode' }),
    asked('set', { name: 'Setpoint' }, { resource: { kind: 'thing', jid: 'other@example.org' } }),
    asked('set', { name: 'Setpoint' }, { resource: { kind: 'thing', jid: 'plc@example.org', node: 'a' } }),
    asked('set', { name: 'Setpoint', unit: 1 }),
    asked('set', { name: 'Setpoint', table: 'coil' }),
    asked('set', { name: 'Setpoint', address: 1 }),
    asked('set', { name: 'Setpoint', channel: 1 }),
  ];
  expect(new Set([key, ...others.map(valueKey)]).size).toBe(8);
});
