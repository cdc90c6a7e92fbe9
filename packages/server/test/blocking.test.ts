import { BLOCKING, BLOCKING_ERRORS, NS } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, befriend, Stage } from './conversation.ts';

let stage: Stage;
let romeo: Actor;
let juliet: Actor;
beforeEach(async () => {
  stage = await Stage.open();
  romeo = await stage.present('romeo');
  juliet = await stage.present('juliet');
  await befriend(romeo, juliet);
});
afterEach(() => stage.close());

const item = (jid: string) => `<item jid='${jid}'/>`;
const list = async (actor: Actor) => {
  actor.sends(`<iq type='get' id='list'><blocklist xmlns='${BLOCKING}'/></iq>`);
  const answer = await actor.receives(`<iq type='result' id='list'/>`);
  return answer
    .child('blocklist', BLOCKING)
    ?.elements.map((element) => element.attribute('jid'))
    .sort();
};
const change = async (actor: Actor, name: string, ...jids: string[]) => {
  actor.sends(`<iq type='set' id='c'><${name} xmlns='${BLOCKING}'>${jids.map(item).join('')}</${name}></iq>`);
  return actor.receives(`<iq id='c'/>`);
};
const error = (condition: string) => `<error><${condition} xmlns='${NS.stanzaErrors}'/></error>`;

describe('XEP-0191 Blocking Command', () => {
  it('keeps a list, tells those that asked for it of changes, and survives a restart', async () => {
    expect(await list(juliet)).toEqual([]);
    const other = await stage.present('juliet', 'other');
    await change(juliet, 'block', 'romeo@localhost', 'iago@shakespeare.lit');
    await other.doesNotReceive(`<iq type='set'/>`);
    expect(await list(other)).toEqual(['iago@shakespeare.lit', 'romeo@localhost']);
    await change(juliet, 'unblock', 'iago@shakespeare.lit');
    await other.receives(`<iq type='set'><unblock xmlns='${BLOCKING}'>${item('iago@shakespeare.lit')}</unblock></iq>`);
    await stage.server.stop();
    await stage.start();
    const again = await stage.signIn('juliet');
    expect(await list(again)).toEqual(['romeo@localhost']);
    const watcher = await stage.signIn('juliet', 'watcher');
    await list(watcher);
    await change(again, 'unblock');
    const push = await watcher.receives(`<iq type='set'><unblock xmlns='${BLOCKING}'/></iq>`);
    expect(push.child('unblock', BLOCKING)?.elements).toEqual([]);
    expect(await list(again)).toEqual([]);
  });

  it('to the blocked the account seems to be away', async () => {
    await change(juliet, 'block', 'romeo@localhost');
    await romeo.receives(`<presence type='unavailable' from='juliet@localhost/r'/>`);
    juliet.sends('<presence><show>away</show></presence>');
    await romeo.doesNotReceive(`<presence from='juliet@localhost/r'/>`);
    romeo.sends(`<message to='juliet@localhost' id='m'><body>hi</body></message>`);
    await romeo.receives(`<message type='error' id='m'>${error('service-unavailable')}</message>`);
    romeo.sends(`<iq type='get' id='q' to='juliet@localhost/r'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq type='error' id='q'>${error('service-unavailable')}</iq>`);
    romeo.sends(`<presence to='juliet@localhost'/><presence type='probe' to='juliet@localhost'/>`);
    await romeo.doesNotReceive('<presence/>');
    await juliet.doesNotReceive(`<presence from='romeo@localhost/r'/>`);
  });

  it('nothing goes to the blocked either', async () => {
    await change(juliet, 'block', 'romeo@localhost');
    juliet.sends(`<message to='romeo@localhost/r' id='out'><body>can you hear me?</body></message>`);
    await juliet.receives(
      `<message type='error' id='out'><error type='cancel'><not-acceptable xmlns='${NS.stanzaErrors}'/><blocked xmlns='${BLOCKING_ERRORS}'/></error></message>`,
    );
    await romeo.doesNotReceive('<message/>');
  });

  it('after unblocking presence is seen again', async () => {
    await change(juliet, 'block', 'romeo@localhost');
    await romeo.receives(`<presence type='unavailable' from='juliet@localhost/r'/>`);
    await change(juliet, 'unblock', 'romeo@localhost');
    await romeo.receives(`<presence from='juliet@localhost/r'/>`);
    romeo.sends(`<message to='juliet@localhost/r' id='again'/>`);
    await juliet.receives(`<message id='again'/>`);
  });

  it.each([
    ['romeo@localhost/r', true],
    ['romeo@localhost/other', false],
    ['localhost/r', false],
    ['localhost', true],
    ['montague.lit', false],
  ])('%s matches romeo@localhost/r: %s', async (jid, matches) => {
    await change(juliet, 'block', jid);
    romeo.sends(`<message to='juliet@localhost/r' id='m'/>`);
    if (matches) await romeo.receives(`<message type='error' id='m'/>`);
    else await juliet.receives(`<message id='m'/>`);
    // Whatever is blocked, the server answers, and so do the account's other clients.
    juliet.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await juliet.receives(`<iq type='result' id='p'/>`);
  });

  it('refuses what makes no sense', async () => {
    expect((await change(juliet, 'block')).toString()).toContain('bad-request');
    expect((await change(juliet, 'block', '@')).toString()).toContain('jid-malformed');
    romeo.sends(`<iq type='get' id='spy' to='juliet@localhost'><blocklist xmlns='${BLOCKING}'/></iq>`);
    await romeo.receives(`<iq type='error' id='spy'>${error('forbidden')}</iq>`);
  });
});
