import { COMMANDS, NS, PRE_AUTHENTICATION, REGISTER, REGISTER_FEATURE, TOKEN_REGISTER_FEATURE } from '@thingward/xmpp';
import { afterEach, describe, expect, it } from 'vitest';
import { CREATE_ACCOUNT, type ServerConfigInput } from '../src/index.ts';
import { type Actor, befriend, Stage } from './conversation.ts';

let stage: Stage;
const open = async (auth: ServerConfigInput['auth'], others: Partial<ServerConfigInput> = {}) => {
  stage = await Stage.open({ auth, ...others });
  await stage.server.accounts.add('bard', 'bard');
};
afterEach(() => stage.close());

const query = (content = '') => `<query xmlns='${REGISTER}'>${content}</query>`;
const credentials = (username: string, password = 'Calliope') =>
  query(`<username>${username}</username><password>${password}</password>`);
const error = (condition: string) => `<error><${condition} xmlns='${NS.stanzaErrors}'/></error>`;
const asks = async (actor: Actor, type: 'get' | 'set', content: string) => {
  actor.sends(`<iq type='${type}' id='reg' to='localhost'>${content}</iq>`);
  const answer = await actor.receives(`<iq id='reg'/>`);
  return answer.toString(NS.client);
};
const OK = `<iq type='result' from='localhost' id='reg'/>`;
const stranger = async () => {
  const actor = await stage.connectTls();
  const features = await actor.opens();
  return { actor, features: features.toString() };
};

describe('XEP-0077 open registration', () => {
  it('is told of before authentication alone, and makes an account that can sign in on the same stream', async () => {
    await open({ registration: 'open' });
    const { actor: bill, features } = await stranger();
    expect(features).toContain(`<register xmlns='${REGISTER_FEATURE}'`);
    expect(features).not.toContain(TOKEN_REGISTER_FEATURE);
    bill.sends(`<iq type='get' id='reg1' to='localhost'>${query()}</iq>`);
    const fields = await bill.receives(
      `<iq type='result' id='reg1' from='localhost'>${query('<username/><password/>')}</iq>`,
    );
    expect(fields.child('query', REGISTER)?.child('instructions')?.text).toBe(
      'Choose a username and password for use with this service.',
    );
    expect(fields.child('query', REGISTER)?.child('registered')).toBeUndefined();
    bill.sends(`<iq type='set' id='reg2'>${credentials('Bill')}</iq>`);
    await bill.receives(`<iq type='result' id='reg2'/>`);
    bill.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${btoa('\0bill\0Calliope')}</auth>`);
    await bill.receives(`<success xmlns='${NS.sasl}'/>`);
    bill.restarts();
    expect((await bill.opens()).toString()).not.toContain(REGISTER_FEATURE);
  });

  it('takes a form too', async () => {
    await open({ registration: 'open' });
    const { actor } = await stranger();
    const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
    const form = `<x xmlns='jabber:x:data' type='submit'>${field('FORM_TYPE', REGISTER)}${field('username', 'bill')}${field('password', 'Calliope')}</x>`;
    expect(await asks(actor, 'set', query(form))).toBe(OK);
    expect(await stage.server.accounts.exists('bill')).toBe(true);
  });

  it('refuses a name that is taken, reserved or none, and what is incomplete', async () => {
    await open({ registration: 'open', admins: ['prospero@localhost'] });
    const { actor } = await stranger();
    expect(await asks(actor, 'set', credentials('juliet'))).toContain('<conflict');
    expect(await asks(actor, 'set', credentials('Postmaster'))).toContain('postmaster is reserved');
    expect(await asks(actor, 'set', credentials('prospero'))).toContain('prospero is reserved');
    expect(await asks(actor, 'set', credentials('a@b'))).toContain('<not-acceptable');
    expect(await asks(actor, 'set', credentials('bill', ''))).toContain('<not-acceptable');
    expect(await asks(actor, 'set', query('<password>x</password>'))).toContain('<not-acceptable');
    expect(await asks(actor, 'set', query('<remove/>'))).toContain('<unexpected-request');
    expect(await asks(actor, 'set', query('<remove/><username>bill</username>'))).toContain('<bad-request');
    expect(await stage.server.accounts.exists('bill')).toBe(false);
  });

  it('one account for a stream, and so many attempts for an address', async () => {
    await open({ registration: 'open' }, { limits: { maxRegistrationsPerHour: 3 } });
    const { actor } = await stranger();
    expect(await asks(actor, 'set', credentials('bill'))).toBe(OK);
    expect(await asks(actor, 'set', credentials('will'))).toContain('has registered an account already');
    const { actor: other } = await stranger();
    expect(await asks(other, 'set', credentials('juliet'))).toContain('<conflict');
    expect(await asks(other, 'set', credentials('romeo'))).toContain('<conflict');
    expect(await asks(other, 'set', credentials('will'))).toContain('too many registrations');
    expect(await stage.server.accounts.exists('will')).toBe(false);
  });

  it('needs encryption where authentication does', async () => {
    await open({ registration: 'open', allowPlaintext: false });
    const actor = await stage.connect();
    expect((await actor.opens()).toString()).not.toContain(REGISTER_FEATURE);
    actor.sends(`<iq type='set' id='reg'>${credentials('bill')}</iq>`);
    await actor.isThrownOut('not-authorized');
    expect(await stage.server.accounts.exists('bill')).toBe(false);
  });

  it('everything else before authentication still ends the stream', async () => {
    await open({ registration: 'open' });
    const { actor } = await stranger();
    actor.sends(`<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await actor.isThrownOut('not-authorized');
  });
});

describe('XEP-0077 closed registration', () => {
  it('is not told of, and says so', async () => {
    await open({});
    const { actor, features } = await stranger();
    expect(features).not.toContain(REGISTER_FEATURE);
    expect(await asks(actor, 'get', query())).toContain('<service-unavailable');
    expect(await asks(actor, 'set', credentials('bill'))).toContain('<service-unavailable');
    actor.sends(`<iq type='set' id='t'><preauth xmlns='${PRE_AUTHENTICATION}' token='x'/></iq>`);
    await actor.isThrownOut('not-authorized');
  });

  it('§5 may say where to go instead', async () => {
    await open({ registrationInstructions: 'To register, visit http://www.shakespeare.lit/contests.php' });
    const { actor } = await stranger();
    actor.sends(`<iq type='get' id='reg3'>${query()}</iq>`);
    const answer = await actor.receives(`<iq type='result' id='reg3'/>`);
    expect(answer.child('query', REGISTER)?.elements.map(({ name, text }) => [name, text])).toEqual([
      ['instructions', 'To register, visit http://www.shakespeare.lit/contests.php'],
    ]);
  });
});

describe('XEP-0077 for who has an account, whatever the setting', () => {
  it('says that it is registered', async () => {
    await open({});
    const juliet = await stage.present('juliet');
    juliet.sends(`<iq type='get' id='reg1' to='localhost'>${query()}</iq>`);
    await juliet.receives(
      `<iq type='result' id='reg1'>${query('<registered/><username>juliet</username><password/>')}</iq>`,
    );
  });

  it('§3.3 changes the own password, and no other', async () => {
    await open({});
    const juliet = await stage.present('juliet');
    expect(await asks(juliet, 'set', credentials('juliet', 'newpass'))).toContain(`type='result'`);
    const again = await stage.connectTls();
    await again.authenticates('juliet', 'newpass');
    expect(await asks(juliet, 'set', credentials('romeo', 'newpass'))).toContain('<not-allowed');
    expect(await asks(juliet, 'set', query('<username>juliet</username><password/>'))).toContain('<bad-request');
    expect(await asks(juliet, 'set', query('<password>x</password>'))).toContain('<bad-request');
    const later = await stage.connectTls();
    await later.authenticates('juliet', 'newpass');
  });

  it('§3.2 cancels a registration: the answer, then the end of all sessions and subscriptions', async () => {
    await open({});
    const [romeo, juliet, other] = [
      await stage.present('romeo'),
      await stage.present('juliet'),
      await stage.present('juliet', 'other'),
    ];
    await befriend(romeo, juliet);
    juliet.sends(`<iq type='set' id='unreg1'>${query('<remove/>')}</iq>`);
    await juliet.receives(`<iq type='result' id='unreg1'/>`);
    await juliet.isThrownOut('not-authorized');
    await other.isThrownOut('not-authorized');
    await romeo.receives(`<presence type='unsubscribed' from='juliet@localhost'/>`);
    await expect.poll(() => stage.server.accounts.exists('juliet')).toBe(false);
    const { actor } = await stranger();
    actor.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${btoa('\0juliet\0juliet')}</auth>`);
    await actor.receives(`<failure xmlns='${NS.sasl}'><not-authorized/></failure>`);
  });

  it('an administrator of the configuration stays; nobody cancels for others', async () => {
    await open({ admins: ['bard@localhost'] });
    const [bard, romeo] = [await stage.present('bard'), await stage.present('romeo')];
    expect(await asks(bard, 'set', query('<remove/>'))).toContain('<not-allowed');
    romeo.sends(`<iq type='set' id='x' to='juliet@localhost'>${query('<remove/>')}</iq>`);
    await romeo.receives(`<iq type='error' id='x'>${error('forbidden')}</iq>`);
    expect(await stage.server.accounts.exists('juliet')).toBe(true);
  });
});

describe('XEP-0445 registration with an invitation', () => {
  const invite = async (bard: Actor, fields = '') => {
    const command = (attributes: string, content = '') =>
      `<iq type='set' id='inv' to='localhost'><command xmlns='${COMMANDS}' node='${CREATE_ACCOUNT}' ${attributes}>${content}</command></iq>`;
    bard.sends(command(`action='execute'`));
    const session = (await bard.receives(`<iq type='result' id='inv'/>`))
      .child('command', COMMANDS)
      ?.attribute('sessionid');
    bard.sends(command(`sessionid='${session}'`, `<x xmlns='jabber:x:data' type='submit'>${fields}</x>`));
    const answer = (await bard.receives(`<iq id='inv'/>`)).toString(NS.client);
    return { answer, token: /preauth=([A-Za-z0-9]+)</.exec(answer)?.[1] ?? '' };
  };
  const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
  const preauth = (token: string) => `<preauth xmlns='${PRE_AUTHENTICATION}' token='${token}'/>`;
  const admins = ['bard@localhost'];

  it('is told of; without a token it says what is needed', async () => {
    await open({ registration: 'invite', admins });
    const { actor, features } = await stranger();
    expect(features).toContain(`<register xmlns='${REGISTER_FEATURE}'`);
    expect(features).toContain(`<register xmlns='${TOKEN_REGISTER_FEATURE}'`);
    const answer = await asks(actor, 'get', query());
    expect(answer).toContain('you need an invitation');
    expect(answer).not.toContain('<username');
    expect(await asks(actor, 'set', credentials('bill'))).toContain('<not-allowed');
    expect(await asks(actor, 'set', preauth('TOKEN'))).toContain('<item-not-found');
    expect(await asks(actor, 'set', `<preauth xmlns='${PRE_AUTHENTICATION}'/>`)).toContain('<bad-request');
  });

  it('a token makes one account; trying does not use it up', async () => {
    await open({ registration: 'invite', admins });
    const { answer, token } = await invite(await stage.present('bard'));
    expect(answer).toContain(`<value>xmpp:localhost?register;preauth=${token}</value>`);
    expect(answer).toMatch(/var='expire' type='text-single'><value>\d{4}-/);
    expect(token).toMatch(/^[A-Za-z0-9]{24}$/);
    const { actor } = await stranger();
    expect(await asks(actor, 'set', preauth(token))).toBe(OK);
    expect(await asks(actor, 'set', credentials('juliet'))).toContain('<conflict');
    const { actor: second } = await stranger();
    expect(await asks(second, 'set', preauth(token))).toBe(OK);
    expect(await asks(second, 'get', query())).toContain('<username/>');
    expect(await asks(second, 'set', credentials('bill'))).toBe(OK);
    // Another stream had shown the same token.
    expect(await asks(actor, 'set', credentials('will'))).toContain('the invitation was used already');
    expect(await stage.server.accounts.exists('will')).toBe(false);
    const { actor: third } = await stranger();
    expect(await asks(third, 'set', preauth(token))).toContain('<item-not-found');
  });

  it('a name that is promised is kept, and the invitation is for that name', async () => {
    await open({ registration: 'invite', admins });
    const bard = await stage.present('bard');
    const { answer, token } = await invite(bard, field('username', 'Bill'));
    expect(answer).toContain(`xmpp:bill@localhost?register;preauth=`);
    expect(await stage.server.accounts.exists('bill')).toBe(false);
    expect((await invite(bard, field('username', 'bill'))).answer).toContain('<conflict');
    expect((await invite(bard, field('username', 'juliet'))).answer).toContain('<conflict');
    const other = await invite(bard);
    const { actor: thief } = await stranger();
    await asks(thief, 'set', preauth(other.token));
    expect(await asks(thief, 'set', credentials('bill'))).toContain('bill is reserved');
    const { actor } = await stranger();
    await asks(actor, 'set', preauth(token));
    expect(await asks(actor, 'set', credentials('will'))).toContain('this invitation is for bill');
    expect(await asks(actor, 'set', credentials('bill'))).toBe(OK);
  });

  it('XEP-0401 §4.4: newcomer and inviter may become contacts', async () => {
    await open({ registration: 'invite', admins });
    const bard = await stage.present('bard');
    const { token } = await invite(bard, field('roster-subscription', '1'));
    const { actor } = await stranger();
    await asks(actor, 'set', preauth(token));
    expect(await asks(actor, 'set', credentials('bill'))).toBe(OK);
    await bard.receives(
      `<iq type='set'><query xmlns='${NS.roster}'><item jid='bill@localhost' subscription='both'/></query></iq>`,
    );
    const bill = await stage.connectTls();
    await bill.authenticates('bill', 'Calliope');
    await bill.binds('r');
    expect(await bill.roster()).toEqual(['bard@localhost both']);
  });

  it('administrators alone invite, and not for longer than a year; nobody guesses for long', async () => {
    await open({ registration: 'invite', admins });
    const bard = await stage.present('bard');
    for (const hours of ['0', '99999', 'x']) {
      expect((await invite(bard, field('hours', hours))).answer).toContain('<bad-payload');
    }
    const romeo = await stage.present('romeo');
    romeo.sends(`<iq type='set' id='inv' to='localhost'><command xmlns='${COMMANDS}' node='${CREATE_ACCOUNT}'/></iq>`);
    await romeo.receives(`<iq type='error' id='inv'>${error('forbidden')}</iq>`);
    const { actor } = await stranger();
    for (let i = 0; i < 5; i++) await asks(actor, 'set', preauth(`guess${i}`));
    expect(await asks(actor, 'set', preauth('guess'))).toContain('<policy-violation');
  });
});

describe('XEP-0401 §4.1 invitations of users', () => {
  const runs = async (actor: Actor) => {
    actor.sends(
      `<iq type='set' id='inv' to='localhost'><command xmlns='${COMMANDS}' node='urn:xmpp:invite#invite' action='execute'/></iq>`,
    );
    const answer = (await actor.receives(`<iq id='inv'/>`)).toString(NS.client);
    return { answer, token: /preauth=([A-Za-z0-9]+)/.exec(answer)?.[1] ?? '' };
  };
  const asksToSubscribe = (actor: Actor, token: string) =>
    actor.sends(
      `<presence type='subscribe' to='romeo@localhost'><preauth xmlns='${PRE_AUTHENTICATION}' token='${token}'/></presence>`,
    );

  it('XEP-0379: make a contact at once, once, also of who is away', async () => {
    await open({ userInvitations: 'contact' });
    const romeo = await stage.present('romeo');
    const { answer, token } = await runs(romeo);
    expect(answer).toContain(`<value>xmpp:romeo@localhost?roster;preauth=${token}</value>`);
    expect(answer).toMatch(/var='expire' type='text-single'><value>\d{4}-/);
    const juliet = await stage.present('juliet');
    asksToSubscribe(juliet, token);
    await juliet.receives(`<presence type='subscribed' from='romeo@localhost'/>`);
    await juliet.receives(`<presence type='subscribe' from='romeo@localhost'/>`);
    await romeo.receives(
      `<iq type='set'><query xmlns='${NS.roster}'><item jid='juliet@localhost' subscription='from' ask='subscribe'/></query></iq>`,
    );
    juliet.sends(`<presence type='subscribed' to='romeo@localhost'/>`);
    await romeo.receives(
      `<iq type='set'><query xmlns='${NS.roster}'><item jid='juliet@localhost' subscription='both'/></query></iq>`,
    );
    // It was for one: the next is asked as ever.
    const mercutio = await stage.present('mercutio');
    asksToSubscribe(mercutio, token);
    await romeo.receives(`<presence type='subscribe' from='mercutio@localhost'/>`);
  });

  it('are of one account, and let nobody register', async () => {
    await open({ userInvitations: 'contact', registration: 'invite' });
    const romeo = await stage.present('romeo');
    const juliet = await stage.present('juliet');
    const { token } = await runs(juliet);
    const mercutio = await stage.present('mercutio');
    asksToSubscribe(mercutio, token);
    await romeo.receives(`<presence type='subscribe' from='mercutio@localhost'/>`);
    const { actor } = await stranger();
    expect(await asks(actor, 'set', `<preauth xmlns='${PRE_AUTHENTICATION}' token='${token}'/>`)).toContain(
      '<item-not-found',
    );
  });

  it('may let a newcomer register, who is a contact then', async () => {
    await open({ userInvitations: 'account', registration: 'invite' });
    const romeo = await stage.present('romeo');
    const { answer, token } = await runs(romeo);
    expect(answer).toContain(`?roster;preauth=${token};ibr=y</value>`);
    const { actor } = await stranger();
    expect(await asks(actor, 'set', `<preauth xmlns='${PRE_AUTHENTICATION}' token='${token}'/>`)).toBe(OK);
    expect(await asks(actor, 'set', credentials('bill'))).toBe(OK);
    await romeo.receives(
      `<iq type='set'><query xmlns='${NS.roster}'><item jid='bill@localhost' subscription='both'/></query></iq>`,
    );
  });

  it('are not there until the configuration says so, and are few', async () => {
    await open({});
    const romeo = await stage.present('romeo');
    expect((await runs(romeo)).answer).toContain('<item-not-found');
    await stage.close();
    await open({ userInvitations: 'contact' });
    const again = await stage.present('romeo');
    for (let i = 0; i < 20; i++) expect((await runs(again)).token).not.toBe('');
    expect((await runs(again)).answer).toContain('<resource-constraint');
  });
});

describe('time to register', () => {
  it('people get more of it than programs that sign in, once', async () => {
    await open({ registration: 'open' }, { limits: { authTimeoutMs: 1000 } });
    const [{ actor: slow }, { actor: silent }] = [await stranger(), await stranger()];
    await asks(slow, 'get', query());
    await silent.isThrownOut('connection-timeout');
    expect(await asks(slow, 'set', credentials('bill'))).toBe(OK);
  });
});
