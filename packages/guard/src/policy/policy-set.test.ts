import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../operation.ts';
import { cedar } from './cedar.ts';
import type { ContextAttribute, ContextValue } from './context-attributes.ts';
import { CONTEXT_ATTRIBUTE_NAMES, contextJson } from './context-attributes.ts';
import { entityJson, type KnownEntity, knownEntity } from './known-entity.ts';
import { PolicyError, problemText } from './policy-error.ts';
import { PolicySet } from './policy-set.ts';
import { groupsOfAction } from './scope.ts';
import { defaultPolicies, fillTemplate, policyTemplates, shippedSchema } from './shipped.ts';

const DEFAULT = { file: 'default.cedar', text: defaultPolicies(), isShipped: true };
const own = (text: string) => ({ file: 'own.cedar', text });

const account = (id: string, groups: readonly string[] = []): KnownEntity =>
  knownEntity('Account', id, {
    parents: groups.map((group) => ({ type: 'Group', id: group })),
    attributes: { domain: id.slice(id.indexOf('@') + 1), isLocal: true },
  });
const owner = account('owner@example.org');
const ana = account('ana@example.org', ['operators']);
const thing = (isGuarded: boolean, owned = true): KnownEntity =>
  knownEntity('Thing', 'plc@example.org', {
    parents: [{ type: 'Site', id: 'site-a' }],
    attributes: {
      jid: 'plc@example.org',
      domain: 'example.org',
      isGuarded,
      account: { __entity: { type: 'Account', id: 'plc@example.org' } },
      ...(owned ? { owner: { __entity: { type: 'Account', id: owner.id } } } : {}),
    },
    related: owned ? [owner] : [],
  });
const plc = thing(true);
const usual: Partial<Record<ContextAttribute, ContextValue>> = {
  protocol: 'control',
  isNested: false,
  origin: 'client',
  isEncrypted: true,
  authentication: 2,
  isFriend: false,
  ownerAllows: false,
  time: '2026-11-26T10:00:00Z',
  date: 20261126,
  hour: 10,
  minuteOfDay: 600,
  weekday: 4,
  perMinute: 1,
  perHour: 1,
};
const context = (changes: Partial<Record<ContextAttribute, ContextValue>> = {}) => {
  const values = { ...usual, ...changes };
  return (name: ContextAttribute) => values[name];
};

function problemsOf(text: string): readonly string[] {
  try {
    return PolicySet.compile([DEFAULT, own(text)]).warnings.map(problemText);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map(problemText);
  }
}

describe('the policies that come with it', () => {
  const set = PolicySet.compile([DEFAULT]);
  const permitted = (principal: KnownEntity, action: (typeof ACTIONS)[number], resource: KnownEntity, changes = {}) =>
    set.decide({ principal, action, resource, context: context(changes) }).isPermitted;

  test('control is denied but to the owner, the Thing itself, and whom the owner has allowed', () => {
    for (const action of ['set', 'write', 'execute', 'edit'] as const) {
      expect(permitted(ana, action, plc)).toBe(false);
      expect(permitted(owner, action, plc)).toBe(true);
      expect(permitted(account('plc@example.org'), action, plc)).toBe(true);
      expect(permitted(ana, action, plc, { ownerAllows: true })).toBe(true);
      expect(permitted(ana, action, thing(true, false))).toBe(false);
      expect(permitted(ana, action, thing(false))).toBe(true);
    }
  });

  test('observing is for others to decide; what is unknown is denied even to the owner', () => {
    for (const action of ['read', 'subscribe', 'browse'] as const) expect(permitted(ana, action, plc)).toBe(true);
    expect(permitted(owner, 'unknown', plc)).toBe(false);
    expect(permitted(ana, 'unknown', thing(false))).toBe(true);
  });

  test('they forbid nothing: what nothing is known of is not looked at', () => {
    expect(ACTIONS.some((action) => set.forbids(action))).toBe(false);
  });
});

describe('templates', () => {
  const template = (name: string, values: Record<string, string>) => {
    const found = policyTemplates().find((one) => one.name === name);
    if (!found) throw new Error(`no template ${name}`);
    return PolicySet.compile([DEFAULT, own(fillTemplate(found, new Map(Object.entries(values))))]);
  };

  test('a range on a site during a shift', () => {
    const set = template('range-on-shift', {
      group: 'operators',
      parameter: 'Setpoint',
      least: '10.0',
      most: '80.0',
      site: 'site-a',
      from: '6',
      until: '22',
    });
    const may = (changes: Partial<Record<ContextAttribute, ContextValue>>, principal = ana) =>
      set.decide({
        principal,
        action: 'set',
        resource: plc,
        context: context({ name: 'Setpoint', number: '50.0', ...changes }),
      }).isPermitted;
    expect(may({})).toBe(true);
    expect(may({ number: '80.0' })).toBe(true);
    expect(may({ number: '80.0001' })).toBe(false);
    expect(may({ number: '9.9999' })).toBe(false);
    expect(may({ number: undefined, text: 'full' } as never)).toBe(false);
    expect(may({ name: 'Other' })).toBe(false);
    expect(may({ hour: 22 })).toBe(false);
    expect(may({}, account('eve@example.org'))).toBe(false);
  });

  test('coils are written by the HMI alone, however the range is cut', () => {
    const set = template('coils-by-hmi', { thing: 'plc@example.org', hmi: 'hmi@example.org', first: '0', last: '15' });
    const may = (principal: KnownEntity, address: number, lastAddress: number, table = 'coil') =>
      set.decide({
        principal,
        action: 'write',
        resource: plc,
        context: context({ protocol: 'modbus', table, address, lastAddress, ownerAllows: true }),
      }).isPermitted;
    expect(may(ana, 3, 3)).toBe(false);
    expect(may(ana, 15, 40)).toBe(false);
    expect(may(ana, 16, 40)).toBe(true);
    expect(may(ana, 3, 3, 'holdingRegister')).toBe(true);
    expect(may(account('hmi@example.org'), 3, 3)).toBe(true);
  });

  test('contractors look until a date and never touch', () => {
    const set = template('read-only-until', { group: 'contractors', date: '2027-01-01' });
    const carl = account('carl@example.org', ['contractors']);
    const may = (action: 'read' | 'set', time: string) =>
      set.decide({ principal: carl, action, resource: plc, context: context({ time, ownerAllows: true }) }).isPermitted;
    expect(may('read', '2026-12-31T23:59:00Z')).toBe(true);
    expect(may('read', '2027-01-01T00:00:00Z')).toBe(false);
    expect(may('set', '2026-12-31T23:59:00Z')).toBe(false);
  });

  test('all of them can be filled and are valid', () => {
    for (const one of policyTemplates()) {
      const hint = (text: string) => /such as ([^ ,]+)/.exec(text)?.[1] ?? '';
      const values = new Map(one.parameters.map((parameter) => [parameter.name, hint(parameter.hint)]));
      expect(PolicySet.compile([DEFAULT, own(fillTemplate(one, values))]).warnings).toEqual([]);
      expect(() => fillTemplate(one, new Map([['nonsense', 'x']]))).toThrow(/has no parameter/);
    }
    const [first] = policyTemplates();
    expect(() => first && fillTemplate(first, new Map([[first.parameters[0]?.name ?? '', '"']]))).toThrow(/quotes/);
  });
});

describe('what is wrong is told with its place', () => {
  test.each([
    ['permit(principal, action, resource', /^own\.cedar:1:\d+: error: .*unexpected end of input/],
    ['// x\n\npermit(principal, action, resource) when { context.nmae == "x" };', /^own\.cedar:3:\d+: error: .*nmae/],
    ['permit(principal, action, resource) when { context.number == decimal("1.0") };', /has number/],
    ['permit(principal == Account::"Ana@Example.org", action, resource);', /write "ana@example.org"/],
    ['permit(principal == Account::"a@b/c", action, resource);', /write "a@b"/],
    ['@obligation("approve") forbid(principal, action, resource);', /@approvers/],
    ['@obligation("scold") forbid(principal, action, resource);', /approve, limit, quarantine, redact/],
    ['@obligation("limit") permit(principal, action, resource) when { context.isNested };', /belongs to a forbid/],
    ['@note("x") forbid(principal, action, resource);', /no annotation @note/],
    ['permit(principal == ?principal, action, resource);', /template of Cedar/],
    [
      '@id("x") permit(principal, action, resource) when {context.isNested};\n@id("x") forbid(principal, action, resource);',
      /^own\.cedar:2:1: error: there is a policy "x" already/,
    ],
    ['permit(principal, action, resource);', /warning: it permits everybody/],
    ['permit(principal, action == Action::"sett", resource);', /sett/],
    ['forbid(principal, action, resource) when { context.hour < 9007199254740992 };', /too great.*9007199254740991/],
    ['forbid(principal, action, resource) when { [1, 9223372036854775807].contains(context.hour) };', /too great/],
    ['permit(principal, action, resource) when { "é;" == "é;" && context.nmae == "x" };', /^own\.cedar:1:60: error/],
  ])('%s', (text, expected) => {
    expect(problemsOf(text).join('\n')).toMatch(expected);
  });
});

test('what it decides is what Cedar decides from all policies, entities and context at once', () => {
  const text = `
    permit(principal in Group::"operators", action == Action::"set", resource in Site::"site-a") when { context.hour > 8 };
    permit(principal == Account::"eve@example.org", action in Action::"control", resource is Thing);
    forbid(principal, action in [Action::"control", Action::"read"], resource == Thing::"plc@example.org") unless { context.isEncrypted };
    forbid(principal is Account in Group::"guests", action, resource is Thing in Site::"site-b");
    permit(principal, action, resource) when { context has number && context.number.lessThan(decimal("3.0")) };
    forbid(principal, action, resource) when { resource has owner && resource.owner in Group::"dismissed" };
    permit(principal, action, resource) when { action in Action::"observe" && context.hour > 8 };
    forbid(principal, action in Action::"control", resource) when { context has ip && context.ip.isInRange(ip("198.51.100.0/24")) };
    permit(principal, action in Action::"control", resource) when { context has ip && context.ip.isLoopback() && context.hour > 8 };
    permit(principal, action == Action::"unknown", resource) when { !(principal in Group::"guests") && principal.domain == "example.org" };
  `;
  const set = PolicySet.compile([DEFAULT, own(text)]);
  const whole = Object.fromEntries(set.policies.map((policy, i) => [`p${i}`, policy.text]));
  const dismissed = account('dis@example.org', ['dismissed']);
  const resources = [true, false].flatMap((isGuarded) =>
    [[], ['site-a'], ['site-b'], ['site-a', 'site-b']].flatMap((sites) =>
      [undefined, owner, dismissed].flatMap((owned) =>
        (['Thing', 'Service'] as const).map((type) =>
          knownEntity(type, 'plc@example.org', {
            parents: sites.map((id) => ({ type: 'Site', id })),
            attributes: {
              ...plc.attributes,
              isGuarded,
              owner: { __entity: { type: 'Account', id: owned?.id ?? 'nobody@example.org' } },
            },
            related: owned ? [owned] : [],
          }),
        ),
      ),
    ),
  );
  const principals = [owner, ana, account('eve@example.org', ['guests']), account('x@other', ['guests', 'operators'])];
  const all = new Set(['jid', 'node', 'domain', 'account', 'owner', 'isGuarded', 'isLocal']);
  fc.assert(
    fc.property(
      fc.constantFrom(...principals),
      fc.constantFrom(...ACTIONS),
      fc.constantFrom(...resources),
      fc.record({
        hour: fc.constantFrom(3, 12),
        isEncrypted: fc.boolean(),
        number: fc.constantFrom(undefined, '1.0', '5.0', '-922337203685477.5808'),
        ip: fc.constantFrom(undefined, '127.0.0.1', '198.51.100.7'),
        ownerAllows: fc.boolean(),
        origin: fc.constantFrom('client', 'service'),
      }),
      fc.boolean(),
      (principal, action, resource, changes, isFirst) => {
        const source = context(changes as Partial<Record<ContextAttribute, ContextValue>>);
        const expected = cedar().isAuthorized({
          principal: { type: principal.type, id: principal.id },
          action: { type: 'Action', id: action },
          resource: { type: resource.type, id: resource.id },
          context: contextJson(source, CONTEXT_ATTRIBUTE_NAMES),
          policies: { staticPolicies: whole },
          entities: [
            {
              uid: { type: 'Action', id: action },
              attrs: {},
              parents: groupsOfAction(action).map((id) => ({ type: 'Action', id })),
            },
            entityJson(principal, all),
            entityJson(resource, all),
            ...resource.related.filter(({ id }) => id !== principal.id).map((one) => entityJson(one, all)),
          ],
        });
        // The first time, and later ones, are decided in other ways.
        if (isFirst) set.forget();
        else set.decide({ principal, action, resource, context: context({ ...changes, hour: 7 } as never) });
        const verdict = set.decide({ principal, action, resource, context: source });
        expect(expected.type).toBe('success');
        if (expected.type !== 'success') return;
        expect(verdict.isPermitted).toBe(expected.response.decision === 'allow');
        const reasons = expected.response.diagnostics.reason.map((name) => set.policies[Number(name.slice(1))]?.id);
        expect(verdict.policies.map(({ id }) => id).sort()).toEqual(reasons.sort());
      },
    ),
    { numRuns: 400 },
  );
});

test('every attribute of the schema is in the table, with its type', () => {
  const block = /type Circumstances = \{([^}]*)\}/.exec(shippedSchema())?.[1] ?? '';
  const names = [...block.matchAll(/^\s*(\w+)\??:/gm)].map(([, name]) => name);
  expect([...names].sort()).toEqual([...CONTEXT_ATTRIBUTE_NAMES].sort());
});

test('could a value be found with which it would be permitted?', () => {
  const set = PolicySet.compile([
    DEFAULT,
    own(
      'permit(principal == Account::"ana@example.org", action == Action::"set", resource) when { context has number && context.number.lessThan(decimal("3.0")) && context.hour == 10 };',
    ),
  ]);
  const could = (principal: KnownEntity, changes = {}) =>
    set.couldPermit(
      { principal, action: 'set', resource: plc, context: context(changes) },
      new Set(['number', 'text', 'name']),
    );
  expect(could(ana)).toBe(true);
  expect(could(ana, { hour: 11 })).toBe(false);
  expect(could(account('eve@example.org'))).toBe(false);
  expect(could(owner)).toBe(true);
});
