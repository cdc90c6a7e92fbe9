import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { xml } from '@thingward/xml';
import { COMPONENT, discoInfo, Jid, message, PING, ping, servePing, XmppClient, XmppComponent } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterEach, describe, expect, it } from 'vitest';
import { type Daemon, freePort, hasCommand, hasEjabberd, startEjabberd, startProsody } from './daemon.ts';
import { hasPythonPackage, runPeer } from './python.ts';

const DOMAIN = 'registry.localhost';
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Our component, serving ping, at somebody's server. */
function component(port: number): XmppComponent {
  const peer = new XmppComponent({
    domain: DOMAIN,
    secret: 'secret',
    connect: tcpConnector({ domain: DOMAIN, host: '127.0.0.1', port, tls: 'none', namespace: COMPONENT }),
    maxBackoffMs: 500,
  });
  servePing(peer);
  closers.push(() => peer.stop());
  peer.start();
  return peer;
}

describe.each([
  {
    name: 'Prosody',
    isThere: hasCommand('prosody'),
    start: (port: number): Promise<Daemon> =>
      startProsody(
        `component_ports = { ${port} }\nVirtualHost "localhost"\nComponent "${DOMAIN}"\n  component_secret = "secret"\n`,
        [port],
      ),
  },
  {
    name: 'ejabberd',
    isThere: hasEjabberd(),
    start: (port: number): Promise<Daemon> =>
      startEjabberd(
        `hosts: ["localhost"]\nlisten:\n  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_service, hosts: {"${DOMAIN}": {password: "secret"}}}\nmodules:\n  mod_disco: {}\n  mod_ping: {}\n`,
        [port],
      ),
  },
])('our component at $name', ({ name, isThere, start }) => {
  it.skipIf(!isThere)(`joins, asks and comes back after a restart (skipped unless ${name} is installed)`, async () => {
    const port = await freePort();
    let daemon = await start(port);
    closers.push(() => daemon.stop());
    const peer = component(port);
    await peer.ready();
    expect((await discoInfo(peer, Jid.parse('localhost'))).features).toContain(PING);
    await ping(peer, Jid.parse('localhost'));
    // Through the server and back to itself.
    await ping(peer, Jid.parse(DOMAIN));
    await daemon.stop();
    await expect.poll(() => peer.state, { timeout: 10_000 }).not.toBe('online');
    daemon = await start(port);
    await expect.poll(() => peer.state, { timeout: 20_000 }).toBe('online');
    await ping(peer, Jid.parse('localhost'));
  });
});

describe('a component written with slixmpp at our server', () => {
  it.skipIf(!hasPythonPackage('slixmpp'))('joins, asks, answers (skipped unless slixmpp is there)', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'thingward-component-'));
    const server = await ThingwardServer.start(
      serverConfigSchema.parse({
        domain: 'localhost',
        dataDir: directory,
        listen: { c2s: '127.0.0.1:0', component: '127.0.0.1:0' },
        components: { 'echo.localhost': 'secret' },
      }),
    );
    closers.push(async () => {
      await server.stop();
      rmSync(directory, { recursive: true });
    });
    await server.accounts.add('alice', 'secret');
    const client = new XmppClient({
      jid: Jid.parse('alice@localhost/here'),
      password: 'secret',
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: server.address(0)?.port ?? 0,
        tls: 'starttls',
        trust: { fingerprint: server.tls.fingerprint },
      }),
    });
    closers.push(() => client.stop());
    client.start();
    await client.ready();
    const echo = Jid.parse('echo.localhost');
    const finished = runPeer('slixmpp_component.py', [
      '127.0.0.1',
      String(server.address(1)?.port),
      'echo.localhost',
      'secret',
    ]);
    let identities: readonly unknown[] = [];
    for (let i = 0; i < 100 && identities.length === 0; i++) {
      await delay(100);
      identities = await discoInfo(client, echo).then(
        (info) => info.identities,
        () => [],
      );
    }
    expect(identities).toEqual([{ category: 'gateway', type: 'plc', name: 'Echo' }]);
    await ping(client, echo);
    const answer = new Promise((resolve) =>
      client.onMessage({ name: 'body', namespace: 'jabber:client' }, (_, body) => resolve(body.text)),
    );
    client.send(message('chat', { to: echo }, xml('body', {}, 'hello')));
    expect(await answer).toBe('echo: hello');
    expect(await finished).toMatchObject({
      from: 'alice@localhost/here',
      items: expect.arrayContaining(['echo.localhost']),
    });
  });
});
