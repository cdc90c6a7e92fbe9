import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Gateway, gatewayConfigSchema } from '@thingward/gateway';
import {
  Accounts,
  DeviceAuthority,
  Devices,
  openServerDatabase,
  type ServerConfigInput,
  serverConfigSchema,
  ThingwardServer,
} from '@thingward/server';
import { formValues, Jid, type Logger, NS, runCommand, XmppClient } from '@thingward/xmpp';
import type { FoundServer, findServers } from '@thingward/xmpp/finding';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../packages/cli/bin/thingward.js', import.meta.url));

/** Gateways whose configuration names no address, servers that are the right one, and servers that are not. */
describe('a gateway that finds its server', { timeout: 60_000 }, () => {
  let directory: string;
  const closers: (() => unknown)[] = [];
  const warnings: string[] = [];
  const log: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (details) => warnings.push(String((details as { reason?: unknown }).reason)),
    error: () => undefined,
  };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'thingward-finding-'));
    warnings.length = 0;
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** @param name of its data directory, and so of its certificate */
  async function serve(name: string, accounts: readonly string[], more: Partial<ServerConfigInput> = {}) {
    const server = await ThingwardServer.start(
      serverConfigSchema.parse({
        domain: 'found.example',
        dataDir: join(directory, name),
        listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0' },
        ...more,
      }),
    );
    for (const account of accounts) {
      if (!(await server.accounts.exists(account))) await server.accounts.add(account, `secret-${account}`);
    }
    closers.push(() => server.stop());
    return server;
  }

  const door = (server: ThingwardServer, index: 0 | 1): FoundServer => ({
    method: 'mdns',
    domain: 'found.example',
    host: '127.0.0.1',
    port: server.address(index)?.port ?? 0,
    tls: index === 0 ? 'starttls' : 'direct',
  });

  /** A port nobody listens at. */
  async function deadDoor(): Promise<FoundServer> {
    const probe: Server = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const address = probe.address();
    await new Promise((resolve) => probe.close(resolve));
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    return { method: 'dhcp', domain: 'found.example', host: '127.0.0.1', port, tls: 'direct' };
  }

  const SERVER = 'server: { find: true, trustOnFirstUse: true }';
  function gateway(
    doors: () => readonly FoundServer[],
    server: object = { find: true, trustOnFirstUse: true },
    means: object = { password: 'secret-plc' },
  ): Gateway {
    const config = gatewayConfigSchema.parse({
      server,
      dataDir: join(directory, 'gateway'),
      registry: 'none',
      history: 'none',
      eventLog: 'none',
      things: [
        {
          ...{ driver: 'direct-io', name: 'Host', directIo: { disk: [], temperatures: false } },
          account: { jid: 'plc@found.example', ...means },
        },
      ],
    });
    const findThem: typeof findServers = async () => ({ servers: doors(), failures: [] });
    const made = new Gateway(config, { log, findServers: findThem });
    closers.push(() => made.stop());
    return made;
  }

  const state = (of: Gateway) => of.status().things[0]?.connection;
  const isOnline = (of: Gateway) =>
    vi.waitFor(() => expect(state(of)).toBe('online'), { timeout: 20_000, interval: 50 });

  function pin(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const things = '[{ driver: direct-io, name: Host, account: { jid: plc@found.example, password: x } }]';
    writeFileSync(join(directory, 'gateway.yaml'), `${SERVER}\ndataDir: ./gateway\nthings: ${things}\n`);
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [COMMAND, 'gateway', 'pin', ...args, '--config', join(directory, 'gateway.yaml')],
        { timeout: 20_000 },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
      );
    });
  }

  it('tries one door after the other, and pins the server that knows its account', async () => {
    const impostor = await serve('impostor', []);
    const right = await serve('right', ['plc']);
    const doors = [
      await deadDoor(),
      door(impostor, 1),
      door(right, 0),
      { ...door(impostor, 0), domain: 'other.example' },
    ];
    const first = gateway(() => doors);
    await first.start();
    await isOnline(first);
    await first.stop();
    const shown = JSON.parse((await pin('--json')).stdout) as Record<string, string>;
    expect(shown.domain).toBe('found.example');
    expect(shown.fingerprint).toBe(right.tls.fingerprint.replace('sha256:', '').replaceAll(':', '').toLowerCase());
  });

  it('refuses another certificate later, says how to pin it, and takes it when a person has', async () => {
    const right = await serve('right', ['plc']);
    const first = gateway(() => [door(right, 1)]);
    await first.start();
    await isOnline(first);
    await first.stop();
    await right.stop();
    // The same accounts, another certificate.
    rmSync(join(directory, 'right', 'tls'), { recursive: true });
    const renewed = await serve('right', []);
    for (const index of [1, 0] as const) {
      const second = gateway(() => [door(renewed, index)]);
      await second.start();
      await vi.waitFor(() => expect(warnings.join()).toContain('thingward gateway pin'), { timeout: 20_000 });
      expect(state(second)).not.toBe('online');
      expect(warnings.join()).toMatch(
        /has the fingerprint [0-9a-f]{64}, not [0-9a-f]{64}, which was pinned at the first use, 20/,
      );
      await second.stop();
      warnings.length = 0;
    }
    expect(await pin(renewed.tls.fingerprint)).toMatchObject({ code: 0 });
    const third = gateway(() => [door(renewed, 0)]);
    await third.start();
    await isOnline(third);
  });

  it('goes on where its certificate is refused, and is let in once it is enrolled', async () => {
    const server = await serve('certifying', []);
    const place = { storage: 'sqlite', dataDir: join(directory, 'certifying') } as const;
    const authority = await DeviceAuthority.open(place.dataDir, 'found.example');
    const certificate = await authority.certify('plc@found.example', 30);
    const files = { certificate: join(directory, 'plc.crt'), key: join(directory, 'plc.key') };
    writeFileSync(files.certificate, certificate.certificate);
    writeFileSync(files.key, certificate.key);
    const settings = { find: true, fingerprint: server.tls.fingerprint };
    const early = gateway(() => [door(server, 0)], settings, files);
    await early.start();
    await vi.waitFor(() => expect(warnings.length).toBeGreaterThan(1), { timeout: 20_000 });
    expect(state(early)).not.toBe('failed');
    const database = await openServerDatabase(place);
    closers.push(() => database.close());
    const devices = new Devices(database.query, new Accounts(database.query, 'found.example'), 'found.example');
    await devices.enrol([{ localpart: 'plc', label: 'PLC', certificate }], 'late', false);
    await isOnline(early);
  });

  it('trusts nobody without being told to', async () => {
    const right = await serve('right', ['plc']);
    const cautious = gateway(() => [door(right, 1)], { find: true });
    await cautious.start();
    await vi.waitFor(() => expect(warnings.join()).toMatch(/no TLS with .*self.signed/), { timeout: 20_000 });
    expect(state(cautious)).not.toBe('online');
  });

  it('goes on where it was refused, as another door may be the right one, and pins nothing', async () => {
    const stranger = await serve('stranger', []);
    const refused = gateway(() => [door(stranger, 0)]);
    await refused.start();
    await vi.waitFor(() => expect(warnings.length).toBeGreaterThan(1), { timeout: 20_000 });
    expect(state(refused)).not.toBe('failed');
    expect(JSON.parse((await pin('--json')).stdout)).toEqual({ domain: 'found.example' });
  });

  it('does not show its password to a server that asks for it', async () => {
    const right = await serve('right', []);
    await right.stop();
    const file = (name: string) => readFileSync(join(directory, 'right', 'tls', name));
    let heard = '';
    const greedy = createTlsServer({ cert: file('certificate.pem'), key: file('key.pem') }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data: Buffer) => {
        heard += data.toString();
        if (!data.includes('<stream:stream')) return;
        const header = `<stream:stream xmlns='jabber:client' xmlns:stream='${NS.stream}' id='1' from='found.example' version='1.0'>`;
        const offer = `<mechanisms xmlns='${NS.sasl}'><mechanism>PLAIN</mechanism></mechanisms>`;
        socket.write(`<?xml version='1.0'?>${header}<stream:features>${offer}</stream:features>`);
      });
    });
    await new Promise<void>((resolve) => greedy.listen(0, '127.0.0.1', resolve));
    closers.push(() => greedy.close());
    const { port } = greedy.address() as AddressInfo;
    const wary = gateway(() => [{ ...door(right, 1), port }]);
    await wary.start();
    await vi.waitFor(() => expect(warnings.join()).toContain('no acceptable mechanism (PLAIN)'), { timeout: 20_000 });
    expect(heard).not.toContain('<auth');
    expect(heard).not.toContain('<authenticate');
  });

  it('is told of a door that was found later', async () => {
    const right = await serve('right', ['plc']);
    let doors: readonly FoundServer[] = [];
    const waiting = gateway(() => doors);
    await waiting.start();
    await vi.waitFor(() => expect(warnings.join()).toContain('no server of found.example was found'), {
      timeout: 10_000,
    });
    doors = [door(right, 1)];
    await isOnline(waiting);
  });

  it('XEP-0347 §3.4: makes its account at the first server that lets it, and signs in to that later', async () => {
    const closed = await serve('closed', []);
    const open = await serve('open', [], { auth: { registration: 'open' } });
    const doors = [door(closed, 1), door(open, 0)];
    for (let start = 0; start < 2; start++) {
      const registering = gateway(() => doors, undefined, { register: true });
      await registering.start();
      await isOnline(registering);
      await registering.stop();
    }
    expect(await open.accounts.count()).toBe(1);
    expect(await closed.accounts.count()).toBe(0);
  });

  it('XEP-0445: makes its account by an invitation', async () => {
    const inviting = await serve('inviting', ['bard'], {
      auth: { registration: 'invite', admins: ['bard@found.example'] },
    });
    const bard = new XmppClient({
      jid: Jid.parse('bard@found.example'),
      password: 'secret-bard',
      connect: tcpConnector({
        ...{ domain: 'found.example', host: '127.0.0.1', port: inviting.address(1)?.port ?? 0, tls: 'direct' },
        trust: { fingerprint: inviting.tls.fingerprint },
      }),
    });
    closers.push(() => bard.stop());
    bard.start();
    await bard.ready();
    const command = { jid: Jid.parse('found.example'), node: 'urn:xmpp:invite#create-account' };
    const { form } = await runCommand(bard, command, { username: 'plc' });
    const [uri = ''] = (form && formValues(form, 'uri')) ?? [];
    const tokenFile = join(directory, 'invitation');
    writeFileSync(tokenFile, 'xmpp:plc@found.example?register;preauth=wrong');
    const refused = gateway(() => [door(inviting, 1)], undefined, { register: { tokenFile } });
    await refused.start();
    await vi.waitFor(() => expect(warnings.join()).toContain("plc@found.example can't be registered: "), {
      timeout: 20_000,
    });
    await refused.stop();
    writeFileSync(tokenFile, `${uri}\n`);
    const invited = gateway(() => [door(inviting, 1)], undefined, { register: { tokenFile } });
    await invited.start();
    await isOnline(invited);
    await invited.stop();
    // It has served its purpose.
    rmSync(tokenFile);
    const again = gateway(() => [door(inviting, 1)], undefined, { register: { tokenFile } });
    await again.start();
    await isOnline(again);
  });

  it.each([
    [{}, 'server.domain: is missing'],
    [{ find: true, host: 'x' }, 'server.host: is for servers that need not be found'],
    [{ find: true, trustOnFirstUse: true, ca: 'x' }, 'server.trustOnFirstUse: goes without'],
  ])('%j is refused', (server, message) => {
    const result = gatewayConfigSchema.safeParse({
      server,
      things: [{ driver: 'direct-io', name: 'x', account: { jid: 'a@b', password: 'x' } }],
    });
    const issues = result.error?.issues.map(({ path, message: text }) => `${path.join('.')}: ${text}`);
    expect(issues?.join('\n')).toContain(message);
  });
});
