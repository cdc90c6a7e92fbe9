import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  auditConfigSchema,
  auditRecords,
  Baseline,
  BaselineFile,
  baselineConfigSchema,
  GuardAudit,
} from '@thingward/guard';
import { ParameterError, type ParameterValue } from '@thingward/things';
import { parseElement } from '@thingward/xml';
import { Jid, type Logger, SILENT_LOGGER } from '@thingward/xmpp';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/state.ts';
import type { Device } from '../drivers/device.ts';
import { GatewayGuard, type GatewayGuardOptions } from './gateway-guard.ts';
import { guardedDevice } from './guarded-device.ts';

const ACCOUNT = 'plc@example.org';

function gatewayWith(
  policies: string,
  entities = '',
  audit?: GuardAudit,
  more: Partial<GatewayGuardOptions> & { readonly thingLog?: Logger } = {},
) {
  const folder = join(temporaryDirectory(), 'policies');
  mkdirSync(folder);
  const write = (text: string) => writeFileSync(join(folder, 'own.cedar'), text);
  write(policies);
  writeFileSync(join(folder, 'entities.yaml'), entities);
  const guard = new GatewayGuard({ folder, log: SILENT_LOGGER, audit, ...more });
  const done: string[] = [];
  const raw: Device = {
    node: { nodeId: 'pump' },
    metaTags: [],
    parameters: [],
    parameterValue: () => undefined,
    async *read() {},
    set: async (values) => {
      for (const [name, { value }] of values) done.push(`${name}=${value}`);
    },
    schedules: [],
    poll: async () => [],
    close: () => {},
  };
  const device = guardedDevice(raw, guard.check(ACCOUNT));
  guard.add({
    account: ACCOUNT,
    device,
    friends: [Jid.parse('pal@example.org')],
    ownership: () => ({ owner: 'owner@example.org', friends: ['friend@example.org'] }),
    log: more.thingLog,
  });
  const set = (who: string, ...values: readonly (readonly [string, ParameterValue])[]) =>
    device.set(new Map(values), new AbortController().signal, { requester: Jid.parse(who), tokens: {} });
  const sent = (id: string, ...values: readonly (readonly [string, ParameterValue])[]) =>
    device.set(new Map(values), new AbortController().signal, {
      requester: Jid.parse('owner@example.org/x'),
      tokens: {},
      stanza: parseElement(
        `<iq xmlns='jabber:client' id='${id}'><set xmlns='urn:xmpp:iot:control' userToken='t'/></iq>`,
      ),
    });
  return { guard, set, sent, done, write };
}

const speed = (value: number) => ['Speed', { type: 'int', value }] as const;

test('no command reaches a device that policies do not permit, whatever the server has let through', async () => {
  const { set, done } = gatewayWith(
    'permit(principal == Account::"ana@example.org", action == Action::"set", resource == Thing::"plc@example.org#pump") when { context has number && context.number.lessThanOrEqual(decimal("80.0")) };',
  );
  await set('owner@example.org/x', speed(100));
  await set('pal@example.org/x', speed(99));
  await set('ana@example.org/x', speed(80));
  await expect(set('ana@example.org/x', speed(81))).rejects.toThrow(ParameterError);
  await expect(set('ana@example.org/x', speed(1), ['Level', { type: 'double', value: '80.00001' }])).rejects.toThrow(
    'Access denied.',
  );
  await expect(set('friend@example.org/x', speed(1))).rejects.toMatchObject({ parameter: 'Speed' });
  await expect(set('example.org', speed(1))).rejects.toThrow(ParameterError);
  expect(done).toEqual(['Speed=100', 'Speed=99', 'Speed=80']);
});

test('an owner that the file names is the owner, whatever the registry says', async () => {
  const { set, done } = gatewayWith('', `things: { ${ACCOUNT}: { owner: pinned@example.org } }`);
  await expect(set('owner@example.org', speed(1))).rejects.toThrow(ParameterError);
  await set('pinned@example.org', speed(2));
  expect(done).toEqual(['Speed=2']);
});

test('what is decided is recorded, and nothing is done that can’t be', async () => {
  const dataDir = temporaryDirectory();
  const audit = new GuardAudit({
    config: auditConfigSchema.parse({ sync: 'before' }),
    dataDir,
    clock: () => new Date(),
    log: SILENT_LOGGER,
  });
  await audit.start('test');
  const { set, done } = gatewayWith('', '', audit);
  await set('owner@example.org/x', speed(1));
  await expect(set('friend@example.org/x', speed(2))).rejects.toThrow('Access denied.');
  const folder = join(dataDir, 'audit');
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'in the way');
  await expect(set('owner@example.org/x', speed(3))).rejects.toThrow('can’t be recorded');
  expect(done).toEqual(['Speed=1']);
  rmSync(folder);
  await expect.poll(() => audit.problem, { timeout: 5000 }).toBeUndefined();
  await set('owner@example.org/x', speed(4));
  expect(done).toEqual(['Speed=1', 'Speed=4']);
  await audit.stop();
  const kept = [];
  for await (const { entry } of auditRecords(folder, { kind: 'decision' }))
    kept.push([entry.who, entry.effect, entry.enforcer]);
  expect(kept.at(-1)).toEqual(['owner@example.org', 'permit', 'gateway']);
});

test('policies are read again; wrong ones change nothing', async () => {
  const { guard, set, write } = gatewayWith('');
  await expect(set('friend@example.org', speed(1))).rejects.toThrow(ParameterError);
  write('permit(principal, action in Action::"control", resource) when { context.isFriend };');
  guard.reload();
  await set('friend@example.org', speed(1));
  write('permit(');
  expect(() => guard.reload()).toThrow(/own\.cedar:1:/);
  await set('friend@example.org', speed(1));
});

test('what is usual is learned here, too: the Thing’s log is told of what is not, policies see it, and it is kept', async () => {
  const file = join(temporaryDirectory(), 'baseline.jsonl');
  const config = baselineConfigSchema.parse({ learnDays: 0, learnOperations: 2 });
  const told: (readonly [Record<string, unknown>, string])[] = [];
  const warn = (details: Record<string, unknown>, text: string) => void told.push([details, text]);
  const { guard, sent, done } = gatewayWith(
    'forbid(principal, action == Action::"set", resource) when { context.isReplay };',
    '',
    undefined,
    { baseline: { config, file }, thingLog: { ...SILENT_LOGGER, warn } as Logger },
  );
  await sent('1', speed(10));
  await sent('2', speed(20));
  expect(told).toEqual([]);
  await expect(sent('2', speed(20))).rejects.toThrow(ParameterError);
  await sent('3', ['Mode', { type: 'string', value: 'auto' }]);
  expect(done).toEqual(['Speed=10', 'Speed=20', 'Mode=auto']);
  const signals = told.flatMap(([{ signal, packet }]) => (signal === undefined ? [] : [[signal, packet]]));
  expect(signals.map(([signal]) => signal)).toEqual(['replay', 'firstSeen']);
  expect(signals[0]?.[1]).toMatch(/id=.2./);
  expect(signals[0]?.[1]).not.toMatch(/userToken/);
  await guard.stop();
  const baseline = new Baseline(config);
  const stored = new BaselineFile(file).load();
  if (stored) baseline.restore(stored);
  const { kinds, raised } = baseline.explain('owner@example.org', ACCOUNT, Date.now());
  expect(kinds.map(({ kind }) => kind)).toEqual([
    expect.stringContaining('set Speed'),
    expect.stringContaining('set Mode'),
  ]);
  expect(raised.map(({ signal }) => signal)).toEqual(['replay', 'firstSeen']);
});
