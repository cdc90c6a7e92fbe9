import { xml } from '@thingward/xml';
import { Jid, message, Roster, servePing, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openServerDatabase } from '../src/index.ts';
import { USER_AGENT } from './authentication.ts';
import { type Actor, befriend, Stage } from './conversation.ts';
import { Relay } from './relay.ts';

let stage: Stage;
let relay: Relay;
let romeo: XmppClient;
let roster: Roster;
let juliet: Actor;
/** Bodies of messages romeo got. */
let heard: string[];
/** Whether each time he came online his session went on. */
let resumed: boolean[];

const DOORS = { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0' };

beforeEach(async () => {
  stage = await Stage.open({ listen: DOORS });
  const first = await stage.present('romeo', 'first');
  juliet = await stage.present('juliet', 'balcony');
  await befriend(first, juliet);
  first.leaves();
  relay = new Relay(() => stage.server.address(1)?.port ?? 0);
  romeo = new XmppClient({
    jid: Jid.parse('romeo@localhost'),
    password: 'romeo',
    tag: 'garden',
    userAgent: { id: USER_AGENT },
    resumes: true,
    maxBackoffMs: 50,
    connect: tcpConnector({
      domain: 'localhost',
      host: '127.0.0.1',
      port: await relay.listen(),
      tls: 'direct',
      trust: { fingerprint: stage.server.tls.fingerprint },
    }),
  });
  [heard, resumed] = [[], []];
  servePing(romeo);
  romeo.onMessage({ name: 'body', namespace: 'jabber:client' }, (_, body) => {
    heard.push(body.text);
  });
  romeo.onOnline((isResumed) => {
    resumed.push(isResumed);
  });
  roster = new Roster(romeo);
  romeo.start();
  await romeo.ready();
  await roster.waitForResource(Jid.parse('juliet@localhost'), { timeoutMs: 2000 });
  await juliet.receives(`<presence from='${romeo.jid}'/>`);
});
afterEach(async () => {
  await romeo.stop();
  relay.close();
  await stage.close();
});

const say = (text: string) => `<message to='${romeo.jid}' type='chat'><body>${text}</body></message>`;
const told = (text: string) => message('chat', { to: Jid.parse('juliet@localhost/balcony') }, xml('body', {}, text));
const isBack = (times: number) => expect.poll(() => resumed.length, { timeout: 5000 }).toBe(times);

describe('a client whose session goes on over a cut (XEP-0198 §5)', () => {
  it('gets what was said meanwhile, once, and nobody has seen it leave', async () => {
    const { jid } = romeo;
    juliet.sends(say('before'));
    await expect.poll(() => heard).toEqual(['before']);
    relay.cut();
    juliet.sends(say('meanwhile'));
    await isBack(2);
    juliet.sends(say('after'));
    await expect.poll(() => heard).toEqual(['before', 'meanwhile', 'after']);
    expect(resumed).toEqual([false, true]);
    expect(romeo.jid).toEqual(jid);
    expect(roster.fullJidOf(Jid.parse('juliet@localhost'))?.toString()).toBe('juliet@localhost/balcony');
    await juliet.doesNotReceive(`<presence type='unavailable' from='${jid}'/>`);
  });

  it('what it has sent into the cut arrives, in order, once', async () => {
    romeo.send(told('1'));
    await juliet.receives('<message><body>1</body></message>');
    relay.isOpen = false;
    for (const text of ['2', '3', '4', '5', '6', '7', '8']) romeo.send(told(text));
    await new Promise((resolve) => setTimeout(resolve, 20));
    relay.cut();
    await isBack(2);
    romeo.send(told('9'));
    for (const text of ['2', '3', '4', '5', '6', '7', '8', '9']) {
      expect((await juliet.receives('<message/>')).child('body')?.text).toBe(text);
    }
  });

  it('a request waits over the cut for its answer, and is asked once', async () => {
    const answer = romeo.request('get', Jid.parse('juliet@localhost/balcony'), xml('q', { xmlns: 'urn:q' }));
    const asked = await juliet.receives(`<iq type='get'><q xmlns='urn:q'/></iq>`);
    relay.cut();
    juliet.sends(`<iq type='result' id='${asked.attribute('id')}' to='${romeo.jid}'><a xmlns='urn:q'/></iq>`);
    expect((await answer)?.name).toBe('a');
    await juliet.doesNotReceive(`<iq type='get'><q xmlns='urn:q'/></iq>`);
  });

  it('where the session is gone it has another, and answers will not come', async () => {
    const answer = romeo.request('get', Jid.parse('juliet@localhost/balcony'), xml('q', { xmlns: 'urn:q' }));
    const outcome = expect(answer).rejects.toMatchObject({ code: 'connection-lost' });
    await stage.server.stop();
    const { query, close } = await openServerDatabase({ storage: 'sqlite', dataDir: stage.directory });
    await sql`DELETE FROM kept_session`.execute(query);
    await close();
    await stage.start();
    await isBack(2);
    await outcome;
    expect(resumed).toEqual([false, false]);
    const again = await stage.signIn('juliet', 'balcony');
    again.sends(say('hello again'));
    await expect.poll(() => heard).toEqual(['hello again']);
  });

  it('when it is stopped its session ends, and the next one is another', async () => {
    await romeo.stop();
    await juliet.receives(`<presence type='unavailable' from='${romeo.jid}'/>`);
    romeo.start();
    await isBack(2);
    expect(resumed).toEqual([false, false]);
  });
});
