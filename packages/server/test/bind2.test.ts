import { ARCHIVE, BIND2, CARBONS, CLIENT_STATE, NS, STREAM_MANAGEMENT } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entersTls, plain, signsIn, userAgent } from './authentication.ts';
import { type Actor, Stage } from './conversation.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({
    archive: { default: 'always' },
    limits: { maxSessionsPerAccount: 3, maxResumeSeconds: 2 },
  });
});
afterAll(() => stage.close());

const bind = (content = '') => `<bind xmlns='${BIND2}'>${content}</bind>`;
const tag = (text: string) => `<tag>${text}</tag>`;
const enable = `<enable xmlns='${STREAM_MANAGEMENT}' resume='true'/>`;
const resume = (id: string, h: number) => `<resume xmlns='${STREAM_MANAGEMENT}' previd='${id}' h='${h}'/>`;
const message = (id: string, to: string) => `<message to='${to}' type='chat' id='${id}'><body>${id}</body></message>`;
const other = '0b25e4f5-3d2b-4bb8-9f2e-6f0f7c1fd6d1';

/** Binds along with the authentication. @returns the actor, its full JID, the answers and the rest of what came along */
async function binds(name: string, content = '', inline = '') {
  const actor = await stage.connectTls();
  const [success, features] = await signsIn(actor, name, `${bind(content)}${inline}`);
  const bound = success.inline.find((element) => element.is('bound', BIND2));
  return { actor, jid: success.identity, bound, features, inline: success.inline };
}

async function pings(actor: Actor): Promise<void> {
  actor.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await actor.receives(`<iq id='p' type='result'/>`);
}

describe('XEP-0386 Bind 2', () => {
  it('is offered with what a session can have from its first moment', async () => {
    const [, features] = await entersTls(stage);
    const offer = features.child('authentication', 'urn:xmpp:sasl:2')?.child('inline')?.child('bind', BIND2);
    const inline = offer?.child('inline')?.childrenNamed('feature') ?? [];
    expect(inline.map((feature) => feature.attribute('var')).sort()).toEqual([
      CARBONS,
      CLIENT_STATE,
      STREAM_MANAGEMENT,
    ]);
  });

  it('gives a resource and a session; features follow, without bind', async () => {
    const { actor, jid, bound, features } = await binds('romeo');
    expect(jid.toString()).toMatch(/^romeo@localhost\/[\w-]{12}$/);
    expect(bound?.elements.map(({ name }) => name)).toEqual(['metadata']);
    expect(features.child('bind', NS.bind)).toBeUndefined();
    await pings(actor);
    actor.leaves();
  });

  it('puts the tag before what it makes up, which is the same for the same installation', async () => {
    const resources: string[] = [];
    for (const agent of [userAgent(), userAgent(), userAgent(other), '']) {
      const { actor, jid } = await binds('romeo', tag('AwesomeXMPP'), agent);
      expect(jid.resource).toMatch(/^AwesomeXMPP\/[\w-]{12}$/);
      resources.push(jid.resource as string);
      actor.leaves();
    }
    expect(resources[0]).toBe(resources[1]);
    expect(new Set(resources).size).toBe(3);
  });

  it('a tag that can be in no resource fails, and so does one session too many', async () => {
    const [romeo] = await entersTls(stage);
    romeo.sends(plain('romeo', bind(tag('x'.repeat(1024)))));
    await romeo.receives(`<failure xmlns='urn:xmpp:sasl:2'><temporary-auth-failure xmlns='${NS.sasl}'/></failure>`);
    const sessions = [];
    for (let i = 0; i < 3; i++) sessions.push(await binds('mercutio', '', i === 0 ? userAgent() : ''));
    romeo.sends(plain('mercutio', bind()));
    await romeo.receives(`<failure xmlns='urn:xmpp:sasl:2'><temporary-auth-failure xmlns='${NS.sasl}'/></failure>`);
    // It takes the place of its own older session.
    const again = await binds('mercutio', '', userAgent());
    await sessions[0]?.actor.isThrownOut('conflict');
    for (const { actor } of [...sessions, again]) actor.leaves();
  });

  it('ends the sessions the same installation had before, whatever their resource', async () => {
    const older = await binds('romeo', tag('old'), userAgent());
    const elsewhere = await binds('romeo', tag('old'), userAgent(other));
    const newer = await binds('romeo', tag('new'), userAgent());
    await older.actor.isThrownOut('conflict');
    await pings(elsewhere.actor);
    await pings(newer.actor);
    for (const { actor } of [elsewhere, newer]) actor.leaves();
  });

  it('enables stream management (XEP-0198 §8.1), carbons and an inactive client', async () => {
    const wishes = `${enable}<enable xmlns='${CARBONS}'/><inactive xmlns='${CLIENT_STATE}'/><x xmlns='urn:unknown'/>`;
    const { actor: romeo, bound, jid } = await binds('romeo', wishes);
    expect(bound?.child('enabled', STREAM_MANAGEMENT)?.attribute('resume')).toBe('true');
    const juliet = await stage.present('juliet', 'bind2');
    const balcony = await stage.present('romeo', 'balcony');
    juliet.sends(`<presence to='${jid}'/>`);
    juliet.sends(message('copied', 'romeo@localhost/balcony'));
    const carbon = await romeo.next();
    expect(carbon.name).toBe('presence');
    expect((await romeo.next()).child('received', CARBONS)).toBeDefined();
    await balcony.receives(`<message id='copied'/>`);
    for (const actor of [romeo, juliet, balcony]) actor.leaves();
  });

  it('tells of the archive at that moment, and stored messages that are there are not sent', async () => {
    const juliet = await stage.signIn('juliet', 'sender');
    juliet.sends(message('first', 'romeo@localhost'));
    juliet.sends(`<message to='romeo@localhost' id='unarchived'><x xmlns='urn:x'/></message>`);
    await pings(juliet);
    const { actor: romeo, bound } = await binds('romeo');
    const metadata = bound?.child('metadata', ARCHIVE);
    expect(metadata?.child('end')?.attribute('timestamp')).toMatch(/^20/);
    romeo.sends(`<presence/>`);
    await romeo.receives(`<message id='unarchived'/>`);
    await romeo.doesNotReceive(`<message id='first'/>`);
    romeo.sends(`<iq type='set' id='q'><query xmlns='${ARCHIVE}'/></iq>`);
    await romeo.receives(`<message><result xmlns='${ARCHIVE}'/></message>`);
    for (const actor of [romeo, juliet]) actor.leaves();
  });
});

describe('resumption along with authentication (XEP-0198 §8.2)', () => {
  it('takes up the former session, and asks for no other', async () => {
    const { actor: romeo, bound, jid } = await binds('romeo', `${tag('phone')}${enable}`);
    const id = bound?.child('enabled', STREAM_MANAGEMENT)?.attribute('id') ?? '';
    romeo.sends(`<presence/>`);
    await romeo.receives(`<presence from='${jid}'/>`);
    romeo.leaves();
    const juliet = await stage.signIn('juliet', 'resuming');
    juliet.sends(message('meanwhile', jid.toString()));
    await pings(juliet);
    const again = await binds('romeo', enable, resume(id, 1));
    expect(again.bound).toBeUndefined();
    expect(again.inline.map((element) => element.toString())).toEqual([
      `<resumed xmlns='${STREAM_MANAGEMENT}' h='1' previd='${id}'/>`,
    ]);
    expect(again.jid.equals(jid)).toBe(true);
    await again.actor.receives(`<message id='meanwhile'/>`);
    await pings(again.actor);
    for (const actor of [again.actor, juliet]) actor.leaves();
  });

  it('where it is gone, says so and binds', async () => {
    const { actor, bound, inline, jid } = await binds('romeo', enable, resume('some-long-sm-id', 7));
    expect(inline.map(({ name }) => name)).toEqual(['failed', 'bound']);
    expect(inline[0]?.child('item-not-found', NS.stanzaErrors)).toBeDefined();
    expect(bound?.child('enabled', STREAM_MANAGEMENT)).toBeDefined();
    expect(jid.isFull).toBe(true);
    await pings(actor);
    actor.leaves();
  });

  it('without bind it leaves the client without a session, which it may still bind', async () => {
    const actor = await stage.connectTls();
    const [success, features] = await signsIn(actor, 'mercutio', resume('unknown', 0));
    expect(success.inline.map(({ name }) => name)).toEqual(['failed']);
    expect(success.identity.isFull).toBe(false);
    expect(features.child('bind', NS.bind)).toBeDefined();
    actor.sends(`<iq type='set' id='b'><bind xmlns='${NS.bind}'/></iq>`);
    await actor.receives(`<iq type='result' id='b'/>`);
    actor.leaves();
  });

  it('of another account it fails', async () => {
    const { actor: juliet, bound } = await binds('juliet', enable);
    const id = bound?.child('enabled', STREAM_MANAGEMENT)?.attribute('id') ?? '';
    const { actor, inline } = await binds('mercutio', '', resume(id, 0));
    expect(inline.map(({ name }) => name)).toEqual(['failed', 'bound']);
    await pings(juliet);
    for (const one of [juliet, actor]) one.leaves();
  });

  it('a client that counts more than it was sent is thrown out', async () => {
    const { actor: romeo, bound } = await binds('mercutio', enable);
    const id = bound?.child('enabled', STREAM_MANAGEMENT)?.attribute('id') ?? '';
    romeo.leaves();
    const [again] = await entersTls(stage);
    again.sends(plain('mercutio', resume(id, 5)));
    await again.isThrownOut('undefined-condition');
  });
});
