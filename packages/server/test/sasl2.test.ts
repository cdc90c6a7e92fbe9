import { parseElement } from '@thingward/xml';
import { decodeBase64, encodeBase64, hashedTokenClient, NS, SASL2, scramClient } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { authenticate, entersTls, headerFrom, plain, scram, signsIn, succeeds, userAgent } from './authentication.ts';
import { BoshActor } from './bosh-actor.ts';
import { Stage } from './conversation.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ limits: { maxAuthFailures: 3 } });
});
afterAll(() => stage.close());

const failure = (condition: string) => `<failure xmlns='${SASL2}'><${condition} xmlns='${NS.sasl}'/></failure>`;
const response = (text: string) => `<response xmlns='${SASL2}'>${text}</response>`;
const utf8 = (text: string) => new TextEncoder().encode(text);

describe('the offer (XEP-0388 §2.1)', () => {
  it('has the mechanisms of the stream and what can be asked for along with them', async () => {
    const [, features] = await entersTls(stage, headerFrom('romeo@localhost'));
    const offer = features.child('authentication', SASL2);
    expect(offer?.childrenNamed('mechanism').map(({ text }) => text)).toEqual([
      'SCRAM-SHA-256-PLUS',
      'SCRAM-SHA-1-PLUS',
      'SCRAM-SHA-256',
      'SCRAM-SHA-1',
      'PLAIN',
    ]);
    expect(offer?.child('inline')?.elements.map(({ name, namespace }) => `${name} ${namespace}`)).toEqual([
      'sm urn:xmpp:sm:3',
      'bind urn:xmpp:bind:0',
      'fast urn:xmpp:fast:0',
    ]);
  });

  it('is not made before TLS, where TLS is required', async () => {
    const strict = await Stage.open({ auth: { allowPlaintext: false } });
    const romeo = await strict.connect();
    expect((await romeo.opens()).child('authentication', SASL2)).toBeUndefined();
    romeo.sends(plain('romeo'));
    await romeo.receives(failure('encryption-required'));
    await strict.close();
  });

  it('is made without TLS where that is allowed, without PLAIN and tokens', async () => {
    const romeo = await stage.connect();
    const offer = (await romeo.opens()).child('authentication', SASL2);
    expect(offer?.childrenNamed('mechanism').map(({ text }) => text)).toEqual(['SCRAM-SHA-256', 'SCRAM-SHA-1']);
    expect(offer?.child('inline')?.child('fast', 'urn:xmpp:fast:0')).toBeUndefined();
    romeo.sends(plain('romeo'));
    await romeo.receives(failure('encryption-required'));
    expect((await scram(romeo, 'romeo', 'romeo')).identity.toString()).toBe('romeo@localhost');
  });

  it('a stream from another domain is refused', async () => {
    const romeo = await stage.connectTls();
    romeo.sends(headerFrom('romeo@example.org'));
    await romeo.header();
    await romeo.isThrownOut('invalid-from');
  });
});

describe('authentication (XEP-0388 §2.3 - §2.6)', () => {
  it('PLAIN takes one step; then come features, without a new stream', async () => {
    const romeo = await stage.connectTls();
    const [success, features] = await signsIn(romeo, 'romeo', userAgent());
    expect(success).toEqual({ identity: expect.anything(), additionalData: undefined, inline: [] });
    expect(success.identity.toString()).toBe('romeo@localhost');
    expect(features.is('features', NS.stream)).toBe(true);
    expect(features.child('bind', NS.bind)).toBeDefined();
    expect(features.child('authentication', SASL2)).toBeUndefined();
    romeo.sends(`<iq type='set' id='b'><bind xmlns='${NS.bind}'><resource>balcony</resource></bind></iq>`);
    const bound = await romeo.receives(`<iq type='result' id='b'/>`);
    expect(bound.child('bind', NS.bind)?.child('jid')?.text).toBe('romeo@localhost/balcony');
    romeo.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq id='p' type='result' to='romeo@localhost/balcony'/>`);
  });

  it('SCRAM takes a challenge and a response; success proves that the server knows the account', async () => {
    const [romeo] = await entersTls(stage);
    expect((await scram(romeo, 'romeo', 'romeo')).additionalData).toBeDefined();
  });

  it('an initial response that was left out is asked for', async () => {
    const [romeo] = await entersTls(stage);
    romeo.sends(authenticate('PLAIN', undefined));
    expect((await romeo.receives(`<challenge xmlns='${SASL2}'/>`)).text).toBe('');
    romeo.sends(response(encodeBase64(utf8('\0romeo\0romeo'))));
    expect((await succeeds(romeo))[0].identity.toString()).toBe('romeo@localhost');
  });

  it.each([
    [authenticate('X-UNKNOWN', new Uint8Array(0)), 'invalid-mechanism'],
    [`<authenticate xmlns='${SASL2}'/>`, 'invalid-mechanism'],
    [authenticate('HT-SHA-256-NONE', utf8('romeo\0x')), 'invalid-mechanism'],
    [plain('romeo', '', 'wrong'), 'not-authorized'],
    [plain('nobody'), 'not-authorized'],
    [
      `<authenticate xmlns='${SASL2}' mechanism='PLAIN'><initial-response>!</initial-response></authenticate>`,
      'incorrect-encoding',
    ],
    [plain('romeo', `<user-agent id='no-uuid'/>`), 'malformed-request'],
    [response('AAAA'), 'malformed-request'],
    [`<abort xmlns='${SASL2}'><text>changed my mind</text></abort>`, 'aborted'],
    [`<next xmlns='${SASL2}' task='TOTP-EXAMPLE'/>`, 'malformed-request'],
    [`<task-data xmlns='${SASL2}'/>`, 'malformed-request'],
  ])('%s fails with %s, and the client may try again', async (text, condition) => {
    const [romeo] = await entersTls(stage);
    romeo.sends(text);
    await romeo.receives(failure(condition));
    romeo.sends(plain('romeo'));
    await succeeds(romeo);
  });

  it('an exchange that is aborted leaves nothing behind', async () => {
    const [romeo] = await entersTls(stage);
    romeo.sends(authenticate('SCRAM-SHA-256', utf8('n,,n=romeo,r=abc')));
    await romeo.receives(`<challenge xmlns='${SASL2}'/>`);
    romeo.sends(`<abort xmlns='${SASL2}'/>`);
    await romeo.receives(failure('aborted'));
    romeo.sends(response('AAAA'));
    await romeo.receives(failure('malformed-request'));
    expect((await scram(romeo, 'romeo', 'romeo')).identity.toString()).toBe('romeo@localhost');
  });

  it('nothing else may come while it goes on', async () => {
    for (const text of [
      `<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>`,
      `<auth xmlns='${NS.sasl}' mechanism='PLAIN'>AHJvbWVvAHJvbWVv</auth>`,
      plain('romeo'),
      `<starttls xmlns='${NS.tls}'/>`,
    ]) {
      const [romeo] = await entersTls(stage);
      romeo.sends(authenticate('SCRAM-SHA-256', utf8('n,,n=romeo,r=abc')));
      await romeo.receives(`<challenge xmlns='${SASL2}'/>`);
      romeo.sends(text);
      await romeo.isThrownOut('policy-violation');
    }
  });

  it('a second authentication ends the stream, bound or not', async () => {
    const romeo = await stage.connectTls();
    await signsIn(romeo, 'romeo');
    romeo.sends(plain('romeo'));
    await romeo.isThrownOut('policy-violation');
    const juliet = await stage.connectTls();
    await signsIn(juliet, 'juliet', `<bind xmlns='urn:xmpp:bind:0'/>`);
    juliet.sends(plain('juliet'));
    await juliet.isThrownOut('unsupported-stanza-type');
  });

  it('the stream header must not name another account', async () => {
    const [romeo] = await entersTls(stage, headerFrom('juliet@localhost'));
    romeo.sends(plain('romeo'));
    await romeo.receives(failure('invalid-authzid'));
    const [other] = await entersTls(stage, headerFrom('Romeo@localhost/here'));
    other.sends(plain('romeo'));
    await succeeds(other);
  });

  it('unknown elements end the stream, too many failures too', async () => {
    const [romeo] = await entersTls(stage);
    romeo.sends(`<continue xmlns='${SASL2}'/>`);
    await romeo.isThrownOut('unsupported-stanza-type');
    const [juliet] = await entersTls(stage);
    for (let i = 0; i < 3; i++) juliet.sends(plain('juliet', '', 'wrong'));
    await juliet.receives(failure('not-authorized'));
    await juliet.isThrownOut('policy-violation');
  });

  it('over a WebSocket nothing is different, and over an unencrypted one there are no tokens', async () => {
    const { url } = stage.server;
    const socket = new WebSocket(`${url?.replace('http', 'ws')}/xmpp-websocket`, ['xmpp']);
    const received: string[] = [];
    socket.on('message', (data) => received.push(String(data)));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(`<open xmlns='${NS.framing}' to='localhost' version='1.0'/>`);
    const response = await hashedTokenClient('HT-SHA-256-NONE', 'romeo', 'token').start();
    socket.send(authenticate('HT-SHA-256-NONE', response, `${userAgent()}<fast xmlns='urn:xmpp:fast:0'/>`));
    await expect.poll(() => received.at(-1)).toContain('<invalid-mechanism');
    const mechanism = scramClient('SHA-256', 'romeo', 'romeo');
    socket.send(authenticate(mechanism.name, await mechanism.start(), `<bind xmlns='urn:xmpp:bind:0'/>`));
    await expect.poll(() => received.at(-1)).toContain('<challenge');
    const challenge = parseElement(received.at(-1) as string);
    const answer = await mechanism.respond(decodeBase64(challenge.text) as Uint8Array);
    socket.send(`<response xmlns='${SASL2}'>${encodeBase64(answer)}</response>`);
    await expect.poll(() => received.at(-2)).toContain('<bound');
    expect(received.at(-1)).toContain('<features');
    socket.close();
  });

  it('over BOSH nothing is different either, and no stream is restarted', async () => {
    const romeo = new BoshActor(stage.server.url ?? '');
    const session = await romeo.opens();
    expect(session.child('features', NS.stream)?.child('authentication', SASL2)).toBeDefined();
    const mechanism = scramClient('SHA-256', 'romeo', 'romeo');
    const begun = authenticate(mechanism.name, await mechanism.start(), `<bind xmlns='urn:xmpp:bind:0'/>`);
    const challenge = (await romeo.sends(begun)).child('challenge', SASL2);
    const answer = await mechanism.respond(decodeBase64(challenge?.text ?? '') as Uint8Array);
    const body = await romeo.sends(`<response xmlns='${SASL2}'>${encodeBase64(answer)}</response>`);
    expect(body.elements.map(({ name }) => name)).toEqual(['success', 'features']);
    const ping = `<iq xmlns='jabber:client' type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`;
    expect((await romeo.sends(ping)).child('iq', NS.client)?.attribute('type')).toBe('result');
  });
});
