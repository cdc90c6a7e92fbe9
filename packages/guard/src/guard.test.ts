import { parseElement } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { describe, expect, test } from 'vitest';
import { decimalsAround } from './decimal.ts';
import { fieldKey, Guard } from './guard.ts';
import type { GuardDecision } from './guard-decision.ts';
import { type LiveFacts, NO_RELATION } from './network/live-facts.ts';
import type { ActionName, Circumstances, Operation, OperationFacts } from './operation.ts';
import { compileBundle } from './policy/policy-bundle.ts';
import { redacted, shownFields } from './redaction.ts';
import { refusal } from './refusal.ts';
import { ApprovalError } from './state/approvals.ts';

const CLIENT: Circumstances = {
  origin: 'client',
  isEncrypted: true,
  authentication: 'challenge',
  address: '192.0.2.7',
};
const ENTITIES = `
timeZone: UTC
groups:
  operators: [ana@example.org, contractor.example]
  supervisors: [sam@example.org, sue@example.org]
things:
  plc@example.org:
    owner: owner@example.org
    sites: [hall]
    nodes: { valve: { sites: [roof] }, tank: {}, sensor: { parent: tank } }
`;
const OPERATORS = '@id("operators") permit(principal in Group::"operators", action == Action::"set", resource);';

function guardWith(policies: string, facts: Partial<LiveFacts> = {}) {
  let now = Date.parse('2026-11-26T10:00:00Z');
  const decisions: GuardDecision[] = [];
  let ids = 0;
  const guard = new Guard({
    facts: {
      isRegistered: () => false,
      thing: () => undefined,
      nodesOf: () => [],
      relation: () => NO_RELATION,
      isLocal: (domain) => domain === 'example.org',
      ...facts,
    },
    enforcer: 'router',
    clock: () => new Date(now),
    newId: () => `r${++ids}`,
  });
  const load = (text: string) =>
    compileBundle(
      new Map([
        ['own.cedar', text],
        ['entities.yaml', ENTITIES],
      ]),
    );
  guard.use(load(policies));
  guard.onDecision((decision) => decisions.push(decision));
  const ask = (operations: readonly Operation[]) => guard.decide(operations) as GuardDecision;
  const set = (who: string, value: string, more: Partial<OperationFacts> & { readonly node?: string } = {}) =>
    ask(
      decimalsAround(value).map((number) =>
        operation(who, 'set', { name: 'Setpoint', text: value, number, ...more, protocol: 'control' }, more.node),
      ),
    );
  return { guard, decisions, ask, set, load, pass: (ms: number) => (now += ms) };
}

function operation(who: string, action: ActionName, facts: OperationFacts, node?: string): Operation {
  const resource = { kind: 'thing', jid: 'plc@example.org', ...(node === undefined ? {} : { node }) } as const;
  return { principal: Jid.parse(who), action, resource, facts, circumstances: CLIENT };
}

test('owners control, others do not, and what decided is told', () => {
  const { set, decisions } = guardWith('');
  expect(set('owner@example.org/phone', '50').outcome).toBe('permit');
  const denied = set('eve@example.org/x', '50');
  expect(denied).toMatchObject({ outcome: 'deny', policies: [], enforcer: 'router' });
  expect(denied.reason).toBe('nothing permits eve@example.org to set Setpoint = 50 of plc@example.org');
  expect(decisions.map(({ outcome }) => outcome)).toEqual(['permit', 'deny']);
});

test('all operations must pass, and nodes are meant by the JID they are behind', () => {
  const { set, ask } = guardWith(
    'permit(principal in Group::"operators", action == Action::"set", resource == Thing::"plc@example.org#tank");\n' +
      'permit(principal == Account::"tom@example.org", action == Action::"set", resource in Thing::"plc@example.org") unless { resource in Site::"roof" };',
  );
  expect(set('ana@example.org/x', '1', { node: 'tank' }).outcome).toBe('permit');
  expect(set('carl@contractor.example/x', '1', { node: 'tank' }).outcome).toBe('permit');
  expect(set('ana@example.org/x', '1').outcome).toBe('deny');
  expect(set('tom@example.org/x', '1', { node: 'sensor' }).outcome).toBe('permit');
  expect(set('tom@example.org/x', '1', { node: 'valve' }).outcome).toBe('deny');
  // Without a node, the valve is meant, too.
  expect(set('tom@example.org/x', '1').decisive.resource.node).toBe('valve');
  const facts = { protocol: 'control', name: 'Mode', text: 'x' };
  const both = [
    operation('ana@example.org', 'set', facts, 'tank'),
    operation('ana@example.org', 'set', facts, 'valve'),
  ];
  expect(ask(both)).toMatchObject({ outcome: 'deny', decisive: { resource: { node: 'valve' } } });
});

test('reading a node means its parts', () => {
  const { ask } = guardWith(
    'forbid(principal, action == Action::"read", resource == Thing::"plc@example.org#sensor");',
  );
  const facts = { protocol: 'sensor-data' };
  expect(ask([operation('ana@example.org', 'read', facts, 'tank')]).outcome).toBe('deny');
  expect(ask([operation('ana@example.org', 'read', facts, 'valve')]).outcome).toBe('permit');
});

test('conditions on what was before: rate of change, and how often', () => {
  const { set, pass } = guardWith(
    `${OPERATORS}
    forbid(principal, action == Action::"set", resource) when { context has change && context.change.greaterThan(decimal("10.0")) };
    @obligation("limit") forbid(principal, action == Action::"set", resource) when { context.perMinute > 5 };`,
  );
  expect(set('ana@example.org', '50').outcome).toBe('permit');
  expect(set('ana@example.org', '61').outcome).toBe('deny');
  expect(set('ana@example.org', '60').outcome).toBe('permit');
  expect(set('ana@example.org', '69').outcome).toBe('permit');
  expect(set('ana@example.org', '70').outcome).toBe('permit');
  const limited = set('ana@example.org', '70');
  expect(limited.outcome).toBe('limit');
  expect(refusal(limited)).toMatchObject({ condition: 'resource-constraint', type: 'wait' });
  pass(180_000);
  expect(set('ana@example.org', '70').outcome).toBe('permit');
});

describe('four eyes', () => {
  const policies = `${OPERATORS}
    @id("eyes") @obligation("approve") @approvers("supervisors") @expires("10m")
    forbid(principal, action == Action::"set", resource) when { context has number && context.number.greaterThan(decimal("60.0")) };`;

  test('what is approved is permitted once, to who asked for it, until it expires', () => {
    const { guard, set, pass } = guardWith(policies);
    const waiting = set('ana@example.org/x', '70');
    expect(waiting).toMatchObject({ outcome: 'await-approval', approvalId: 'r1' });
    expect(refusal(waiting)).toMatchObject({ condition: 'policy-violation', type: 'wait' });
    expect(set('ana@example.org/y', '70').approvalId).toBe('r1');
    expect(() => guard.approvals.approve('r1', 'ana@example.org')).toThrow(ApprovalError);
    expect(() => guard.approvals.approve('r1', 'eve@example.org')).toThrow(/supervisors/);
    guard.approvals.approve('r1', 'sam@example.org');
    expect(set('ana@example.org/y', '71').outcome).toBe('await-approval');
    expect(set('owner@example.org', '70').outcome).toBe('await-approval');
    expect(set('ana@example.org/y', '70')).toMatchObject({
      outcome: 'permit',
      reason: 'approved by sam@example.org (r1)',
    });
    expect(set('ana@example.org/y', '70').outcome).toBe('await-approval');
    const [last] = guard.approvals.list().slice(-1);
    guard.approvals.approve(last?.id ?? '', 'sue@example.org');
    pass(600_000);
    expect(set('ana@example.org/y', '70').outcome).toBe('await-approval');
  });

  test('nobody is asked for what would not be permitted anyway', () => {
    const { guard, set } = guardWith(policies);
    expect(set('eve@example.org', '70').outcome).toBe('deny');
    expect(guard.approvals.list()).toEqual([]);
  });

  test('nobody fills the list alone', () => {
    const { guard, set } = guardWith(policies);
    for (let i = 0; i < 30; i++) set('ana@example.org', String(61 + i));
    expect(guard.approvals.list()).toHaveLength(20);
    expect(set('ana@example.org', '99')).toMatchObject({ outcome: 'limit' });
    expect(set('owner@example.org', '99')).toMatchObject({ outcome: 'await-approval' });
  });

  test('who refuses ends it', () => {
    const { guard, set } = guardWith(policies);
    set('ana@example.org', '70');
    guard.approvals.refuse('r1', 'sam@example.org');
    expect(() => guard.approvals.approve('r1', 'sam@example.org')).toThrow(/no request/);
  });
});

test('who is put into quarantine may do nothing at what is guarded, for a while', () => {
  const { guard, set, ask, pass } = guardWith(
    `${OPERATORS} @id("flood") @obligation("quarantine") @for("15m")
    forbid(principal, action == Action::"set", resource) when { context.perMinute > 2 };`,
  );
  const read = () => ask([operation('ana@example.org', 'read', { protocol: 'sensor-data' })]).outcome;
  expect(set('ana@example.org', '1').outcome).toBe('permit');
  expect(set('ana@example.org', '1').outcome).toBe('permit');
  expect(read()).toBe('permit');
  expect(set('ana@example.org', '1').outcome).toBe('quarantine');
  expect(read()).toBe('deny');
  expect(guard.quarantine.list()).toMatchObject([{ jid: 'ana@example.org', by: 'flood' }]);
  pass(900_000);
  expect(read()).toBe('permit');
});

test('policies that are tried out decide nothing; where they would have is told', () => {
  const { guard, set, decisions, load } = guardWith('');
  guard.useShadow(load(OPERATORS));
  expect(set('ana@example.org', '1').outcome).toBe('deny');
  expect(decisions.at(-1)?.shadow).toMatchObject({
    outcome: 'permit',
    policies: [{ id: 'operators', at: 'own.cedar:1' }],
  });
  expect(set('owner@example.org', '1').shadow).toBeUndefined();
});

test('other policies count from one decision to the next', () => {
  const { guard, set, load } = guardWith('');
  expect(set('ana@example.org', '1').outcome).toBe('deny');
  guard.use(load(OPERATORS));
  expect(set('ana@example.org', '1').outcome).toBe('permit');
  guard.use(undefined);
  expect(set('eve@example.org', '1').outcome).toBe('permit');
  expect(guard.isActive).toBe(false);
});

test('owners and rosters are looked up, once, until something has changed', async () => {
  let asked = 0;
  let owner = 'new@example.org';
  const { guard } = guardWith(
    'permit(principal in Group::"new@example.org/Staff", action in Action::"control", resource);\n' +
      'permit(principal, action == Action::"write", resource) when { context.isFriend };',
    {
      isRegistered: () => true,
      thing: () => ({ owner }),
      relation: async (principal) => {
        asked++;
        const isStaff = principal === 'ana@example.org';
        return {
          rosterGroups: isStaff ? ['Staff'] : [],
          isFriend: principal === 'tom@example.org',
          ownerAllows: (_, name) => principal === 'pat@example.org' && name === 'Mode',
        };
      },
    },
  );
  const may = async (who: string, action: ActionName = 'set', name = 'Setpoint') =>
    (await guard.decide([operation(who, action, { protocol: 'control', name }, 'tank')])).outcome;
  expect(await may('new@example.org')).toBe('permit');
  expect(await may('owner@example.org')).toBe('deny');
  expect(await may('ana@example.org')).toBe('permit');
  expect(await may('tom@example.org')).toBe('deny');
  expect(await may('tom@example.org', 'write')).toBe('permit');
  expect(await may('pat@example.org')).toBe('deny');
  expect(await may('pat@example.org', 'set', 'Mode')).toBe('permit');
  const before = asked;
  expect(await may('ana@example.org')).toBe('permit');
  expect(asked).toBe(before);
  owner = 'owner@example.org';
  guard.forget();
  expect(await may('ana@example.org')).toBe('deny');
});

test('what has to be looked up each time is, with whose the Thing is', async () => {
  let owner = 'old@example.org';
  let isFleeting = false;
  const { guard } = guardWith('', {
    isRegistered: () => true,
    thing: () => ({ owner }),
    relation: () => ({ ...NO_RELATION, isFleeting }),
  });
  const may = async (who: string) => (await guard.decide([operation(who, 'set', { protocol: 'control' })])).outcome;
  expect(await may('old@example.org')).toBe('permit');
  owner = 'new@example.org';
  // Until it is told so, it takes things to be as they were.
  expect(await may('new@example.org')).toBe('deny');
  guard.forget();
  expect(await may('new@example.org')).toBe('permit');
  expect(await may('old@example.org')).toBe('deny');
  isFleeting = true;
  owner = 'last@example.org';
  expect(await may('last@example.org')).toBe('permit');
  owner = 'new@example.org';
  expect(await may('last@example.org')).toBe('deny');
});

test('it is counted what was remembered, also when policies have changed', () => {
  const { guard, set, load } = guardWith(OPERATORS);
  for (let i = 0; i < 3; i++) set('ana@example.org', '1', { node: 'valve' });
  expect(guard.lookUps).toEqual({ remembered: 2, evaluated: 1 });
  guard.useShadow(load(''));
  set('ana@example.org', '1', { node: 'valve' });
  expect(guard.lookUps).toEqual({ remembered: 3, evaluated: 2 });
  guard.useShadow(undefined);
  guard.use(load(OPERATORS));
  set('ana@example.org', '1', { node: 'valve' });
  expect(guard.lookUps).toEqual({ remembered: 3, evaluated: 3 });
});

describe('redaction', () => {
  const POLICY =
    '@obligation("redact") forbid(principal, action in Action::"observe", resource) when { context has name && context.name == "Recipe" } unless { principal == Account::"owner@example.org" };';
  const MESSAGE = `<message xmlns='jabber:client'><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1' done='true'>
    <node nodeId='tank'><timestamp value='2026-11-26T10:00:00Z'><numeric name='Level' value='1' unit='m'/><string name='Recipe' value='x'/></timestamp></node>
    <node nodeId='valve'><timestamp value='2026-11-26T10:00:00Z'><string name='Recipe' value='x'/></timestamp></node></fields></message>`;

  test('hidden fields are taken out of answers, whoever asked for all', async () => {
    const { guard, ask } = guardWith(POLICY);
    expect(ask([operation('ana@example.org', 'read', { protocol: 'sensor-data' })]).outcome).toBe('permit');
    expect(ask([operation('ana@example.org', 'read', { protocol: 'sensor-data', name: 'Recipe' })]).outcome).toBe(
      'deny',
    );
    expect(ask([operation('ana@example.org', 'read', { protocol: 'sensor-data', name: 'Level' })]).outcome).toBe(
      'permit',
    );
    const stanza = parseElement(MESSAGE);
    const fields = shownFields(stanza, 'plc@example.org');
    expect(fields.map(({ resource, name }) => `${resource.node} ${name}`)).toEqual([
      'tank Level',
      'tank Recipe',
      'valve Recipe',
    ]);
    const hidden = await guard.hidden(Jid.parse('ana@example.org/x'), CLIENT, fields);
    expect([...hidden].sort()).toEqual(
      ['tank', 'valve'].map((node) => fieldKey({ kind: 'thing', jid: 'plc@example.org', node }, 'Recipe')),
    );
    const left = redacted(stanza, 'plc@example.org', hidden);
    expect(left.toString()).not.toContain('Recipe');
    expect(left.toString()).toContain("done='true'");
    expect(shownFields(left, 'plc@example.org')).toHaveLength(1);
    const none = await guard.hidden(Jid.parse('owner@example.org/x'), CLIENT, fields);
    expect(redacted(stanza, 'plc@example.org', none)).toBe(stanza);
  });

  test('what can not be redacted on its way is refused as a whole', () => {
    const { ask } = guardWith(POLICY);
    const history = (who: string, name?: string) =>
      ask([operation(who, 'read', { protocol: 'history', name })]).outcome;
    expect(history('ana@example.org')).toBe('deny');
    expect(history('ana@example.org', 'Level')).toBe('permit');
    expect(history('owner@example.org')).toBe('permit');
  });
});

test('an error names the parameter as the protocol of the request does', () => {
  const { set } = guardWith('');
  const error = refusal(set('eve@example.org', '1'), 'urn:nf:iot:ctr:1.0');
  expect(error).toMatchObject({ condition: 'forbidden', type: 'cancel' });
  expect(error.application?.toString()).toBe(
    "<paramError xmlns='urn:nf:iot:ctr:1.0' var='Setpoint'>Access denied.</paramError>",
  );
});

test('could it be permitted at all?', async () => {
  const { guard } = guardWith(
    'permit(principal in Group::"operators", action == Action::"set", resource) when { context has number && context.number.lessThan(decimal("9.0")) };',
  );
  const could = (who: string) => guard.consider(operation(who, 'set', { protocol: 'control' }));
  expect(await could('ana@example.org')).toBe('granted');
  expect(await could('owner@example.org')).toBe('open');
  expect(await could('eve@example.org')).toBe('forbidden');
});
