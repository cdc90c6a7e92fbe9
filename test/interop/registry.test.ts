import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, serverConfigSchema, ThingwardServer } from '@thingward/server';
import { RegistryService, type RegistryTables, registryMigrations } from '@thingward/services';
import {
  claimThing,
  disownThing,
  findRegistry,
  MemoryOwnershipStore,
  type MetaTag,
  type RegistryChoice,
  removeThing,
  searchThings,
  type Thing,
  ThingHost,
} from '@thingward/things';
import { Jid, Roster, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceConfig, serviceConfigSchema } from '../../packages/cli/src/service-config.ts';
import { servicePeer } from '../../packages/cli/src/service-peer.ts';
import { SERVICES } from '../../packages/cli/src/services.ts';
import { type CertificateFiles, TestAuthority } from '../../packages/server/test/certificates.ts';
import { type AccountSource, madeAccounts, registeredAccounts } from '../conformance/accounts.ts';
import { freePort, hasCommand, hasEjabberd, startEjabberd, startProsody } from './daemon.ts';

const COMPONENT_DOMAIN = 'discovery.localhost';
const closers: (() => unknown)[] = [];
let authority: string;
let files: CertificateFiles;
let ca: string;

beforeAll(async () => {
  authority = mkdtempSync(join(tmpdir(), 'thingward-authority-'));
  const made = await TestAuthority.create(authority);
  files = await made.issue('localhost');
  ca = readFileSync(made.file, 'utf8');
});
afterAll(() => rmSync(authority, { recursive: true }));
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Ports {
  readonly c2s: number;
  readonly component: number;
}

/** Starts a server. @returns where accounts come from */
type Start = (ports: Ports) => Promise<AccountSource>;

const inBand = ({ c2s }: Ports) =>
  registeredAccounts({
    host: '127.0.0.1',
    port: c2s,
    domain: 'localhost',
    tls: 'starttls',
    patienceMs: 10_000,
    settleMs: 100,
  });

const startOurs: Start = async ({ c2s, component }) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'thingward-forms-'));
  const config = serverConfigSchema.parse({
    domain: 'localhost',
    dataDir,
    listen: { c2s: `127.0.0.1:${c2s}`, component: `127.0.0.1:${component}` },
    components: { [COMPONENT_DOMAIN]: 'secret' },
    tls: files,
  });
  const server = await ThingwardServer.start(config, { services: SERVICES.filter(({ name }) => name === 'history') });
  closers.push(async () => {
    await server.stop();
    rmSync(dataDir, { recursive: true });
  });
  return madeAccounts('localhost', (local, password) => server.accounts.add(local, password));
};

const startsProsody: Start = async (ports) => {
  const daemon = await startProsody(
    `c2s_ports = { ${ports.c2s} }
component_ports = { ${ports.component} }
modules_enabled = { "disco", "roster", "saslauth", "tls", "ping", "register_ibr", "presence", "message", "iq" }
allow_registration = true
ssl = { certificate = "${files.cert}", key = "${files.key}" }
VirtualHost "localhost"
Component "${COMPONENT_DOMAIN}"
  component_secret = "secret"
`,
    [ports.c2s, ports.component],
  );
  closers.push(() => daemon.stop());
  return inBand(ports);
};

const startsEjabberd: Start = async (ports) => {
  const daemon = await startEjabberd(
    `hosts: ["localhost"]
certfiles: ["${files.cert}", "${files.key}"]
registration_timeout: infinity
auth_password_format: scram
listen:
  - {port: ${ports.c2s}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: true, starttls_required: true}
  - {port: ${ports.component}, ip: "127.0.0.1", module: ejabberd_service, hosts: {"${COMPONENT_DOMAIN}": {password: "secret"}}}
modules:
  mod_disco: {}
  mod_ping: {}
  mod_register: {ip_access: all, welcome_message: {subject: "", body: ""}}
  mod_roster: {}
`,
    [ports.c2s, ports.component],
  );
  closers.push(() => daemon.stop());
  return inBand(ports);
};

async function signIn(accounts: AccountSource, name: string, { c2s }: Ports): Promise<XmppClient> {
  const { jid, password } = await accounts.take(name);
  const connect = tcpConnector({ domain: 'localhost', host: '127.0.0.1', port: c2s, tls: 'starttls', trust: { ca } });
  const client = new XmppClient({ jid, password, connect });
  closers.push(() => client.stop());
  return client;
}

/** The registry as `thingward service registry` runs it. */
async function startRegistry(config: Record<string, unknown>, secretCa?: string): Promise<Jid> {
  const { domain = '', secret = '', account, ...parsed } = serviceConfigSchema.parse(config);
  const identity = account ? { jid: account.jid, password: account.password ?? '', ca: secretCa } : { domain, secret };
  const peer = servicePeer({ ...parsed, identity } satisfies ServiceConfig, silent);
  const { query: database, close } = await openDatabase<RegistryTables>(':memory:', registryMigrations);
  const registry = new RegistryService({ peer, database, acknowledgementTimeoutMs: 2000, retryIntervalMs: 200 });
  await registry.start();
  peer.start();
  closers.push(async () => {
    await peer.stop();
    await registry.stop();
    await close();
  });
  await peer.ready(AbortSignal.timeout(20_000));
  return peer.jid.bare;
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const meter: Thing = {
  node: { nodeId: 'imc1', sourceId: 'MeteringTopology', cacheType: 'Plant' },
  metaTags: [
    { name: 'SN', type: 'str', value: '394872348732948723' },
    { name: 'MAN', type: 'str', value: 'www.ktc.se' },
    { name: 'V', type: 'num', value: 1.2 },
    { name: 'KEY', type: 'str', value: '4857402340298342' },
  ],
  parameters: [],
  async *read() {},
  parameterValue: () => undefined,
  set: async () => {},
};
const shown: readonly MetaTag[] = meter.metaTags.slice(0, 3);

function speakFor(thing: Thing, peer: XmppClient, registry: RegistryChoice): ThingHost {
  const registrationBackOffMs = { first: 100, max: 500 };
  const host = new ThingHost({
    peer,
    things: [thing],
    ownership: new MemoryOwnershipStore(),
    registry,
    registrationBackOffMs,
  });
  closers.push(() => host.stop());
  return host;
}

/** The life of a Thing behind a concentrator, from its registration to its next owner, with nothing typed by anybody. */
async function live(
  accounts: AccountSource,
  ports: Ports,
  choice: RegistryChoice,
  find: (owner: XmppClient, roster: Roster) => Promise<Jid>,
) {
  const rack = await signIn(accounts, 'rack', ports);
  const host = speakFor(meter, rack, choice);
  await host.start();
  rack.start();
  const [owner, buyer] = [await signIn(accounts, 'owner', ports), await signIn(accounts, 'buyer', ports)];
  const [ownerRoster, buyerRoster] = [new Roster(owner), new Roster(buyer)];
  for (const client of [owner, buyer]) {
    client.start();
    await client.ready(AbortSignal.timeout(20_000));
  }
  const registry = await find(owner, ownerRoster);
  const reference = { jid: rack.jid.bare, node: meter.node };
  const claim = (client: XmppClient, at: Jid) =>
    claimThing(client, at, meter.metaTags).catch((error: Error) => error.message);
  await expect.poll(() => claim(owner, registry), { timeout: 20_000 }).toEqual(reference);
  await expect.poll(() => host.ownershipOf(meter).owner).toBe(owner.jid.bare.toString());
  const search = async (at: Jid) =>
    (await searchThings(owner, at, [{ operator: 'strMask', name: 'SN', value: '39487*', wildcard: '*' }])).things;
  expect(await search(registry)).toEqual([{ ...reference, owner: owner.jid.bare, tags: shown }]);
  expect(await claim(buyer, await find(buyer, buyerRoster))).toContain('item-not-found');
  await disownThing(owner, registry, reference.jid, reference.node);
  expect(await search(registry)).toEqual([]);
  // It has registered again by itself.
  await expect.poll(async () => claim(buyer, await find(buyer, buyerRoster)), { timeout: 20_000 }).toEqual(reference);
  await expect.poll(() => host.ownershipOf(meter).owner).toBe(buyer.jid.bare.toString());
  await removeThing(buyer, await find(buyer, buyerRoster), reference.jid, reference.node);
  await expect.poll(() => host.ownershipOf(meter).public).toBe(false);
  expect(host.ownershipOf(meter).owner).toBe(buyer.jid.bare.toString());
}

describe.each([
  { name: 'Thingward', isThere: true, start: startOurs },
  { name: 'Prosody', isThere: hasCommand('prosody'), start: startsProsody },
  { name: 'ejabberd', isThere: hasEjabberd(), start: startsEjabberd },
])('a Thing Registry at $name', ({ name, isThere, start }) => {
  it.skipIf(!isThere)(`that is a component is found among the others (skipped unless ${name} is there)`, async () => {
    const ports = { c2s: await freePort(), component: await freePort() };
    const accounts = await start(ports);
    await startRegistry({
      domain: COMPONENT_DOMAIN,
      secret: 'secret',
      server: { host: '127.0.0.1', port: ports.component },
    });
    await live(accounts, ports, 'search', async (client) => {
      const found = await findRegistry(client, Jid.parse('localhost'));
      expect(found?.toString()).toBe(COMPONENT_DOMAIN);
      return found as Jid;
    });
  });

  it.skipIf(!isThere)(`that is a client is befriended (skipped unless ${name} is there)`, async () => {
    const ports = { c2s: await freePort(), component: await freePort() };
    const accounts = await start(ports);
    const { jid, password } = await accounts.take('registry');
    const registry = await startRegistry(
      { account: { jid: jid.toString(), password }, server: { host: '127.0.0.1', port: ports.c2s } },
      ca,
    );
    await live(accounts, ports, { user: jid.local ?? '' }, async (_, roster) => {
      roster.subscribe(registry);
      return roster.waitForResource(registry, { timeoutMs: 10_000 });
    });
  });
});
