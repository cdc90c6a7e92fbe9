import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DEFAULT_PUBLICATION,
  type Field,
  followPublication,
  MemoryPublicationQueue,
  type Publication,
  type PublishedNews,
  Publisher,
} from '@thingward/things';
import { Jid, nodeConfiguration, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CertificateFiles, TestAuthority } from '../../packages/server/test/certificates.ts';
import { registeredAccounts } from '../conformance/accounts.ts';
import type { Target } from '../conformance/actor.ts';
import { Plant } from '../plant.ts';
import { type Daemon, freePort, hasCommand, hasEjabberd, startEjabberd, startProsody } from './daemon.ts';
import { hasPythonPackage, runPeer } from './python.ts';

describe.skipIf(!hasPythonPackage('slixmpp'))('slixmpp (skipped unless the Python package slixmpp is there)', () => {
  let plant: Plant;

  beforeAll(async () => {
    plant = await Plant.start();
    const owner = await plant.signIn('owner');
    await plant.claim(owner, 'plc');
    await owner.client.stop();
  });
  afterAll(() => plant?.stop());

  it('subscribes to what a Thing publishes, and reads its fields', async () => {
    const args = ['127.0.0.1', String(plant.ports.c2s), plant.server.tls.certificateFile, 'localhost'];
    const seen = await runPeer('slixmpp_subscriber.py', [...args, 'pubsub.localhost', 'sensordata/plc@localhost']);
    expect(seen).toMatchObject({ subscription: 'subscribed', kept: 2, stranger: 'not-allowed' });
    const numbers = (seen.items as string[]).map((id) => Number(id.split('.')[1]));
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] as number) + i));
    const levels = seen.levels as string[][];
    expect(levels.length).toBeGreaterThan(0);
    for (const [at, value, unit] of levels) {
      expect(Date.parse(at ?? '')).toBeGreaterThan(Date.now() - 600_000);
      expect(`${value} ${unit}`).toMatch(/^\d+\.\d %$/);
    }
  });
});

const prosody = (port: number, { cert, key }: CertificateFiles): Promise<Daemon> =>
  startProsody(
    `c2s_ports = { ${port} }
modules_enabled = { "disco", "roster", "saslauth", "tls", "ping", "register_ibr", "pep", "presence", "message", "iq" }
allow_registration = true
ssl = { certificate = "${cert}", key = "${key}" }
VirtualHost "localhost"
Component "pubsub.localhost" "pubsub"
`,
    [port],
  );

const ejabberd = (port: number): Promise<Daemon> =>
  startEjabberd(
    `hosts: ["localhost"]
registration_timeout: infinity
auth_password_format: scram
listen:
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false}
access_rules:
  local: {allow: all}
modules:
  mod_caps: {}
  mod_disco: {}
  mod_ping: {}
  mod_pubsub: {access_createnode: local, plugins: ["flat", "pep"]}
  mod_register: {ip_access: all, welcome_message: {subject: "", body: ""}}
  mod_roster: {}
`,
    [port],
  );

interface ForeignServer {
  readonly name: string;
  readonly isThere: boolean;
  readonly start: (port: number, certificate: CertificateFiles) => Promise<Daemon>;
  readonly tls: 'starttls' | 'none';
}

function reading(second: number): Field {
  return {
    name: 'Power',
    value: { type: 'numeric', value: `${second}.0`, unit: 'W' },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date(Date.UTC(2026, 0, 1, 12, 0, second)),
  };
}

describe.each<ForeignServer>([
  { name: 'Prosody', isThere: hasCommand('prosody'), start: prosody, tls: 'starttls' },
  // Its channel binding is another one with the TLS of its package: without TLS there is none.
  { name: 'ejabberd', isThere: hasEjabberd(), start: ejabberd, tls: 'none' },
])('a Thing at $name (skipped unless it is installed)', { timeout: 90_000 }, ({ name, isThere, start, tls }) => {
  const directory = mkdtempSync(join(tmpdir(), 'thingward-publish-'));
  const closers: (() => unknown)[] = [];
  let daemon: Daemon | undefined;
  let authority: TestAuthority;
  let port: number;

  beforeAll(async () => {
    if (!isThere) return;
    authority = await TestAuthority.create(directory);
    port = await freePort();
    daemon = await start(port, await authority.issue('localhost'));
  }, 60_000);
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    await daemon?.stop();
    rmSync(directory, { recursive: true });
  });

  async function signIn(name: string): Promise<XmppClient> {
    const target: Target = {
      host: '127.0.0.1',
      port,
      domain: 'localhost',
      tls,
      patienceMs: 4000,
      settleMs: 100,
    };
    const { jid, password } = await registeredAccounts(target).take(name);
    const ca = readFileSync(authority.file, 'utf8');
    const connect = tcpConnector({ domain: 'localhost', host: '127.0.0.1', port, tls, trust: { ca } });
    const client = new XmppClient({ jid, password, connect });
    closers.push(() => client.stop());
    client.start();
    await client.ready(AbortSignal.timeout(15_000));
    return client;
  }

  // Prosody's service lets administrators alone make nodes; ejabberd's accounts don't implement all that an owner has to ask.
  const places = name === 'Prosody' ? ['account'] : ['service'];
  it.skipIf(!isThere).each(places)('publishes to a node of the %s, for its readers', async (place) => {
    const meter = await signIn('meter');
    const [friend, stranger] = [await signIn('friend'), await signIn('stranger')];
    const service = place === 'service' ? Jid.parse('pubsub.localhost') : meter.jid.bare;
    const address = { service, node: `sensordata/${meter.jid.bare}` };
    const readers = new Set([friend.jid.bare.toString()]);
    const publication: Publication = { address, ...DEFAULT_PUBLICATION, maxItems: 5 };
    const publisher = new Publisher({
      peer: meter,
      publication,
      queue: new MemoryPublicationQueue(),
      access: {
        readers: () => [...readers].map((jid) => Jid.parse(jid)),
        mayRead: (jid) => readers.has(jid.bare.toString()),
      },
      backOffMs: { first: 100, max: 500 },
    });
    const stopping = new AbortController();
    const running = publisher.run(stopping.signal);
    closers.push(async () => {
      stopping.abort();
      await running;
    });
    const publish = async (second: number) => {
      const before = publisher.published;
      publisher.offer([reading(second)]);
      await vi.waitFor(() => expect(publisher.published).toBe(before + 1), { timeout: 10_000 });
    };
    await publish(1);
    await publish(2);
    const form = await nodeConfiguration(meter, address);
    expect(form.fields.find((field) => field.var === 'pubsub#access_model')?.values).toEqual(['whitelist']);

    const seen: PublishedNews[] = [];
    const values = () =>
      seen.flatMap<unknown>((news) => (news.kind === 'fields' ? news.fields.map((f) => f.value.value) : [news]));
    const following = (async () => {
      for await (const news of followPublication(friend, address, { signal: stopping.signal })) seen.push(news);
    })().catch((error: Error) => error);
    await vi.waitFor(() => expect(values()).toEqual(['2.0']), { timeout: 10_000 });
    await publish(3);
    await vi.waitFor(() => expect(values()).toEqual(['2.0', '3.0']), { timeout: 10_000 });
    const refused = followPublication(stranger, address, { signal: AbortSignal.timeout(10_000) });
    await expect(refused.next()).rejects.toMatchObject({ name: 'StanzaError' });

    readers.clear();
    publisher.accessChanged();
    await publish(4);
    const again = followPublication(friend, address, { signal: AbortSignal.timeout(10_000) });
    await expect(again.next()).rejects.toMatchObject({ name: 'StanzaError' });
    expect(values()).toEqual(['2.0', '3.0']);
    stopping.abort();
    await following;
  });
});
