import { connect } from 'node:net';
import { COMPONENT, componentHandshake, Jid, message, NS, XmppComponent } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Actor, Stage } from './conversation.ts';

const BRIDGE = 'bridge.localhost';
const HEADER = (to: string, namespace: string = COMPONENT) =>
  `<stream:stream xmlns='${namespace}' xmlns:stream='${NS.stream}' to='${to}'>`;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({
    listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', component: '127.0.0.1:0' },
    components: { [BRIDGE]: 'secret', 'many.localhost': { secret: 'secret', instances: 2 }, 'away.localhost': 'x' },
    limits: { authTimeoutMs: 1000 },
  });
});
afterAll(() => stage.close());

const port = () => stage.server.address(2)?.port ?? 0;

function enters(): Promise<Actor> {
  return new Promise((resolve, reject) => {
    const socket = connect(port(), '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => resolve(new Actor(socket, 'localhost')));
  });
}

/** A component that has shaken hands. */
async function component(domain = BRIDGE): Promise<Actor> {
  const actor = await enters();
  actor.sends(HEADER(domain));
  const header = await actor.header();
  expect(header.attribute('from')).toBe(domain);
  expect(header.attribute('version')).toBeUndefined();
  actor.sends(`<handshake>${await componentHandshake(header.attribute('id') ?? '', 'secret')}</handshake>`);
  expect((await actor.next()).is('handshake', COMPONENT)).toBe(true);
  return actor;
}

async function leaves(actor: Actor): Promise<void> {
  actor.sends('</stream:stream>');
  await actor.isClosed();
}

describe('the handshake (XEP-0114 §3)', () => {
  it('is the hash of the stream’s identifier and the secret', async () => {
    expect(await componentHandshake('3BF96D32', 'secret')).toMatch(/^[0-9a-f]{40}$/);
    await leaves(await component());
  });

  it.each([
    ['nobody.localhost', COMPONENT, 'host-unknown'],
    [BRIDGE, 'jabber:client', 'invalid-namespace'],
    ['@', COMPONENT, 'host-unknown'],
  ])('a stream to %s in %s is refused with %s', async (to, namespace, condition) => {
    const actor = await enters();
    actor.sends(HEADER(to, namespace));
    await actor.header();
    const error = await actor.next();
    expect(error.child(condition, NS.streamErrors)).toBeDefined();
  });

  it.each(['', 'x', 'a'.repeat(40), 'A'.repeat(40)])('%j is no proof', async (proof) => {
    const actor = await enters();
    actor.sends(HEADER(BRIDGE));
    await actor.header();
    actor.sends(`<handshake>${proof}</handshake>`);
    expect((await actor.next()).child('not-authorized', NS.streamErrors)).toBeDefined();
    await actor.isClosed();
  });

  it('nothing goes through before it', async () => {
    const actor = await enters();
    actor.sends(`${HEADER(BRIDGE)}<message from='a@${BRIDGE}' to='romeo@localhost'/>`);
    await actor.header();
    expect((await actor.next()).child('not-authorized', NS.streamErrors)).toBeDefined();
  });

  it('comes in time or not at all', async () => {
    const actor = await enters();
    actor.sends(HEADER(BRIDGE));
    await actor.header();
    expect((await actor.next()).child('connection-timeout', NS.streamErrors)).toBeDefined();
  });

  it('a second connection is a conflict, and the first goes on', async () => {
    const first = await component();
    const second = await enters();
    second.sends(HEADER(BRIDGE));
    const header = await second.header();
    second.sends(`<handshake>${await componentHandshake(header.attribute('id') ?? '', 'secret')}</handshake>`);
    expect((await second.next()).child('conflict', NS.streamErrors)).toBeDefined();
    first.sends(`<iq type='get' id='p' from='${BRIDGE}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    expect((await first.next()).attribute('id')).toBe('p');
    await leaves(first);
  });
});

describe('stanzas of components', () => {
  it('go both ways, as whoever is at the domain', async () => {
    const bridge = await component();
    const romeo = await stage.present('romeo');
    bridge.sends(`<message from='plc@${BRIDGE}/1' to='romeo@localhost/r' id='in'><body>23 °C</body></message>`);
    await romeo.receives(`<message from='plc@${BRIDGE}/1' id='in'><body>23 °C</body></message>`);
    romeo.sends(`<message to='plc@${BRIDGE}' id='out'><body>thanks</body></message>`);
    const out = await bridge.next();
    expect(out.is('message', COMPONENT)).toBe(true);
    expect(out.attribute('from')).toBe('romeo@localhost/r');
    expect(out.child('body')?.text).toBe('thanks');
    await leaves(bridge);
  });

  it.each([
    [`<message from='a@elsewhere' to='romeo@localhost'/>`, 'invalid-from'],
    [`<message from='romeo@localhost' to='juliet@localhost'/>`, 'invalid-from'],
    [`<message from='a@sub.${BRIDGE}' to='romeo@localhost'/>`, 'invalid-from'],
    [`<message from='a@not${BRIDGE}' to='romeo@localhost'/>`, 'invalid-from'],
    [`<message from='a@${BRIDGE}.example' to='romeo@localhost'/>`, 'invalid-from'],
    [`<message from='${BRIDGE}@localhost' to='romeo@localhost'/>`, 'invalid-from'],
    [`<message from='localhost' to='romeo@localhost'/>`, 'invalid-from'],
    [`<message to='romeo@localhost'/>`, 'improper-addressing'],
    [`<message from='a@${BRIDGE}'/>`, 'improper-addressing'],
    [`<message from='@' to='romeo@localhost'/>`, 'improper-addressing'],
    [`<thing from='${BRIDGE}' to='romeo@localhost'/>`, 'unsupported-stanza-type'],
    [`<message xmlns='jabber:client' from='${BRIDGE}' to='romeo@localhost'/>`, 'unsupported-stanza-type'],
    [`<message><<`, 'not-well-formed'],
  ])('%s ends the stream with %s', async (text, condition) => {
    const bridge = await component();
    bridge.sends(text);
    expect((await bridge.next()).child(condition, NS.streamErrors)).toBeDefined();
    await bridge.isClosed();
  });

  it('a probe of who may not see is answered with the end of the subscription, whether there is such an account or not', async () => {
    const actor = await component();
    for (const name of ['juliet', 'nobody']) {
      actor.sends(`<presence type='probe' from='bot@${BRIDGE}' to='${name}@localhost'/>`);
      await actor.receives(
        `<presence xmlns='${COMPONENT}' type='unsubscribed' from='${name}@localhost' to='bot@${BRIDGE}'/>`,
      );
    }
    await leaves(actor);
  });

  it('an address that is none is answered', async () => {
    const bridge = await component();
    bridge.sends(`<message from='a@${BRIDGE}' to='@' id='bad'/>`);
    const answer = await bridge.next();
    expect(answer.attribute('id')).toBe('bad');
    expect(answer.child('error')?.child('jid-malformed', NS.stanzaErrors)).toBeDefined();
    await leaves(bridge);
  });

  it('while a component is away, what is for it is refused; it is listed all the same', async () => {
    const romeo = await stage.signIn('romeo', 'asking');
    romeo.sends(`<iq type='get' id='q' to='away.localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(
      `<iq type='error' id='q'><error type='wait'><remote-server-timeout xmlns='${NS.stanzaErrors}'/></error></iq>`,
    );
    romeo.sends(`<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`);
    const items = (await romeo.receives(`<iq type='result' id='d'/>`)).elements[0]?.elements ?? [];
    expect(items.map((item) => item.attribute('jid'))).toContain(BRIDGE);
  });

  it('several connections share the work: what one sender says goes to one, answers go to who asked', async () => {
    const pair = [await component('many.localhost'), await component('many.localhost')] as const;
    const romeo = await stage.signIn('romeo', 'one');
    const juliet = await stage.signIn('juliet', 'two');
    for (let i = 0; i < 20; i++) {
      for (const actor of [romeo, juliet]) actor.sends(`<message to='many.localhost' id='${i}'/>`);
    }
    for (const actor of [romeo, juliet]) await actor.doesNotReceive('<message/>');
    for (const [i, instance] of pair.entries()) {
      instance.sends(
        `<iq type='get' id='ask${i}' from='many.localhost' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
      );
    }
    const got = await Promise.all(
      pair.map(async (instance, i) => {
        const order = new Map<string, string[]>();
        for (;;) {
          const element = await instance.next();
          if (element.name === 'iq') {
            expect(element.attribute('id')).toBe(`ask${i}`);
            return order;
          }
          const from = element.attribute('from') ?? '';
          order.set(from, [...(order.get(from) ?? []), element.attribute('id') ?? '']);
        }
      }),
    );
    const inOrder = Array.from({ length: 20 }, (_, i) => String(i));
    const senders = got.flatMap((order) => [...order.keys()]);
    expect(senders.sort()).toEqual(['juliet@localhost/two', 'romeo@localhost/one']);
    for (const order of got) for (const ids of order.values()) expect(ids).toEqual(inOrder);
  });
});

describe('XmppComponent', () => {
  const create = (secret: string, domain = BRIDGE) =>
    new XmppComponent({
      domain,
      secret,
      connect: tcpConnector({ domain, host: '127.0.0.1', port: port(), tls: 'none', namespace: COMPONENT }),
      maxBackoffMs: 50,
    });

  it('answers requests, sends messages, and comes back when the server does', async () => {
    const bridge = create('secret');
    bridge.onIq('get', { name: 'q', namespace: 'urn:q' }, ({ payload }) => payload);
    bridge.start();
    await bridge.ready();
    const ask = async (resource: string) => {
      const romeo = await stage.signIn('romeo', resource);
      romeo.sends(`<iq type='get' id='1' to='${BRIDGE}'><q xmlns='urn:q'>echo</q></iq>`);
      expect((await romeo.receives(`<iq type='result' id='1'/>`)).elements[0]?.text).toBe('echo');
      bridge.send(message('chat', { to: Jid.parse(`romeo@localhost/${resource}`), id: 'hello' }));
      await romeo.receives(`<message id='hello' from='${BRIDGE}'/>`);
    };
    await ask('before');
    const doors = ['c2s', 'c2sTls', 'component'].map((_, i) => stage.server.address(i)?.port ?? 0);
    await stage.server.stop();
    stage.listen({ c2s: `127.0.0.1:${doors[0]}`, c2sTls: `127.0.0.1:${doors[1]}`, component: `127.0.0.1:${doors[2]}` });
    await stage.start();
    await expect.poll(() => bridge.state, { timeout: 5000 }).toBe('online');
    await ask('after');
    await bridge.stop();
  });

  it('gives up when its secret is wrong or its domain unknown', async () => {
    for (const [secret, domain] of [
      ['wrong', BRIDGE],
      ['secret', 'nobody.localhost'],
    ] as const) {
      const bridge = create(secret, domain);
      bridge.start();
      await expect(bridge.ready()).rejects.toThrow(/not-authorized|host-unknown/);
      expect(bridge.state).toBe('failed');
      await bridge.stop();
    }
  });
});
