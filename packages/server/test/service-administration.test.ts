import { COMMANDS, DISCO_INFO, DISCO_ITEMS, NS } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Accounts, ADMIN, openServerDatabase } from '../src/index.ts';
import { type Actor, befriend, Stage } from './conversation.ts';

let stage: Stage;
let bard: Actor;
const done: string[] = [];
beforeEach(async () => {
  done.length = 0;
  stage = await Stage.open(
    { auth: { allowPlaintext: true, admins: ['bard@localhost'] } },
    { serviceControl: { perform: (what) => done.push(what) } },
  );
  await stage.server.accounts.add('bard', 'bard');
  bard = await stage.present('bard', 'globe');
});
afterEach(() => stage.close());

const x = (fields: string, type = 'submit') =>
  `<x xmlns='jabber:x:data' type='${type}'><field var='FORM_TYPE'><value>${ADMIN}</value></field>${fields}</x>`;
const field = (name: string, ...values: string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;
const command = (name: string, attributes: string, content = '') =>
  `<command xmlns='${COMMANDS}' node='${ADMIN}#${name}'${attributes}>${content}</command>`;
const completed = (name: string, content = '') => command(name, ` status='completed'`, content);
const error = (condition: string) => `<error><${condition} xmlns='${NS.stanzaErrors}'/></error>`;

/** Begins a command. @returns the answer */
const begins = async (actor: Actor, name: string) => {
  actor.sends(`<iq type='set' to='localhost' id='${name}-1' xml:lang='en'>${command(name, ` action='execute'`)}</iq>`);
  return actor.receives(`<iq id='${name}-1'/>`);
};
/** Begins a command, takes its form and submits these fields. @returns the answer */
const runs = async (actor: Actor, name: string, fields: string) => {
  const form = await begins(actor, name);
  const session = form.child('command', COMMANDS)?.attribute('sessionid');
  if (session === undefined) throw new Error(`no form: ${form.toString(NS.client)}`);
  actor.sends(
    `<iq type='set' to='localhost' id='${name}-2'>${command(name, ` sessionid='${session}'`, x(fields))}</iq>`,
  );
  return actor.receives(`<iq id='${name}-2'/>`);
};
const text = (element: { toString(namespace?: string): string }) => element.toString(NS.client);
/** Nodes of the commands somebody is told of. */
const offered = async (actor: Actor) => {
  actor.sends(`<iq type='get' to='localhost' id='list'><query xmlns='${DISCO_ITEMS}' node='${COMMANDS}'/></iq>`);
  const answer = await actor.receives(
    `<iq type='result' id='list'><query xmlns='${DISCO_ITEMS}' node='${COMMANDS}'/></iq>`,
  );
  return answer.child('query', DISCO_ITEMS)?.elements.map((item) => item.attribute('node') ?? '') ?? [];
};

describe('XEP-0133 §3 Discovery', () => {
  it('administrators are told of the commands there are, others of none', async () => {
    const nodes = await offered(bard);
    expect(nodes.filter((node) => node.startsWith(ADMIN)).map((node) => node.slice(ADMIN.length + 1))).toEqual([
      'add-user',
      'delete-user',
      'disable-user',
      'reenable-user',
      'end-user-session',
      'change-user-password',
      'get-user-roster',
      'get-user-lastlogin',
      'user-stats',
      'edit-blacklist',
      'edit-whitelist',
      'get-registered-users-num',
      'get-registered-users-list',
      'get-disabled-users-num',
      'get-disabled-users-list',
      'get-online-users-num',
      'get-online-users-list',
      'get-active-users-num',
      'get-active-users',
      'get-idle-users-num',
      'get-idle-users',
      'announce',
      'set-motd',
      'set-welcome',
      'edit-admin',
      'restart',
      'shutdown',
    ]);
    const romeo = await stage.present('romeo');
    expect(await offered(romeo)).toEqual([]);
  });

  it('a command says what it is, to those who may run it', async () => {
    const ask = `<iq type='get' to='localhost' id='i'><query xmlns='${DISCO_INFO}' node='${ADMIN}#announce'/></iq>`;
    bard.sends(ask);
    await bard.receives(
      `<iq type='result' id='i'><query xmlns='${DISCO_INFO}' node='${ADMIN}#announce'><identity category='automation' type='command-node' name='Send Announcement to Online Users'/><feature var='${COMMANDS}'/><feature var='jabber:x:data'/></query></iq>`,
    );
    bard.sends(`<iq type='get' to='localhost' id='j'><query xmlns='${DISCO_INFO}' node='${COMMANDS}'/></iq>`);
    await bard.receives(
      `<iq type='result' id='j'><query xmlns='${DISCO_INFO}' node='${COMMANDS}'><identity category='automation' type='command-list'/></query></iq>`,
    );
    const romeo = await stage.present('romeo');
    romeo.sends(ask);
    await romeo.receives(`<iq type='error' id='i'>${error('forbidden')}</iq>`);
  });

  it('each command that is offered begins with a form or its result, and with forbidden for others', async () => {
    const romeo = await stage.present('romeo');
    for (const node of (await offered(bard)).filter((each) => each.startsWith(ADMIN))) {
      const name = node.slice(ADMIN.length + 1);
      const state = (await begins(bard, name)).child('command', COMMANDS);
      expect([name, state?.attribute('status')]).toEqual([name, name.endsWith('-num') ? 'completed' : 'executing']);
      const session = state?.attribute('sessionid');
      if (state?.attribute('status') === 'executing') {
        expect(state.child('actions')?.attribute('execute')).toBe('complete');
        bard.sends(
          `<iq type='set' to='localhost' id='c'>${command(name, ` action='cancel' sessionid='${session}'`)}</iq>`,
        );
        await bard.receives(
          `<iq type='result' id='c'>${command(name, ` status='canceled' sessionid='${session}'`)}</iq>`,
        );
      }
      expect([name, text(await begins(romeo, name))]).toEqual([name, expect.stringContaining('<forbidden')]);
    }
  });

  it('what is not offered is refused', async () => {
    for (const name of ['get-user-password', 'add-to-blacklist-in', 'delete-motd', 'edit-motd', 'delete-welcome']) {
      expect(text(await begins(bard, name))).toContain('<item-not-found');
    }
  });
});

describe('XEP-0133 accounts', () => {
  it('§4.1 adds a user, who can sign in', async () => {
    const form = await begins(bard, 'add-user');
    expect(text(form)).toContain(`<field var='accountjid' type='jid-single'`);
    const fields = (name: string, password: string, again = password) =>
      field('accountjid', name) + field('password', password) + field('password-verify', again);
    const answer = await runs(bard, 'add-user', fields('tybalt@localhost', 'R0m30'));
    expect(answer.attribute('type')).toBe('result');
    const tybalt = await stage.connectTls();
    await tybalt.authenticates('tybalt', 'R0m30');
    expect(text(await runs(bard, 'add-user', fields('tybalt@localhost', 'x')))).toContain('<conflict');
    expect(text(await runs(bard, 'add-user', fields('paris@localhost', 'x', 'y')))).toContain(
      'the two passwords differ',
    );
    expect(text(await runs(bard, 'add-user', fields('paris@elsewhere.org', 'x')))).toContain('<not-acceptable');
    expect(text(await runs(bard, 'add-user', field('accountjid', 'paris@localhost')))).toContain(
      `<bad-payload xmlns='${COMMANDS}'`,
    );
    expect(text(await runs(bard, 'add-user', fields('@@', 'x')))).toContain('<jid-malformed');
  });

  it('§4.2 deletes a user with its sessions and subscriptions', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    await runs(bard, 'delete-user', field('accountjids', 'juliet@localhost'));
    await juliet.isThrownOut('not-authorized');
    await romeo.receives(`<presence type='unavailable' from='juliet@localhost/r'/>`);
    await romeo.receives(`<presence type='unsubscribed' from='juliet@localhost'/>`);
    expect(await stage.server.accounts.exists('juliet')).toBe(false);
    expect(await romeo.roster()).toEqual(['juliet@localhost none']);
    expect(text(await runs(bard, 'delete-user', field('accountjids', 'juliet@localhost')))).toContain(
      '<item-not-found',
    );
    expect(text(await runs(bard, 'delete-user', field('accountjids', 'bard@localhost')))).toContain('<not-allowed');
  });

  it('§4.3, §4.4 disables a user, whose data stay, and enables it again', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    await runs(bard, 'disable-user', field('accountjids', 'juliet@localhost'));
    await juliet.isThrownOut('policy-violation');
    const again = await stage.connectTls();
    await again.opens();
    again.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${btoa('\0juliet\0juliet')}</auth>`);
    await again.receives(`<failure xmlns='${NS.sasl}'><account-disabled/></failure>`);
    // Whether an account is disabled is told to those alone who know its password.
    again.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${btoa('\0juliet\0guess')}</auth>`);
    await again.receives(`<failure xmlns='${NS.sasl}'><not-authorized/></failure>`);
    expect(text(await begins(bard, 'get-disabled-users-num'))).toContain('<value>1</value>');
    expect(text(await runs(bard, 'get-disabled-users-list', ''))).toContain('<value>juliet@localhost</value>');
    await runs(bard, 'reenable-user', field('accountjids', 'juliet@localhost'));
    const back = await stage.present('juliet');
    expect(await back.roster()).toEqual(['romeo@localhost both']);
  });

  it('a stream that has authenticated and binds after its account was disabled gets nowhere', async () => {
    const juliet = await stage.connectTls();
    await juliet.authenticates('juliet', 'juliet');
    await runs(bard, 'disable-user', field('accountjids', 'juliet@localhost'));
    await juliet.opens();
    juliet.sends(`<iq type='set' id='bind'><bind xmlns='${NS.bind}'/></iq>`);
    await juliet.receives(`<iq type='error' id='bind'>${error('not-allowed')}</iq>`);
  });

  it('§4.5 ends one session of a user, or all', async () => {
    const [home, work] = [await stage.present('juliet', 'home'), await stage.present('juliet', 'work')];
    await runs(bard, 'end-user-session', field('accountjids', 'juliet@localhost/home'));
    await home.isThrownOut('policy-violation');
    await work.doesNotReceive('<message/>');
    const other = await stage.present('juliet', 'other');
    const answer = await runs(bard, 'end-user-session', field('accountjids', 'juliet@localhost'));
    expect(text(answer)).toContain('2 sessions were ended');
    await work.isThrownOut('policy-violation');
    await other.isThrownOut('policy-violation');
    await stage.present('juliet', 'again');
  });

  it('§4.7 changes a password', async () => {
    await runs(bard, 'change-user-password', field('accountjid', 'juliet@localhost') + field('password', 'n3w'));
    const juliet = await stage.connectTls();
    await juliet.authenticates('juliet', 'n3w');
    const unknown = field('accountjid', 'nobody@localhost') + field('password', 'n3w');
    expect(text(await runs(bard, 'change-user-password', unknown))).toContain('<item-not-found');
    const session = field('accountjid', 'juliet@localhost/r') + field('password', 'n3w');
    expect(text(await runs(bard, 'change-user-password', session))).toContain('<not-acceptable');
  });

  it('§4.8 shows a roster', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    const answer = await runs(bard, 'get-user-roster', field('accountjids', 'juliet@localhost'));
    expect(text(answer)).toContain(`<query xmlns='jabber:iq:roster'><item jid='romeo@localhost' subscription='both'/>`);
  });

  it('§4.9 tells when somebody last signed in, also after a restart', async () => {
    const before = Date.now();
    await stage.present('juliet');
    const told = async () => {
      const answer = text(await runs(bard, 'get-user-lastlogin', field('accountjids', 'juliet@localhost')));
      return new Date(/var='lastlogin'><value>([^<]+)</.exec(answer)?.[1] ?? '').getTime();
    };
    const time = await told();
    expect(time).toBeGreaterThanOrEqual(before);
    expect(text(await runs(bard, 'get-user-lastlogin', field('accountjids', 'mercutio@localhost')))).not.toContain(
      'Z</value>',
    );
    await stage.server.stop();
    await stage.start();
    bard = await stage.present('bard', 'globe');
    expect(await told()).toBe(time);
  });

  it('§4.10 gathers statistics', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet', 'balcony')];
    await befriend(romeo, juliet);
    const answer = text(await runs(bard, 'user-stats', field('accountjid', 'juliet@localhost')));
    expect(answer).toContain(field('ipaddresses', '127.0.0.1'));
    expect(answer).toContain(field('rostersize', '1'));
    expect(answer).toContain(field('onlineresources', 'balcony'));
    expect(answer).toContain(field('loginsperminute', '0.02'));
  });
});

describe('accounts that another process changes', () => {
  it('a removed one is sent away, and who has its name next finds nothing of it', async () => {
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    juliet.sends(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='iago@localhost'/></block></iq>`);
    await juliet.receives(`<iq type='result' id='b'/>`);
    const elsewhere = await openServerDatabase({ storage: 'sqlite', dataDir: stage.directory });
    const accounts = new Accounts(elsewhere.query, 'localhost');
    await accounts.remove('juliet');
    await accounts.add('juliet', 'another');
    const other = await stage.connectTls();
    await other.authenticates('juliet', 'another');
    await other.binds('other');
    expect(await other.roster()).toEqual([]);
    await juliet.isThrownOut('not-authorized');
    other.sends(`<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>`);
    expect(text(await other.receives(`<iq type='result' id='l'/>`))).not.toContain('iago');
    await elsewhere.close();
  });

  it('is noticed without anybody signing in', async () => {
    const juliet = await stage.present('juliet');
    const elsewhere = await openServerDatabase({ storage: 'sqlite', dataDir: stage.directory });
    await new Accounts(elsewhere.query, 'localhost').remove('juliet');
    await juliet.isThrownOut('not-authorized');
    await elsewhere.close();
  });
});

describe('XEP-0133 how many there are, and who', () => {
  it('§4.13, §4.18 registered users, as many as are asked for', async () => {
    expect(text(await begins(bard, 'get-registered-users-num'))).toContain('<value>4</value>');
    const answer = text(await runs(bard, 'get-registered-users-list', field('max_items', '100')));
    expect(answer).toContain(
      ['bard', 'juliet', 'mercutio', 'romeo'].map((name) => `<value>${name}@localhost</value>`).join(''),
    );
    expect(text(await runs(bard, 'get-registered-users-list', field('max_items', '7')))).toContain('<bad-payload');
    for (let i = 0; i < 25; i++) await stage.server.accounts.add(`extra${i}`, 'x');
    const cut = text(await runs(bard, 'get-registered-users-list', field('max_items', '25')));
    expect(cut.split('@localhost</value>').length - 1).toBe(25);
    expect(cut).toContain('there are more than are shown');
  });

  it('§4.15 to §4.17 online, active and idle users', async () => {
    const romeo = await stage.present('romeo');
    await stage.present('romeo', 'second');
    const number = async (kind: string) =>
      /<value>(\d+)<\/value><\/field><\/x>/.exec(text(await begins(bard, `get-${kind}-users-num`)))?.[1];
    expect([await number('online'), await number('active'), await number('idle')]).toEqual(['2', '2', '0']);
    const juliet = await stage.present('juliet');
    juliet.sends(`<inactive xmlns='urn:xmpp:csi:0'/>`);
    await juliet.doesNotReceive('<message/>');
    expect([await number('online'), await number('active'), await number('idle')]).toEqual(['3', '2', '1']);
    expect(text(await runs(bard, 'get-idle-users', ''))).toContain('<value>juliet@localhost</value>');
    expect(text(await runs(bard, 'get-active-users', ''))).not.toContain('juliet@localhost');
    romeo.leaves();
  });
});

describe('XEP-0133 what is said to users', () => {
  it('§4.23 an announcement reaches each session that is available, once', async () => {
    const [home, work] = [await stage.present('juliet', 'home'), await stage.present('juliet', 'work', -1)];
    const silent = await stage.signIn('romeo');
    const answer = await runs(bard, 'announce', field('announcement', 'Attention!', 'The play begins.'));
    expect(text(answer)).toContain('2 users were told');
    for (const actor of [home, work]) {
      await actor.receives(
        `<message type='headline' from='localhost'><body>Attention!\nThe play begins.</body></message>`,
      );
    }
    await silent.doesNotReceive('<message/>');
    expect(text(await runs(bard, 'announce', ''))).toContain('<bad-payload');
  });

  it('§4.24 to §4.26 a message of the day reaches everybody once, also after a restart, until it is deleted', async () => {
    const juliet = await stage.present('juliet');
    await runs(bard, 'set-motd', field('motd', 'The Globe reopens.'));
    const motd = (text: string) => `<message type='headline' from='localhost'><body>${text}</body></message>`;
    await juliet.receives(motd('The Globe reopens.'));
    expect(text(await begins(bard, 'edit-motd'))).toContain('<value>The Globe reopens.</value>');
    await runs(bard, 'edit-motd', field('motd', 'The Globe reopens tomorrow.'));
    await juliet.doesNotReceive('<message/>');
    await stage.server.stop();
    await stage.start();
    const again = await stage.present('juliet');
    await again.doesNotReceive('<message/>');
    const romeo = await stage.present('romeo');
    await romeo.receives(motd('The Globe reopens tomorrow.'));
    bard = await stage.present('bard', 'globe');
    expect((await begins(bard, 'delete-motd')).child('command', COMMANDS)?.attribute('status')).toBe('completed');
    const mercutio = await stage.present('mercutio');
    await mercutio.doesNotReceive('<message/>');
  });

  it('§4.27, §4.28 a welcome reaches those who come for the first time', async () => {
    const old = await stage.signIn('romeo');
    old.leaves();
    await runs(bard, 'set-welcome', field('welcome', 'Welcome to the Globe.'));
    await (await stage.present('romeo')).doesNotReceive('<message/>');
    const juliet = await stage.present('juliet');
    await juliet.receives(`<message type='headline' from='localhost'><body>Welcome to the Globe.</body></message>`);
    await (await stage.present('juliet', 'again')).doesNotReceive('<message/>');
    await begins(bard, 'delete-welcome');
    await (await stage.present('mercutio')).doesNotReceive('<message/>');
  });
});

describe('XEP-0133 the service', () => {
  it('§4.29 an administrator makes others, but can’t unmake those of the configuration, nor itself', async () => {
    expect(text(await begins(bard, 'edit-admin'))).toContain('<value>bard@localhost</value>');
    await runs(bard, 'edit-admin', field('adminjids', 'bard@localhost', 'juliet@localhost'));
    const juliet = await stage.present('juliet');
    expect((await offered(juliet)).length).toBeGreaterThan(20);
    expect(text(await runs(juliet, 'edit-admin', field('adminjids', 'juliet@localhost')))).toContain('<not-allowed');
    expect(text(await runs(juliet, 'edit-admin', field('adminjids', 'bard@localhost')))).toContain('<not-acceptable');
    expect(text(await runs(bard, 'edit-admin', field('adminjids', 'bard@localhost', 'x@localhost')))).toContain(
      '<item-not-found',
    );
    await runs(bard, 'edit-admin', field('adminjids', 'bard@localhost'));
    expect(await offered(juliet)).toEqual([]);
  });

  it('who has the name of a former administrator next is none', async () => {
    await runs(bard, 'edit-admin', field('adminjids', 'bard@localhost', 'juliet@localhost'));
    await runs(bard, 'delete-user', field('accountjids', 'juliet@localhost'));
    await stage.server.accounts.add('juliet', 'juliet');
    expect(await offered(await stage.present('juliet'))).toEqual([]);
  });

  it.each(['restart', 'shutdown'])('§4.30, §4.31 %s, after telling everybody', async (what) => {
    const juliet = await stage.present('juliet');
    const answer = await runs(bard, what, field('delay', '0') + field('announcement', 'Please log off now.'));
    expect(answer.attribute('type')).toBe('result');
    await juliet.receives(`<message type='headline' from='localhost'><body>Please log off now.</body></message>`);
    await expect.poll(() => done, { timeout: 3000 }).toEqual([what]);
    expect(text(await runs(bard, what, field('delay', '31')))).toContain('<bad-payload');
  });

  it('where nobody can end the process, neither is offered', async () => {
    const other = await Stage.open({ auth: { allowPlaintext: true, admins: ['romeo@localhost'] } });
    try {
      const nodes = await offered(await other.present('romeo'));
      expect(nodes).toContain(`${ADMIN}#add-user`);
      expect(nodes.filter((node) => /restart|shutdown/.test(node))).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

describe('XEP-0050 over a stream', () => {
  it('answers what is out of order with the conditions of the specification', async () => {
    const sends = async (content: string) => {
      bard.sends(`<iq type='set' to='localhost' id='e'>${content}</iq>`);
      return text(await bard.receives(`<iq id='e'/>`));
    };
    expect(await sends(`<command xmlns='${COMMANDS}' node='nothing'/>`)).toContain('<item-not-found');
    expect(await sends(command('announce', ` action='explode'`))).toContain(`<malformed-action xmlns='${COMMANDS}'`);
    expect(await sends(command('announce', ` action='next'`))).toContain(`<bad-action xmlns='${COMMANDS}'`);
    expect(await sends(command('announce', ` sessionid='mine'`, x('')))).toContain(
      `<bad-sessionid xmlns='${COMMANDS}'`,
    );
    const end = completed('get-online-users-num');
    bard.sends(`<iq type='set' to='localhost' id='n'>${command('get-online-users-num', '')}</iq>`);
    const session = (await bard.receives(`<iq type='result' id='n'>${end}</iq>`))
      .child('command', COMMANDS)
      ?.attribute('sessionid');
    expect(await sends(command('get-online-users-num', ` sessionid='${session}'`, x('')))).toContain(
      `<session-expired xmlns='${COMMANDS}'`,
    );
  });
});
