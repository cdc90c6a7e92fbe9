import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AuditEntry,
  AuditSpool,
  auditFiles,
  auditRecords,
  parseCheckpoint,
  publicKeyFile,
  readPublicKey,
  verifyAudit,
} from '@thingward/guard';
import { SILENT_LOGGER } from '@thingward/xmpp';
import { afterEach, expect, test } from 'vitest';
import { AUDIT_CHECKPOINT, openServerDatabase, type ServerConfigInput, Settings } from '../src/index.ts';
import { type Actor, Stage } from './conversation.ts';
import { TestPolicies } from './policies.ts';

const CONTROL = 'urn:xmpp:iot:control';
const THING = 'juliet@localhost/r';
const iq = (id: string, to: string, payload: string, type = 'set') =>
  `<iq type='${type}' id='${id}' to='${to}'>${payload}</iq>`;
const set = (value: string) => `<set xmlns='${CONTROL}'><int name='Speed' value='${value}'/></set>`;
const get = `<req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/>`;

let stage: Stage;
let policies: TestPolicies;
afterEach(async () => {
  await stage?.close();
  policies?.remove();
});

async function opens(audit: ServerConfigInput['audit'] = {}): Promise<void> {
  policies = new TestPolicies({
    'entities.yaml': 'things: { juliet@localhost: { owner: romeo@localhost } }\n',
    'own.cedar':
      '@id("quick") @obligation("quarantine") forbid(principal, action == Action::"set", resource) when { context has number && context.number.greaterThan(decimal("100.0")) };',
  });
  stage = await Stage.open({
    policies: policies.path,
    audit,
    auth: { admins: ['romeo@localhost'], allowPlaintext: true },
  });
}

const folder = () => join(stage.directory, 'audit');
const key = () => readPublicKey(publicKeyFile(folder()));

async function recorded(kind: string): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const { entry } of auditRecords(folder(), { kind })) entries.push(entry);
  return entries;
}

async function runs(actor: Actor, node: string, fields: Readonly<Record<string, string>>): Promise<void> {
  const command = (content: string, session = '') =>
    iq(
      'cmd',
      'localhost',
      `<command xmlns='http://jabber.org/protocol/commands' node='${node}'${session}>${content}</command>`,
    );
  actor.sends(command(''));
  const first = (await actor.receives(`<iq type='result' id='cmd'/>`)).elements[0];
  const form = Object.entries(fields).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`);
  actor.sends(
    command(
      `<x xmlns='jabber:x:data' type='submit'>${form.join('')}</x>`,
      ` sessionid='${first?.attribute('sessionid')}'`,
    ),
  );
  await actor.receives(`<iq type='result' id='cmd'/>`);
}

test('what is denied, what changes something and what administrators do is recorded; what is read and secret is not', async () => {
  await opens();
  const [romeo, juliet, mercutio] = [
    await stage.signIn('romeo'),
    await stage.signIn('juliet'),
    await stage.signIn('mercutio'),
  ];
  romeo.sends(iq('a', THING, set('42')));
  await juliet.receives(`<iq type='set' id='a'/>`);
  romeo.sends(iq('b', THING, get, 'get'));
  await juliet.receives(`<iq type='get' id='b'/>`);
  mercutio.sends(iq('c', THING, set('7')));
  await mercutio.receives(`<iq type='error' id='c'/>`);
  mercutio.sends(iq('d', THING, set('101')));
  await mercutio.receives(`<iq type='error' id='d'/>`);
  await runs(romeo, 'http://jabber.org/protocol/admin#add-user', {
    accountjid: 'nurse@localhost',
    password: 'hunter2',
    'password-verify': 'hunter2',
  });
  mercutio.sends(
    iq(
      'e',
      'localhost',
      `<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#add-user'/>`,
    ),
  );
  await mercutio.receives(`<iq type='error' id='e'/>`);
  new AuditSpool(folder()).leave({
    kind: 'administration',
    at: '2026-11-26T10:00:00.000Z',
    who: 'system:ann',
    action: 'user add',
  });
  await stage.server.stop();
  await stage.start();

  expect(await recorded('decision')).toMatchObject([
    {
      who: 'romeo@localhost',
      action: 'set',
      thing: 'juliet@localhost',
      effect: 'permit',
      stanza: 'a',
      policies: [expect.stringContaining('thingward:owner')],
      operations: [{ action: 'set', name: 'Speed', value: '42', protocol: 'control' }],
      origin: 'client',
      ip: '127.0.0.1',
    },
    { who: 'mercutio@localhost', effect: 'deny', stanza: 'c' },
    { who: 'mercutio@localhost', effect: 'quarantine', stanza: 'd' },
  ]);
  expect(await recorded('administration')).toMatchObject([
    {
      who: 'romeo@localhost',
      action: 'http://jabber.org/protocol/admin#add-user',
      effect: 'done',
      values: { accountjid: ['nurse@localhost'] },
    },
    { who: 'mercutio@localhost', effect: 'refused' },
    { who: 'system:ann', action: 'user add' },
  ]);
  expect(await recorded('policies')).toMatchObject([
    { thing: 'enforced', files: { 'own.cedar': expect.stringMatching(/^[0-9a-f]{64}$/) } },
    { thing: 'enforced' },
  ]);
  expect((await recorded('begun')).length).toBe(2);
  const text = auditFiles(folder())
    .map(({ path }) => readFileSync(path, 'utf8'))
    .join('');
  expect(text).not.toContain('hunter2');
  expect((await verifyAudit(folder(), key())).problems).toEqual([]);
  expect(statSync(join(stage.directory, 'audit.key')).mode & 0o777).toBe(0o600);
});

test('records that are cut off are missed: the database has the last checkpoint', async () => {
  await opens({ checkpointSeconds: 1 });
  const [romeo, juliet] = [await stage.signIn('romeo'), await stage.signIn('juliet')];
  romeo.sends(iq('a', THING, set('42')));
  await juliet.receives(`<iq type='set' id='a'/>`);
  await stage.server.stop();
  const database = await openServerDatabase(stage.config({}));
  const line = await new Settings(database.query).get(AUDIT_CHECKPOINT);
  await database.close();
  const kept = parseCheckpoint(line ?? '', key());
  expect((await verifyAudit(folder(), key(), [kept])).problems).toEqual([]);
  for (const { path } of auditFiles(folder())) {
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(0, 2).join('\n').concat('\n'));
  }
  expect((await verifyAudit(folder(), key(), [kept])).problems).toMatchObject([{ code: 'truncated' }]);
  await stage.start();
  await stage.server.stop();
  expect(await recorded('damaged')).toMatchObject([{ reason: expect.stringContaining('had reached record') }]);
});

test.each(['before', 'after'] as const)(
  'while nothing can be recorded, control is refused and reads go on (sync: %s)',
  async (sync) => {
    await opens({ sync, pseudonymise: true });
    const [romeo, juliet] = [await stage.signIn('romeo'), await stage.signIn('juliet')];
    romeo.sends(iq('a', THING, set('42')));
    await juliet.receives(`<iq type='set' id='a'/>`);
    await expect.poll(async () => (await recorded('decision')).length).toBe(1);
    const [decision] = await recorded('decision');
    expect(decision?.who).toMatch(/^p-[0-9a-f]{20}$/);
    expect(decision?.ip).toBeUndefined();
    rmSync(folder(), { recursive: true });
    writeFileSync(folder(), 'in the way');
    if (sync === 'after') {
      // The record of this one is what finds out.
      romeo.sends(iq('b', THING, set('43')));
      await juliet.receives(`<iq type='set' id='b'/>`);
      await expect.poll(() => stage.server.auditProblem).toBeDefined();
    }
    romeo.sends(iq('c', THING, set('44')));
    const refused = await romeo.receives(`<iq type='error' id='c'/>`);
    expect(refused.toString()).toMatch(/resource-constraint.*recorded/);
    romeo.sends(iq('d', THING, get, 'get'));
    await juliet.receives(`<iq type='get' id='d'/>`);
    rmSync(folder());
    await expect.poll(() => stage.server.auditProblem, { timeout: 5000 }).toBeUndefined();
    romeo.sends(iq('e', THING, set('45')));
    await juliet.receives(`<iq type='set' id='e'/>`);
  },
);

test('what is unusual is told with the packet, may trigger a policy, and is explained to administrators', async () => {
  policies = new TestPolicies({
    'entities.yaml': 'things: { juliet@localhost: { owner: romeo@localhost } }\n',
    'own.cedar': 'forbid(principal, action == Action::"set", resource) when { context.isReplay };',
  });
  const told: { readonly details: object; readonly message: string }[] = [];
  const log = { ...SILENT_LOGGER, warn: (details: object, message: string) => told.push({ details, message }) };
  stage = await Stage.open(
    { policies: policies.path, auth: { admins: ['romeo@localhost'], allowPlaintext: true } },
    { log },
  );
  const [romeo, juliet] = [await stage.signIn('romeo'), await stage.signIn('juliet')];
  romeo.sends(iq('a', THING, set('42')));
  await juliet.receives(`<iq type='set' id='a'/>`);
  romeo.sends(iq('a', THING, set('42')));
  await romeo.receives(`<iq type='error' id='a'/>`);
  const unusual = told.find(({ details }) => 'signal' in details);
  expect(unusual).toMatchObject({
    message: expect.stringContaining('sends the very request again'),
    details: {
      signal: 'replay',
      account: 'romeo@localhost',
      outcome: 'deny',
      packet: expect.stringContaining(`value='42'`),
    },
  });
  await stage.server.stop();
  await stage.start();
  const admin = await stage.signIn('romeo');
  const node = 'urn:thingward:guard#baseline';
  const command = (content: string, session = '') =>
    iq(
      'cmd',
      'localhost',
      `<command xmlns='http://jabber.org/protocol/commands' node='${node}'${session}>${content}</command>`,
    );
  admin.sends(command(''));
  const first = (await admin.receives(`<iq type='result' id='cmd'/>`)).elements[0];
  const fields = `<field var='jid'><value>romeo@localhost</value></field><field var='thing'><value>juliet@localhost</value></field>`;
  admin.sends(
    command(`<x xmlns='jabber:x:data' type='submit'>${fields}</x>`, ` sessionid='${first?.attribute('sessionid')}'`),
  );
  const answer = (await admin.receives(`<iq type='result' id='cmd'/>`)).toString();
  expect(answer).toContain('romeo@localhost has done 1 operations of 1 kinds at juliet@localhost');
  expect(answer).toMatch(/Raised .*: replay, about control: set Speed/);
});
