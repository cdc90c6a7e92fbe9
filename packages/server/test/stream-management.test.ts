import { NS, STREAM_MANAGEMENT } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, STREAM_HEADER, Stage } from './conversation.ts';

const SM = `xmlns='${STREAM_MANAGEMENT}'`;
const message = (id: string, to = 'juliet@localhost/r', type = 'chat') =>
  `<message to='${to}' type='${type}' id='${id}'><body>${id}</body></message>`;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ limits: { maxUnacknowledgedStanzas: 50, maxResumeSeconds: 1, ackTimeoutMs: 400 } });
});
afterAll(() => stage.close());

/** Signs in and enables management. @returns the actor and the id for resuming */
async function managed(name: string, resource = 'r', attributes = `resume='true'`): Promise<[Actor, string]> {
  const actor = await stage.signIn(name, resource);
  actor.sends(`<enable ${SM} ${attributes}/>`);
  const enabled = await actor.receives(`<enabled ${SM}/>`);
  return [actor, enabled.attribute('id') ?? ''];
}

/** A new connection that asks to resume. @returns the actor and the answer */
async function resumes(name: string, id: string, h: number) {
  const actor = await stage.connectTls();
  await actor.authenticates(name, name);
  await actor.opens();
  actor.sends(`<resume ${SM} previd='${id}' h='${h}'/>`);
  return [actor, await actor.next()] as const;
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 30));

describe('acknowledgements (XEP-0198 §3, §4)', () => {
  it('is offered after authentication, not before', async () => {
    const actor = await stage.connectTls();
    expect((await actor.opens()).child('sm', STREAM_MANAGEMENT)).toBeUndefined();
    actor.leaves();
    const romeo = await stage.connectTls();
    await romeo.authenticates('romeo', 'romeo');
    expect((await romeo.opens()).child('sm', STREAM_MANAGEMENT)).toBeDefined();
    romeo.sends(`<enable ${SM}/>`);
    await romeo.receives(`<failed ${SM}><unexpected-request xmlns='${NS.stanzaErrors}'/></failed>`);
  });

  it('counts what came after <enable/>, stanzas only', async () => {
    const romeo = await stage.signIn('romeo', 'counting');
    romeo.sends(`<iq type='get' id='0'><query xmlns='${NS.roster}'/></iq><enable ${SM}/>`);
    const enabled = await romeo.receives(`<enabled ${SM}/>`);
    expect(enabled.attribute('resume')).toBeUndefined();
    romeo.sends(`<r ${SM}/>`);
    await romeo.receives(`<a ${SM} h='0'/>`);
    romeo.sends(`<presence/><iq type='get' id='1'><query xmlns='${NS.roster}'/></iq> <r ${SM}/>`);
    await romeo.receives(`<iq id='1' type='result'/>`);
    await romeo.receives(`<a ${SM} h='2'/>`);
    romeo.sends(`<message to='@'/><r ${SM}/>`);
    await romeo.receives(`<a ${SM} h='3'/>`);
  });

  it('is enabled once', async () => {
    const [romeo] = await managed('romeo', 'twice');
    romeo.sends(`<enable ${SM}/>`);
    await romeo.receives(`<failed ${SM}><unexpected-request xmlns='${NS.stanzaErrors}'/></failed>`);
    romeo.sends(`<resume ${SM} previd='x' h='0'/>`);
    await romeo.receives(`<failed ${SM}><unexpected-request xmlns='${NS.stanzaErrors}'/></failed>`);
  });

  it('asks for acknowledgement after a while, and at once when much was sent', async () => {
    const [juliet] = await managed('juliet');
    const romeo = await stage.signIn('romeo', 'sender');
    for (let i = 0; i < 32; i++) romeo.sends(message(`${i}`));
    await juliet.receives(`<message id='31'/>`);
    expect((await juliet.next()).is('r', STREAM_MANAGEMENT)).toBe(true);
    juliet.sends(`<a ${SM} h='32'/>`);
    romeo.sends(message('late'));
    await juliet.receives(`<message id='late'/>`);
    expect((await juliet.next()).is('r', STREAM_MANAGEMENT)).toBe(true);
    juliet.sends(`<a ${SM} h='33'/></stream:stream>`);
    await juliet.isClosed();
  });

  it.each([['5'], ['4294967295']])(
    'ends the stream of a client that acknowledges %s stanzas it never got',
    async (h) => {
      const [romeo] = await managed('romeo', 'liar');
      romeo.sends(`<a ${SM} h='${h}'/>`);
      const error = await romeo.receives(
        `<stream:error><undefined-condition xmlns='${NS.streamErrors}'/><handled-count-too-high ${SM} h='${h}' send-count='0'/></stream:error>`,
      );
      expect(error).toBeDefined();
      await romeo.isClosed();
    },
  );

  it.each([`<a ${SM}/>`, `<a ${SM} h='-1'/>`, `<a ${SM} h='4294967296'/>`])('ends the stream at %s', async (text) => {
    const [romeo] = await managed('romeo', 'bad');
    romeo.sends(text);
    await romeo.isThrownOut('bad-format');
  });

  it('ends the session of a client that never acknowledges', async () => {
    const [mercutio] = await managed('mercutio', 'full');
    const romeo = await stage.signIn('romeo', 'flooder');
    for (let i = 0; i < 51; i++) romeo.sends(message(`${i}`, 'mercutio@localhost/full', 'normal'));
    await mercutio.isThrownOut('policy-violation');
    const again = await stage.signIn('mercutio');
    again.sends('<presence/>');
    for (let i = 0; i < 51; i++) {
      await again.receives(`<message id='${i}'><delay xmlns='urn:xmpp:delay'/></message>`);
    }
  });
});

describe('resumption (XEP-0198 §5)', () => {
  it('sends again what was not handled, then what came meanwhile, in order, once', async () => {
    const [juliet, id] = await managed('juliet');
    juliet.sends(`<presence/>`);
    await juliet.receives(`<presence from='juliet@localhost/r'/>`);
    const romeo = await stage.signIn('romeo', 'friend');
    for (const n of ['1', '2', '3']) romeo.sends(message(n));
    await juliet.receives(`<message id='3'/>`);
    juliet.leaves();
    await settled();
    for (const n of ['4', '5']) romeo.sends(message(n));
    await romeo.doesNotReceive(`<message type='error'/>`);
    const [again, answer] = await resumes('juliet', id, 2);
    expect(answer.is('resumed', STREAM_MANAGEMENT)).toBe(true);
    expect(answer.attributes).toEqual({ h: '1', previd: id });
    const received = [await again.next(), await again.next(), await again.next(), await again.next()];
    expect(received.map((stanza) => stanza.attribute('id'))).toEqual(['2', '3', '4', '5']);
    expect(received.map((stanza) => stanza.child('delay', 'urn:xmpp:delay') !== undefined)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    again.sends(`<a ${SM} h='6'/><r ${SM}/>`);
    await again.receives(`<a ${SM} h='1'/>`);
    romeo.sends(message('6'));
    await again.receives(`<message id='6'/>`);
    again.sends('</stream:stream>');
    await again.isClosed();
  });

  it('takes over a connection that is still there', async () => {
    const [juliet, id] = await managed('juliet', 'takeover');
    const [again, answer] = await resumes('juliet', id, 0);
    expect(answer.name).toBe('resumed');
    await juliet.isThrownOut('conflict');
    again.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await again.receives(`<iq id='p' type='result' to='juliet@localhost/takeover'/>`);
  });

  it.each([
    ['of somebody else', 'romeo', (id: string) => id],
    ['that never was', 'juliet', () => 'nothing'],
  ])('refuses a session %s; then a resource can be bound', async (_, name, previd) => {
    const [, id] = await managed('juliet', 'secret');
    const [actor, answer] = await resumes(name, previd(id), 0);
    expect(answer.toString()).toContain('item-not-found');
    expect(answer.attribute('h')).toBeUndefined();
    actor.sends(`<iq type='set' id='b'><bind xmlns='${NS.bind}'/></iq>`);
    await actor.receives(`<iq type='result' id='b'/>`);
  });

  it('is too late after its time; the answer tells what was handled', async () => {
    const [juliet, id] = await managed('juliet', 'late', `resume='1' max='1'`);
    juliet.sends('<presence/>');
    await juliet.receives('<presence/>');
    juliet.leaves();
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const [, answer] = await resumes('juliet', id, 0);
    expect(answer.toString()).toContain('item-not-found');
    expect(answer.attribute('h')).toBe('1');
  });

  it('a client that does not acknowledge in time counts as gone, and can come back', async () => {
    const [juliet, id] = await managed('juliet', 'silent');
    const romeo = await stage.signIn('romeo', 'patient');
    for (let i = 0; i < 32; i++) romeo.sends(message(`${i}`, 'juliet@localhost/silent'));
    await juliet.isThrownOut('connection-timeout');
    const [again, answer] = await resumes('juliet', id, 31);
    expect(answer.name).toBe('resumed');
    await again.receives(`<message id='31'/>`);
  });

  it('what was never handled goes to another resource, and requests are refused', async () => {
    const [phone] = await managed('juliet', 'phone', `resume='true' max='1'`);
    const desk = await stage.present('juliet', 'desk', 5);
    const romeo = await stage.signIn('romeo', 'worried');
    phone.pauses();
    romeo.sends(message('a', 'juliet@localhost/phone', 'normal'));
    romeo.sends(message('b', 'juliet@localhost/phone'));
    romeo.sends(`<iq type='get' id='q' to='juliet@localhost/phone'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await settled();
    phone.leaves();
    const first = await desk.receives(`<message from='romeo@localhost/worried' id='a'/>`);
    expect(first.child('delay', 'urn:xmpp:delay')).toBeDefined();
    await desk.receives(`<message from='romeo@localhost/worried' id='b'/>`);
    await romeo.receives(
      `<iq type='error' id='q'><error><service-unavailable xmlns='${NS.stanzaErrors}'/></error></iq>`,
    );
  });

  it('a stream that is closed ends the session at once', async () => {
    const [juliet, id] = await managed('juliet', 'leaving');
    juliet.sends('</stream:stream>');
    await juliet.receives(`<a ${SM} h='0'/>`);
    await juliet.isClosed();
    const [, answer] = await resumes('juliet', id, 0);
    expect(answer.name).toBe('failed');
  });

  it('contacts see no difference while the connection is lost', async () => {
    const [juliet, id] = await managed('juliet', 'present');
    juliet.sends('<presence/>');
    await juliet.receives('<presence/>');
    const desk = await stage.present('juliet', 'watching');
    juliet.leaves();
    await settled();
    await desk.doesNotReceive(`<presence type='unavailable'/>`);
    const [, answer] = await resumes('juliet', id, 3);
    expect(answer.name).toBe('resumed');
  });
});

describe('before a resource is bound', () => {
  it('<resume/> with a wrong count ends the stream', async () => {
    const [, id] = await managed('juliet', 'wrong');
    const actor = await stage.connectTls();
    await actor.authenticates('juliet', 'juliet');
    await actor.opens(STREAM_HEADER);
    actor.sends(`<resume ${SM} previd='${id}' h='7'/>`);
    await actor.isThrownOut('undefined-condition');
  });
});
