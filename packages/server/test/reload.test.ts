import { copyFileSync, mkdtempSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { connect as connectTcp, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { decodeBase64, encodeBase64, Jid, NS, scramClient, XmppClient } from '@thingward/xmpp';
import { serverEndPoint, tcpConnector } from '@thingward/xmpp/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { ServerConfigInput } from '../src/index.ts';
import { BoshActor } from './bosh-actor.ts';
import { type CertificateFiles, TestAuthority } from './certificates.ts';
import { type Actor, Stage } from './conversation.ts';

const PING = `<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`;
const ANSWER = `<iq type='result' id='p'/>`;

let directory: string;
let authority: TestAuthority;
let first: CertificateFiles;
let second: CertificateFiles;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-reload-'));
  authority = await TestAuthority.create(directory);
  first = await authority.issue('first.example');
  second = await authority.issue('second.example');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let stage: Stage;
afterEach(() => stage?.close());

/** Ports that are free. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const reload = (input: Partial<ServerConfigInput>) => stage.server.reload(stage.config(input));

async function answers(actor: Actor): Promise<void> {
  actor.sends(PING);
  await actor.receives(ANSWER);
}

/** Is the port refused? */
function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

/** Common name of the certificate a new connection gets. */
function shown(port: number, alpn?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connectTls(
      { port, host: '127.0.0.1', rejectUnauthorized: false, ...(alpn && { ALPNProtocols: [alpn] }) },
      () => {
        resolve(socket.getPeerCertificate().subject.CN as string);
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

const directPort = () => stage.server.address(1)?.port ?? 0;

describe('another configuration while the server runs', () => {
  it('counts from then on, and streams go on', async () => {
    stage = await Stage.open({ limits: { maxSessionsPerAccount: 1 } });
    const romeo = await stage.signIn('romeo', 'one');
    const change = await reload({ limits: { maxSessionsPerAccount: 2 } });
    expect(change).toEqual({ applied: ['limits.maxSessionsPerAccount'], needsRestart: [] });
    await stage.signIn('romeo', 'two');
    await answers(romeo);
  });

  it('that changes nothing says so', async () => {
    stage = await Stage.open();
    expect(await reload({})).toEqual({ applied: [], needsRestart: [] });
  });

  it('says what needs a new start, and leaves it', async () => {
    stage = await Stage.open();
    const input = {
      domain: 'elsewhere.example',
      dataDir: '/nowhere',
      archive: { enabled: false, default: 'never' },
    } as const;
    const change = await reload(input);
    expect(change.applied).toEqual(['archive.default']);
    expect(change.needsRestart).toEqual(['domain', 'dataDir', 'archive.enabled']);
    await answers(await stage.signIn('romeo'));
  });

  it('opens doors, and closes others for new connections alone', async () => {
    const [c2s = 0, moved = 0] = await freePorts(2);
    stage = await Stage.open({ listen: { c2s: `127.0.0.1:${c2s}`, c2sTls: '127.0.0.1:0' } });
    const romeo = await stage.connect();
    await romeo.opens();
    const juliet = await stage.signIn('juliet');
    await reload({ listen: { c2s: `127.0.0.1:${moved}`, http: '127.0.0.1:0' } });
    expect(await isRefused(c2s)).toBe(true);
    expect(await isRefused(moved)).toBe(false);
    expect((await fetch(`${stage.server.url}/healthz`)).status).toBe(200);
    romeo.sends(`<starttls xmlns='${NS.tls}'/>`);
    await romeo.receives(`<proceed xmlns='${NS.tls}'/>`);
    await answers(juliet);
  });

  it('that wants a door that can’t be opened changes nothing', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as { port: number };
    stage = await Stage.open({ limits: { maxSessionsPerAccount: 1 } });
    const before = stage.server.address(0);
    const input = {
      limits: { maxSessionsPerAccount: 5 },
      listen: { c2s: '127.0.0.1:0', http: `127.0.0.1:${port}`, component: '127.0.0.1:0' },
    };
    await expect(reload(input)).rejects.toThrow(`can't listen on 127.0.0.1:${port} (listen.http)`);
    blocker.close();
    expect(stage.server.address(0)).toEqual(before);
    expect(stage.server.address(2)).toBeUndefined();
    expect((await fetch(`${stage.server.url}/healthz`)).status).toBe(200);
    await stage.signIn('romeo', 'one');
    await expect(stage.signIn('romeo', 'two')).rejects.toThrow();
  });

  it('whose certificate can’t be used changes nothing', async () => {
    stage = await Stage.open({ tls: first });
    const wrong = { tls: { cert: first.cert, key: second.key }, limits: { maxConnections: 7 } };
    await expect(reload(wrong)).rejects.toThrow('is not the key of');
    expect(await shown(directPort(), 'xmpp-client')).toBe('first.example');
    expect((await reload({ tls: first, limits: { maxConnections: 7 } })).applied).toEqual(['limits.maxConnections']);
  });

  it('HTTP moves, and WebSockets and BOSH sessions go on', async () => {
    const [from = 0, to = 0] = await freePorts(2);
    const listen = { c2sTls: '127.0.0.1:0' };
    stage = await Stage.open({ listen: { ...listen, http: `127.0.0.1:${from}` } });
    const socket = new WebSocket(`ws://127.0.0.1:${from}/xmpp-websocket`, ['xmpp']);
    await new Promise((resolve) => socket.once('open', resolve));
    const romeo = new BoshActor(`http://127.0.0.1:${from}`);
    await romeo.signsIn('romeo');
    await reload({ listen: { ...listen, http: `127.0.0.1:${to}` } });
    expect(await isRefused(from)).toBe(true);
    const answer = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
    socket.send(`<open xmlns='${NS.framing}' to='localhost' version='1.0'/>`);
    expect(await answer).toContain('<open');
    romeo.moves(`http://127.0.0.1:${to}`);
    expect(
      (await romeo.sends(PING.replace('<iq ', `<iq xmlns='${NS.client}' `))).child('iq', NS.client)?.attribute('id'),
    ).toBe('p');
    socket.terminate();
  });

  it('components come and go', async () => {
    const [port = 0] = await freePorts(1);
    const listen = { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', component: `127.0.0.1:${port}` };
    const auth = { allowPlaintext: true };
    stage = await Stage.open({ listen, auth, components: { 'old.localhost': 'secret' } });
    const old = await stage.component(2, 'old.localhost', 'secret');
    expect((await reload({ listen, auth, components: { 'new.localhost': 'other' } })).applied).toEqual([
      'components.old.localhost',
      'components.new.localhost',
    ]);
    await old.isThrownOut('host-gone');
    const fresh = await stage.component(2, 'new.localhost', 'other');
    const romeo = await stage.signIn('romeo');
    romeo.sends(`<message to='x@new.localhost' id='m'/><message to='x@old.localhost' id='o'/>`);
    await fresh.receives(`<message xmlns='jabber:component:accept' id='m' from='romeo@localhost/r'/>`);
    await romeo.receives(`<message type='error' id='o'/>`);
  });

  it('other servers are talked to from then on, and not any more', async () => {
    stage = await Stage.open();
    expect(stage.server.federation).toBeUndefined();
    const listen = { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0' };
    await reload({ listen: { ...listen, s2s: '127.0.0.1:0' } });
    const port = stage.server.federation?.address('s2s')?.port ?? 0;
    expect(await isRefused(port)).toBe(false);
    await reload({ listen });
    expect(stage.server.federation).toBeUndefined();
    expect(await isRefused(port)).toBe(true);
  });

  it('the door for other servers moves, and one more is opened, unless the change fails elsewhere', async () => {
    const [former = 0, next = 0] = await freePorts(2);
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port: taken } = blocker.address() as { port: number };
    const listen = { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0' };
    stage = await Stage.open({ listen: { ...listen, s2s: `127.0.0.1:${former}` } });
    const port = (door: 's2s' | 's2sTls') => stage.server.federation?.address(door)?.port;
    const moved = { ...listen, s2s: `127.0.0.1:${next}`, s2sTls: '127.0.0.1:0' };
    await expect(reload({ listen: { ...moved, http: `127.0.0.1:${taken}` } })).rejects.toThrow('(listen.http)');
    blocker.close();
    expect([port('s2s'), port('s2sTls')]).toEqual([former, undefined]);
    await reload({ listen: moved });
    expect(port('s2s')).toBe(next);
    expect(await isRefused(former)).toBe(true);
    expect(await isRefused(port('s2sTls') ?? 0)).toBe(false);
  });
});

describe('another certificate', () => {
  it('is for new connections, those under STARTTLS too', async () => {
    stage = await Stage.open({ tls: first });
    const romeo = await stage.signIn('romeo');
    const waiting = await stage.connect();
    await waiting.opens();
    await reload({ tls: second });
    expect(await shown(directPort(), 'xmpp-client')).toBe('second.example');
    waiting.sends(`<starttls xmlns='${NS.tls}'/>`);
    await waiting.receives(`<proceed xmlns='${NS.tls}'/>`);
    await waiting.startsTls();
    await waiting.opens();
    await answers(romeo);
  });

  it('is what log-ins are bound to on the connections that have got it, and on no others', async () => {
    stage = await Stage.open({ tls: first });
    const sign = async (port: number) => {
      const connect = tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port,
        tls: 'direct',
        trust: { fingerprint: stage.server.tls.fingerprint },
      });
      const client = new XmppClient({ jid: Jid.parse('romeo@localhost'), password: 'romeo', connect });
      client.start();
      await client.ready(AbortSignal.timeout(5000));
      await client.stop();
    };
    // It is connected before the change, and authenticates with channel binding after it.
    const before = await stage.connectTls({ maxVersion: 'TLSv1.2' });
    await reload({ tls: second });
    await sign(directPort());
    await boundLogIn(before);
  });

  it('is noticed on the disk, also behind a link, and a broken one is not used', async () => {
    const [cert, key] = [join(directory, 'live.crt'), join(directory, 'live.key')];
    symlinkSync(first.cert, cert);
    symlinkSync(first.key, key);
    const logged: string[] = [];
    const note = (_: object, message: string) => logged.push(message);
    const log = { debug() {}, info() {}, warn() {}, error: note };
    stage = await Stage.open({ tls: { cert, key } }, { watchIntervalMs: 30, log });
    expect(await shown(directPort(), 'xmpp-client')).toBe('first.example');
    unlinkSync(cert);
    symlinkSync(second.cert, cert);
    await eventually(() => logged.some((message) => message.startsWith('certificates have changed and can’t be used')));
    expect(await shown(directPort(), 'xmpp-client')).toBe('first.example');
    unlinkSync(key);
    copyFileSync(second.key, key);
    await eventually(
      () =>
        stage.server.tls.certificate.length > 0 &&
        shown(directPort(), 'xmpp-client').then((name) => name === 'second.example'),
    );
  });

  it('that expires soon is told of', async () => {
    const warnings: object[] = [];
    const log = { debug() {}, info() {}, warn: (details: object) => warnings.push(details), error() {} };
    stage = await Stage.open({ tls: first }, { log });
    expect(warnings).toContainEqual(expect.objectContaining({ file: first.cert, days: 0 }));
  });

  it('is shown to other servers too', async () => {
    const listen = { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', s2sTls: '127.0.0.1:0' };
    stage = await Stage.open({ tls: first, listen });
    const port = stage.server.federation?.address('s2sTls')?.port ?? 0;
    expect(await shown(port, 'xmpp-server')).toBe('first.example');
    await reload({ tls: second, listen });
    expect(await shown(port, 'xmpp-server')).toBe('second.example');
  });
});

/** A log-in that is bound to the certificate the connection has got. @see RFC 5929 §4 */
async function boundLogIn(romeo: Actor): Promise<void> {
  const data = serverEndPoint(romeo.certificate as Uint8Array) as Uint8Array;
  const client = scramClient('SHA-256', 'romeo', 'romeo', undefined, {
    kind: 'bound',
    type: 'tls-server-end-point',
    data,
  });
  await romeo.opens();
  romeo.sends(`<auth xmlns='${NS.sasl}' mechanism='${client.name}'>${encodeBase64(await client.start())}</auth>`);
  const challenge = await romeo.receives(`<challenge xmlns='${NS.sasl}'/>`);
  const response = await client.respond(decodeBase64(challenge.text) as Uint8Array);
  romeo.sends(`<response xmlns='${NS.sasl}'>${encodeBase64(response)}</response>`);
  await romeo.receives(`<success xmlns='${NS.sasl}'/>`);
}

async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await isTrue()); tries++) {
    if (tries > 150) throw new Error('it never came true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
