import { connect, type Socket } from 'node:net';
import { NS } from '@thingward/xmpp';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Stage } from './conversation.ts';

let stage: Stage;
afterEach(() => stage?.close());

/** A TCP connection that says nothing and reads whatever comes. */
function silent(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').resume();
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the connection is still open')), 2000);
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
