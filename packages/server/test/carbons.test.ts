import { CARBONS, NS } from '@thingward/xmpp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Actor, Stage } from './conversation.ts';

let stage: Stage;
let romeo: Actor;
let phone: Actor;
let desk: Actor;
beforeAll(async () => {
  stage = await Stage.open();
  romeo = await stage.present('romeo');
  phone = await stage.present('juliet', 'phone', 5);
  desk = await stage.present('juliet', 'desk', 1);
});
afterAll(() => stage.close());
beforeEach(async () => {
  desk.sends(`<iq type='set' id='on'><enable xmlns='${CARBONS}'/></iq>`);
  await desk.receives(`<iq type='result' id='on'/>`);
});

const chat = (to: string, id: string, more = '', type = 'chat') =>
  `<message to='${to}' type='${type}' id='${id}'><body>${id}</body>${more}</message>`;
const carbon = (direction: string, id: string) =>
  `<message from='juliet@localhost' to='juliet@localhost/desk'><${direction} xmlns='${CARBONS}'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' id='${id}'/></forwarded></${direction}></message>`;

describe('XEP-0280 Message Carbons', () => {
  it('are advertised', async () => {
    desk.sends(`<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    const info = await desk.receives(`<iq id='d' type='result'/>`);
    expect(info.toString()).toContain(`<feature var='${CARBONS}'/>`);
  });

  it('copy what another client of the account receives', async () => {
    romeo.sends(chat('juliet@localhost', 'bare'));
    await phone.receives(`<message id='bare'/>`);
    const copy = await desk.receives(carbon('received', 'bare'));
    expect(copy.attribute('type')).toBe('chat');
    expect(copy.toString()).toContain(`from='romeo@localhost/r'`);
    romeo.sends(chat('juliet@localhost/phone', 'full', '', 'normal'));
    await desk.receives(carbon('received', 'full'));
  });

  it('copy what another client of the account sends', async () => {
    phone.sends(chat('romeo@localhost/r', 'mine'));
    await romeo.receives(`<message id='mine'/>`);
    await desk.receives(carbon('sent', 'mine'));
    await phone.doesNotReceive(`<message from='juliet@localhost'/>`);
  });

  it('do not copy what one received or sent oneself', async () => {
    romeo.sends(chat('juliet@localhost/desk', 'direct'));
    await desk.receives(`<message id='direct' from='romeo@localhost/r'/>`);
    desk.sends(chat('romeo@localhost/r', 'out'));
    await desk.doesNotReceive(`<message/>`);
    phone.sends(chat('juliet@localhost/desk', 'note'));
    await desk.receives(`<message id='note' from='juliet@localhost/phone'/>`);
    await desk.doesNotReceive(`<message/>`);
  });

  it.each([
    [chat('juliet@localhost/phone', 'x', `<private xmlns='${CARBONS}'/>`)],
    [chat('juliet@localhost/phone', 'x', `<no-copy xmlns='urn:xmpp:hints'/>`)],
    [chat('juliet@localhost/phone', 'x', '', 'headline')],
    [`<message to='juliet@localhost/phone' id='x'><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'/></message>`],
    [chat('juliet@localhost/phone', 'x', `<x xmlns='http://jabber.org/protocol/muc#user'/>`)],
  ])('leave %s alone', async (text) => {
    romeo.sends(text);
    await phone.receives(`<message id='x'/>`);
    await desk.doesNotReceive('<message/>');
  });

  it('copy an error about a message that was copied, in both directions, and no other (§6.1)', async () => {
    const error = `<error type='cancel'><not-acceptable xmlns='${NS.stanzaErrors}'/></error>`;
    const refusal = (to: string, id: string) => `<message to='${to}' type='error' id='${id}'>${error}</message>`;
    phone.sends(chat('romeo@localhost', 'asked'));
    await romeo.receives(`<message id='asked'/>`);
    await desk.receives(carbon('sent', 'asked'));
    romeo.sends(refusal('juliet@localhost/phone', 'asked'));
    await phone.receives(`<message type='error' id='asked'/>`);
    const copy = await desk.receives(carbon('received', 'asked'));
    expect(copy.attribute('type')).toBeUndefined();
    expect(copy.toString()).toContain(`type='error'`);
    romeo.sends(chat('juliet@localhost/phone', 'told'));
    await phone.receives(`<message id='told'/>`);
    await desk.receives(carbon('received', 'told'));
    phone.sends(refusal('romeo@localhost/r', 'told'));
    await romeo.receives(`<message type='error' id='told'/>`);
    await desk.receives(carbon('sent', 'told'));
    romeo.sends(refusal('juliet@localhost/phone', 'never'));
    await phone.receives(`<message type='error' id='never'/>`);
    await desk.doesNotReceive('<message/>');
  });

  it('end when they are disabled', async () => {
    desk.sends(`<iq type='set' id='off'><disable xmlns='${CARBONS}'/></iq>`);
    await desk.receives(`<iq type='result' id='off'/>`);
    romeo.sends(chat('juliet@localhost/phone', 'quiet'));
    await phone.receives(`<message id='quiet'/>`);
    await desk.doesNotReceive('<message/>');
  });

  it('are for the account alone', async () => {
    romeo.sends(`<iq type='set' id='spy' to='juliet@localhost'><enable xmlns='${CARBONS}'/></iq>`);
    await romeo.receives(`<iq type='error' id='spy'><error><not-allowed xmlns='${NS.stanzaErrors}'/></error></iq>`);
  });

  it('can not be forged: a copy always comes from the account, a forgery from who sent it', async () => {
    romeo.sends(
      `<message to='juliet@localhost/desk' from='romeo@localhost/r'><received xmlns='${CARBONS}'><forwarded xmlns='urn:xmpp:forward:0'>${chat('juliet@localhost', 'forged').replace('<message', `<message xmlns='jabber:client'`)}</forwarded></received></message>`,
    );
    const forged = await desk.receives('<message/>');
    expect(forged.attribute('from')).toBe('romeo@localhost/r');
  });
});
