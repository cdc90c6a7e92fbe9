import { Jid } from '@thingward/xmpp';
import { describe, expect, test } from 'vitest';
import { Baseline } from './baseline/baseline.ts';
import { baselineConfigSchema } from './baseline/baseline-config.ts';
import { Guard, type GuardOptions } from './guard.ts';
import type { DecisionKeeper, GuardDecision } from './guard-decision.ts';
import { InspectionError } from './inspection.ts';
import { NO_FACTS } from './network/live-facts.ts';
import type { ActionName, DecimalText, Operation, OperationFacts } from './operation.ts';
import { compileBundle } from './policy/policy-bundle.ts';

const CLIENT = { origin: 'client', isEncrypted: true, authentication: 'challenge' } as const;
const ENTITIES = `
groups: { operators: [ana@example.org, machines.example], supervisors: [sam@example.org] }
things: { plc@example.org: { owner: owner@example.org, nodes: { tank: {}, probe: { parent: tank } } } }
`;

function bundle(policies: string) {
  return compileBundle(
    new Map([
      ['own.cedar', policies],
      ['entities.yaml', ENTITIES],
    ]),
  );
}

function guardWith(policies: string | undefined, more: Partial<GuardOptions> = {}) {
  let now = Date.parse('2026-11-26T10:00:00Z');
  const guard = new Guard({
    facts: NO_FACTS,
    enforcer: 'router',
    clock: () => new Date(now),
    newId: () => 'r1',
    ...more,
  });
  if (policies !== undefined) guard.use(bundle(policies));
  return { guard, pass: (ms: number) => (now += ms) };
}

function operation(who: string, action: ActionName, facts: Partial<OperationFacts> = {}, node?: string): Operation {
  const resource = { kind: 'thing', jid: 'plc@example.org', ...(node === undefined ? {} : { node }) } as const;
  return {
    principal: Jid.parse(who),
    action,
    resource,
    facts: { protocol: 'control', ...facts },
    circumstances: CLIENT,
  };
}

const set = (who: string, number: string, node?: string) =>
  operation(who, 'set', { name: 'Setpoint', text: number, number: number as DecimalText }, node);
const decide = (guard: Guard, ...operations: Operation[]) => guard.decide(operations) as GuardDecision;

describe('what is in use', () => {
  const FORBID = 'forbid(principal, action == Action::"unknown", resource);';

  test('policies in force, on trial, or none', () => {
    const { guard } = guardWith(undefined);
    expect(guard.isActive).toBe(false);
    expect(guard.policies).toBeUndefined();
    expect(guard.membersOf('operators')).toEqual([]);
    expect(guard.redacts).toBe(false);
    expect(guard.isGuarded('plc@example.org')).toBe(false);
    expect(decide(guard, set('ana@example.org', '1.0'))).toMatchObject({ outcome: 'permit', policies: [] });
    const trial = bundle(FORBID);
    guard.useShadow(trial);
    expect(guard.isActive).toBe(true);
    expect(guard.shadowPolicies).toBe(trial);
    expect(guard.policies).toBeUndefined();
    expect(guard.isGuarded('plc@example.org')).toBe(true);
    expect(guard.isGuarded('other@example.org')).toBe(false);
    guard.useShadow(undefined);
    expect(guard.isActive).toBe(false);
    const force = bundle('');
    guard.use(force);
    expect(guard.isActive).toBe(true);
    expect(guard.policies).toBe(force);
    expect(guard.membersOf('operators')).toEqual(['ana@example.org']);
  });

  test('what any of them forbids is of interest', () => {
    const { guard } = guardWith('');
    expect(guard.forbids('unknown')).toBe(false);
    guard.useShadow(bundle(FORBID));
    expect(guard.forbids('unknown')).toBe(true);
    expect(guard.forbids('set')).toBe(false);
  });

  test('the version grows with each change', () => {
    const { guard } = guardWith('');
    const before = guard.version;
    guard.use(bundle(''));
    expect(guard.version).toBe(before + 1);
    guard.useShadow(bundle(''));
    expect(guard.version).toBe(before + 2);
  });

  test('only policies with that obligation redact', () => {
    expect(guardWith('').guard.redacts).toBe(false);
    expect(
      guardWith('@obligation("redact") forbid(principal, action == Action::"read", resource);').guard.redacts,
    ).toBe(true);
  });

  test('look-ups of policies that are in use no more still count', () => {
    const { guard } = guardWith('');
    decide(guard, set('owner@example.org', '1.0'));
    decide(guard, set('owner@example.org', '1.0'));
    const { remembered, evaluated } = guard.lookUps;
    expect(remembered + evaluated).toBe(4 + 2);
    guard.use(bundle(''));
    expect(guard.lookUps).toEqual({ remembered, evaluated });
  });

  test('who listens is told until it wants no more', () => {
    const { guard } = guardWith('');
    const told: GuardDecision[] = [];
    const stop = guard.onDecision((decision) => told.push(decision));
    decide(guard, set('owner@example.org', '1.0'));
    stop();
    decide(guard, set('owner@example.org', '1.0'));
    expect(told.length).toBe(1);
    expect(told[0]?.unusual).toBeUndefined();
    expect(told[0]).not.toHaveProperty('packet');
  });
});

describe('what has to be kept', () => {
  const keeperWith = (refusal: string | undefined, problem?: string) => {
    const kept: GuardDecision[] = [];
    const keeper: DecisionKeeper = {
      refusal,
      decided: (decision) => {
        kept.push(decision);
        return problem === undefined ? undefined : Promise.resolve(problem === '' ? undefined : problem);
      },
    };
    return { keeper, kept };
  };

  test('nobody waits where nobody has to; else until it is kept', async () => {
    const at = keeperWith(undefined);
    expect(decide(guardWith('', at).guard, set('owner@example.org', '1.0')).outcome).toBe('permit');
    const later = keeperWith(undefined, '');
    const decision = guardWith('', later).guard.decide([set('owner@example.org', '1.0')]);
    expect(decision).toBeInstanceOf(Promise);
    expect(await decision).toBe(later.kept[0]);
  });

  test('what could not be kept is not done', async () => {
    const { guard } = guardWith('', keeperWith(undefined, 'the disk is full'));
    expect(await guard.decide([set('owner@example.org', '1.0')])).toMatchObject({
      outcome: 'limit',
      isUnrecorded: true,
      policies: [],
      reason: 'the disk is full',
      decisive: { action: 'set' },
    });
  });

  test('while nothing can be kept changes are refused, and what only looks or publishes is not', () => {
    const approve =
      '@obligation("approve") @approvers("supervisors") forbid(principal, action == Action::"execute", resource);';
    const { guard } = guardWith(approve, keeperWith('the disk is full'));
    const refused = { outcome: 'limit', isUnrecorded: true, policies: [], reason: 'the disk is full' };
    expect(decide(guard, set('owner@example.org', '1.0'))).toMatchObject(refused);
    expect(decide(guard, operation('owner@example.org', 'execute', { name: 'reset' }))).toMatchObject(refused);
    expect(guard.approvals.list()).toEqual([]);
    const both = decide(guard, operation('owner@example.org', 'read'), set('owner@example.org', '1.0'));
    expect(both).toMatchObject({ ...refused, decisive: { action: 'set' } });
    for (const action of ['read', 'publish'] as const) {
      expect(decide(guard, operation('owner@example.org', action))).toMatchObject({ outcome: 'permit' });
    }
    expect(decide(guard, set('eve@example.org', '1.0'))).toMatchObject({ outcome: 'deny' });
  });
});

describe('could it be permitted, whatever the value?', () => {
  const POLICIES = `
    permit(principal == Account::"ana@example.org", action == Action::"set", resource)
      when { context has name && context.name == "Setpoint" && context has number && context.number.lessThan(decimal("80.0")) };`;
  const ask = (who: string, facts: Partial<OperationFacts> = {}, policies = POLICIES) =>
    guardWith(policies).guard.consider(operation(who, 'set', facts));

  test('by a policy, by owners, or not at all', async () => {
    expect(await ask('ana@example.org')).toBe('granted');
    expect(await ask('ana@example.org', { name: 'Setpoint' })).toBe('granted');
    expect(await ask('ana@example.org', { name: 'Other' })).toBe('forbidden');
    expect(await ask('eve@example.org')).toBe('forbidden');
    expect(await ask('owner@example.org')).toBe('open');
  });

  test('what looks at the name alone is undecided only while there is none', async () => {
    const byName =
      'permit(principal, action == Action::"set", resource) when { context has name && context.name == "Setpoint" };';
    expect(await ask('ana@example.org', {}, byName)).toBe('granted');
    expect(await ask('ana@example.org', { name: 'Other' }, byName)).toBe('forbidden');
  });

  test('without policies it is open; in quarantine it is not', async () => {
    expect(await guardWith(undefined).guard.consider(set('ana@example.org', '1.0'))).toBe('open');
    const { guard } = guardWith(POLICIES);
    const until = new Date('2026-11-26T11:00:00Z');
    guard.quarantine.add({ jid: 'ana@example.org', until, reason: 'x', by: 'y' });
    expect(await guard.consider(operation('ana@example.org', 'set'))).toBe('forbidden');
  });
});

describe('nodes that are meant without being named', () => {
  const DENIED = 'forbid(principal, action, resource == Thing::"plc@example.org#probe");';

  test('a command to the JID means all of them, a read-out of one its parts', () => {
    const { guard } = guardWith(DENIED);
    expect(decide(guard, set('owner@example.org', '1.0')).outcome).toBe('deny');
    expect(decide(guard, set('owner@example.org', '1.0', 'tank')).outcome).toBe('permit');
    expect(decide(guard, operation('owner@example.org', 'read', {}, 'tank')).outcome).toBe('deny');
    expect(decide(guard, operation('owner@example.org', 'browse')).outcome).toBe('permit');
    const service = { kind: 'service', jid: 'plc@example.org' } as const;
    expect(decide(guard, { ...operation('owner@example.org', 'read'), resource: service }).outcome).toBe('permit');
  });

  test('as many as there may be', () => {
    const nodes = (count: number) => ({
      facts: { ...NO_FACTS, nodesOf: () => Array.from({ length: count }, (_, i) => `n${i}`) },
    });
    const ask = (count: number) => () => decide(guardWith('', nodes(count)).guard, set('owner@example.org', '1.0'));
    // Two are in the file, and there is the JID itself.
    expect(ask(4997)().outcome).toBe('permit');
    expect(ask(4998)).toThrow(InspectionError);
  });

  test('what is asked for is told, not what it means besides', () => {
    expect(decide(guardWith('').guard, set('owner@example.org', '1.0')).operations.length).toBe(1);
  });
});

describe('what happened before', () => {
  const LIMIT =
    '@obligation("limit") forbid(principal, action == Action::"set", resource) when { context.perMinute > 2 };';

  test('attempts count for policies in force and for those on trial', () => {
    const { guard } = guardWith(LIMIT);
    const outcomes = () => [1, 2, 3].map(() => decide(guard, set('owner@example.org', '1.0')).outcome);
    expect(outcomes()).toEqual(['permit', 'permit', 'limit']);
    const trial = guardWith('').guard;
    trial.useShadow(bundle(LIMIT.replace('perMinute', 'perHour')));
    const shadows = [1, 2, 3].map(() => decide(trial, set('owner@example.org', '1.0')).shadow?.outcome);
    expect(shadows).toEqual([undefined, undefined, 'limit']);
  });

  test('a stanza counts once for each of its Things, however many parameters it has', () => {
    const { guard } = guardWith(LIMIT);
    const both = () => decide(guard, set('owner@example.org', '1.0', 'tank'), set('owner@example.org', '2.0', 'tank'));
    expect([both(), both(), both()].map(({ outcome }) => outcome)).toEqual(['permit', 'permit', 'limit']);
  });

  test('the value before is that of changes that were permitted', () => {
    const { guard, pass } = guardWith(
      'forbid(principal, action == Action::"set", resource) when { context has change && context.change.greaterThan(decimal("5.0")) };',
    );
    const outcome = (value: string) => decide(guard, set('owner@example.org', value, 'tank')).outcome;
    decide(guard, { ...set('owner@example.org', '90.0', 'tank'), action: 'read' });
    expect(outcome('10.0')).toBe('permit');
    pass(1000);
    expect(outcome('16.0')).toBe('deny');
    expect(outcome('15.0')).toBe('permit');
    decide(guard, set('eve@example.org', '17.0', 'tank'));
    expect(outcome('20.0')).toBe('permit');
    decide(guard, operation('owner@example.org', 'set', { name: 'Setpoint', text: 'full' }, 'tank'));
    expect(outcome('26.0')).toBe('deny');
  });
});

describe('quarantine', () => {
  const POLICY =
    '@id("flood") @obligation("quarantine") @for("1m") forbid(principal, action == Action::"execute", resource);';

  test('begins with the policy, holds at whatever is guarded, and ends', () => {
    const { guard, pass } = guardWith(POLICY);
    const read = (who = 'owner@example.org') => decide(guard, operation(who, 'read'));
    expect(decide(guard, operation('owner@example.org', 'execute', { name: 'x' })).outcome).toBe('quarantine');
    expect(guard.quarantine.list()).toMatchObject([
      { jid: 'owner@example.org', by: 'flood', until: new Date('2026-11-26T10:01:00Z') },
    ]);
    expect(read()).toMatchObject({ outcome: 'deny', policies: [] });
    expect(read().reason).toMatch(/^owner@example\.org is in quarantine until 2026-11-26T10:01:00\.000Z: /);
    expect(read('sam@example.org').outcome).toBe('permit');
    const elsewhere: Operation = {
      ...operation('owner@example.org', 'read'),
      resource: { kind: 'thing', jid: 'free@example.org' },
    };
    expect(decide(guard, elsewhere).outcome).toBe('permit');
    expect(decide(guard, elsewhere, operation('owner@example.org', 'read')).outcome).toBe('deny');
    pass(60_000);
    expect(read().outcome).toBe('permit');
  });
});

describe('policies on trial', () => {
  test('are told of where they would have decided otherwise, and nowhere else', () => {
    const { guard } = guardWith('');
    guard.useShadow(bundle('@id("new") permit(principal == Account::"ana@example.org", action, resource);'));
    expect(decide(guard, set('ana@example.org', '1.0'))).toMatchObject({
      outcome: 'deny',
      shadow: { outcome: 'permit', policies: [{ id: 'new', effect: 'permit' }] },
    });
    expect(decide(guard, set('owner@example.org', '1.0')).shadow).toBeUndefined();
    expect(decide(guard, set('eve@example.org', '1.0'))).not.toHaveProperty('shadow');
  });
});

test('what is unusual is told with its packet, and only then', () => {
  const baseline = new Baseline(baselineConfigSchema.parse({ learnDays: 0, learnOperations: 1 }));
  const { guard } = guardWith('', { baseline });
  const ask = (name: string, id: string) =>
    guard.decide([operation('owner@example.org', 'execute', { name })], {
      stanzaId: id,
      packet: () => '<iq/>',
    }) as GuardDecision;
  ask('start', 'a');
  expect(ask('start', 'b')).not.toHaveProperty('packet');
  const told = ask('stop', 'c');
  expect(told.unusual?.map(({ signal }) => signal)).toEqual(['firstSeen']);
  expect(told.packet?.()).toBe('<iq/>');
});
