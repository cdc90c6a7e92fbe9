import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardDecision } from '@thingward/guard';
import {
  ProvisioningService,
  provisioningMigrations,
  RegistryService,
  registryMigrations,
  registryOwners,
} from '@thingward/services';
import { NS } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceDefinition } from '../src/index.ts';
import { type Actor, befriend, rosterSet, Stage } from './conversation.ts';
import { TestPolicies } from './policies.ts';

const CONTROL = 'urn:xmpp:iot:control';
const set = (value = '1200') => `<set xmlns='${CONTROL}'><int name='Speed' value='${value}'/></set>`;
const iq = (id: string, to: string, payload: string, type = 'set') =>
  `<iq type='${type}' id='${id}' to='${to}'>${payload}</iq>`;
const THING = 'juliet@localhost/r';
const GUARD = 'urn:thingward:guard';

const SERVICES: readonly ServiceDefinition[] = [
  {
    name: 'registry',
    title: 'Thing Registry',
    migrations: registryMigrations,
    create: (peer, database) => new RegistryService({ peer, database: database as never }),
  },
  {
    name: 'provisioning',
    title: 'Provisioning',
    migrations: { ...registryMigrations, ...provisioningMigrations },
    create: (peer, database) =>
      new ProvisioningService({ peer, database: database as never, owners: registryOwners(database as never) }),
  },
];

let stage: Stage;
let policies: TestPolicies;
afterEach(async () => {
  await stage?.close();
  policies?.remove();
});

async function opens(
  files: Readonly<Record<string, string>>,
  services: readonly ServiceDefinition[] = [],
): Promise<void> {
  policies = new TestPolicies(files);
  stage = await Stage.open(
    { policies: policies.path, auth: { admins: ['romeo@localhost'], allowPlaintext: true } },
    { services },
  );
}

const ENTITIES =
  'things: { juliet@localhost: { owner: romeo@localhost } }\ngroups: { staff: [mercutio@localhost], chiefs: [romeo@localhost] }\n';

async function isRefused(actor: Actor, value = '1'): Promise<void> {
  actor.sends(iq('no', THING, set(value)));
  await actor.receives(`<iq type='error' id='no'/>`);
}

async function arrives(actor: Actor, thing: Actor, value = '1'): Promise<void> {
  actor.sends(iq('yes', THING, set(value)));
  await thing.receives(`<iq type='set' id='yes'/>`);
}

/** Runs a command with one form. @returns the answer to the form */
async function runs(actor: Actor, name: string, fields: Readonly<Record<string, string>>) {
  const command = (content: string, session = '') =>
    iq(
      'cmd',
      'localhost',
      `<command xmlns='http://jabber.org/protocol/commands' node='${GUARD}#${name}'${session}>${content}</command>`,
    );
  actor.sends(command(''));
  const first = (await actor.receives(`<iq type='result' id='cmd'/>`)).elements[0];
  if (first?.attribute('status') === 'completed') return first;
  const form = Object.entries(fields)
    .map(
      ([name, value]) =>
        `<field var='${name}'>${value
          .split('\n')
          .map((line) => `<value>${line.replaceAll('<', '&lt;').replaceAll('&&', '&amp;&amp;')}</value>`)
          .join('')}</field>`,
    )
    .join('');
  actor.sends(
    command(`<x xmlns='jabber:x:data' type='submit'>${form}</x>`, ` sessionid='${first?.attribute('sessionid')}'`),
  );
  return await actor.receives(`<iq id='cmd'/>`);
}

describe('policies of a folder', () => {
  it('hold from the start, and a server with wrong ones does not start', async () => {
    await opens({ 'entities.yaml': ENTITIES });
    const [mercutio, romeo, juliet] = [
      await stage.signIn('mercutio'),
      await stage.signIn('romeo'),
      await stage.signIn('juliet'),
    ];
    await isRefused(mercutio);
    await arrives(romeo, juliet);
    await stage.server.stop();
    policies.write({ 'own.cedar': 'permit(principal, action, resource' });
    await expect(stage.start()).rejects.toThrow(/own\.cedar:1:\d+: error/);
    policies.write({});
    await stage.start();
    const again = await stage.signIn('mercutio');
    await arrives(again, await stage.signIn('juliet'));
  });

  it('are read again with the configuration, while streams go on; wrong ones change nothing', async () => {
    await opens({ 'entities.yaml': ENTITIES });
    const [mercutio, juliet] = [await stage.signIn('mercutio'), await stage.signIn('juliet')];
    const config = () =>
      stage.config({ policies: policies.path, auth: { admins: ['romeo@localhost'], allowPlaintext: true } });
    await isRefused(mercutio);
    policies.write({
      'entities.yaml': ENTITIES,
      'own.cedar': 'permit(principal in Group::"staff", action == Action::"set", resource);',
    });
    await stage.server.reload(config());
    await arrives(mercutio, juliet);
    policies.write({ 'own.cedar': 'nonsense' });
    await expect(stage.server.reload(config())).rejects.toThrow(/own\.cedar:1:9: error/);
    await arrives(mercutio, juliet);
  });

  it('are applied, listed and taken away by administrators alone', async () => {
    await opens({ 'entities.yaml': ENTITIES });
    const [mercutio, romeo, juliet] = [
      await stage.signIn('mercutio'),
      await stage.signIn('romeo'),
      await stage.signIn('juliet'),
    ];
    mercutio.sends(
      iq('x', 'localhost', `<command xmlns='http://jabber.org/protocol/commands' node='${GUARD}#apply'/>`),
    );
    await mercutio.receives(`<iq type='error' id='x'><error><forbidden xmlns='${NS.stanzaErrors}'/></error></iq>`);
    const own =
      '@id("staff")\npermit(principal in Group::"staff", action == Action::"set", resource) when { context has number && context.number.lessThan(decimal("9.0")) };';
    const wrong = await runs(romeo, 'apply', { 'file:own.cedar': own.replace('context.number.', 'context.nmuber.') });
    expect(wrong.toString()).toContain('own.cedar:2:');
    await isRefused(mercutio);
    const applied = await runs(romeo, 'apply', { 'file:own.cedar': own, 'file:entities.yaml': ENTITIES });
    expect(applied.toString()).toContain('1 policy is in force');
    await arrives(mercutio, juliet);
    await isRefused(mercutio, '9');
    expect(readFileSync(join(policies.path, 'own.cedar'), 'utf8')).toBe(own);
    expect((await runs(romeo, 'list', {})).toString()).toContain('own.cedar:1');
    await runs(romeo, 'apply', { none: '1' });
    await arrives(mercutio, juliet, '9');
    expect(existsSync(join(policies.path, 'own.cedar'))).toBe(false);
  });

  it('on trial decide nothing, but tell', async () => {
    await opens({ 'entities.yaml': ENTITIES });
    const decisions: GuardDecision[] = [];
    stage.server.guard?.onDecision((decision) => decisions.push(decision));
    const [mercutio, romeo] = [await stage.signIn('mercutio'), await stage.signIn('romeo')];
    await runs(romeo, 'apply', {
      slot: 'shadow',
      'file:own.cedar': '@id("all") permit(principal, action == Action::"set", resource);',
      'file:entities.yaml': ENTITIES,
    });
    await isRefused(mercutio);
    expect(decisions.at(-1)).toMatchObject({
      outcome: 'deny',
      stanzaId: 'no',
      shadow: { outcome: 'permit', policies: [{ id: 'all' }] },
    });
  });
});

describe('a Thing of the registry', () => {
  const discovery = (payload: string) => payload.replace('>', ` xmlns='urn:xmpp:iot:discovery'>`);
  const CLAIM = `<str name='SN' value='1'/><str name='KEY' value='k'/>`;
  let thing: Actor;
  let romeo: Actor;
  let mercutio: Actor;

  beforeEach(async () => {
    await opens(
      { 'own.cedar': 'permit(principal in Group::"romeo@localhost/Staff", action == Action::"set", resource);' },
      SERVICES,
    );
    [thing, romeo, mercutio] = [
      await stage.present('juliet'),
      await stage.present('romeo'),
      await stage.present('mercutio'),
    ];
  });

  async function isClaimed(by: Actor): Promise<void> {
    thing.sends(iq('reg', 'registry.localhost', discovery(`<register>${CLAIM}</register>`)));
    await thing.receives(`<iq type='result' id='reg'/>`);
    by.sends(iq('mine', 'registry.localhost', discovery(`<mine>${CLAIM}</mine>`)));
    const told = await thing.receives(`<iq type='set' from='registry.localhost'/>`);
    thing.sends(`<iq type='result' id='${told.attribute('id')}' to='registry.localhost'/>`);
    await by.receives(`<iq type='result' id='mine'/>`);
  }

  it('is controlled by who has claimed it, from that moment until it is disowned', async () => {
    await arrives(mercutio, thing);
    await isClaimed(romeo);
    await isRefused(mercutio);
    await arrives(romeo, thing);
    romeo.sends(iq('dis', 'registry.localhost', `<disown xmlns='urn:xmpp:iot:discovery' jid='juliet@localhost'/>`));
    const told = await thing.receives(`<iq type='set' from='registry.localhost'/>`);
    thing.sends(`<iq type='result' id='${told.attribute('id')}' to='registry.localhost'/>`);
    await romeo.receives(`<iq type='result' id='dis'/>`);
    await isRefused(romeo);
  });

  it('is controlled by whom its owner has put into a group of the roster', async () => {
    await isClaimed(romeo);
    await isRefused(mercutio);
    romeo.sends(rosterSet('r', `<item jid='mercutio@localhost'><group>Staff</group></item>`));
    await romeo.receives(`<iq type='result' id='r'/>`);
    await arrives(mercutio, thing);
    romeo.sends(rosterSet('r', `<item jid='mercutio@localhost'><group>Guests</group></item>`));
    await romeo.receives(`<iq type='result' id='r'/>`);
    await isRefused(mercutio);
  });

  it('is controlled by whom its owner has allowed at the provisioning server', async () => {
    await isClaimed(romeo);
    await isRefused(mercutio);
    thing.sends(
      iq(
        'q',
        'provisioning.localhost',
        `<canControl xmlns='urn:xmpp:iot:provisioning' jid='mercutio@localhost'/>`,
        'get',
      ),
    );
    await thing.receives(`<iq type='result' id='q'/>`);
    const asked = await romeo.receives(`<message from='provisioning.localhost'/>`);
    const [, number] = /(\d+)/.exec(asked.child('body')?.text ?? '') ?? [];
    romeo.sends(`<message to='provisioning.localhost' type='chat'><body>allow ${number}</body></message>`);
    await romeo.receives(`<message from='provisioning.localhost'/>`);
    await arrives(mercutio, thing);
  });
});

describe('more than no', () => {
  it('four eyes: who may approve is told by chat, and answers', async () => {
    await opens({
      'entities.yaml': ENTITIES,
      'own.cedar':
        'permit(principal in Group::"staff", action == Action::"set", resource);\n' +
        '@id("eyes") @obligation("approve") @approvers("chiefs") forbid(principal in Group::"staff", action == Action::"set", resource);',
    });
    const [mercutio, romeo, juliet] = [
      await stage.present('mercutio'),
      await stage.present('romeo'),
      await stage.present('juliet'),
    ];
    mercutio.sends(iq('1', THING, set('7')));
    const answer = await mercutio.receives(
      `<iq type='error' id='1'><error type='wait'><policy-violation xmlns='${NS.stanzaErrors}'/><approval xmlns='urn:thingward:guard:1'/></error></iq>`,
    );
    const id = answer.child('error')?.child('approval', 'urn:thingward:guard:1')?.attribute('id');
    const asked = await romeo.receives(`<message type='chat' from='localhost'/>`);
    expect(asked.child('body')?.text).toContain(`${id}: mercutio@localhost wants to set Speed = 7 of juliet@localhost`);
    mercutio.sends(`<message to='localhost' type='chat'><body>approve ${id}</body></message>`);
    expect((await mercutio.receives(`<message from='localhost'/>`)).child('body')?.text).toContain('nobody approves');
    romeo.sends(`<message to='localhost' type='chat'><body>Approve ${id}</body></message>`);
    expect((await romeo.receives(`<message from='localhost'/>`)).child('body')?.text).toBe(`${id} is approved.`);
    await mercutio.receives(`<message type='chat' from='localhost'/>`);
    await arrives(mercutio, juliet, '7');
    await isRefused(mercutio, '7');
  });

  it('quarantine, by an administrator', async () => {
    await opens({ 'entities.yaml': ENTITIES });
    const [romeo, juliet] = [await stage.signIn('romeo'), await stage.signIn('juliet')];
    const mercutio = await stage.signIn('mercutio');
    const read = iq('read', THING, `<req xmlns='urn:xmpp:iot:sensordata' seqnr='1'/>`, 'get');
    mercutio.sends(read);
    await juliet.receives(`<iq type='get' id='read'/>`);
    await runs(romeo, 'quarantine', { jids: 'mercutio@localhost', minutes: '5' });
    mercutio.sends(read);
    await mercutio.receives(`<iq type='error' id='read'/>`);
    expect((await runs(romeo, 'list-quarantine', {})).toString()).toContain('mercutio@localhost');
    mercutio.sends(`<message to='${THING}' type='chat' id='chat'><body>hello</body></message>`);
    await juliet.receives(`<message id='chat'/>`);
    await runs(romeo, 'release', { jids: 'mercutio@localhost' });
    mercutio.sends(read);
    await juliet.receives(`<iq type='get' id='read'/>`);
  });

  it('fields are taken out of read-outs', async () => {
    await opens({
      'entities.yaml': ENTITIES,
      'own.cedar':
        '@obligation("redact") forbid(principal, action in Action::"observe", resource) when { context has name && context.name == "Recipe" } unless { principal in Group::"chiefs" };',
    });
    const [romeo, juliet, mercutio] = [
      await stage.signIn('romeo'),
      await stage.signIn('juliet'),
      await stage.signIn('mercutio'),
    ];
    const fields = (to: string) =>
      `<message to='${to}' id='f'><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1' done='true'><node nodeId='a'><timestamp value='2026-01-01T00:00:00Z'><string name='Recipe' value='x'/><numeric name='Level' value='1' unit='m'/></timestamp></node></fields></message>`;
    juliet.sends(fields('mercutio@localhost/r'));
    expect((await mercutio.receives(`<message id='f'/>`)).toString()).not.toContain('Recipe');
    juliet.sends(fields('romeo@localhost/r'));
    expect((await romeo.receives(`<message id='f'/>`)).toString()).toContain('Recipe');
  });

  it('fields are taken out of what is published, for each recipient', async () => {
    await opens({
      'entities.yaml': ENTITIES,
      'own.cedar':
        '@obligation("redact") forbid(principal, action in Action::"observe", resource) when { context has name && context.name == "Recipe" } unless { principal in Group::"chiefs" };',
    });
    const [romeo, juliet, mercutio] = [
      await stage.signIn('romeo'),
      await stage.signIn('juliet'),
      await stage.signIn('mercutio'),
    ];
    const NODE = 'urn:xmpp:iot:sensordata';
    const pubsub = (content: string) => `<pubsub xmlns='http://jabber.org/protocol/pubsub'>${content}</pubsub>`;
    const open = `<publish-options><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field><field var='pubsub#access_model'><value>open</value></field></x></publish-options>`;
    const fields = `<fields xmlns='${NODE}' seqnr='1' done='true'><node nodeId='a'><timestamp value='2026-01-01T00:00:00Z'><string name='Recipe' value='x'/><numeric name='Level' value='1' unit='m'/></timestamp></node></fields>`;
    const publish = async () => {
      juliet.sends(
        iq('pub', 'juliet@localhost', pubsub(`<publish node='${NODE}'><item>${fields}</item></publish>${open}`)),
      );
      await juliet.receives(`<iq type='result' id='pub'/>`);
    };
    await publish();
    for (const [actor, name] of [
      [romeo, 'romeo'],
      [mercutio, 'mercutio'],
    ] as const) {
      actor.sends(iq('sub', 'juliet@localhost', pubsub(`<subscribe node='${NODE}' jid='${name}@localhost/r'/>`)));
      await actor.receives(`<iq type='result' id='sub'/>`);
      const seesAll = name === 'romeo';
      expect((await actor.receives('<message/>')).toString().includes('Recipe')).toBe(seesAll);
      actor.sends(iq('get', 'juliet@localhost', pubsub(`<items node='${NODE}'/>`), 'get'));
      const items = (await actor.receives(`<iq type='result' id='get'/>`)).toString();
      expect(items.includes('Recipe')).toBe(seesAll);
      expect(items).toContain('Level');
    }
    await publish();
    expect((await romeo.receives('<message/>')).toString()).toContain('Recipe');
    const shown = (await mercutio.receives('<message/>')).toString();
    expect(shown).toContain('Level');
    expect(shown).not.toContain('Recipe');
  });

  it('roles of accounts are groups, from one command to the next', async () => {
    await opens({
      'entities.yaml': 'things: { juliet@localhost: {} }',
      'own.cedar': 'permit(principal in Group::"operators", action in Action::"control", resource);',
    });
    const [romeo, juliet, mercutio] = [
      await stage.signIn('romeo'),
      await stage.signIn('juliet'),
      await stage.signIn('mercutio'),
    ];
    await isRefused(mercutio);
    await runs(romeo, 'add-role', { jid: 'mercutio@localhost', role: 'operators' });
    await arrives(mercutio, juliet);
    expect((await runs(romeo, 'list-roles', {})).toString()).toMatch(/mercutio@localhost.*operators.*administrator/s);
    await runs(romeo, 'remove-role', { jid: 'mercutio@localhost', role: 'operators' });
    await isRefused(mercutio);
    for (const [jid, role] of [
      ['nobody@localhost', 'operators'],
      ['mercutio@elsewhere.example', 'operators'],
      ['mercutio@localhost', 'a/b'],
    ] as const) {
      expect((await runs(romeo, 'add-role', { jid, role })).attribute('type')).toBe('error');
    }
    mercutio.sends(
      iq('role', 'localhost', `<command xmlns='http://jabber.org/protocol/commands' node='${GUARD}#add-role'/>`),
    );
    await mercutio.receives(`<iq type='error' id='role'/>`);
  });

  it('how somebody has authenticated counts', async () => {
    await opens({
      'entities.yaml': ENTITIES,
      'own.cedar':
        'forbid(principal, action in Action::"control", resource) when { resource.isGuarded } unless { context.authentication >= 2 };',
    });
    const juliet = await stage.signIn('juliet');
    const romeo = await stage.signIn('romeo');
    await isRefused(romeo);
    expect(juliet).toBeDefined();
  });
});

it('friends of a Thing may be let control it', async () => {
  await opens({
    'entities.yaml': 'things: { juliet@localhost: {} }',
    'own.cedar': 'permit(principal, action in Action::"control", resource) when { context.isFriend };',
  });
  const [romeo, juliet, mercutio] = [
    await stage.present('romeo'),
    await stage.present('juliet'),
    await stage.present('mercutio'),
  ];
  await isRefused(romeo);
  await befriend(romeo, juliet);
  await arrives(romeo, juliet);
  await isRefused(mercutio);
});
