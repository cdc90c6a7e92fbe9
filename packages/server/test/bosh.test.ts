import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type AlternativeConnections, BOSH, decodeHostMeta, NS, STREAM_MANAGEMENT } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BoshActor } from './bosh-actor.ts';
import { Stage } from './conversation.ts';

const settings = { maxWaitSeconds: 5, inactivitySeconds: 1, pollingSeconds: 1, maxPauseSeconds: 3 };
const MESSAGE = (to: string, body: string) =>
  `<message xmlns='jabber:client' to='${to}' type='chat'><body>${body}</body></message>`;
const PING = `<iq xmlns='jabber:client' type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ bosh: settings });
});
afterAll(() => stage?.close());

const actor = () => new BoshActor(stage.server.url ?? '');
const signedIn = async (name: string, resource = 'bosh', creation?: string) => {
  const romeo = actor();
  await romeo.signsIn(name, resource, creation);
  return romeo;
};
const ended = (condition: string) => ({ type: 'terminate', condition });

describe('a session (XEP-0124 §7)', () => {
  it('is made with what was asked for, within bounds, and with stream features', async () => {
    const romeo = actor();
    const body = await romeo.opens(
      `to='localhost' from='romeo@localhost' route='xmpp:elsewhere:9999' secure='true' wait='600' hold='9' ver='1.6' ack='1' xml:lang='en' xmpp:version='1.0'`,
    );
    expect(body.is('body', BOSH)).toBe(true);
    expect(body.attributes).toMatchObject({
      wait: '5',
      hold: '2',
      requests: '3',
      ver: '1.6',
      inactivity: '1',
      polling: '1',
      maxpause: '3',
      from: 'localhost',
      ack: String(romeo.rid - 1),
      '{urn:xmpp:xbosh}version': '1.0',
      '{urn:xmpp:xbosh}restartlogic': 'true',
    });
    expect(body.attribute('sid')).toMatch(/^[\w-]{24}$/);
    expect(body.child('features', NS.stream)?.child('mechanisms', NS.sasl)).toBeDefined();
  });

  it('speaks its own version to newer clients, and counts minor numbers as integers', async () => {
    for (const [asked, spoken] of [
      ['1.12', '1.11'],
      ['1.9', '1.9'],
      ['2.0', '1.11'],
    ]) {
      const body = await actor().opens(`to='localhost' ver='${asked}'`);
      expect(body.attribute('ver')).toBe(spoken);
    }
  });

  it('answers with the Content-Type that is wanted', async () => {
    const romeo = actor();
    const plain = await romeo.posts(romeo.next(`to='localhost'`));
    expect(plain.contentType).toBe('text/xml; charset=utf-8');
    const html = await romeo.posts(romeo.next(`to='localhost' content='text/html; charset=utf-8'`));
    expect(html.contentType).toBe('text/html; charset=utf-8');
    const bad = await romeo.posts(romeo.next(`to='localhost' content='a&#10;b: c'`));
    expect(bad.body.attributes).toEqual(ended('bad-request'));
  });

  it.each([
    [`to='elsewhere.example'`, 'host-unknown'],
    [`to=''`, 'improper-addressing'],
    [``, 'improper-addressing'],
    [`to='localhost' sid='nonsense'`, 'item-not-found'],
    [`to='localhost' wait='-1'`, 'bad-request'],
    [`to='localhost' ver='x'`, 'bad-request'],
    [`to='localhost' hold='256'`, 'bad-request'],
  ])('is refused for %j with %s', async (attributes, condition) => {
    const romeo = actor();
    expect((await romeo.posts(romeo.next(attributes))).body.attributes).toEqual(ended(condition));
  });

  it.each([
    ['', 'bad-request'],
    ['hello', 'bad-request'],
    [`<body xmlns='${BOSH}' to='localhost'/>`, 'bad-request'],
    [`<body xmlns='${BOSH}' to='localhost' rid='0'/>`, 'bad-request'],
    [`<body xmlns='${BOSH}' to='localhost' rid='9007199254740992'/>`, 'bad-request'],
    [`<body rid='1' to='localhost'/>`, 'bad-request'],
    [`<body xmlns='${BOSH}' rid='1' to='localhost'>text</body>`, 'bad-request'],
    [`<body xmlns='${BOSH}' rid='1' to='localhost'><a></body>`, 'bad-request'],
    [`<body xmlns='${BOSH}' rid='1' to='localhost'><a/>`, 'bad-request'],
    [`<body xmlns='${BOSH}' rid='1' to='localhost'></body><a/>`, 'bad-request'],
    [`<body xmlns='${BOSH}' rid='1' to='localhost'><!-- x --></body>`, 'bad-request'],
    [`<!DOCTYPE a><body xmlns='${BOSH}' rid='1' to='localhost'/>`, 'bad-request'],
    [`<body xmlns='${BOSH}' rid='1' to='localhost'>${'<a/>'.repeat(1001)}</body>`, 'policy-violation'],
    [`<body xmlns='${BOSH}' rid='1' to='localhost'><a>${'x'.repeat(10_000)}</a></body>`, 'policy-violation'],
    [`<body xmlns='${BOSH}' rid='1' to='localhost'><a>${'x'.repeat(600_000)}</a></body>`, 'policy-violation'],
  ])('a body that is wrong is answered with what is wrong: %.60s, %s', async (text, condition) => {
    expect((await actor().posts(text)).body.attributes).toEqual(ended(condition));
  });

  it('takes an XML declaration, white space around it, and prefixes declared outside', async () => {
    const romeo = await signedIn('romeo');
    const juliet = await stage.signIn('juliet', 'tcp');
    const { body } = await romeo.posts(
      `<?xml version='1.0' encoding='utf-8'?>\n<b:body xmlns:b='${BOSH}' xmlns:c='jabber:client' rid='${romeo.rid++}' sid='${romeo.sid}'>\n <c:message to='juliet@localhost/tcp'><c:body>hi</c:body></c:message>\n</b:body>\n`,
    );
    expect(body.attribute('type')).toBeUndefined();
    await juliet.receives(`<message from='romeo@localhost/bosh'><body>hi</body></message>`);
  });

  it('is no page, and scripts of any site may use it', async () => {
    const url = `${stage.server.url}/http-bind`;
    const options = await fetch(url, { method: 'OPTIONS' });
    expect(options.status).toBe(204);
    expect(options.headers.get('access-control-allow-origin')).toBe('*');
    expect(options.headers.get('access-control-allow-methods')).toContain('POST');
    expect(options.headers.get('access-control-allow-headers')).toMatch(/content-type/i);
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('XEP-0206');
  });
});

describe('XMPP over BOSH (XEP-0206)', () => {
  it('authenticates, restarts the stream, binds, and talks with one on TCP, namespaces right on both sides', async () => {
    const juliet = await stage.signIn('juliet', 'tcp');
    const romeo = actor();
    await romeo.opens();
    const restarted = await romeo.authenticates('romeo');
    expect(restarted.child('features', NS.stream)?.child('bind', NS.bind)).toBeDefined();
    const bound = await romeo.sends(
      `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='${NS.bind}'><resource>b</resource></bind></iq>`,
    );
    expect(bound.child('iq', NS.client)?.child('bind', NS.bind)?.child('jid')?.text).toBe('romeo@localhost/b');
    const waiting = romeo.sends(MESSAGE('juliet@localhost/tcp', 'O!'));
    await juliet.receives(`<message from='romeo@localhost/b'><body>O!</body></message>`);
    juliet.sends(`<message to='romeo@localhost/b'><body>wherefore</body></message>`);
    const message = (await waiting).child('message', NS.client);
    expect(message?.attribute('from')).toBe('juliet@localhost/tcp');
    expect(message?.child('body')?.text).toBe('wherefore');
  });

  it('a stanza that is not in jabber:client ends the stream', async () => {
    const romeo = await signedIn('romeo');
    const body = await romeo.sends(`<message to='juliet@localhost'><body>x</body></message>`);
    expect(body.attributes).toEqual(ended('remote-stream-error'));
    expect(body.child('error', NS.stream)?.child('unsupported-stanza-type', NS.streamErrors)).toBeDefined();
  });

  it('a stream error says so, written with the prefix, and the session is over', async () => {
    const romeo = actor();
    await romeo.opens();
    const response = await fetch(`${stage.server.url}/http-bind`, { method: 'POST', body: romeo.next('', PING) });
    const text = await response.text();
    expect(text).toMatch(/^<body xmlns='[^']+' xmlns:stream='[^']+' type='terminate' condition='remote-stream-error'>/);
    expect(text).toContain(`<stream:error><not-authorized`);
    expect((await romeo.sends()).attributes).toEqual(ended('item-not-found'));
  });

  it('another that takes the resource ends it, and the next request is told', async () => {
    const romeo = await signedIn('romeo', 'same');
    const other = await signedIn('romeo', 'same');
    const body = await romeo.sends();
    expect(body.attributes).toEqual(ended('remote-stream-error'));
    expect(body.child('error', NS.stream)?.child('conflict', NS.streamErrors)).toBeDefined();
    expect((await other.sends(PING)).child('iq', NS.client)?.attribute('type')).toBe('result');
  });

  it('an unsupported version of XMPP is a stream error', async () => {
    const body = await actor().opens(`to='localhost' ver='1.6' xmpp:version='2.0'`);
    expect(body.child('error', NS.stream)?.child('unsupported-version', NS.streamErrors)).toBeDefined();
  });

  it('many stanzas in one request are handled in order', async () => {
    const juliet = await stage.signIn('juliet', 'order');
    const romeo = await signedIn('romeo');
    const numbers = Array.from({ length: 200 }, (_, i) => String(i));
    const waiting = romeo.sends(numbers.map((n) => MESSAGE('juliet@localhost/order', n)).join(''));
    for (const n of numbers) await juliet.receives(`<message><body>${n}</body></message>`);
    await romeo.sends('', `type='terminate'`);
    await waiting;
  });
});

describe('waiting (XEP-0124 §8)', () => {
  it('a request is held until there is something, or until its time is over', async () => {
    const romeo = await signedIn('romeo', 'w', `to='localhost' wait='1' hold='1' ver='1.6'`);
    const start = performance.now();
    const body = await romeo.sends();
    expect(performance.now() - start).toBeGreaterThan(950);
    expect(body.attributes).toEqual({});
    expect(body.children).toEqual([]);
  });

  it('no more are held than agreed: the older is answered, in order', async () => {
    const romeo = await signedIn('romeo');
    const order: string[] = [];
    const first = romeo.sends().then((body) => order.push(`first ${body.elements.length}`));
    await delay(20);
    const second = romeo.sends(PING).then(() => order.push('second'));
    await first;
    expect(order).toEqual(['first 1']);
    const third = romeo.sends(MESSAGE('juliet@localhost', 'x'));
    await second;
    expect(order).toEqual(['first 1', 'second']);
    await romeo.sends('', `type='terminate'`);
    await third;
  });

  it('requests that arrive out of order are taken in order', async () => {
    const juliet = await stage.signIn('juliet', 'later');
    const romeo = await signedIn('romeo');
    const [first, second] = [
      romeo.next('', MESSAGE('juliet@localhost/later', '1')),
      romeo.next('', MESSAGE('juliet@localhost/later', '2')),
    ];
    const late = romeo.posts(second);
    await juliet.doesNotReceive(`<message><body>2</body></message>`);
    const answer = await romeo.posts(first);
    expect(answer.body.attribute('type')).toBeUndefined();
    await juliet.receives(`<message><body>1</body></message>`);
    await juliet.receives(`<message><body>2</body></message>`);
    await romeo.sends('', `type='terminate'`);
    await late;
  });

  it('much at once comes in several responses', async () => {
    const romeo = await signedIn('romeo', 'much');
    const juliet = await stage.signIn('juliet', 'm');
    for (let i = 0; i < 5; i++)
      juliet.sends(`<message to='romeo@localhost/much'><body>${'x'.repeat(40_000)}</body></message>`);
    await juliet.doesNotReceive('<message/>');
    const counts: number[] = [];
    while (counts.reduce((sum, count) => sum + count, 0) < 5) counts.push((await romeo.sends()).elements.length);
    expect(counts).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('request ids (XEP-0124 §14)', () => {
  it('beyond the window end the session, whoever else waits', async () => {
    const romeo = await signedIn('romeo');
    const waiting = romeo.sends();
    await delay(20);
    romeo.rid += 2;
    expect((await romeo.sends(PING)).attributes).toEqual(ended('item-not-found'));
    expect((await waiting).attributes).toEqual(ended('other-request'));
    expect((await romeo.sends()).attributes).toEqual(ended('item-not-found'));
  });

  it('a repeated request gets the same response, and is not handled twice', async () => {
    const romeo = await signedIn('romeo');
    const juliet = await stage.signIn('juliet', 'once');
    const text = romeo.next('', MESSAGE('juliet@localhost/once', '1') + PING);
    const first = await romeo.posts(text);
    const again = await romeo.posts(text);
    expect(again.body.toString()).toBe(first.body.toString());
    expect(again.body.child('iq', NS.client)).toBeDefined();
    await juliet.receives(`<message><body>1</body></message>`);
    await juliet.doesNotReceive(`<message><body>1</body></message>`);
  });

  it('a request that is still held moves to the new connection', async () => {
    const romeo = await signedIn('romeo', 'moves');
    const juliet = await stage.signIn('juliet', 'm');
    const text = romeo.next();
    const old = romeo.posts(text);
    await delay(20);
    const anew = romeo.posts(text);
    expect((await old).body.attributes).toEqual({ type: 'error' });
    juliet.sends(`<message to='romeo@localhost/moves'><body>x</body></message>`);
    expect((await anew).body.child('message', NS.client)).toBeDefined();
  });

  it('what comes while the connection is broken waits for the request to be repeated', async () => {
    const romeo = await signedIn('romeo', 'breaks');
    const juliet = await stage.signIn('juliet', 'm');
    const text = romeo.next();
    const broken = new AbortController();
    const lost = romeo.posts(text, broken.signal).catch((error: Error) => error.name);
    await delay(20);
    broken.abort();
    expect(await lost).toBe('AbortError');
    await delay(20);
    juliet.sends(`<message to='romeo@localhost/breaks'><body>x</body></message>`);
    await delay(20);
    expect((await romeo.posts(text)).body.child('message', NS.client)?.child('body')?.text).toBe('x');
  });

  it('one whose response is not remembered ends the session', async () => {
    const romeo = await signedIn('romeo');
    expect((await romeo.posts(romeo.at(romeo.rid - 5))).body.attributes).toEqual(ended('item-not-found'));
    expect((await romeo.sends()).attributes).toEqual(ended('item-not-found'));
  });

  it('can be repeated a number of times only', async () => {
    const romeo = await signedIn('romeo');
    const text = romeo.next('', PING);
    const conditions: (string | undefined)[] = [];
    for (let i = 0; i < 20 && conditions.at(-1) === undefined; i++) {
      conditions.push((await romeo.posts(text)).body.attribute('condition'));
    }
    expect(conditions.length).toBeGreaterThan(5);
    expect(conditions.at(-1)).toBe('policy-violation');
  });
});

describe('pace (XEP-0124 §11, §12)', () => {
  it('an empty request while another waits must not come too soon', async () => {
    const romeo = await signedIn('romeo');
    const waiting = romeo.sends();
    await delay(20);
    expect((await romeo.sends()).attributes).toEqual(ended('policy-violation'));
    expect((await waiting).attributes).toEqual(ended('other-request'));
  });

  it('later it may', async () => {
    const romeo = await signedIn('romeo');
    const waiting = romeo.sends();
    await delay(1050);
    const second = romeo.sends();
    expect((await waiting).attributes).toEqual({});
    await romeo.sends('', `type='terminate'`);
    await second;
  });

  it('a polling session is answered at once, and may stay away for longer', async () => {
    const romeo = actor();
    const body = await romeo.opens(`to='localhost' wait='0' hold='1' ver='1.6'`);
    expect(body.attributes).toMatchObject({ wait: '0', hold: '0', requests: '1', inactivity: '3' });
    await romeo.authenticates('romeo');
    const start = performance.now();
    expect((await romeo.sends()).children).toEqual([]);
    expect(performance.now() - start).toBeLessThan(500);
    expect((await romeo.sends()).attributes).toEqual(ended('policy-violation'));
  });

  it('a polling session that keeps to its interval goes on, and what it brings may come at any time', async () => {
    const romeo = await signedIn('romeo', 'polls', `to='localhost' hold='0' ver='1.6'`);
    expect((await romeo.sends()).attributes).toEqual({});
    await delay(1050);
    expect((await romeo.sends()).attributes).toEqual({});
    for (let i = 0; i < 5; i++) expect((await romeo.sends(PING)).attribute('type')).toBeUndefined();
  });

  it('clients without a version are told by HTTP', async () => {
    const romeo = actor();
    expect((await romeo.opens(`to='localhost' hold='1'`)).attribute('ver')).toBeUndefined();
    const waiting = romeo.posts(romeo.next());
    await delay(20);
    expect((await romeo.posts(romeo.next())).status).toBe(403);
    expect((await waiting).status).toBe(200);
    const juliet = actor();
    await juliet.opens(`to='localhost' hold='1'`);
    expect((await juliet.posts(juliet.at(juliet.rid + 5))).status).toBe(404);
    await juliet.opens(`to='localhost' hold='1'`);
    expect((await juliet.posts(juliet.next('', 'text'))).status).toBe(400);
  });
});

describe('absence (XEP-0124 §10)', () => {
  it('a client that stays away is gone', async () => {
    const romeo = await signedIn('romeo', 'away');
    const juliet = await stage.signIn('juliet', 'm');
    await delay(1200);
    juliet.sends(`<iq type='get' id='q' to='romeo@localhost/away'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await juliet.receives(`<iq type='error' id='q'/>`);
    expect((await romeo.sends()).attributes).toEqual(ended('item-not-found'));
  });

  it('a broken connection counts as absence', async () => {
    const romeo = await signedIn('romeo', 'gone');
    const broken = new AbortController();
    const lost = romeo.posts(romeo.next(), broken.signal).catch(() => undefined);
    await delay(20);
    broken.abort();
    await lost;
    await delay(1200);
    expect((await romeo.sends()).attributes).toEqual(ended('item-not-found'));
  });

  it('a pause answers all requests at once and keeps the session for longer, once', async () => {
    const romeo = await signedIn('romeo', 'paused');
    const juliet = await stage.signIn('juliet', 'm');
    const waiting = romeo.sends();
    await delay(20);
    const pause = await romeo.sends('', `pause='3'`);
    expect((await waiting).attributes).toEqual({});
    expect(pause.toString()).toBe(`<body xmlns='${BOSH}'/>`);
    await delay(1500);
    juliet.sends(`<message to='romeo@localhost/paused'><body>x</body></message>`);
    expect((await romeo.sends()).child('message', NS.client)).toBeDefined();
    await delay(1200);
    expect((await romeo.sends()).attributes).toEqual(ended('item-not-found'));
  });

  it('a pause that is too long is refused', async () => {
    const romeo = await signedIn('romeo');
    expect((await romeo.sends('', `pause='4'`)).attributes).toEqual(ended('policy-violation'));
  });
});

describe('the end (XEP-0124 §13)', () => {
  it('what comes with it is delivered, the oldest request is told, the others get nothing', async () => {
    const romeo = await signedIn('romeo', 'ends');
    const juliet = await stage.signIn('juliet', 'm');
    const waiting = romeo.sends();
    await delay(20);
    const last = await romeo.sends(MESSAGE('juliet@localhost/m', 'adieu'), `type='terminate'`);
    expect((await waiting).attributes).toEqual({ type: 'terminate' });
    expect(last.toString()).toBe(`<body xmlns='${BOSH}'/>`);
    await juliet.receives(`<message from='romeo@localhost/ends'><body>adieu</body></message>`);
    expect((await romeo.sends()).attributes).toEqual(ended('item-not-found'));
  });

  it('is possible before anybody has signed in', async () => {
    const romeo = actor();
    await romeo.opens();
    expect((await romeo.sends('', `type='terminate'`)).attributes).toEqual({ type: 'terminate' });
  });
});

describe('keys (XEP-0124 §15)', () => {
  const sha1 = (text: string) => createHash('sha1').update(text).digest('hex');
  const upper = (text: string) => sha1(text).toUpperCase();
  const sequence = (seed: string, length: number, hash = sha1) => {
    const keys = [hash(seed)];
    while (keys.length < length) keys.push(hash(keys.at(-1) as string));
    return keys;
  };

  it('prove who sends, and can be replaced by another sequence', async () => {
    const keys = sequence('seed', 3);
    const others = sequence('other', 3, upper);
    const romeo = actor();
    await romeo.opens(`to='localhost' hold='0' ver='1.6' newkey='${keys.pop()}'`);
    const pause = `pause='1'`;
    for (const key of [
      `key='${keys.pop()}' ${pause}`,
      `key='${keys.pop()}' newkey='${others.pop()}' ${pause}`,
      `key='${others.pop()}' ${pause}`,
    ]) {
      expect((await romeo.sends('', key)).attributes).toEqual({});
    }
    expect((await romeo.sends('', `key='${sha1('wrong')}' ${pause}`)).attributes).toEqual(ended('item-not-found'));
  });

  it('a request without one, or with another for the same rid, ends the session', async () => {
    for (const wrong of ['', `key='abc'`]) {
      const keys = sequence('seed', 3);
      const romeo = actor();
      await romeo.opens(`to='localhost' hold='0' ver='1.6' newkey='${keys.pop()}'`);
      expect((await romeo.sends('', wrong)).attributes).toEqual(ended('item-not-found'));
      await romeo.opens(`to='localhost' hold='0' ver='1.6' newkey='${sha1(keys.at(-1) as string)}'`);
      await romeo.sends('', `key='${keys.at(-1)}'`);
      expect((await romeo.posts(romeo.at(romeo.rid - 1, wrong))).body.attributes).toEqual(ended('item-not-found'));
    }
  });
});

describe('acknowledgements (XEP-0124 §9)', () => {
  const ACKS = `to='localhost' wait='5' hold='1' ver='1.6' ack='1'`;

  it('the highest request taken in is told where it is not the one responded to', async () => {
    // The second request is held as long as may be.
    const romeo = await signedIn('romeo', 'acks', ACKS.replace(`wait='5'`, `wait='1'`));
    const waiting = romeo.sends();
    await delay(20);
    const second = romeo.sends(MESSAGE('nobody@localhost', 'x'));
    expect((await waiting).attribute('ack')).toBe(String(romeo.rid - 1));
    expect((await second.then(() => romeo.sends('', `type='terminate'`))).attribute('ack')).toBeUndefined();
  });

  it('a response that is not acknowledged for long is reported', async () => {
    const romeo = await signedIn('romeo', 'report', ACKS);
    await romeo.sends(PING);
    const missing = romeo.rid - 1;
    const waiting = romeo.sends('', `ack='${missing - 1}'`);
    await delay(1100);
    const body = romeo.sends(MESSAGE('romeo@localhost/nobody', ''), `ack='${missing - 1}'`);
    const reported = await waiting;
    expect(reported.attribute('report')).toBe(String(missing));
    expect(Number(reported.attribute('time'))).toBeGreaterThan(1000);
    await romeo.sends('', `type='terminate'`);
    await body;
  });
});

describe('nothing is lost', () => {
  it('messages in a response that never arrived, and those behind it, come again with the next session', async () => {
    const romeo = await signedIn('mercutio', 'dies');
    await romeo.sends(`<presence xmlns='jabber:client'/>`);
    const juliet = await stage.signIn('juliet', 'm');
    const broken = new AbortController();
    const lost = romeo.posts(romeo.next('', PING), broken.signal).catch(() => undefined);
    await lost;
    for (const n of ['1', '2'])
      juliet.sends(`<message to='mercutio@localhost/dies' type='chat'><body>${n}</body></message>`);
    await juliet.doesNotReceive('<message/>');
    // The response with the first two is given, and never asked for again.
    await romeo.sends();
    juliet.sends(`<message to='mercutio@localhost/dies' type='chat'><body>3</body></message>`);
    await juliet.doesNotReceive('<message/>');
    await delay(1200);
    const again = await stage.signIn('mercutio', 'again');
    again.sends('<presence/>');
    for (const n of ['1', '2', '3'])
      await again.receives(`<message><body>${n}</body><delay xmlns='urn:xmpp:delay'/></message>`);
  });

  it('what arrived does not come again', async () => {
    const romeo = await signedIn('mercutio', 'dies');
    await romeo.sends(`<presence xmlns='jabber:client'/>`);
    const juliet = await stage.signIn('juliet', 'm');
    juliet.sends(`<message to='mercutio@localhost/dies' type='chat'><body>once</body></message>`);
    await juliet.doesNotReceive('<message/>');
    expect((await romeo.sends()).child('message', NS.client)).toBeDefined();
    const broken = new AbortController();
    const next = romeo.posts(romeo.next(), broken.signal).catch(() => undefined);
    await delay(20);
    broken.abort();
    await next;
    await delay(1200);
    const again = await stage.signIn('mercutio', 'again');
    again.sends('<presence/>');
    await again.doesNotReceive('<message/>');
  });

  it('a stream with management can be resumed over another transport (XEP-0198 §5)', async () => {
    const romeo = await signedIn('romeo', 'sm');
    const enabled = await romeo.sends(`<enable xmlns='${STREAM_MANAGEMENT}' resume='true'/>`);
    const id = enabled.child('enabled', STREAM_MANAGEMENT)?.attribute('id');
    const juliet = await stage.signIn('juliet', 'm');
    juliet.sends(`<message to='romeo@localhost/sm' id='1'/>`);
    await juliet.doesNotReceive('<message/>');
    await romeo.sends();
    await delay(1200);
    juliet.sends(`<message to='romeo@localhost/sm' id='2'/>`);
    await juliet.doesNotReceive(`<message type='error'/>`);
    const tcp = await stage.connectTls();
    await tcp.authenticates('romeo', 'romeo');
    await tcp.opens();
    tcp.sends(`<resume xmlns='${STREAM_MANAGEMENT}' previd='${id}' h='0'/>`);
    await tcp.receives(`<resumed xmlns='${STREAM_MANAGEMENT}'/>`);
    expect((await tcp.next()).attribute('id')).toBe('1');
    expect((await tcp.next()).attribute('id')).toBe('2');
    tcp.leaves();
    await delay(50);
    const back = actor();
    await back.opens();
    await back.authenticates('romeo');
    const resumed = await back.sends(`<resume xmlns='${STREAM_MANAGEMENT}' previd='${id}' h='1'/>`);
    expect(resumed.elements.map(({ name }) => name).slice(0, 2)).toEqual(['resumed', 'message']);
    expect(resumed.child('message', NS.client)?.attribute('id')).toBe('2');
  });
});

describe('limits', () => {
  it('sessions count as connections of their address, and make room when they end', async () => {
    const small = await Stage.open({ limits: { maxConnectionsPerAddress: 1 } });
    try {
      const romeo = new BoshActor(small.server.url ?? '');
      await romeo.opens();
      const second = new BoshActor(small.server.url ?? '');
      expect((await second.opens()).attributes).toEqual(ended('policy-violation'));
      await romeo.sends('', `type='terminate'`);
      expect((await second.opens()).attribute('sid')).toBeDefined();
    } finally {
      await small.close();
    }
  });

  it('a client that does not ask for what waits is disconnected, and the others go on', async () => {
    const small = await Stage.open({ limits: { maxUnsentBytes: 65_536 } });
    try {
      const romeo = new BoshActor(small.server.url ?? '');
      await romeo.signsIn('romeo', 'lazy');
      const juliet = await small.signIn('juliet');
      for (let i = 0; i < 20; i++)
        juliet.sends(`<message to='romeo@localhost/lazy'><body>${'x'.repeat(5000)}</body></message>`);
      await juliet.doesNotReceive(`<message to='x'/>`);
      expect((await romeo.sends()).attributes).toEqual(ended('item-not-found'));
    } finally {
      await small.close();
    }
  });

  it('one that floods is handled more slowly, and loses nothing', async () => {
    const small = await Stage.open({ limits: { maxBytesPerSecond: 50_000 } });
    try {
      const romeo = new BoshActor(small.server.url ?? '');
      await romeo.signsIn('romeo', 'flood');
      const juliet = await small.signIn('juliet', 'quick');
      const start = performance.now();
      const waiting: Promise<unknown>[] = [];
      for (let i = 0; i < 4; i++) {
        waiting.push(romeo.sends(MESSAGE('juliet@localhost/quick', `${i}${'x'.repeat(30_000)}`)));
        if (waiting.length > 1) await waiting[waiting.length - 2];
      }
      for (let i = 0; i < 4; i++) await juliet.receives('<message/>');
      expect(performance.now() - start).toBeGreaterThan(900);
      await romeo.sends('', `type='terminate'`);
      await Promise.all(waiting);
    } finally {
      await small.close();
    }
  });

  it('a server that stops tells', async () => {
    const small = await Stage.open();
    const romeo = new BoshActor(small.server.url ?? '');
    await romeo.signsIn('romeo', 'r');
    const juliet = new BoshActor(small.server.url ?? '');
    await juliet.opens();
    const waiting = [romeo.sends(), juliet.sends()];
    await delay(50);
    await small.close();
    const [bound, unbound] = await Promise.all(waiting);
    expect(bound?.child('error', NS.stream)?.child('system-shutdown', NS.streamErrors)).toBeDefined();
    expect(unbound?.attributes).toEqual(ended('system-shutdown'));
  });
});

describe('host-meta (XEP-0156)', () => {
  /** What both files say, for who asks at this host. */
  async function hostMeta(base: string, headers: Record<string, string> = {}): Promise<AlternativeConnections> {
    const [json, xrd] = await Promise.all([
      fetch(`${base}/.well-known/host-meta.json`, { headers }),
      fetch(`${base}/.well-known/host-meta`, { headers }),
    ]);
    expect(json.headers.get('content-type')).toMatch(/^application\/json/);
    expect(xrd.headers.get('content-type')).toMatch(/^application\/xrd\+xml/);
    for (const { headers: given } of [json, xrd]) expect(given.get('access-control-allow-origin')).toBe('*');
    const connections = decodeHostMeta(await json.text());
    expect(decodeHostMeta(await xrd.text())).toEqual(connections);
    return connections;
  }

  it('tells where WebSocket and BOSH are', async () => {
    const url = stage.server.url ?? '';
    expect(await hostMeta(url)).toEqual({
      websocket: `${url.replace('http', 'ws')}/xmpp-websocket`,
      xbosh: `${url}/http-bind`,
    });
  });

  it('behind a proxy, tells the address that was configured', async () => {
    const proxied = await Stage.open({ http: { publicUrl: 'https://chat.example.org/xmpp/' } });
    try {
      expect(await hostMeta(proxied.server.url ?? '')).toEqual({
        websocket: 'wss://chat.example.org/xmpp/xmpp-websocket',
        xbosh: 'https://chat.example.org/xmpp/http-bind',
      });
    } finally {
      await proxied.close();
    }
  });
});
