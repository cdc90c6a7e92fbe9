import { NS } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STREAM_HEADER, Stage } from './conversation.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
});
afterAll(() => stage?.close());

const unavailable = (kind: string) =>
  `<${kind} type='error'><error><service-unavailable xmlns='${NS.stanzaErrors}'/></error></${kind}>`;

describe('messages (RFC 6121 §8.5)', () => {
  it('reach a full JID as they were sent, with the sender the server vouches for', async () => {
    const [romeo, juliet] = [await stage.signIn('romeo', 'm1'), await stage.signIn('juliet', 'm1')];
    romeo.sends(
      `<message to='juliet@localhost/m1' xml:lang='it' id='7'><body>O &lt;3 &amp; più</body><x xmlns='urn:x' a="1"/></message>`,
    );
    const message = await juliet.receives(
      `<message from='romeo@localhost/m1' to='juliet@localhost/m1' xml:lang='it' id='7'/>`,
    );
    expect(message.child('body')?.text).toBe('O <3 & più');
    expect(message.child('x', 'urn:x')?.attribute('a')).toBe('1');
  });

  it('may say who they are from when it is true', async () => {
    const [romeo, juliet] = [await stage.signIn('romeo', 'm2'), await stage.signIn('juliet', 'm2')];
    romeo.sends(`<message from='romeo@localhost/m2' to='juliet@localhost/m2' id='full'/>`);
    await juliet.receives(`<message from='romeo@localhost/m2' id='full'/>`);
    romeo.sends(`<message from='romeo@localhost' to='juliet@localhost/m2' id='bare'/>`);
    await juliet.receives(`<message from='romeo@localhost/m2' id='bare'/>`);
  });

  it('go to the available resources of highest priority for a bare JID, never to a negative one', async () => {
    const romeo = await stage.signIn('romeo', 'm3');
    const low = await stage.present('juliet', 'low', 1);
    const high = await stage.present('juliet', 'high', 5);
    const negative = await stage.present('juliet', 'negative', -1);
    romeo.sends(`<message to='juliet@localhost' type='chat' id='chat'/>`);
    await high.receives(`<message id='chat'/>`);
    await low.doesNotReceive(`<message id='chat'/>`);
    romeo.sends(`<message to='juliet@localhost' type='headline' id='news'/>`);
    await high.receives(`<message id='news'/>`);
    await low.receives(`<message id='news'/>`);
    await negative.doesNotReceive('<message/>');
    romeo.sends(`<message to='juliet@localhost/gone' type='chat' id='moved'/>`);
    await high.receives(`<message id='moved'/>`);
    for (const type of ['normal', 'headline', 'groupchat']) {
      romeo.sends(`<message to='juliet@localhost/gone' type='${type}' id='${type}'/>`);
      await romeo.receives(`<message type='error' from='juliet@localhost/gone' id='${type}'/>`);
    }
    romeo.sends(`<message to='juliet@localhost/gone' id='untyped'/>`);
    await romeo.receives(`<message type='error' from='juliet@localhost/gone' id='untyped'/>`);
    await high.doesNotReceive(`<message/>`);
    for (const actor of [low, high, negative]) actor.leaves();
  });

  it('that can be delivered to nobody come back, unless they are errors', async () => {
    const romeo = await stage.signIn('romeo', 'm4');
    romeo.sends(`<message to='mercutio@localhost' id='1'/>`);
    await romeo.receives(unavailable('message'));
    romeo.sends(`<message to='nobody@localhost' id='2'/>`);
    await romeo.receives(unavailable('message'));
    romeo.sends(`<message to='mercutio@localhost' type='error' id='3'/>`);
    await romeo.doesNotReceive('<message/>');
    romeo.sends(`<message to='mercutio@localhost' type='groupchat' id='4'/>`);
    await romeo.receives(unavailable('message'));
  });

  it('whose prefixes are bound in the stream header mean the same to the receiver', async () => {
    const juliet = await stage.signIn('juliet', 'm5');
    const romeo = await stage.connectTls();
    await romeo.authenticates('romeo', 'romeo');
    await romeo.opens(STREAM_HEADER.replace(" to='", " xmlns:f='urn:f' to='"));
    romeo.sends(`<iq type='set' id='b'><bind xmlns='${NS.bind}'/></iq>`);
    await romeo.receives(`<iq id='b' type='result'/>`);
    romeo.sends(`<message to='juliet@localhost/m5'><f:x f:a='1'/></message>`);
    const message = await juliet.receives('<message/>');
    expect(message.childIn('urn:f')?.attribute('{urn:f}a')).toBe('1');
  });

  it('between two sessions keep their order', async () => {
    const [romeo, juliet] = [await stage.signIn('romeo', 'm6'), await stage.signIn('juliet', 'm6')];
    for (let i = 0; i < 200; i++) {
      romeo.sends(`<message to='juliet@localhost/m6' id='${i}'/>`);
      if (i % 20 === 0) romeo.sends(`<iq type='get' id='r${i}'><query xmlns='jabber:iq:roster'/></iq>`);
    }
    for (let i = 0; i < 200; i++) expect((await juliet.next()).attribute('id')).toBe(String(i));
  });
});

describe('IQ (RFC 6120 §8.2.3, RFC 6121 §8.5)', () => {
  it('reaches a full JID and the answer comes back', async () => {
    const [romeo, juliet] = [await stage.signIn('romeo', 'i1'), await stage.signIn('juliet', 'i1')];
    romeo.sends(`<iq type='get' id='1' to='juliet@localhost/i1'><q xmlns='urn:q'/></iq>`);
    await juliet.receives(`<iq type='get' id='1' from='romeo@localhost/i1'><q xmlns='urn:q'/></iq>`);
    juliet.sends(`<iq type='result' id='1' to='romeo@localhost/i1'/>`);
    await romeo.receives(`<iq type='result' id='1' from='juliet@localhost/i1'/>`);
  });

  it('to a resource that is not there, and to an account that does not answer it, comes back', async () => {
    const romeo = await stage.signIn('romeo', 'i2');
    romeo.sends(`<iq type='get' id='1' to='juliet@localhost/none'><q xmlns='urn:q'/></iq>`);
    await romeo.receives(unavailable('iq'));
    romeo.sends(`<iq type='get' id='2' to='juliet@localhost'><q xmlns='urn:q'/></iq>`);
    await romeo.receives(unavailable('iq'));
    romeo.sends(`<iq type='result' id='3' to='juliet@localhost/none'/>`);
    await romeo.doesNotReceive(`<iq id='3'/>`);
  });

  it('disco and ping: server, own account, and not the account of a stranger (XEP-0030, XEP-0199)', async () => {
    const romeo = await stage.signIn('romeo', 'i3');
    romeo.sends(`<iq type='get' id='1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    await romeo.receives(
      `<iq type='result' id='1'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='server' type='im'/><feature var='urn:xmpp:ping'/></query></iq>`,
    );
    romeo.sends(`<iq type='get' id='2'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
    await romeo.receives(
      `<iq type='result' id='2'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='account' type='registered'/></query></iq>`,
    );
    romeo.sends(
      `<iq type='get' id='3' to='juliet@localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    );
    await romeo.receives(unavailable('iq'));
    romeo.sends(
      `<iq type='get' id='4' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info' node='x'/></iq>`,
    );
    await romeo.receives(`<iq type='error' id='4'><error><item-not-found xmlns='${NS.stanzaErrors}'/></error></iq>`);
  });
});
