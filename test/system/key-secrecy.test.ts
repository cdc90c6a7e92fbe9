import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import {
  claimThing,
  DISCOVERY_DIALECTS,
  disownThing,
  inDiscoveryDialect,
  MemoryOwnershipStore,
  type SearchOperator,
  searchThings,
  type Thing,
  ThingHost,
  updateThing,
} from '@thingward/things';
import { xml } from '@thingward/xml';
import { Jid, type Logger, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SERVICES } from '../../packages/cli/src/services.ts';

const DISCOVERY = DISCOVERY_DIALECTS[0]?.namespace ?? '';
const REGISTRY = Jid.parse('registry.localhost');
/** Nothing else has such words in it. */
const SECRET = 'zanzibar4857402340298342';
const NEXT_SECRET = 'timbuktu0298342485740234';
const NUMERIC_SECRET = '424242424242424242';
const SECRETS = [SECRET, NEXT_SECRET, NUMERIC_SECRET];

let directory: string;
let server: ThingwardServer;
const clients: XmppClient[] = [];
/** All that is logged, however little it matters. */
const logged: string[] = [];
const write = (...args: unknown[]) => {
  logged.push(args.map((arg) => (arg instanceof Error ? `${arg.stack}` : JSON.stringify(arg, deep))).join(' '));
};
const deep = (_: string, value: unknown) =>
  value instanceof Error ? `${value.stack} ${JSON.stringify({ ...value })}` : value;
const log: Logger = { debug: write, info: write, warn: write, error: write };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-secrecy-'));
  server = await ThingwardServer.start(
    serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: directory,
      listen: { c2s: '127.0.0.1:0', http: '127.0.0.1:0' },
      eventLog: { publish: { node: 'events', leastType: 'Debug' } },
    }),
    { services: SERVICES, log },
  );
});
afterAll(async () => {
  for (const client of clients) await client.stop();
  await server.stop();
  rmSync(directory, { recursive: true });
});

async function signIn(name: string): Promise<XmppClient> {
  await server.accounts.add(name, 'secret');
  const client = new XmppClient({
    jid: Jid.parse(`${name}@localhost`),
    password: 'secret',
    connect: tcpConnector({
      domain: 'localhost',
      host: '127.0.0.1',
      port: server.address(0)?.port ?? 0,
      tls: 'starttls',
      trust: { fingerprint: server.tls.fingerprint },
    }),
    log,
  });
  clients.push(client);
  client.start();
  await client.ready();
  return client;
}

const thing: Thing = {
  node: { nodeId: 'imc1', sourceId: 'MeteringTopology' },
  metaTags: [
    { name: 'SN', type: 'str', value: '39' },
    { name: 'KEY', type: 'str', value: SECRET },
  ],
  parameters: [],
  async *read() {},
  parameterValue: () => undefined,
  set: async () => {},
};

/** Every file below a directory, as it is on the disk. */
function* files(below: string): Generator<string> {
  for (const name of readdirSync(below)) {
    const path = join(below, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

it('a KEY is nowhere but with who registered it and who claims with it', async () => {
  const [rack, owner, thief, curious] = [
    await signIn('rack'),
    await signIn('owner'),
    await signIn('thief'),
    await signIn('curious'),
  ];
  const seen: string[] = [];
  const failed = (work: Promise<unknown>) =>
    work.then(
      (answer) => seen.push(String(answer)),
      (error: Error) => seen.push(`${error.stack} ${JSON.stringify({ ...error })}`),
    );
  const host = new ThingHost({
    peer: rack,
    things: [thing],
    ownership: new MemoryOwnershipStore(),
    registry: REGISTRY,
    log,
  });
  await host.start();

  // Wrong in all the ways that could be quoted back or written down.
  for (const dialect of DISCOVERY_DIALECTS) {
    for (const element of ['register', 'mine', 'update']) {
      for (const [type, value] of [
        ['num', SECRET],
        ['num', `${NUMERIC_SECRET}x`],
        ['str', `${SECRET}${'x'.repeat(200)}`],
      ] as const) {
        const request = xml(
          element,
          { xmlns: DISCOVERY },
          xml(type, { name: 'key', value }),
          xml('str', { name: 'A:B', value }),
        );
        await failed(curious.request('set', REGISTRY, inDiscoveryDialect(request, dialect)));
        const twice = xml(
          element,
          { xmlns: DISCOVERY },
          xml('str', { name: 'KEY', value: SECRET }),
          xml('str', { name: 'Key', value: SECRET }),
        );
        await failed(curious.request('set', REGISTRY, inDiscoveryDialect(twice, dialect)));
      }
    }
  }
  await failed(claimThing(thief, REGISTRY, [{ name: 'KEY', type: 'str', value: SECRET }]));
  await expect
    .poll(
      () =>
        claimThing(owner, REGISTRY, thing.metaTags).then(
          () => 'claimed',
          () => 'not yet',
        ),
      { timeout: 10_000 },
    )
    .toBe('claimed');
  await updateThing(rack, REGISTRY, [{ name: 'ROOM', type: 'str', value: 'Kitchen' }], { node: thing.node });

  const searches: SearchOperator[] = [
    { operator: 'strMask', name: 'SN', value: '*', wildcard: '*' },
    { operator: 'strMask', name: 'KEY', value: '*', wildcard: '*' },
    { operator: 'strEq', name: 'KEY', value: 'zanzibar' },
    { operator: 'strGt', name: 'KEY', value: '' },
    { operator: 'strMask', name: 'ROOM', value: '*itche*', wildcard: '*' },
  ];
  const found: number[] = [];
  for (const operator of searches) {
    const { things } = await searchThings(curious, REGISTRY, [operator]);
    found.push(things.length);
    seen.push(JSON.stringify(things));
  }
  expect(found).toEqual([1, 0, 0, 0, 1]);
  await updateThing(owner, REGISTRY, [{ name: 'KEY', type: 'str', value: NEXT_SECRET }], {
    jid: rack.jid.bare,
    node: thing.node,
  });
  seen.push(JSON.stringify(await searchThings(curious, REGISTRY, [searches[0] as SearchOperator])));
  await disownThing(owner, REGISTRY, rack.jid.bare, thing.node);
  await host.stop();

  expect(server.url).toBeDefined();
  for (const path of ['/metrics', '/healthz', '/.well-known/host-meta']) {
    seen.push(await (await fetch(`${server.url}${path}`)).text());
  }
  const kept = [...files(directory)];
  expect(kept.some((path) => path.endsWith('thingward.db'))).toBe(true);
  for (const path of kept) seen.push(readFileSync(path, 'latin1'));

  expect(logged.length).toBeGreaterThan(10);
  expect(seen.some((text) => text.includes('MeteringTopology'))).toBe(true);
  const everything = [...seen, ...logged];
  // The test itself can see what it looks for.
  expect(everything.some((text) => text.includes('Kitchen'))).toBe(true);
  for (const secret of SECRETS)
    expect(everything.filter((text) => text.includes(secret)).map((text) => text.slice(0, 500))).toEqual([]);
}, 60_000);
