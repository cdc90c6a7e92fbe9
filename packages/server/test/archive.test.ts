import { ARCHIVE, type ArchiveResult, CARBONS, decodeArchiveFin, decodeArchiveResult, Jid, NS } from '@thingward/xmpp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, befriend, Stage } from './conversation.ts';

const chat = (to: string, body: string, more = '', type = 'chat') =>
  `<message to='${to}' type='${type}'><body>${body}</body>${more}</message>`;
const field = (name: string, ...values: string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;
const form = (...fields: string[]) =>
  `<x xmlns='jabber:x:data' type='submit'>${field('FORM_TYPE', ARCHIVE)}${fields.join('')}</x>`;
const page = (content: string) => `<set xmlns='http://jabber.org/protocol/rsm'>${content}</set>`;
const error = (condition: string) => `<iq type='error'><error><${condition} xmlns='${NS.stanzaErrors}'/></error></iq>`;

let queries = 0;
const queryOf = (id: string, content: string) =>
  `<iq type='set' id='${id}'><query xmlns='${ARCHIVE}' queryid='${id}'>${content}</query></iq>`;

/** Asks one's archive. @returns the results in the order in which they came, and what was said at the end */
async function ask(actor: Actor, content = '') {
  const id = `q${queries++}`;
  actor.sends(queryOf(id, content));
  const results: ArchiveResult[] = [];
  for (;;) {
    const element = await actor.next();
    const result =
      element.name === 'message' ? decodeArchiveResult(element, Jid.parse(element.attribute('to') ?? '')) : undefined;
    if (result?.queryId === id) results.push(result);
    const fin = element.attribute('id') === id ? element.child('fin', ARCHIVE) : undefined;
    if (fin)
      return { results, bodies: results.map(bodyOf), ids: results.map((one) => one.id), ...decodeArchiveFin(fin) };
    if (element.attribute('id') === id) throw new Error(element.toString());
  }
}

const bodyOf = ({ message }: ArchiveResult) => message.child('body')?.text;

async function refusal(actor: Actor, content: string, condition: string): Promise<void> {
  const id = `q${queries++}`;
  actor.sends(queryOf(id, content));
  await actor.receives(error(condition).replace("type='error'", `type='error' id='${id}'`));
}

describe('what is archived (XEP-0313 §6.1, XEP-0334)', () => {
  let stage: Stage;
  let romeo: Actor;
  let juliet: Actor;
  beforeEach(async () => {
    stage = await Stage.open({ archive: { default: 'always' } });
    romeo = await stage.present('romeo', 'orchard');
    juliet = await stage.present('juliet', 'balcony');
  });
  afterEach(() => stage.close());

  it('is in the archives of both, as it was sent, with its UID told to who may ask for it', async () => {
    romeo.sends(
      `<message to='juliet@localhost/balcony' type='chat' id='1' xml:lang='it'><body>O &lt;3 più</body><x xmlns='urn:x'/></message>`,
    );
    const received = await juliet.receives(`<message id='1' from='romeo@localhost/orchard'/>`);
    const { results } = await ask(juliet);
    expect(received.child('stanza-id', 'urn:xmpp:sid:0')?.attributes).toEqual({
      id: results[0]?.id,
      by: 'juliet@localhost',
    });
    expect(results.map(({ message }) => message.toString())).toEqual([
      `<message xmlns='jabber:client' from='romeo@localhost/orchard' to='juliet@localhost/balcony' type='chat' id='1' xml:lang='it'><body>O &lt;3 più</body><x xmlns='urn:x'/></message>`,
    ]);
    expect(Math.abs(Number(results[0]?.stamp) - Date.now())).toBeLessThan(5000);
    const sent = await ask(romeo);
    expect(sent.results.map(({ message }) => message.toString())).toEqual(results.map(({ message }) => `${message}`));
    expect(sent.ids).not.toEqual([results[0]?.id]);
  });

  it('is conversation: neither states, errors, headlines and rooms, nor what is not to be kept', async () => {
    const hint = (name: string) => `<${name} xmlns='urn:xmpp:hints'/>`;
    for (const message of [
      chat('juliet@localhost', 'chat'),
      chat('juliet@localhost', 'normal', '', 'normal'),
      chat('juliet@localhost', 'headline', '', 'headline'),
      chat('juliet@localhost/balcony', 'groupchat', '', 'groupchat'),
      chat('juliet@localhost/balcony', 'error', '', 'error'),
      chat('juliet@localhost', 'secret', hint('no-store')),
      chat('juliet@localhost', 'secret', hint('no-permanent-store')),
      `<message to='juliet@localhost' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
      `<message to='juliet@localhost'><fields xmlns='urn:xmpp:iot:sensordata'><body>inner</body></fields></message>`,
      `<message to='juliet@localhost' id='receipt'><received xmlns='urn:xmpp:receipts' id='1'/>${hint('store')}</message>`,
      `<message to='juliet@localhost' type='headline' id='news'><subject>news</subject>${hint('store')}</message>`,
    ]) {
      romeo.sends(message);
    }
    await juliet.receives(`<message id='news'/>`);
    for (const actor of [juliet, romeo]) {
      const { results } = await ask(actor);
      expect(results.map((one) => bodyOf(one) ?? one.message.attribute('id'))).toEqual([
        'chat',
        'normal',
        'receipt',
        'news',
      ]);
    }
  });

  it('is there once, however many clients get it', async () => {
    const phone = await stage.present('juliet', 'phone');
    phone.sends(`<iq type='set' id='on'><enable xmlns='${CARBONS}'/></iq>`);
    await phone.receives(`<iq id='on'/>`);
    romeo.sends(chat('juliet@localhost', 'forked'));
    await phone.receives('<message><body>forked</body></message>');
    romeo.sends(chat('juliet@localhost/balcony', 'copied'));
    const copy = await phone.receives(`<message><received xmlns='${CARBONS}'/></message>`);
    expect((await ask(juliet)).bodies).toEqual(['forked', 'copied']);
    juliet.sends(chat('romeo@localhost', 'answered'));
    const sent = await phone.receives(`<message><sent xmlns='${CARBONS}'/></message>`);
    const { bodies, ids } = await ask(juliet);
    expect(bodies).toEqual(['forked', 'copied', 'answered']);
    // A copy says where the original is in the archive; the other side is not told.
    expect(copy.toString()).toContain(`id='${ids[1]}'`);
    expect(sent.toString()).toContain(`<stanza-id xmlns='urn:xmpp:sid:0' id='${ids[2]}' by='juliet@localhost'/>`);
    const answer = await romeo.receives('<message><body>answered</body></message>');
    expect(answer.childrenNamed('stanza-id', 'urn:xmpp:sid:0').map((one) => one.attribute('by'))).toEqual([
      'romeo@localhost',
    ]);
  });

  it('is what one writes to oneself, once', async () => {
    juliet.sends(chat('juliet@localhost', 'note'));
    const note = await juliet.receives('<message><body>note</body></message>');
    const { bodies, ids } = await ask(juliet, form(field('with', 'juliet@localhost')));
    expect(bodies).toEqual(['note']);
    expect(note.child('stanza-id', 'urn:xmpp:sid:0')?.attribute('id')).toBe(ids[0]);
  });

  it('is what waits for the absent, and not what was refused', async () => {
    romeo.sends(chat('mercutio@localhost', 'waiting'));
    romeo.sends(chat('mercutio@localhost/gone', 'refused', '', 'normal'));
    await romeo.receives(`<message type='error' from='mercutio@localhost/gone'/>`);
    romeo.sends(chat('nobody@localhost', 'refused'));
    await romeo.receives(`<message type='error' from='nobody@localhost'/>`);
    const mercutio = await stage.present('mercutio', 'street');
    const { bodies, ids } = await ask(mercutio);
    expect(bodies).toEqual(['waiting']);
    const again = await stage.present('mercutio', 'home');
    expect((await ask(again)).ids).toEqual(ids);
  });

  it('is not what was blocked (XEP-0191)', async () => {
    juliet.sends(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='romeo@localhost'/></block></iq>`);
    await juliet.receives(`<iq id='b' type='result'/>`);
    romeo.sends(chat('juliet@localhost', 'blocked'));
    await romeo.receives(`<message type='error'/>`);
    juliet.sends(chat('romeo@localhost', 'blocked too'));
    await juliet.receives(`<message type='error'/>`);
    expect((await ask(juliet)).bodies).toEqual([]);
  });

  it('has identifiers of this account from the server alone (XEP-0359 §3)', async () => {
    const forged = (by: string) => `<stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='${by}'/>`;
    const origin = `<origin-id xmlns='urn:xmpp:sid:0' id='mine'/>`;
    const more = origin + forged('juliet@localhost') + forged('JULIET@localhost') + forged('room@muc');
    romeo.sends(chat('juliet@localhost', 'id', more));
    const { children } = await juliet.receives('<message><body>id</body></message>');
    const { ids } = await ask(juliet);
    expect(children.map(String).slice(1)).toEqual([
      origin,
      forged('room@muc'),
      `<stanza-id xmlns='urn:xmpp:sid:0' id='${ids[0]}' by='juliet@localhost'/>`,
    ]);
    romeo.sends(
      `<message to='juliet@localhost' id='2'><x:stanza-id xmlns:x='urn:xmpp&#58;sid:0' id='f' by='juliet@localhost'/><y xmlns='urn:y'/></message>`,
    );
    expect((await juliet.receives(`<message id='2'/>`)).child('stanza-id', 'urn:xmpp:sid:0')).toBeUndefined();
  });

  it('outlives the server, and goes with the account', async () => {
    romeo.sends(chat('juliet@localhost', 'before'));
    await juliet.receives('<message><body>before</body></message>');
    const { ids } = await ask(juliet);
    await stage.server.stop();
    await stage.start();
    const after = await stage.present('juliet', 'after');
    romeo = await stage.present('romeo', 'after');
    romeo.sends(chat('juliet@localhost', 'after'));
    await after.receives('<message><body>after</body></message>');
    const both = await ask(after);
    expect(both.bodies).toEqual(['before', 'after']);
    expect(both.ids[0]).toBe(ids[0]);
    await stage.server.accounts.remove('juliet');
    await stage.server.accounts.add('juliet', 'juliet');
    const other = await stage.present('juliet', 'other');
    expect((await ask(other)).bodies).toEqual([]);
  });
});

describe('queries (XEP-0313 §4)', () => {
  let stage: Stage;
  let romeo: Actor;
  let juliet: Actor;
  let ids: readonly string[];
  let stamps: readonly Date[];
  beforeAll(async () => {
    stage = await Stage.open({ archive: { default: 'always' } });
    romeo = await stage.present('romeo', 'orchard');
    juliet = await stage.present('juliet', 'balcony');
    const mercutio = await stage.present('mercutio', 'street');
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    for (let i = 0; i < 10; i++) {
      if (i === 5) await pause();
      const sender = i % 3 === 2 ? mercutio : romeo;
      sender.sends(chat(i % 2 ? 'juliet@localhost/balcony' : 'juliet@localhost', String(i)));
      await juliet.receives(`<message><body>${i}</body></message>`);
    }
    juliet.sends(chat('romeo@localhost/orchard', '10'));
    const all = await ask(juliet);
    expect(all.bodies).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
    ids = all.ids;
    stamps = all.results.map(({ stamp }) => stamp);
  });
  afterAll(() => stage.close());

  const bodies = async (content: string) => (await ask(juliet, content)).bodies.join(' ');
  const id = (i: number) => ids[i] as string;

  it('end with what was found', async () => {
    const { page: found, isComplete } = await ask(juliet);
    expect(isComplete).toBe(true);
    expect(found).toEqual({ first: id(0), last: id(10), index: 0, count: 11 });
    expect(ids.toSorted()).toEqual(ids);
  });

  it('are about an address (§4.1.1)', async () => {
    expect(await bodies(form(field('with', 'romeo@localhost')))).toBe('0 1 3 4 6 7 9 10');
    expect(await bodies(form(field('with', 'ROMEO@localhost/orchard')))).toBe('0 1 3 4 6 7 9 10');
    expect(await bodies(form(field('with', 'romeo@localhost/elsewhere')))).toBe('');
    expect(await bodies(form(field('with', 'mercutio@localhost')))).toBe('2 5 8');
    expect(await bodies(form(field('with', 'juliet@localhost')))).toBe('');
    expect(await bodies(form(field('with', 'juliet@localhost/balcony')))).toBe('1 3 5 7 9 10');
    expect(await bodies(form(field('with', 'localhost')))).toBe('');
  });

  it('are about a time (§4.1.2)', async () => {
    const at = (i: number) => (stamps[i] as Date).toISOString();
    const whole = stamps.map((stamp, i) => [stamp, i] as const);
    const from5 = whole.filter(([stamp]) => stamp >= (stamps[5] as Date)).map(([, i]) => i);
    const to4 = whole.filter(([stamp]) => stamp <= (stamps[4] as Date)).map(([, i]) => i);
    expect(await bodies(form(field('start', at(5))))).toBe(from5.join(' '));
    expect(await bodies(form(field('end', at(4))))).toBe(to4.join(' '));
    expect(await bodies(form(field('start', at(5)), field('end', at(4))))).toBe('');
    expect(await bodies(form(field('start', '2010-06-07T00:00:00Z'), field('end', '2010-07-07T13:23:54Z')))).toBe('');
    expect(await bodies(form(field('start', '1900-01-01T00:00:00Z'), field('end', '9999-01-01T00:00:00Z')))).toBe(
      '0 1 2 3 4 5 6 7 8 9 10',
    );
  });

  it('are about what one knows (§4.1.3)', async () => {
    expect(await bodies(form(field('after-id', id(8))))).toBe('9 10');
    expect(await bodies(form(field('before-id', id(2))))).toBe('0 1');
    expect(await bodies(form(field('after-id', id(2)), field('before-id', id(5))))).toBe('3 4');
    expect(await bodies(form(field('ids', id(7), id(2))))).toBe('2 7');
    expect(await bodies(form(field('ids', id(7), id(2)), field('with', 'romeo@localhost')))).toBe('7');
    for (const unknown of [
      field('after-id', 'x'),
      field('before-id', 'x'),
      field('ids', id(1), 'x'),
      field('ids', 'x'),
    ]) {
      await refusal(juliet, form(unknown), 'item-not-found');
    }
    await refusal(romeo, form(field('after-id', id(1))), 'item-not-found');
  });

  it('go on page by page (§4.3)', async () => {
    const first = await ask(juliet, page('<max>4</max>'));
    expect(first).toMatchObject({ isComplete: false, page: { first: id(0), last: id(3), index: 0, count: 11 } });
    const second = await ask(juliet, page(`<max>4</max><after>${id(3)}</after>`));
    expect(second).toMatchObject({ isComplete: false, page: { first: id(4), last: id(7), index: 4, count: 11 } });
    const third = await ask(juliet, page(`<max>4</max><after>${id(7)}</after>`));
    expect(third).toMatchObject({ isComplete: true, bodies: ['8', '9', '10'], page: { index: 8, count: 11 } });
    const none = await ask(juliet, page(`<max>4</max><after>${id(10)}</after>`));
    expect(none).toMatchObject({ isComplete: true, bodies: [], page: { count: 11 } });
    expect(none.page.first).toBeUndefined();
    const exact = await ask(juliet, page(`<max>3</max><after>${id(7)}</after>`));
    expect(exact).toMatchObject({ isComplete: true, bodies: ['8', '9', '10'] });
  });

  it('go back from the end (§4.3.3)', async () => {
    const last = await ask(juliet, page('<max>3</max><before/>'));
    expect(last).toMatchObject({ isComplete: false, bodies: ['8', '9', '10'], page: { index: 8, last: id(10) } });
    const previous = await ask(juliet, page(`<max>3</max><before>${id(8)}</before>`));
    expect(previous).toMatchObject({ isComplete: false, bodies: ['5', '6', '7'] });
    const oldest = await ask(juliet, page(`<max>5</max><before>${id(5)}</before>`));
    expect(oldest).toMatchObject({ isComplete: true, bodies: ['0', '1', '2', '3', '4'] });
    const filtered = await ask(juliet, form(field('with', 'mercutio@localhost')) + page('<max>2</max><before/>'));
    expect(filtered).toMatchObject({ isComplete: false, bodies: ['5', '8'], page: { index: 1, count: 3 } });
  });

  it('flip a page, and nothing else (§4.3.4)', async () => {
    const flipped = await ask(juliet, `${page(`<max>3</max><after>${id(3)}</after>`)}<flip-page/>`);
    expect(flipped).toMatchObject({ bodies: ['6', '5', '4'], page: { first: id(4), last: id(6), index: 4 } });
  });

  it('count, and begin anywhere (XEP-0059 §2.5, §2.6)', async () => {
    const counted = await ask(juliet, page('<max>0</max>'));
    expect(counted).toMatchObject({ isComplete: false, bodies: [], page: { count: 11 } });
    expect(await ask(juliet, form(field('with', 'x@y')) + page('<max>0</max>'))).toMatchObject({
      isComplete: true,
      page: { count: 0 },
    });
    const indexed = await ask(juliet, page('<max>2</max><index>6</index>'));
    expect(indexed).toMatchObject({ bodies: ['6', '7'], page: { index: 6, count: 11 } });
    expect((await ask(juliet, page('<max>2</max><index>99</index>'))).bodies).toEqual([]);
  });

  it('are refused when they are wrong', async () => {
    for (const unknown of ['<after>x</after>', '<before>x</before>'])
      await refusal(juliet, page(unknown), 'item-not-found');
    await refusal(juliet, page(`<before>${id(4)}</before><after>${id(1)}</after>`), 'bad-request');
    await refusal(juliet, page('<max>many</max>'), 'bad-request');
    await refusal(juliet, form(field('{http://example.com/}free-text-search', 'x')), 'feature-not-implemented');
    await refusal(juliet, form(field('start', 'yesterday')), 'bad-request');
    await refusal(juliet, form(field('ids', ...Array.from({ length: 501 }, (_, i) => `x${i}`))), 'policy-violation');
    juliet.sends(`<iq type='set' id='node'><query xmlns='${ARCHIVE}' node='fdp/submitted'/></iq>`);
    await juliet.receives(error('item-not-found'));
  });

  it('take the form they may fill in, and groups into account that are not there (§4.1.4, §4.1.5)', async () => {
    juliet.sends(`<iq type='get' id='form'><query xmlns='${ARCHIVE}'/></iq>`);
    await juliet.receives(
      `<iq type='result' id='form'><query xmlns='${ARCHIVE}'><x xmlns='jabber:x:data' type='form'><field var='with' type='jid-single'/><field var='ids' type='list-multi'/></x></query></iq>`,
    );
    expect(await bodies(form(field('include-groupchat', 'true'), field('after-id', id(9))))).toBe('10');
  });

  it('tell both ends (§5)', async () => {
    const [first, last] = [stamps[0], stamps[10]].map((stamp) => stamp?.toISOString());
    juliet.sends(`<iq type='get' id='m'><metadata xmlns='${ARCHIVE}'/></iq>`);
    await juliet.receives(
      `<iq type='result' id='m'><metadata xmlns='${ARCHIVE}'><start id='${id(0)}' timestamp='${first}'/><end id='${id(10)}' timestamp='${last}'/></metadata></iq>`,
    );
  });

  it('are for the account alone (§8.1)', async () => {
    for (const [type, payload] of [
      ['set', 'query'],
      ['get', 'query'],
      ['get', 'metadata'],
      ['get', 'prefs'],
    ]) {
      romeo.sends(`<iq type='${type}' id='f' to='juliet@localhost'><${payload} xmlns='${ARCHIVE}'/></iq>`);
      await romeo.receives(error('forbidden'));
    }
    romeo.sends(`<iq type='set' id='s' to='localhost'><query xmlns='${ARCHIVE}'/></iq>`);
    await romeo.receives(error('service-unavailable'));
  });

  it('are advertised for accounts (§7)', async () => {
    juliet.sends(`<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    await juliet.receives(
      `<iq id='d'><query xmlns='http://jabber.org/protocol/disco#info'><feature var='urn:xmpp:mam:2'/><feature var='urn:xmpp:mam:2#extended'/><feature var='urn:xmpp:mam:2#groupchat-field'/><feature var='urn:xmpp:sid:0'/></query></iq>`,
    );
  });
});

describe('pages', () => {
  it('have a hundred messages at most, and about a megabyte', async () => {
    const stage = await Stage.open({ archive: { default: 'always' } });
    const juliet = await stage.present('juliet');
    for (let i = 0; i < 120; i++) juliet.sends(chat('juliet@localhost', String(i)));
    await juliet.receives('<message><body>119</body></message>');
    expect(await ask(juliet)).toMatchObject({ isComplete: false, page: { count: 120 }, results: { length: 100 } });
    expect((await ask(juliet, page('<max>500</max>'))).results.length).toBe(100);
    const long = 'x'.repeat(200_000);
    for (let i = 0; i < 7; i++) juliet.sends(chat('juliet@localhost', long));
    juliet.sends(chat('juliet@localhost', 'end'));
    await juliet.receives('<message><body>end</body></message>');
    const last = await ask(juliet, page('<max>8</max><before/>'));
    const previous = await ask(juliet, page(`<max>8</max><before>${last.page.first}</before>`));
    expect([last.results.length, previous.results.length]).toEqual([6, 8]);
    await stage.close();
  });
});

describe('preferences (XEP-0441)', () => {
  let stage: Stage;
  let romeo: Actor;
  let juliet: Actor;
  beforeEach(async () => {
    stage = await Stage.open();
    romeo = await stage.present('romeo');
    juliet = await stage.present('juliet');
  });
  afterEach(() => stage.close());

  const prefer = async (actor: Actor, policy: string, always: string[] = [], never: string[] = []) => {
    const list = (name: string, jids: string[]) =>
      `<${name}>${jids.map((jid) => `<jid>${jid}</jid>`).join('')}</${name}>`;
    const prefs = `<prefs xmlns='${ARCHIVE}' default='${policy}'>${list('always', always)}${list('never', never)}</prefs>`;
    actor.sends(`<iq type='set' id='set'><${prefs.slice(1)}</iq>`);
    await actor.receives(`<iq type='result' id='set'>${prefs}</iq>`);
    actor.sends(`<iq type='get' id='get'><prefs xmlns='${ARCHIVE}'/></iq>`);
    await actor.receives(`<iq type='result' id='get'>${prefs}</iq>`);
  };
  const says = async (from: Actor, to: Actor, name: string, body: string) => {
    from.sends(chat(`${name}@localhost`, body));
    await to.receives(`<message><body>${body}</body></message>`);
  };

  it('are at first what the server is configured for: messages of contacts', async () => {
    juliet.sends(`<iq type='get' id='get'><prefs xmlns='${ARCHIVE}'/></iq>`);
    await juliet.receives(
      `<iq type='result' id='get'><prefs xmlns='${ARCHIVE}' default='roster'><always/><never/></prefs></iq>`,
    );
    await says(romeo, juliet, 'juliet', 'stranger');
    await befriend(romeo, juliet);
    await says(romeo, juliet, 'juliet', 'friend');
    await says(juliet, romeo, 'romeo', 'answer');
    expect((await ask(juliet)).bodies).toEqual(['friend', 'answer']);
    expect((await ask(romeo)).bodies).toEqual(['friend', 'answer']);
    juliet.sends(
      `<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@localhost' subscription='remove'/></query></iq>`,
    );
    await juliet.receives(`<iq id='r' type='result'/>`);
    await says(romeo, juliet, 'juliet', 'stranger again');
    expect((await ask(juliet)).bodies).toEqual(['friend', 'answer']);
  });

  it('name those whose messages are always or never archived, and decide about the others', async () => {
    await prefer(juliet, 'never', ['romeo@localhost']);
    await says(romeo, juliet, 'juliet', '1');
    await prefer(juliet, 'always', [], ['romeo@localhost']);
    await says(romeo, juliet, 'juliet', '2');
    await prefer(juliet, 'always', ['romeo@localhost'], ['romeo@localhost/r']);
    await says(romeo, juliet, 'juliet', '3');
    await prefer(juliet, 'always', [], ['romeo@localhost/elsewhere']);
    await says(romeo, juliet, 'juliet', '4');
    await says(juliet, romeo, 'romeo', '5');
    await prefer(juliet, 'never');
    await says(romeo, juliet, 'juliet', '6');
    expect((await ask(juliet)).bodies).toEqual(['1', '4', '5']);
    expect((await ask(romeo)).bodies).toEqual([]);
  });

  it('are refused when they are wrong', async () => {
    for (const [content, condition] of [
      [`<prefs xmlns='${ARCHIVE}'/>`, 'bad-request'],
      [`<prefs xmlns='${ARCHIVE}' default='sometimes'/>`, 'bad-request'],
      [`<prefs xmlns='${ARCHIVE}' default='never'><never><jid>@</jid></never></prefs>`, 'jid-malformed'],
      [
        `<prefs xmlns='${ARCHIVE}' default='never'><never>${'<jid>a@b</jid>'.repeat(1001)}</never></prefs>`,
        'resource-constraint',
      ],
    ]) {
      juliet.sends(`<iq type='set' id='bad'>${content}</iq>`);
      await juliet.receives(error(condition as string));
    }
  });

  it('are not there when the archive is off', async () => {
    const off = await Stage.open({ archive: { enabled: false } });
    const actor = await off.present('juliet');
    actor.sends(`<iq type='get' id='get'><prefs xmlns='${ARCHIVE}'/></iq>`);
    await actor.receives(error('service-unavailable'));
    actor.sends(`<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    expect((await actor.receives(`<iq id='d'/>`)).toString()).not.toContain(ARCHIVE);
    await off.close();
  });
});
