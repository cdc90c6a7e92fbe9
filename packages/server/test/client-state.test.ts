import { CLIENT_STATE } from '@thingward/xmpp';
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
  juliet.sends(`<inactive xmlns='${CLIENT_STATE}'/>`);
  await juliet.doesNotReceive('<nothing/>');
});
afterEach(() => stage.close());

const show = (value: string) => `<presence><show>${value}</show></presence>`;
const active = `<active xmlns='${CLIENT_STATE}'/>`;

describe('XEP-0352 Client State Indication', () => {
  it('is offered after authentication', async () => {
    const actor = await stage.connectTls();
    expect((await actor.opens()).child('csi', CLIENT_STATE)).toBeUndefined();
    await actor.leaves();
    const other = await stage.connectTls();
    await other.authenticates('romeo', 'romeo');
    expect((await other.opens()).child('csi', CLIENT_STATE)).toBeDefined();
  });

  it('presence waits until the client is active, the newest alone', async () => {
    romeo.sends(show('away') + show('dnd'));
    await romeo.receives(`<presence from='romeo@localhost/r'><show>dnd</show></presence>`);
    await juliet.doesNotReceive(`<presence from='romeo@localhost/r'/>`);
    juliet.sends(active);
    expect((await juliet.next()).child('show')?.text).toBe('dnd');
    romeo.sends(show('xa'));
    await juliet.receives(`<presence from='romeo@localhost/r'><show>xa</show></presence>`);
  });

  it('a message goes through at once, after the presence that waits', async () => {
    romeo.sends(`${show('away')}<message to='juliet@localhost/r' id='m'><body>wake up</body></message>`);
    expect((await juliet.next()).name).toBe('presence');
    expect((await juliet.next()).attribute('id')).toBe('m');
  });

  it('chat states alone are dropped, with a text they are not', async () => {
    const state = `<composing xmlns='http://jabber.org/protocol/chatstates'/>`;
    romeo.sends(`<message to='juliet@localhost/r' type='chat' id='s'>${state}</message>`);
    romeo.sends(`<message to='juliet@localhost/r' type='chat' id='t'>${state}<body>x</body></message>`);
    await juliet.receives(`<message id='t'/>`);
    juliet.sends(active);
    await juliet.doesNotReceive(`<message id='s'/>`);
  });

  it('subscription requests do not wait', async () => {
    const mercutio = await stage.present('mercutio');
    mercutio.sends(`<presence type='subscribe' to='juliet@localhost'/>`);
    await juliet.receives(`<presence type='subscribe' from='mercutio@localhost'/>`);
  });
});
