import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { NS } from '@thingward/xmpp';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ServiceDefinition } from '../src/index.ts';
import { rosterSet, Stage } from './conversation.ts';

let stage: Stage;
afterEach(() => stage?.close());

/** A TCP connection that says nothing and reads whatever comes. */
function silent(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').resume();
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
}

function closed(socket: Socket, patienceMs = 2000): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the connection is still open')), patienceMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${stage.server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
};

/** Waits until the server has noticed that connections went. */
async function openConnections(count: number): Promise<void> {
  for (let tries = 0; (await metric('thingward_connections')) !== count; tries++) {
    if (tries > 100) throw new Error(`${await metric('thingward_connections')} connections are open, not ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('connections from one address', () => {
  it('are limited, and one that ends makes room', async () => {
    stage = await Stage.open({ limits: { maxConnectionsPerAddress: 1 } });
    const romeo = await stage.connect();
    await romeo.opens();
    const refused = await stage.connect();
    await refused.isClosed();
    romeo.leaves();
    await openConnections(0);
    const juliet = await stage.connect();
    await juliet.opens();
  });

  it('make room when they end under STARTTLS too', async () => {
    stage = await Stage.open({ limits: { maxConnectionsPerAddress: 1 } });
    for (let i = 0; i < 3; i++) {
      const romeo = await stage.connect();
      await romeo.opens();
      romeo.sends(`<starttls xmlns='${NS.tls}'/>`);
      await romeo.receives(`<proceed xmlns='${NS.tls}'/>`);
      await romeo.startsTls();
      await romeo.opens();
      romeo.leaves();
      await openConnections(0);
    }
  });

  it('count before their TLS handshake, and do not keep the server from stopping', async () => {
    stage = await Stage.open({ limits: { maxConnectionsPerAddress: 2 } });
    const port = stage.server.address(1)?.port ?? 0;
    const [first, second] = [await silent(port), await silent(port)];
    await openConnections(2);
    await closed(await silent(port));
    const ends = [closed(first), closed(second)];
    await stage.server.stop();
    await Promise.all(ends);
    await stage.start();
  });

  it('are refused over WebSocket as well', async () => {
    stage = await Stage.open({ limits: { maxConnectionsPerAddress: 1 } });
    const romeo = await stage.connect();
    await romeo.opens();
    const socket = new WebSocket(`${stage.server.url?.replace('http', 'ws')}/xmpp-websocket`, ['xmpp']);
    const refusal = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(refusal.message).toMatch(/hang up|ECONNRESET/);
  });
});

it('new connections from one address are limited, though some may come at once', async () => {
  stage = await Stage.open({ limits: { maxConnectionsPerSecond: 1 } });
  for (let i = 0; i < 10; i++) await (await stage.connect()).opens();
  await (await stage.connect()).isClosed();
});

describe('failed log-ins', () => {
  const fails = async (name: string) => {
    const actor = await stage.connectTls();
    await actor.opens();
    const initial = Buffer.from(`\0${name}\0wrong`).toString('base64');
    actor.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${initial}</auth>`);
    return actor;
  };

  it('from one address are limited, and others from there go on', async () => {
    stage = await Stage.open({ limits: { maxAuthFailuresPerAddress: 2 } });
    const romeo = await stage.signIn('romeo');
    for (const name of ['juliet', 'nobody']) await (await fails(name)).receives(`<failure xmlns='${NS.sasl}'/>`);
    await (await fails('juliet')).isThrownOut('policy-violation');
    await romeo.doesNotReceive('<message/>');
  });

  it('with one account are limited, but not for whom has signed in from there before', async () => {
    stage = await Stage.open({ limits: { maxAuthFailuresPerAccount: 2 } });
    await stage.signIn('romeo');
    for (const name of ['romeo', 'juliet', 'nobody']) {
      for (let i = 0; i < 2; i++)
        await (await fails(name)).receives(`<failure xmlns='${NS.sasl}'><not-authorized/></failure>`);
    }
    const soon = `<failure xmlns='${NS.sasl}'><temporary-auth-failure/></failure>`;
    for (const name of ['juliet', 'nobody']) await (await fails(name)).receives(soon);
    await expect(stage.signIn('juliet')).rejects.toThrow();
    await stage.signIn('romeo');
  });
});

describe('connections on which nothing goes on', () => {
  it('are closed during and after a TLS handshake, and before a request of HTTP has arrived', async () => {
    stage = await Stage.open({ limits: { authTimeoutMs: 1000 } });
    const ports = [stage.server.address(1)?.port ?? 0, Number(new URL(stage.server.url ?? '').port)];
    const [tls, http] = (await Promise.all(ports.map(silent))) as [Socket, Socket];
    http.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const waiting = await stage.connectTls();
    await Promise.all([closed(tls, 4000), closed(http, 4000), waiting.header()]);
    await waiting.isThrownOut('connection-timeout');
  });

  it('are closed in the middle of an element, but not between two', async () => {
    stage = await Stage.open({ limits: { elementTimeoutMs: 300 } });
    const [slow, idle] = [await stage.signIn('romeo', 'slow'), await stage.signIn('romeo', 'idle')];
    slow.sends('<message><bo');
    idle.sends(' ');
    await slow.isThrownOut('connection-timeout');
    await new Promise((resolve) => setTimeout(resolve, 400));
    await idle.doesNotReceive('<message/>');
  });

  it('are closed in the middle of a message on WebSocket, whatever comes between its parts, but not between two', async () => {
    stage = await Stage.open({ limits: { elementTimeoutMs: 300 } });
    const opened = async () => {
      const socket = new WebSocket(`${stage.server.url?.replace('http', 'ws')}/xmpp-websocket`, ['xmpp']);
      const heard: string[] = [];
      socket.on('message', (data) => heard.push(String(data)));
      await once(socket, 'open');
      return { socket, heard };
    };
    const [slow, idle] = [await opened(), await opened()];
    slow.socket.send('<open', { fin: false });
    idle.socket.send(`<open xmlns='${NS.framing}' to='localhost' version='1.0'/>`);
    const alive = setInterval(() => {
      slow.socket.ping();
      idle.socket.ping();
    }, 50);
    await once(slow.socket, 'close');
    clearInterval(alive);
    expect(slow.heard.join()).toContain('connection-timeout');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(idle.socket.readyState).toBe(idle.socket.OPEN);
    idle.socket.terminate();
  });
});

it('connections of all addresses together are limited', async () => {
  stage = await Stage.open({ limits: { maxConnections: 2 } });
  await stage.connect();
  await stage.connect();
  await (await stage.connect()).isClosed();
});

it('an account has a limited number of sessions, and one that ends makes room', async () => {
  stage = await Stage.open({ limits: { maxSessionsPerAccount: 1 } });
  const first = await stage.signIn('romeo', 'one');
  const second = await stage.connectTls();
  await second.authenticates('romeo', 'romeo');
  await second.opens();
  const bind = `<iq type='set' id='b'><bind xmlns='${NS.bind}'><resource>two</resource></bind></iq>`;
  second.sends(bind);
  await second.receives(
    `<iq type='error' id='b'><error><resource-constraint xmlns='${NS.stanzaErrors}'/></error></iq>`,
  );
  first.sends('</stream:stream>');
  await first.isClosed();
  second.sends(bind);
  await second.receives(`<iq type='result' id='b'/>`);
});

it('a client that does not read is disconnected, and the others go on', async () => {
  stage = await Stage.open({ limits: { maxUnsentBytes: 65_536 } });
  const juliet = await stage.present('juliet', 'lazy');
  const romeo = await stage.signIn('romeo', 'busy');
  juliet.pauses();
  const body = 'x'.repeat(5000);
  for (let i = 0; i < 3000; i++) romeo.sends(`<message to='juliet@localhost/lazy'><body>${body}</body></message>`);
  await romeo.receives(`<message type='error' from='juliet@localhost/lazy'/>`);
}, 15_000);

it('a client that floods is read more slowly, and loses nothing', async () => {
  stage = await Stage.open({ limits: { maxBytesPerSecond: 100_000 } });
  const [flooder, quick] = [await stage.signIn('romeo', 'flood'), await stage.signIn('juliet', 'quick')];
  const body = 'x'.repeat(1000);
  const start = performance.now();
  for (let i = 0; i < 200; i++)
    flooder.sends(`<message to='juliet@localhost/quick' id='${i}'><body>${body}</body></message>`);
  await quick.doesNotReceive(`<message id='199'/>`);
  await quick.receives(`<message id='199'/>`);
  expect(performance.now() - start).toBeGreaterThan(700);
});

describe('stanzas in a second', () => {
  const pings = (count: number) =>
    Array.from(
      { length: count },
      (_, i) => `<iq type='get' id='${i}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`,
    );

  it.each([
    ['of one session', { maxStanzasPerSecond: 200 }, ['a']],
    ['of all sessions of an account', { maxStanzasPerSecondPerAccount: 200 }, ['a', 'b']],
  ])('%s are limited: more are taken later, and none is lost', async (_, limits, resources) => {
    stage = await Stage.open({ limits });
    const actors = await Promise.all(resources.map((resource) => stage.signIn('romeo', resource)));
    const start = performance.now();
    const each = 600 / actors.length;
    for (const actor of actors) actor.sends(pings(each).join(''));
    for (const actor of actors) for (let i = 0; i < each; i++) await actor.receives(`<iq type='result' id='${i}'/>`);
    expect(performance.now() - start).toBeGreaterThan(1200);
  });
});

it('a roster, and directed presence, have the size that is configured', async () => {
  stage = await Stage.open({ limits: { maxRosterEntries: 2, maxDirectedPresence: 1 } });
  const romeo = await stage.present('romeo');
  for (const name of ['a', 'b', 'c']) romeo.sends(rosterSet(name, `<item jid='${name}@localhost'/>`));
  await romeo.receives(`<iq type='result' id='b'/>`);
  await romeo.receives(`<iq type='error' id='c'><error><resource-constraint xmlns='${NS.stanzaErrors}'/></error></iq>`);
  for (const name of ['a', 'a', 'b']) romeo.sends(`<presence to='${name}@localhost' id='p${name}'/>`);
  await romeo.receives(`<presence type='error' id='pb' from='b@localhost'/>`);
});

it('a service takes so many requests of one sender at a time, and those of others still', async () => {
  let go: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  const service: ServiceDefinition = {
    name: 'slow',
    title: 'Slow',
    migrations: {},
    create: (peer) => ({
      async start() {
        peer.onIq('get', { name: 'wait', namespace: 'urn:test' }, async ({ from }) => {
          if (from.local === 'romeo') await gate;
          return undefined;
        });
      },
      async stop() {},
    }),
  };
  stage = await Stage.open({ limits: { maxPendingRequests: 5 } }, { services: [service] });
  const [romeo, juliet] = [await stage.signIn('romeo'), await stage.signIn('juliet')];
  const ask = (id: number) => `<iq type='get' id='${id}' to='slow.localhost'><wait xmlns='urn:test'/></iq>`;
  // 32 are under way, 5 wait.
  for (let i = 0; i < 38; i++) romeo.sends(ask(i));
  await romeo.receives(
    `<iq type='error' id='37'><error><resource-constraint xmlns='${NS.stanzaErrors}'/></error></iq>`,
  );
  juliet.sends(ask(1));
  await juliet.receives(`<iq type='result' id='1'/>`);
  go();
  for (let i = 0; i < 37; i++) await romeo.receives(`<iq type='result' id='${i}'/>`);
});

it('connections that break while they are refused an upgrade do no harm', async () => {
  stage = await Stage.open();
  const port = Number(new URL(stage.server.url ?? '').port);
  for (let i = 0; i < 10; i++) {
    const socket = await silent(port);
    socket.write('GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    setTimeout(() => socket.resetAndDestroy(), i % 3);
    await closed(socket);
  }
  expect((await fetch(`${stage.server.url}/healthz`)).status).toBe(200);
});
