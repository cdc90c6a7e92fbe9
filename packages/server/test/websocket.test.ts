import { Element, parseElement } from '@thingward/xml';
import { Jid, message, NS, PeerError, ping, XmppClient } from '@thingward/xmpp';
import { webSocketConnector } from '@thingward/xmpp/websocket';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Stage } from './conversation.ts';

let stage: Stage;
let url: string;
beforeAll(async () => {
  stage = await Stage.open();
  url = stage.server.url ?? '';
});
afterAll(() => stage?.close());

const endpoint = () => `${url.replace('http', 'ws')}/xmpp-websocket`;

/** A WebSocket and what it receives, element by element. */
async function open(): Promise<{ socket: WebSocket; next: () => Promise<Element>; closed: Promise<number> }> {
  const socket = new WebSocket(endpoint(), ['xmpp']);
  const received: string[] = [];
  let wake = () => {};
  socket.on('message', (data) => {
    received.push(String(data));
    wake();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  const next = async () => {
    while (received.length === 0) {
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        setTimeout(() => reject(new Error('nothing came')), 2000);
      });
    }
    return parseElement(received.shift() ?? '');
  };
  return { socket, next, closed };
}

describe('XMPP over WebSocket (RFC 7395)', () => {
  it('opens with <open/> and sends features as a message of their own', async () => {
    const { socket, next, closed } = await open();
    socket.send(`<open xmlns='${NS.framing}' to='localhost' version='1.0'/>`);
    expect((await next()).is('open', NS.framing)).toBe(true);
    expect((await next()).is('features', NS.stream)).toBe(true);
    socket.send(`<close xmlns='${NS.framing}'/>`);
    expect((await next()).is('close', NS.framing)).toBe(true);
    await closed;
  });

  it('whatever comes before <open/> ends the stream', async () => {
    const { socket, next, closed } = await open();
    socket.send(`<auth xmlns='${NS.sasl}' mechanism='SCRAM-SHA-256'>biwsbj1yb21lbyxyPWFiYw==</auth>`);
    expect((await next()).is('open', NS.framing)).toBe(true);
    const error = await next();
    expect(error.child('bad-format', NS.streamErrors)).toBeDefined();
    expect((await next()).is('close', NS.framing)).toBe(true);
    socket.close();
    await closed;
  });

  it('a client signs in by SCRAM and talks with one on TCP, namespaces right on both sides', async () => {
    const juliet = await stage.signIn('juliet', 'tcp');
    const romeo = new XmppClient({
      jid: Jid.parse('romeo@localhost/ws'),
      password: 'romeo',
      connect: webSocketConnector(endpoint(), WebSocket as never),
    });
    romeo.start();
    await romeo.ready();
    await ping(romeo);
    romeo.send(message('chat', { to: Jid.parse('juliet@localhost/tcp') }, new Element('body', undefined, {}, ['O!'])));
    await juliet.receives(`<message from='romeo@localhost/ws'><body>O!</body></message>`);
    const answer = new Promise<string>((resolve) => {
      romeo.onMessage({ namespace: 'urn:x' }, (_, payload) => resolve(payload.text));
    });
    juliet.sends(`<message to='romeo@localhost/ws'><x xmlns='urn:x'>wherefore</x></message>`);
    expect(await answer).toBe('wherefore');
    await romeo.stop();
  });

  it('a wrong password is told', async () => {
    const romeo = new XmppClient({
      jid: Jid.parse('romeo@localhost'),
      password: 'wrong',
      connect: webSocketConnector(endpoint(), WebSocket as never),
    });
    romeo.start();
    await expect(romeo.ready()).rejects.toMatchObject({ condition: 'not-authorized' });
    expect(romeo.state).toBe('failed');
    await romeo.stop();
  });

  it('a binary message ends the stream', async () => {
    const { socket, next, closed } = await open();
    socket.send(Uint8Array.from(Buffer.from(`<open xmlns='${NS.framing}' to='localhost' version='1.0'/>`)));
    expect((await next()).is('open', NS.framing)).toBe(true);
    expect((await next()).child('not-well-formed', NS.streamErrors)).toBeDefined();
    expect(await closed).toBe(1000);
  });

  it('the closing handshake is completed after an error that took a while to find', async () => {
    const { socket, closed } = await open();
    const start = Date.now();
    socket.send(`<open xmlns='${NS.framing}' to='elsewhere.example' version='1.0'/>`);
    expect(await closed).toBe(1000);
    expect(Date.now() - start).toBeLessThan(1500);
  });

  it.each([
    ['<a/><b/>', 'not-well-formed'],
    ['hello', 'not-well-formed'],
    [`<stream:stream xmlns:stream='${NS.stream}' to='localhost'>`, 'not-well-formed'],
    [`<open xmlns='urn:other' to='localhost'/>`, 'not-authorized'],
    [`<!-- x --><a/>`, 'restricted-xml'],
    ['', 'not-well-formed'],
    [' <a/>', 'not-well-formed'],
    ['<a/> ', 'not-well-formed'],
    [`<a>${'x'.repeat(11_000)}</a>`, 'policy-violation'],
  ])('%j ends the stream with %s', async (text, condition) => {
    const { socket, next, closed } = await open();
    socket.send(`<open xmlns='${NS.framing}' to='localhost' version='1.0'/>`);
    await next();
    await next();
    socket.send(text);
    const error = await next();
    expect(error.is('error', NS.stream)).toBe(true);
    expect(error.child(condition, NS.streamErrors)).toBeDefined();
    expect((await next()).is('close', NS.framing)).toBe(true);
    await closed;
  });

  it('is refused without the subprotocol and at another path', async () => {
    const refused = (path: string, protocols: string[]) =>
      new Promise<string>((resolve) => {
        new WebSocket(url.replace('http', 'ws') + path, protocols).on('error', (error) => resolve(error.message));
      });
    expect(await refused('/xmpp-websocket', [])).toContain('400');
    expect(await refused('/elsewhere', ['xmpp'])).toContain('404');
  });

  it('tells when there is nobody to talk to', async () => {
    const romeo = new XmppClient({
      jid: Jid.parse('romeo@localhost'),
      password: 'x',
      connect: webSocketConnector('ws://127.0.0.1:1/xmpp-websocket', WebSocket as never),
    });
    romeo.start();
    await expect(romeo.ready()).rejects.toBeInstanceOf(PeerError);
    await romeo.stop();
  });
});

describe('HTTP', () => {
  it('is healthy, has metrics, says where the WebSocket is, and allows no foreign script', async () => {
    const health = await fetch(`${url}/healthz`);
    expect(await health.json()).toEqual({ status: 'ok' });
    expect(health.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^thingward_sessions \d+$/m);
    const hostMeta = (await (await fetch(`${url}/.well-known/host-meta.json`)).json()) as { links: { href: string }[] };
    expect(hostMeta.links[0]?.href).toBe(endpoint());
    expect(await (await fetch(`${url}/.well-known/host-meta`)).text()).toContain(`href='${endpoint()}'`);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
  });
});
