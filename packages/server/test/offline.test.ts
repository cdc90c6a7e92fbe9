import { NS, STREAM_MANAGEMENT } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, Stage } from './conversation.ts';

const message = (id: string, type = 'chat', content = `<body>${id}</body>`) =>
  `<message to='juliet@localhost' type='${type}' id='${id}'>${content}</message>`;
const UNAVAILABLE = `<error><service-unavailable xmlns='${NS.stanzaErrors}'/></error>`;

let stage: Stage;
let romeo: Actor;
beforeEach(async () => {
  stage = await Stage.open({ offline: { maxMessages: 5 }, limits: { maxResumeSeconds: 1 } });
  romeo = await stage.signIn('romeo');
});
afterEach(() => stage.close());

async function waiting(actor: Actor): Promise<string[]> {
  const probe = `probe${Math.random()}`;
  actor.sends(`<iq type='get' id='${probe}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
  const ids: string[] = [];
  for (;;) {
    const element = await actor.next();
    if (element.attribute('id') === probe) return ids;
    if (element.name === 'message') ids.push(element.attribute('id') ?? '');
  }
}

describe('messages for nobody (XEP-0160)', () => {
  it('wait, and are delivered once, in order, with the time they were sent', async () => {
    for (const id of ['1', '2', '3']) romeo.sends(message(id, id === '2' ? 'normal' : 'chat'));
    await romeo.doesNotReceive(`<message type='error'/>`);
    const juliet = await stage.signIn('juliet');
    juliet.sends('<presence/>');
    const first = await juliet.receives(`<message id='1' from='romeo@localhost/r'><body>1</body></message>`);
    const delay = first.child('delay', 'urn:xmpp:delay');
    expect(delay?.attribute('from')).toBe('localhost');
    expect(Math.abs(Date.parse(delay?.attribute('stamp') ?? '') - Date.now())).toBeLessThan(10_000);
    expect(await waiting(juliet)).toEqual(['2', '3']);
    const again = await stage.present('juliet', 'again');
    expect(await waiting(again)).toEqual([]);
  });

  it('survive a restart of the server', async () => {
    romeo.sends(message('kept'));
    await romeo.doesNotReceive(`<message type='error'/>`);
    await stage.server.stop();
    await stage.start();
    const juliet = await stage.signIn('juliet');
    juliet.sends('<presence/>');
    await juliet.receives(`<message id='kept'/>`);
  });

  it.each([
    ['groupchat', '<body>x</body>', true],
    ['headline', '<body>x</body>', false],
    ['chat', `<composing xmlns='http://jabber.org/protocol/chatstates'/><thread>t</thread>`, true],
    ['normal', `<body>x</body><no-store xmlns='urn:xmpp:hints'/>`, true],
  ])('of type %s with %s do not', async (type, content, isRefused) => {
    romeo.sends(message('transient', type, content));
    if (isRefused) await romeo.receives(`<message type='error' id='transient'>${UNAVAILABLE}</message>`);
    const juliet = await stage.signIn('juliet');
    juliet.sends('<presence/>');
    expect(await waiting(juliet)).toEqual([]);
  });

  it('readings without a body do', async () => {
    romeo.sends(message('reading', 'normal', `<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'/>`));
    const juliet = await stage.signIn('juliet');
    juliet.sends('<presence/>');
    await juliet.receives(`<message id='reading'/>`);
  });

  it('have a limit; what is beyond is refused', async () => {
    for (let i = 0; i < 6; i++) romeo.sends(message(`${i}`));
    await romeo.receives(`<message type='error' id='5'>${UNAVAILABLE}</message>`);
    const juliet = await stage.signIn('juliet');
    juliet.sends('<presence/>');
    expect(await waiting(juliet)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('are refused for an account that does not exist, with the same error', async () => {
    romeo.sends(`<message to='nobody@localhost' id='x'><body>x</body></message>`);
    await romeo.receives(`<message type='error' id='x'>${UNAVAILABLE}</message>`);
  });

  it('do not go to a client of negative priority', async () => {
    const bot = await stage.present('juliet', 'bot', -1);
    romeo.sends(message('later'));
    await romeo.doesNotReceive(`<message type='error'/>`);
    expect(await waiting(bot)).toEqual([]);
    bot.sends('<presence><priority>1</priority></presence>');
    await bot.receives(`<message id='later'/>`);
  });

  it('are removed only when a client that confirms has confirmed', async () => {
    for (const id of ['1', '2', '3']) romeo.sends(message(id));
    await romeo.doesNotReceive(`<message type='error'/>`);
    const phone = await stage.signIn('juliet', 'phone');
    phone.sends(`<enable xmlns='${STREAM_MANAGEMENT}'/><presence/>`);
    await phone.receives(`<message id='3'/>`);
    const other = await stage.present('juliet', 'other', -1);
    expect(await waiting(other)).toEqual([]);
    // The presence of both, and the first message.
    phone.sends(`<a xmlns='${STREAM_MANAGEMENT}' h='2'/>`);
    await phone.doesNotReceive('<stream/>');
    phone.leaves();
    await other.receives(`<presence type='unavailable' from='juliet@localhost/phone'/>`);
    other.sends('<presence/>');
    await other.receives(`<message id='2'><delay xmlns='urn:xmpp:delay'/></message>`);
    await other.receives(`<message id='3'/>`);
    const last = await stage.present('juliet', 'last');
    expect(await waiting(last)).toEqual([]);
  });
});
