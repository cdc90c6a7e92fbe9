import { encodeBase64, NS, scramClient } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, STREAM_HEADER, Stage } from './conversation.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ limits: { maxStanzaBytes: 20_000, maxAuthFailures: 3 } });
});
afterAll(() => stage?.close());

const utf8 = (text: string) => new TextEncoder().encode(text);
const plain = (name: string, password: string) => encodeBase64(utf8(`\0${name}\0${password}`));

async function scram(actor: Actor, hash: 'SHA-1' | 'SHA-256', password: string): Promise<void> {
  const mechanism = scramClient(hash, 'romeo', password);
  actor.sends(`<auth xmlns='${NS.sasl}' mechanism='SCRAM-${hash}'>${encodeBase64(await mechanism.start())}</auth>`);
  const challenge = await actor.next();
  expect(challenge.name).toBe('challenge');
  const response = await mechanism.respond(Uint8Array.from(atob(challenge.text), (c) => c.charCodeAt(0)));
  actor.sends(`<response xmlns='${NS.sasl}'>${encodeBase64(response)}</response>`);
}

describe('stream headers (RFC 6120 §4)', () => {
  it('are answered with id, from, version and features', async () => {
    const romeo = await stage.connect();
    romeo.sends(STREAM_HEADER);
    const header = await romeo.header();
    expect({ ...header.attributes }).toMatchObject({
      from: 'localhost',
      version: '1.0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const features = await romeo.next();
    expect(features.is('features', NS.stream)).toBe(true);
    expect(features.child('starttls', NS.tls)).toBeDefined();
    const offered = features
      .child('mechanisms', NS.sasl)
      ?.childrenNamed('mechanism')
      .map(({ text }) => text);
    expect(offered).toEqual(['SCRAM-SHA-256', 'SCRAM-SHA-1']);
  });

  it.each([
    [STREAM_HEADER.replace("to='localhost'", "to='example.com'"), 'host-unknown'],
    [STREAM_HEADER.replace(" to='localhost'", ''), 'host-unknown'],
    [STREAM_HEADER.replace("xmlns='jabber:client'", "xmlns='jabber:server'"), 'invalid-namespace'],
    [STREAM_HEADER.replace('http://etherx.jabber.org/streams', 'urn:other'), 'invalid-namespace'],
    [STREAM_HEADER.replace(" version='1.0'>", '>'), 'unsupported-version'],
    ['<?xml version="1.0" encoding="UTF-16"?><a>', 'unsupported-encoding'],
    ['<!DOCTYPE stream [<!ENTITY a "b">]>', 'restricted-xml'],
    ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 'not-well-formed'],
    ['<stream:stream>', 'bad-namespace-prefix'],
    [`<stream:stream ${'x'.repeat(5000)}`, 'policy-violation'],
  ])('%j is answered with %s', async (header, condition) => {
    const romeo = await stage.connect();
    romeo.sends(header);
    await romeo.header();
    await romeo.isThrownOut(condition);
    await romeo.isClosed();
  });
});

describe('before authentication', () => {
  it.each([
    ["<message to='juliet@localhost'><body>hi</body></message>", 'not-authorized'],
    ['<a></b>', 'not-well-formed'],
    ['<a>&nope;</a>', 'restricted-xml'],
    ['<!-- comment -->', 'restricted-xml'],
    ['<?pi?>', 'restricted-xml'],
    ['text', 'not-well-formed'],
    ['</stream>', 'not-well-formed'],
    [`<a>${'x'.repeat(11_000)}</a>`, 'policy-violation'],
    [STREAM_HEADER.replace("<?xml version='1.0'?>", ''), 'not-authorized'],
  ])('%j ends the stream with %s', async (text, condition) => {
    const romeo = await stage.connect();
    await romeo.opens();
    romeo.sends(text.endsWith("'1.0'>") ? text.replace('>', '/>') : text);
    await romeo.isThrownOut(condition);
  });

  it('a client that never authenticates is told so', async () => {
    const slow = await Stage.open({ limits: { authTimeoutMs: 1000 } });
    const romeo = await slow.connect();
    await romeo.opens();
    await romeo.isThrownOut('connection-timeout');
    await slow.close();
  });
});

describe('STARTTLS and SASL (RFC 6120 §5, §6)', () => {
  it.each(['SHA-256', 'SHA-1'] as const)('SCRAM-%s after STARTTLS', async (hash) => {
    const romeo = await stage.connect();
    await romeo.opens();
    romeo.sends(`<starttls xmlns='${NS.tls}'/>`);
    await romeo.receives(`<proceed xmlns='${NS.tls}'/>`);
    await romeo.startsTls();
    const features = await romeo.opens();
    expect(features.child('starttls', NS.tls)).toBeUndefined();
    expect(features.child('mechanisms', NS.sasl)?.elements.map(({ text }) => text)).toContain('PLAIN');
    await scram(romeo, hash, 'romeo');
    await romeo.receives(`<success xmlns='${NS.sasl}'/>`);
    romeo.restarts();
    await romeo.binds('orchard');
  });

  it('direct TLS', async () => {
    const romeo = await stage.connectTls();
    await romeo.authenticates('romeo', 'romeo');
    await romeo.binds('balcony');
  });

  it('nothing sent before TLS counts inside it', async () => {
    const romeo = await stage.connect();
    await romeo.opens();
    romeo.sends(
      `<starttls xmlns='${NS.tls}'/><auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain('romeo', 'romeo')}</auth>`,
    );
    await romeo.isClosed();
  });

  it('PLAIN is refused without TLS, whatever the password', async () => {
    const romeo = await stage.connect();
    await romeo.opens();
    romeo.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain('romeo', 'romeo')}</auth>`);
    await romeo.receives(`<failure xmlns='${NS.sasl}'><encryption-required/></failure>`);
  });

  it('TLS is required where plaintext is not allowed', async () => {
    const strict = await Stage.open({ auth: { allowPlaintext: false } });
    const romeo = await strict.connect();
    const features = await romeo.opens();
    expect(features.child('starttls', NS.tls)?.child('required')).toBeDefined();
    expect(features.child('mechanisms', NS.sasl)).toBeUndefined();
    romeo.sends(`<auth xmlns='${NS.sasl}' mechanism='SCRAM-SHA-256'>biwsbj1yLHI9YQ==</auth>`);
    await romeo.receives(`<failure xmlns='${NS.sasl}'><encryption-required/></failure>`);
    await strict.close();
  });

  it.each([
    ["<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='X-UNKNOWN'/>", 'invalid-mechanism'],
    ["<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>!!!</auth>", 'incorrect-encoding'],
    ["<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>AAAA</auth>", 'malformed-request'],
    ["<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", 'aborted'],
    ["<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AAAA</response>", 'malformed-request'],
  ])('%s fails with %s', async (text, condition) => {
    const romeo = await stage.connect();
    await romeo.opens();
    romeo.sends(text);
    await romeo.receives(`<failure xmlns='${NS.sasl}'><${condition}/></failure>`);
  });

  it('a wrong password and an unknown user look the same, and a few of them end the stream', async () => {
    const romeo = await stage.connectTls();
    await romeo.opens();
    for (const name of ['romeo', 'nobody', 'romeo']) {
      romeo.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${plain(name, 'wrong')}</auth>`);
      await romeo.receives(`<failure xmlns='${NS.sasl}'><not-authorized/></failure>`);
    }
    await romeo.isThrownOut('policy-violation');
  });

  it('a stanza before a resource is bound ends the stream', async () => {
    const romeo = await stage.connectTls();
    await romeo.authenticates('romeo', 'romeo');
    await romeo.opens();
    romeo.sends('<presence/>');
    await romeo.isThrownOut('not-authorized');
  });
});

describe('in a bound stream', () => {
  it.each([
    ["<iq type='get' id='1' from='juliet@localhost/x'><ping xmlns='urn:xmpp:ping'/></iq>", 'invalid-from'],
    ["<thing xmlns='jabber:client'/>", 'unsupported-stanza-type'],
    ["<message xmlns='urn:other'/>", 'unsupported-stanza-type'],
    ['<message><body></message>', 'not-well-formed'],
    ["<message x:y='1'/>", 'bad-namespace-prefix'],
    [`<message><body>${'x'.repeat(21_000)}</body></message>`, 'policy-violation'],
    ['<message>\u0001</message>', 'not-well-formed'],
    ['<a>'.repeat(200), 'policy-violation'],
    ['some text', 'not-well-formed'],
    ['</stream>', 'not-well-formed'],
    ['</stream:streams>', 'not-well-formed'],
    ['<!-- comment -->', 'restricted-xml'],
    ['<?pi data?>', 'restricted-xml'],
    ['<message><body>&copy;</body></message>', 'restricted-xml'],
    ['<message><!DOCTYPE a></message>', 'restricted-xml'],
    ["<message id='a' id='b'/>", 'not-well-formed'],
    [`${STREAM_HEADER.replace("<?xml version='1.0'?>", '').replace('>', '/>')}`, 'unsupported-stanza-type'],
  ])('%j ends it with %s', async (text, condition) => {
    const romeo = await stage.signIn('romeo', `r${Math.random()}`);
    romeo.sends(text);
    await romeo.isThrownOut(condition);
  });

  it('invalid UTF-8 ends it with unsupported-encoding', async () => {
    const romeo = await stage.signIn('romeo', 'utf8');
    romeo.sends(Uint8Array.from([...utf8('<message><body>'), 0xc0, 0x80, ...utf8('</body></message>')]));
    await romeo.isThrownOut('unsupported-encoding');
  });

  it('a stanza of some size is taken, cut into any pieces, and so are several at once', async () => {
    const romeo = await stage.signIn('romeo', 'pieces');
    const ping = (id: string) => `<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`;
    for (const byte of utf8(ping('bytes'))) romeo.sends(Uint8Array.of(byte));
    await romeo.receives("<iq type='result' id='bytes'/>");
    romeo.sends(`${ping('a')} \n ${ping('b')}`);
    await romeo.receives("<iq type='result' id='a'/>");
    await romeo.receives("<iq type='result' id='b'/>");
    romeo.sends(`<iq type='get' id='c' to='juliet@localhost/none'><q xmlns='urn:q'>${'x'.repeat(15_000)}</q></iq>`);
    await romeo.receives("<iq type='error' id='c'/>");
  });

  it.each([
    ["<iq type='get' id='1' to='juliet@@localhost'><q xmlns='urn:q'/></iq>", 'jid-malformed'],
    ["<iq type='get'><q xmlns='urn:q'/></iq>", 'bad-request'],
    ["<iq type='foo' id='1'><q xmlns='urn:q'/></iq>", 'bad-request'],
    ["<iq type='get' id='1' to='localhost'/>", 'bad-request'],
    ["<iq type='get' id='1' to='localhost'><q xmlns='urn:q'/></iq>", 'service-unavailable'],
    ["<iq type='get' id='1' to='elsewhere.example'><q xmlns='urn:q'/></iq>", 'remote-server-not-found'],
  ])('%j is answered with %s', async (text, condition) => {
    const romeo = await stage.signIn('romeo', `e${Math.random()}`);
    romeo.sends(text);
    await romeo.receives(`<iq type='error'><error><${condition} xmlns='${NS.stanzaErrors}'/></error></iq>`);
    await romeo.doesNotReceive('<stream/>');
  });

  it('white space between stanzas keeps the connection alive and means nothing', async () => {
    const romeo = await stage.signIn('romeo', 'space');
    for (const space of [' ', '\n', '\t\r\n ', ' '.repeat(30_000)]) romeo.sends(space);
    romeo.sends(`<iq type='get' id='1' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    expect((await romeo.next()).attribute('id')).toBe('1');
  });

  it('what was sent just before the end still arrives', async () => {
    const [romeo, juliet] = [await stage.signIn('romeo', 'hasty'), await stage.signIn('juliet', 'hasty')];
    romeo.sends(
      `<iq type='get' id='1'><query xmlns='${NS.roster}'/></iq><message to='juliet@localhost/hasty' id='last'/></stream:stream>`,
    );
    await juliet.receives(`<message id='last' from='romeo@localhost/hasty'/>`);
    await romeo.isClosed();
  });

  it('an error from the client ends it without an answer but the end', async () => {
    const romeo = await stage.signIn('romeo', 'quitter');
    romeo.sends(`<stream:error><reset xmlns='${NS.streamErrors}'/></stream:error>`);
    await expect(romeo.next()).rejects.toThrow('expected an element, got close');
  });

  it('a resource is made up when none is asked for, normalised when it is, and refused when it is too long', async () => {
    const bind = (resource: string) =>
      `<iq type='set' id='b'><bind xmlns='${NS.bind}'><resource>${resource}</resource></bind></iq>`;
    const romeo = await stage.connectTls();
    await romeo.authenticates('romeo', 'romeo');
    await romeo.opens();
    romeo.sends(bind('x'.repeat(1024)));
    await romeo.receives(`<iq type='error' id='b'><error><bad-request xmlns='${NS.stanzaErrors}'/></error></iq>`);
    romeo.sends(bind(''));
    const bound = (await romeo.receives(`<iq type='result' id='b'/>`)).child('bind', NS.bind)?.child('jid')?.text;
    expect(bound).toMatch(/^romeo@localhost\/[\w-]{12}$/);
    romeo.sends(bind('again'));
    await romeo.receives(`<iq type='error' id='b'/>`);
  });

  it('all streams are told when the server stops', async () => {
    const passing = await Stage.open();
    const romeo = await passing.signIn('romeo');
    const stopped = passing.server.stop();
    await romeo.isThrownOut('system-shutdown');
    await stopped;
    await passing.start();
    await passing.close();
  });

  it('closing is answered with closing', async () => {
    const romeo = await stage.signIn('romeo', 'closing');
    romeo.sends('</stream:stream>');
    await romeo.isClosed();
  });

  it('a resource that is bound again throws the older session out', async () => {
    const older = await stage.signIn('romeo', 'same');
    const newer = await stage.signIn('romeo', 'same');
    await older.isThrownOut('conflict');
    newer.sends("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
    await newer.receives("<iq type='result' id='1'/>");
  });
});
