import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dnsLookups, serverConfigSchema, ThingwardServer } from '@thingward/server';
import { xml } from '@thingward/xml';
import { COMPONENT, Jid, message, ping, servePing, XmppClient, XmppComponent, type XmppPeer } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterEach, describe, expect, it } from 'vitest';
import { type CertificateFiles, TestAuthority } from '../../packages/server/test/certificates.ts';
import {
  type Daemon,
  freePort,
  hasCommand,
  hasEjabberd,
  hasNameServer,
  startEjabberd,
  startNameServer,
  startProsody,
} from './daemon.ts';

const OURS = 'ours.example';
const THEIRS = 'theirs.example';
const ECHO = `echo.${THEIRS}`;

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Method = 'certificate' | 'dialback';

interface PeerSettings {
  readonly s2sPort: number;
  readonly componentPort: number;
  readonly nameServer: string;
  readonly tls: CertificateFiles;
  readonly authority: string;
  readonly method: Method;
}

function prosody({ s2sPort, componentPort, nameServer, tls, authority, method }: PeerSettings): Promise<Daemon> {
  const config = `s2s_ports = { ${s2sPort} }
component_ports = { ${componentPort} }
modules_enabled = { "disco", "ping", "tls", "saslauth"${method === 'dialback' ? ', "dialback"' : ''} }
modules_disabled = { ${method === 'dialback' ? '' : '"dialback"'} }
s2s_require_encryption = true
s2s_secure_auth = ${method === 'certificate'}
ssl = { certificate = "${tls.cert}", key = "${tls.key}", cafile = "${method === 'certificate' ? authority : tls.cert}" }
VirtualHost "${THEIRS}"
Component "${ECHO}"
  component_secret = "secret"
`;
  return startProsody(config, [s2sPort, componentPort], nameServer);
}

function ejabberd({ s2sPort, componentPort, nameServer, tls, authority, method }: PeerSettings): Promise<Daemon> {
  const config = `hosts: ["${THEIRS}"]
certfiles: ["${tls.cert}", "${tls.key}"]
${method === 'certificate' ? `ca_file: "${authority}"\ns2s_use_starttls: required` : 's2s_use_starttls: optional'}
listen:
  - {port: ${s2sPort}, ip: "127.0.0.1", module: ejabberd_s2s_in}
  - {port: ${componentPort}, ip: "127.0.0.1", module: ejabberd_service, hosts: {"${ECHO}": {password: "secret"}}}
modules:
  mod_disco: {}
  mod_ping: {}
${method === 'dialback' ? '  mod_s2s_dialback: {}\n' : ''}`;
  return startEjabberd(config, [s2sPort, componentPort], nameServer);
}

async function ourServer(port: number, nameServer: string, tls: CertificateFiles, authority: string, method: Method) {
  const dataDir = mkdtempSync(join(tmpdir(), 'thingward-federation-'));
  const server = await ThingwardServer.start(
    serverConfigSchema.parse({
      domain: OURS,
      dataDir,
      listen: { c2s: '127.0.0.1:0', s2s: `127.0.0.1:${port}` },
      tls,
      s2s: { authentication: method, ...(method === 'certificate' ? { trust: { ca: authority } } : {}) },
    }),
    { dns: dnsLookups([nameServer]) },
  );
  closers.push(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true });
  });
  await server.accounts.add('alice', 'secret');
  const client = new XmppClient({
    jid: Jid.parse(`alice@${OURS}/here`),
    password: 'secret',
    connect: tcpConnector({
      domain: OURS,
      host: '127.0.0.1',
      port: server.address(0)?.port ?? 0,
      tls: 'starttls',
      trust: { fingerprint: server.tls.fingerprint },
    }),
  });
  closers.push(() => client.stop());
  client.start();
  await client.ready();
  return { server, client };
}

async function componentAt(port: number): Promise<XmppComponent> {
  const connect = tcpConnector({ domain: ECHO, host: '127.0.0.1', port, tls: 'none', namespace: COMPONENT });
  const peer = new XmppComponent({ domain: ECHO, secret: 'secret', connect });
  servePing(peer);
  closers.push(() => peer.stop());
  peer.start();
  await peer.ready();
  return peer;
}

function nextBody(peer: XmppPeer): Promise<{ from: string; body: string }> {
  return new Promise((resolve) => {
    peer.onMessage({ name: 'body', namespace: 'jabber:client' }, ({ from }, body) =>
      resolve({ from: from.toString(), body: body.text }),
    );
  });
}

const say = (peer: XmppPeer, to: string, body: string) =>
  peer.send(message('chat', { to: Jid.parse(to) }, xml('body', {}, body)));

let lastHost = 60;

/** Our server and theirs, each of which finds the other by SRV records. */
async function federation(start: (settings: PeerSettings) => Promise<Daemon>, method: Method) {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-authority-'));
  closers.push(() => rmSync(directory, { recursive: true }));
  const authority = await TestAuthority.create(directory);
  const [ourPort, s2sPort, componentPort] = [await freePort(), await freePort(), await freePort()];
  const nameServer = `127.0.0.${lastHost++}`;
  const dns = await startNameServer(nameServer, [
    `srv-host=_xmpp-server._tcp.${OURS},host.${OURS},${ourPort}`,
    ...[THEIRS, ECHO].map((domain) => `srv-host=_xmpp-server._tcp.${domain},host.${THEIRS},${s2sPort}`),
    `address=/host.${OURS}/127.0.0.1`,
    `address=/host.${THEIRS}/127.0.0.1`,
  ]);
  closers.push(() => dns.stop());
  const tls = await authority.issue(THEIRS, ECHO);
  const daemon = await start({ s2sPort, componentPort, nameServer, tls, authority: authority.file, method });
  closers.push(() => daemon.stop());
  const { server, client } = await ourServer(ourPort, nameServer, await authority.issue(OURS), authority.file, method);
  return { server, client, echo: await componentAt(componentPort) };
}

describe.each([
  { name: 'Prosody', isThere: hasCommand('prosody'), start: prosody },
  { name: 'ejabberd', isThere: hasEjabberd(), start: ejabberd },
])('federation with $name', ({ name, isThere, start }) => {
  const skip = !isThere || !hasNameServer();

  it.skipIf(skip).each(['dialback', 'certificate'] as const)(
    `works both ways by %s (skipped unless ${name} and dnsmasq are installed and it runs as root)`,
    async (method) => {
      const { server, client, echo } = await federation(start, method);
      await ping(client, Jid.parse(THEIRS));
      await ping(client, Jid.parse(ECHO));
      await ping(echo, Jid.parse(OURS));
      const atTheirs = nextBody(echo);
      say(client, ECHO, 'from ours');
      expect(await atTheirs).toEqual({ from: `alice@${OURS}/here`, body: 'from ours' });
      const atOurs = nextBody(client);
      say(echo, `alice@${OURS}/here`, 'from theirs');
      expect(await atOurs).toEqual({ from: ECHO, body: 'from theirs' });
      expect(server.federation?.statistics.queuedStanzas).toBe(0);
    },
  );
});
