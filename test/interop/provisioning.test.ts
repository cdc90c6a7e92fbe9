import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@thingward/server';
import { ProvisioningService, provisioningMigrations, ToldOwners } from '@thingward/services';
import {
  answerQuestion,
  type Field,
  listQuestions,
  MemoryOwnershipStore,
  readSensorData,
  requestToken,
  type Thing,
  ThingHost,
  TokenHolder,
  withdrawRule,
} from '@thingward/things';
import { COMPONENT, type Jid, presence, Roster, XmppClient, XmppComponent, type XmppPeer } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateFiles, TestAuthority } from '../../packages/server/test/certificates.ts';
import { tokenCertificate } from '../../packages/services/test/token-certificate.ts';
import { registeredAccounts } from '../conformance/accounts.ts';
import type { Target } from '../conformance/actor.ts';
import { type Daemon, freePort, hasCommand, hasEjabberd, startEjabberd, startProsody } from './daemon.ts';

const COMPONENT_DOMAIN = 'provisioning.localhost';

type Start = (ports: readonly [client: number, component: number], files: CertificateFiles) => Promise<Daemon>;

const prosody: Start = ([client, component], { cert, key }) =>
  startProsody(
    `c2s_ports = { ${client} }
component_ports = { ${component} }
modules_enabled = { "disco", "roster", "saslauth", "tls", "ping", "register_ibr", "presence", "message", "iq" }
allow_registration = true
ssl = { certificate = "${cert}", key = "${key}" }
VirtualHost "localhost"
Component "${COMPONENT_DOMAIN}"
  component_secret = "secret"
`,
    [client, component],
  );

const ejabberd: Start = ([client, component]) =>
  startEjabberd(
    `hosts: ["localhost"]
registration_timeout: infinity
auth_password_format: scram
listen:
  - {port: ${client}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false}
  - {port: ${component}, ip: "127.0.0.1", module: ejabberd_service, hosts: {"${COMPONENT_DOMAIN}": {password: "secret"}}}
modules:
  mod_caps: {}
  mod_disco: {}
  mod_ping: {}
  mod_register: {ip_access: all, welcome_message: {subject: "", body: ""}}
  mod_roster: {}
`,
    [client, component],
  );

const meter: Thing = {
  metaTags: [],
  parameters: [],
  async *read() {
    yield ['Energy', 'Power'].map(
      (name): Field => ({
        name,
        value: { type: 'numeric', value: '1', unit: 'W' },
        types: ['momentary'],
        qos: [],
        timestamp: new Date(),
      }),
    );
  },
  parameterValue: () => undefined,
  set: async () => {},
};

describe.each([
  { name: 'Prosody', isThere: hasCommand('prosody'), start: prosody, tls: 'starttls' },
  // Its channel binding is another one with the TLS of its package: without TLS there is none.
  { name: 'ejabberd', isThere: hasEjabberd(), start: ejabberd, tls: 'none' },
] as const)(
  'our provisioning server at $name (skipped unless it is installed)',
  { timeout: 90_000 },
  ({ name, isThere, start, tls }) => {
    const directory = mkdtempSync(join(tmpdir(), 'thingward-provisioning-'));
    const closers: (() => unknown)[] = [];
    let daemon: Daemon | undefined;
    let authority: TestAuthority;
    let ports: [client: number, component: number];

    beforeAll(async () => {
      if (!isThere) return;
      authority = await TestAuthority.create(directory);
      ports = [await freePort(), await freePort()];
      daemon = await start(ports, await authority.issue('localhost'));
    }, 60_000);
    afterEach(async () => {
      for (const close of closers.splice(0).reverse()) await close();
    });
    afterAll(async () => {
      await daemon?.stop();
      rmSync(directory, { recursive: true });
    });

    async function signIn(account: string): Promise<XmppClient> {
      const [port] = ports;
      const host = '127.0.0.1';
      const target: Target = { host, port, domain: 'localhost', tls, patienceMs: 4000, settleMs: 100 };
      const { jid, password } = await registeredAccounts(target).take(account);
      const ca = readFileSync(authority.file, 'utf8');
      const connect = tcpConnector({ domain: 'localhost', host, port, tls, trust: { ca } });
      const client = new XmppClient({ jid, password, connect });
      closers.push(() => client.stop());
      client.start();
      await client.ready(AbortSignal.timeout(15_000));
      return client;
    }

    async function serve(peer: XmppPeer, file: string): Promise<void> {
      const database = await openDatabase(join(directory, `${file}.db`), provisioningMigrations);
      closers.push(() => database.close());
      const query = database.query as never;
      const service = new ProvisioningService({ peer, database: query, owners: new ToldOwners(query) });
      await service.start();
      closers.push(() => service.stop());
    }

    /** A Thing of this owner that asks the server. */
    async function host(owner: XmppClient, server: Jid | 'find'): Promise<XmppClient> {
      const peer = await signIn('meter');
      peer.send(presence(undefined, {}));
      const ownership = new MemoryOwnershipStore();
      await ownership.save('', { owner: owner.jid.bare.toString(), friends: [] });
      const thing = new ThingHost({ peer, things: [meter], ownership, provisioning: { server, timeoutMs: 5000 } });
      await thing.start();
      closers.push(() => thing.stop());
      return peer;
    }

    async function read(reader: XmppClient, thing: Jid, userToken?: string): Promise<string> {
      const names: string[] = [];
      try {
        const wish = { tokens: { userToken } };
        for await (const fields of readSensorData(reader, thing, wish))
          names.push(...fields.map((field) => field.name));
      } catch (error) {
        return (error as Error).message;
      }
      return names.join(' ');
    }

    /** Somebody asks, the owner answers and takes it back. */
    async function goesThrough(server: Jid, owner: XmppClient, thing: Jid): Promise<void> {
      const reader = await signIn('reader');
      const patience = { timeout: 20_000, interval: 200 };
      const waiting = async () => {
        expect(await read(reader, thing)).toContain('forbidden');
        return (await listQuestions(owner, server)).items;
      };
      await expect.poll(waiting, patience).toHaveLength(1);
      const [question] = await waiting();
      const answer = { question: question?.id ?? 0, scope: 'requester', isAllowed: true, names: ['Power'] } as const;
      const rule = await answerQuestion(owner, server, answer);
      await expect.poll(() => read(reader, thing), patience).toBe('Power');
      await withdrawRule(owner, server, rule.id);
      await expect.poll(() => read(reader, thing), patience).toContain('forbidden');
    }

    async function component(): Promise<Jid> {
      const connect = tcpConnector({
        domain: COMPONENT_DOMAIN,
        host: '127.0.0.1',
        port: ports[1],
        tls: 'none',
        namespace: COMPONENT,
      });
      const peer = new XmppComponent({ domain: COMPONENT_DOMAIN, secret: 'secret', connect });
      closers.push(() => peer.stop());
      await serve(peer, `component-${name}-${closers.length}`);
      peer.start();
      await peer.ready();
      return peer.jid;
    }

    it.skipIf(!isThere)('is found as a component, and decides as the owner says', async () => {
      const server = await component();
      const owner = await signIn('owner');
      const thing = await host(owner, 'find');
      await goesThrough(server, owner, thing.jid);
    });

    it.skipIf(!isThere)('challenges a token on its way through the Thing', async () => {
      const server = await component();
      const owner = await signIn('owner');
      const thing = await host(owner, server);
      const reader = await signIn('reader');
      const identity = await tokenCertificate();
      const token = await requestToken(reader, server, identity);
      const holder = new TokenHolder(reader);
      closers.push(holder.serve());
      holder.add(token, identity);
      const shown = () => {
        holder.sending(thing.jid, { userToken: token });
        return read(reader, thing.jid, token);
      };
      const patience = { timeout: 20_000, interval: 200 };
      await expect
        .poll(async () => (await shown()) && (await listQuestions(owner, server)).items.length, patience)
        .toBe(1);
      const [question] = (await listQuestions(owner, server)).items;
      await answerQuestion(owner, server, { question: question?.id ?? 0, scope: 'user', isAllowed: true });
      await expect.poll(shown, patience).toBe('Energy Power');
      expect(await read(reader, thing.jid)).toContain('forbidden');
    });

    it.skipIf(!isThere)('decides as a client whose friends the Things are', async () => {
      const server = await signIn('decisions');
      await serve(server, `client-${name}`);
      server.send(presence(undefined, {}));
      const owner = await signIn('owner');
      const roster = new Roster(owner);
      roster.reciprocate();
      owner.send(presence(undefined, {}));
      const thing = await host(owner, server.jid.bare);
      roster.subscribe(server.jid.bare);
      const reached = await roster.waitForResource(server.jid.bare, { timeoutMs: 10_000 });
      await goesThrough(reached, owner, thing.jid);
    });
  },
);
