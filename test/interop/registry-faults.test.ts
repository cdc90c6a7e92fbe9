import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase, serverConfigSchema, ThingwardServer } from '@thingward/server';
import { type RegistryTables, registryMigrations } from '@thingward/services';
import { claimThing, disownThing, MemoryOwnershipStore, searchThings, type Thing, ThingHost } from '@thingward/things';
import { Jid, XmppClient, type XmppPeer } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, expect, it } from 'vitest';

const CHILD = fileURLToPath(new URL('./registry-faults/registry.mjs', import.meta.url));
const REGISTRY = Jid.parse('registry.localhost');
const MOST_STEPS = 200;

let directory: string;
let server: ThingwardServer;
const clients: XmppClient[] = [];
let [thingPeer, owner, rival]: XmppClient[] = [];
let child: ChildProcess | undefined;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-faults-'));
  server = await ThingwardServer.start(
    serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: join(directory, 'server'),
      listen: { c2s: '127.0.0.1:0', component: '127.0.0.1:0' },
      components: { 'registry.localhost': 'secret' },
    }),
  );
  for (const name of ['rack', 'owner', 'rival']) {
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
    });
    client.start();
    await client.ready();
    clients.push(client);
  }
  [thingPeer, owner, rival] = clients;
});
afterAll(async () => {
  child?.kill('SIGKILL');
  for (const client of clients) await client.stop();
  await server.stop();
  rmSync(directory, { recursive: true });
});

/** Starts the registry on a database. @param killAt the step at which it dies; undefined: it lives */
async function startRegistry(file: string): Promise<void> {
  // Not with the conditions of the test's own modules: it runs what was built.
  const started = fork(CHILD, [String(server.address(1)?.port), file], { execArgv: [] });
  child = started;
  await new Promise<void>((resolve, reject) => {
    started.once('message', () => resolve());
    started.once('exit', (code) => reject(new Error(`the registry did not start: ${code}`)));
  });
}

async function killAt(step: number): Promise<void> {
  const armed = new Promise((resolve) => child?.once('message', resolve));
  child?.send({ killAt: step });
  await armed;
}

async function endRegistry(): Promise<void> {
  const ended = new Promise((resolve) => child?.once('exit', resolve));
  child?.kill('SIGKILL');
  await ended;
}

/** What came of a request, or `died`: nobody answers for a registry that has died. */
async function unlessDead(work: Promise<string>): Promise<string> {
  const running = child;
  const end = new Promise<string>((resolve) => running?.once('exit', () => resolve('died')));
  return Promise.race([work, running?.exitCode === null && running.signalCode === null ? end : 'died']);
}

function hasDied(): boolean {
  return child?.exitCode !== null || child.signalCode !== null;
}

const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { condition?: string }) => error.condition ?? String(error),
  );

/** One life of a Thing with a registry of its own. */
class Stage {
  readonly file: string;
  readonly thing: Thing;
  readonly host: ThingHost;

  constructor(title: string, step: number) {
    this.file = join(directory, `${title}-${step}.db`);
    this.thing = {
      node: { nodeId: `${title}-${step}`, sourceId: 'plant' },
      metaTags: [
        { name: 'SN', type: 'str', value: `serial ${title} ${step}` },
        { name: 'KEY', type: 'str', value: `key ${title} ${step}` },
      ],
      parameters: [],
      async *read() {},
      parameterValue: () => undefined,
      set: async () => {},
    };
    this.host = new ThingHost({
      peer: thingPeer as XmppPeer,
      things: [this.thing],
      ownership: new MemoryOwnershipStore(),
      registry: REGISTRY,
      registrationBackOffMs: { first: 50, max: 200 },
    });
  }

  async start(): Promise<void> {
    await startRegistry(this.file);
    await this.host.start();
    await expect.poll(() => this.rows().then((rows) => rows.length), { timeout: 20_000 }).toBe(1);
  }

  async rows() {
    const { query, close } = await openDatabase<RegistryTables>(this.file, registryMigrations);
    const rows = await query.selectFrom('registry_things').select(['owner', 'claim_digest']).execute();
    await close();
    return rows;
  }

  claim(by: XmppClient | undefined): Promise<string> {
    return outcome(claimThing(by as XmppClient, REGISTRY, this.thing.metaTags, { timeoutMs: 20_000 }));
  }

  disown(by: XmppClient | undefined): Promise<string> {
    const jid = (thingPeer as XmppClient).jid.bare;
    return outcome(disownThing(by as XmppClient, REGISTRY, jid, this.thing.node, { timeoutMs: 20_000 }));
  }

  /** Registry, Thing and searches name the same owner, and nothing is left to be told. */
  async agreeOn(expected: XmppClient | undefined): Promise<void> {
    const name = expected?.jid.bare.toString();
    expect(await this.rows()).toMatchObject([{ owner: name ?? null }]);
    await expect.poll(() => this.host.ownershipOf(this.thing).owner, { timeout: 20_000 }).toBe(name);
    const sn = String(this.thing.metaTags[0]?.value);
    const { things } = await searchThings(rival as XmppClient, REGISTRY, [
      { operator: 'strEq', name: 'SN', value: sn },
    ]);
    expect(things.map(({ owner }) => owner.toString())).toEqual(name === undefined ? [] : [name]);
  }

  async end(): Promise<void> {
    await endRegistry();
    await this.host.stop();
  }
}

it('killed at each step of a claim, there is one owner or none, and all agree afterwards', async () => {
  let step = 0;
  let withOwner = 0;
  for (; step < MOST_STEPS; step++) {
    const stage = new Stage('claim', step);
    await stage.start();
    await killAt(step);
    const told = await unlessDead(stage.claim(owner));
    if (!hasDied()) {
      expect(told).toBe('done');
      await stage.end();
      break;
    }
    const [row] = await stage.rows();
    expect([null, 'owner@localhost']).toContain(row?.owner);
    if (row?.owner) withOwner++;
    // Who has been told of success is the owner, whatever happened then.
    if (told === 'done') expect(row?.owner).toBe('owner@localhost');
    await startRegistry(stage.file);
    const [again, other] = await Promise.all([stage.claim(owner), stage.claim(rival)]);
    expect([again, other].sort()).toEqual(['done', 'item-not-found']);
    if (row?.owner) expect(again).toBe('done');
    await stage.agreeOn(again === 'done' ? owner : rival);
    await stage.end();
  }
  // It was killed before and after the claim was committed.
  expect(step).toBeGreaterThan(10);
  expect(step).toBeLessThan(MOST_STEPS);
  expect(withOwner).toBeGreaterThan(0);
  expect(withOwner).toBeLessThan(step);
  console.log(`claim: killed at ${step} steps, ${withOwner} of them after it was committed`);
}, 900_000);

it('killed at each step of disowning, it can be disowned afterwards, and all agree', async () => {
  let step = 0;
  for (; step < MOST_STEPS; step++) {
    const stage = new Stage('disown', step);
    await stage.start();
    expect(await stage.claim(owner)).toBe('done');
    await killAt(step);
    await unlessDead(stage.disown(owner));
    if (!hasDied()) {
      await stage.end();
      break;
    }
    expect([null, 'owner@localhost']).toContain((await stage.rows())[0]?.owner);
    await startRegistry(stage.file);
    // It stays the owner's until both know: then the owner asks again, and the Thing can be claimed anew.
    expect(['done', 'item-not-found']).toContain(await stage.disown(owner));
    // The Thing may have asked to be registered while nobody was there: it asks again.
    const isClaimable = async () => (await stage.rows())[0]?.claim_digest !== null;
    await expect.poll(isClaimable, { timeout: 60_000, interval: 300 }).toBe(true);
    expect(await stage.claim(rival)).toBe('done');
    await stage.agreeOn(rival);
    await stage.end();
  }
  expect(step).toBeGreaterThan(5);
  expect(step).toBeLessThan(MOST_STEPS);
  console.log(`disown: killed at ${step} steps`);
}, 900_000);
