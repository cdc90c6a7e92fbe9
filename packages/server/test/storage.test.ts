import { NS, PRIVATE_STORAGE, ROSTER_VERSIONING, VCARD_TEMP } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, befriend, rosterSet, Stage } from './conversation.ts';

let stage: Stage;
let romeo: Actor;
let juliet: Actor;
beforeAll(async () => {
  stage = await Stage.open();
  romeo = await stage.present('romeo');
  juliet = await stage.present('juliet');
});
afterAll(() => stage.close());

const asks = async (actor: Actor, type: string, content: string, to = '') => {
  const id = `q${Math.random()}`;
  actor.sends(`<iq type='${type}' id='${id}'${to && ` to='${to}'`}>${content}</iq>`);
  return actor.receives(`<iq id='${id}'/>`);
};
const data = (content: string) => `<query xmlns='${PRIVATE_STORAGE}'>${content}</query>`;

describe('XEP-0049 Private XML Storage', () => {
  const prefs = `<exodus xmlns='exodus:prefs'><defaultnick>Hamlet</defaultnick></exodus>`;

  it('gives back what was stored, to its owner alone, also after a restart', async () => {
    expect((await asks(romeo, 'get', data(`<exodus xmlns='exodus:prefs'/>`))).toString()).toContain(
      `<exodus xmlns='exodus:prefs'/>`,
    );
    expect((await asks(romeo, 'set', data(prefs))).attribute('type')).toBe('result');
    expect((await asks(romeo, 'get', data(`<exodus xmlns='exodus:prefs'/>`))).toString()).toContain(prefs);
    expect((await asks(juliet, 'get', data(`<exodus xmlns='exodus:prefs'/>`))).toString()).not.toContain('Hamlet');
    const spied = await asks(juliet, 'get', data(`<exodus xmlns='exodus:prefs'/>`), 'romeo@localhost');
    expect(spied.child('error')?.child('forbidden', NS.stanzaErrors)).toBeDefined();
  });

  it('several elements of one namespace are one', async () => {
    await asks(romeo, 'set', data(`<a xmlns='urn:a'>1</a><a xmlns='urn:a'>2</a><b xmlns='urn:a'/>`));
    const [query] = (await asks(romeo, 'get', data(`<a xmlns='urn:a'/>`))).elements;
    expect(query?.elements.map(({ text }) => text)).toEqual(['1', '2']);
  });

  it.each([
    ['', 'bad-request'],
    [`<a xmlns='jabber:iq:roster'/>`, 'not-acceptable'],
    [`<a/>`, 'not-acceptable'],
    [`<vCard xmlns='vcard-temp'/>`, 'not-acceptable'],
    [`<a xmlns='urn:a'/><b xmlns='urn:b'/>`, 'not-acceptable'],
  ])('a request for %j is refused with %s', async (content, condition) => {
    const answer = await asks(romeo, 'get', data(content));
    expect(answer.child('error')?.child(condition, NS.stanzaErrors)).toBeDefined();
  });
});

describe('XEP-0054 vcard-temp', () => {
  const empty = `<vCard xmlns='${VCARD_TEMP}'/>`;
  const card = `<vCard xmlns='${VCARD_TEMP}'><FN>Romeo Montague</FN></vCard>`;

  it('is written by its owner and read by anybody', async () => {
    expect((await asks(romeo, 'get', empty)).child('error')?.child('item-not-found', NS.stanzaErrors)).toBeDefined();
    expect((await asks(romeo, 'set', card)).attribute('type')).toBe('result');
    expect((await asks(romeo, 'get', empty)).toString()).toContain('Romeo Montague');
    expect((await asks(juliet, 'get', empty, 'romeo@localhost')).toString()).toContain('Romeo Montague');
    const refused = await asks(juliet, 'set', card, 'romeo@localhost');
    expect(refused.child('error')?.child('forbidden', NS.stanzaErrors)).toBeDefined();
  });

  it('does not tell who exists', async () => {
    for (const name of ['mercutio', 'nobody']) {
      const answer = await asks(juliet, 'get', empty, `${name}@localhost`);
      expect(answer.child('error')?.child('service-unavailable', NS.stanzaErrors)).toBeDefined();
    }
  });
});

describe('roster versions (RFC 6121 §2.6, XEP-0237)', () => {
  const get = async (version?: string) => {
    const answer = await asks(
      romeo,
      'get',
      `<query xmlns='${NS.roster}'${version === undefined ? '' : ` ver='${version}'`}/>`,
    );
    return answer.child('query', NS.roster);
  };

  it('are offered', async () => {
    const actor = await stage.connectTls();
    await actor.authenticates('romeo', 'romeo');
    expect((await actor.opens()).child('ver', ROSTER_VERSIONING)).toBeDefined();
  });

  it('tell whether anything has changed', async () => {
    await befriend(romeo, juliet);
    expect((await get())?.attribute('ver')).toBeUndefined();
    const version = (await get(''))?.attribute('ver') ?? '';
    expect(version).not.toBe('');
    expect(await get(version)).toBeUndefined();
    romeo.sends(rosterSet('name', `<item jid='juliet@localhost' name='J'/>`));
    const push = await romeo.receives(`<iq type='set'><query xmlns='${NS.roster}'><item name='J'/></query></iq>`);
    const newer = push.child('query', NS.roster)?.attribute('ver') ?? '';
    expect(newer).not.toBe(version);
    const roster = await get(version);
    expect(roster?.elements).toHaveLength(1);
    expect(roster?.attribute('ver')).toBe(newer);
    expect(await get(newer)).toBeUndefined();
  });
});
