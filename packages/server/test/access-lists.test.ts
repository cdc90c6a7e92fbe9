import { COMMANDS, NS } from '@thingward/xmpp';
import { afterEach, describe, expect, it } from 'vitest';
import { ADMIN } from '../src/index.ts';
import { type Actor, befriend, Stage } from './conversation.ts';

const BRIDGE = 'bridge.localhost';
const components = { [BRIDGE]: 'secret', 'elsewhere.example': 'secret' };
const listen = { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', component: '127.0.0.1:0', http: '127.0.0.1:0' };

let stage: Stage;
let bard: Actor;
afterEach(() => stage.close());

const opens = async (more: Partial<Parameters<typeof Stage.open>[0]> = {}) => {
  stage = await Stage.open({ auth: { allowPlaintext: true, admins: ['bard@localhost'] }, components, listen, ...more });
  await stage.server.accounts.add('bard', 'bard');
  bard = await stage.present('bard');
};
/** Makes these all that are on the list. @returns the answer */
const edits = async (list: 'blacklist' | 'whitelist', ...addresses: string[]) => {
  const node = `${ADMIN}#edit-${list}`;
  bard.sends(`<iq type='set' to='localhost' id='a'><command xmlns='${COMMANDS}' node='${node}'/></iq>`);
  const form = await bard.receives(`<iq type='result' id='a'/>`);
  const session = form.child('command', COMMANDS)?.attribute('sessionid');
  const values = addresses.map((address) => `<value>${address}</value>`).join('');
  bard.sends(
    `<iq type='set' to='localhost' id='b'><command xmlns='${COMMANDS}' node='${node}' sessionid='${session}'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${ADMIN}</value></field><field var='${list}jids'>${values}</field></x></command></iq>`,
  );
  return { form: form.toString(NS.client), answer: (await bard.receives(`<iq id='b'/>`)).toString(NS.client) };
};
const hello = (to: string, id: string, from = '') =>
  `<message to='${to}' ${from} id='${id}'><body>hello</body></message>`;
const refused = (id: string) =>
  `<message type='error' id='${id}'><error type='cancel'><not-allowed xmlns='${NS.stanzaErrors}'/></error></message>`;

describe('XEP-0133 §4.11 the blacklist', () => {
  it('shows who is on it, and takes addresses of any form, each once', async () => {
    await opens();
    expect((await edits('blacklist', 'spam.example', 'a@b.example', 'SPAM.example')).answer).toContain('completed');
    expect((await edits('blacklist')).form).toContain('<value>a@b.example</value><value>spam.example</value>');
    expect((await edits('blacklist', 'x@y.example/z')).form).toContain(`label='The blacklist'/>`);
  });

  it('keeps an account of ours from others and from services, but not from the server and itself', async () => {
    await opens();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    const other = await stage.present('romeo', 'other');
    await edits('blacklist', 'romeo@localhost');
    for (const [actor, to] of [
      [romeo, 'juliet@localhost/r'],
      [romeo, 'juliet@localhost'],
      [romeo, `plc@${BRIDGE}`],
      [juliet, 'romeo@localhost'],
      [juliet, 'romeo@localhost/r'],
    ] as const) {
      actor.sends(hello(to, to));
      await actor.receives(refused(to));
    }
    romeo.sends(hello('romeo@localhost/other', 'own'));
    await other.receives(`<message id='own'/>`);
    romeo.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq type='result' id='p'/>`);
    romeo.sends(`<iq type='get' id='q' to='juliet@localhost/r'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq type='error' id='q'/>`);
    await juliet.doesNotReceive('<iq/>');
    await edits('blacklist');
    romeo.sends(hello('juliet@localhost/r', 'again'));
    await juliet.receives(`<message id='again' from='romeo@localhost/r'/>`);
  });

  it('lets neither presence nor requests to subscribe through, and says nothing of that', async () => {
    await opens();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    await befriend(romeo, juliet);
    await edits('blacklist', 'romeo@localhost');
    romeo.sends(`<presence><show>away</show></presence>`);
    await romeo.receives(`<presence from='romeo@localhost/r'><show>away</show></presence>`);
    await juliet.doesNotReceive(`<presence from='romeo@localhost/r'><show>away</show></presence>`);
    const mercutio = await stage.present('mercutio');
    romeo.sends(`<presence type='subscribe' to='mercutio@localhost'/>`);
    mercutio.sends(`<presence type='subscribe' to='romeo@localhost'/>`);
    await mercutio.doesNotReceive(`<presence type='subscribe'/>`);
    await romeo.doesNotReceive(`<presence/>`);
  });

  it('names one resource, one address, the resources of a domain or all of it', async () => {
    await opens();
    const [romeo, far] = [await stage.present('romeo'), await stage.component(2, 'elsewhere.example', 'secret')];
    for (const [entry, blocked, free] of [
      ['a@elsewhere.example/1', 'a@elsewhere.example/1', 'a@elsewhere.example/2'],
      ['a@elsewhere.example', 'a@elsewhere.example/2', 'b@elsewhere.example/2'],
      ['elsewhere.example/1', 'b@elsewhere.example/1', 'b@elsewhere.example/2'],
      ['elsewhere.example', 'b@elsewhere.example', undefined],
    ] as const) {
      await edits('blacklist', entry);
      far.sends(hello('romeo@localhost/r', `${entry} blocked`, `from='${blocked}'`));
      expect((await far.next()).toString()).toContain('<not-allowed');
      romeo.sends(hello(blocked, entry));
      await romeo.receives(refused(entry));
      if (!free) continue;
      far.sends(hello('romeo@localhost/r', `${entry} free`, `from='${free}'`));
      await romeo.receives(`<message id='${entry} free'/>`);
    }
    await romeo.doesNotReceive('<message/>');
  });

  it('keeps somebody elsewhere from services too, and their results from our users', async () => {
    await opens();
    const [far, bridge] = [
      await stage.component(2, 'elsewhere.example', 'secret'),
      await stage.component(2, BRIDGE, 'secret'),
    ];
    await edits('blacklist', 'mallory@elsewhere.example');
    far.sends(hello(BRIDGE, '1', `from='mallory@elsewhere.example'`));
    expect((await far.next()).attribute('type')).toBe('error');
    bridge.sends(`<iq type='result' id='2' from='${BRIDGE}' to='mallory@elsewhere.example'/>`);
    far.sends(hello(BRIDGE, '3', `from='alice@elsewhere.example'`));
    expect((await bridge.next()).attribute('id')).toBe('3');
    bridge.sends(hello('alice@elsewhere.example', '4', `from='${BRIDGE}'`));
    expect((await far.next()).attribute('id')).toBe('4');
  });

  it('holds neither this server nor an administrator, and no more than a thousand', async () => {
    await opens();
    expect((await edits('blacklist', 'localhost')).answer).toContain('<not-allowed');
    expect((await edits('blacklist', 'bard@localhost/home')).answer).toContain('bard@localhost is an administrator');
    const many = Array.from({ length: 1001 }, (_, i) => `a${i}@spam.example`);
    expect((await edits('blacklist', ...many)).answer).toContain(`type='error'`);
    expect((await edits('blacklist', '@')).answer).toContain('<jid-malformed');
    expect((await edits('blacklist')).form).toContain(`label='The blacklist'/>`);
  });

  it('holds after a restart, from the first stanza on', async () => {
    await opens();
    await edits('blacklist', 'romeo@localhost');
    await stage.server.stop();
    await stage.start();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    romeo.sends(hello('juliet@localhost/r', '1'));
    await romeo.receives(refused('1'));
    await juliet.doesNotReceive('<message/>');
  });

  it('stops data that goes past the router, too', async () => {
    await opens({ workers: 2 });
    const [romeo, juliet] = [await stage.signIn('romeo'), await stage.signIn('juliet')];
    const data = (id: string) =>
      `<message to='juliet@localhost/r' id='${id}'><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'/></message>`;
    romeo.sends(data('1'));
    await juliet.receives(`<message id='1'/>`);
    await edits('blacklist', 'romeo@localhost');
    romeo.sends(data('2'));
    await romeo.receives(refused('2'));
    await edits('blacklist', 'juliet@localhost');
    romeo.sends(data('3'));
    await romeo.receives(refused('3'));
    await edits('blacklist');
    romeo.sends(data('4'));
    await juliet.receives(`<message id='4'/>`);
  });
});

describe('XEP-0133 §4.12 the whitelist', () => {
  it('leaves those on it alone, beside all that is served here', async () => {
    await opens();
    const [romeo, juliet] = [await stage.present('romeo'), await stage.present('juliet')];
    const bridge = await stage.component(2, BRIDGE, 'secret');
    await edits('whitelist', 'friend.example');
    romeo.sends(hello('juliet@localhost/r', '1'));
    await juliet.receives(`<message id='1'/>`);
    romeo.sends(hello(`plc@${BRIDGE}`, '2'));
    expect((await bridge.next()).attribute('id')).toBe('2');
    romeo.sends(hello('tybalt@foe.example', '3'));
    await romeo.receives(refused('3'));
    romeo.sends(hello('benvolio@friend.example', '4'));
    await romeo.receives(
      `<message type='error' id='4'><error><remote-server-not-found xmlns='${NS.stanzaErrors}'/></error></message>`,
    );
    await edits('blacklist', 'benvolio@friend.example');
    romeo.sends(hello('benvolio@friend.example', '5'));
    await romeo.receives(refused('5'));
  });
});
