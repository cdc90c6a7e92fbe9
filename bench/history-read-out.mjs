/*
 * A read-out of many historical values (XEP-0323), end to end over TLS: the history's database, the history, the Thing that answers from
 * it, the server between them, and the reader, each role in a process of its own. Prints fields per second, and the greatest resident
 * memory of each process by the size of the read-out: it must not grow with it. Needs the build. Options: --values N (1,000,000), --transport xml|exi (how Thing and reader speak to the server).
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { HistoryService, historyMigrations } from '@thingward/services';
import {
  MemoryOwnershipStore,
  readSensorData,
  storedHistory,
  storeFields,
  ThingHost,
  withHistory,
} from '@thingward/things';
import { thingSchemas } from '@thingward/things/node';
import { Jid, XmppClient } from '@thingward/xmpp';
import { ExiCompressor } from '@thingward/xmpp/exi';
import { tcpConnector, xmppSchemas } from '@thingward/xmpp/node';

const { values: options } = parseArgs({
  options: { values: { type: 'string', default: '1000000' }, transport: { type: 'string', default: 'xml' } },
});
/** How a client's stream is coded, by the name of the transport. */
const TRANSPORTS = {
  xml: () => ({}),
  exi: () => ({ compression: new ExiCompressor({ schemas: [...xmppSchemas(), ...thingSchemas()] }) }),
};
const coding = TRANSPORTS[options.transport];
if (!coding) throw new Error(`--transport is one of ${Object.keys(TRANSPORTS).join(', ')}`);
const TOTAL = Number(options.values);
const SIZES = [TOTAL / 100, TOTAL / 10, TOTAL].map(Math.round);
const START = Date.UTC(2020, 0, 1);
const PER_STORE = 1000;
const STORES_AT_ONCE = 4;
const HISTORY = Jid.parse('history.localhost');
const READER = Jid.parse('reader@localhost');

const roles = { thing: beThing, reader: beReader };
await (roles[process.env.BENCH_ROLE] ?? main)();

async function signIn(name, { port, fingerprint }) {
  const connect = tcpConnector({
    domain: 'localhost',
    host: '127.0.0.1',
    port,
    tls: 'starttls',
    trust: { fingerprint },
  });
  const client = new XmppClient({ jid: Jid.parse(`${name}@localhost`), password: name, connect, ...coding() });
  client.start();
  await client.ready();
  return client;
}

/** A value for each second from the start on. */
function stored(from, count) {
  return Array.from({ length: count }, (_, i) => ({
    name: 'Energy',
    value: { type: 'numeric', value: ((from + i) * 0.25).toFixed(2), unit: 'kWh' },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: new Date(START + (from + i) * 1000),
  }));
}

async function beThing() {
  const client = await signIn('thing', JSON.parse(process.env.BENCH_SERVER));
  const thing = {
    metaTags: [],
    parameters: [],
    parameterValue: () => undefined,
    async set() {},
    async *read() {},
  };
  const host = new ThingHost({
    peer: client,
    ownership: new MemoryOwnershipStore(),
    friends: [READER],
    things: [withHistory(thing, storedHistory(client, HISTORY))],
  });
  await host.start();
  let next = 0;
  const store = async () => {
    while (next < TOTAL) {
      const from = next;
      next += PER_STORE;
      await storeFields(client, HISTORY, stored(from, Math.min(PER_STORE, TOTAL - from)));
    }
  };
  await Promise.all(Array.from({ length: STORES_AT_ONCE }, store));
  process.send({ jid: client.jid.toString() });
  process.on('disconnect', () => process.exit());
}

async function beReader() {
  const client = await signIn('reader', JSON.parse(process.env.BENCH_SERVER));
  process.on('disconnect', () => process.exit());
  process.on('message', async ({ jid, count }) => {
    const wish = { types: ['historicalOther'], to: new Date(START + (count - 1) * 1000) };
    const started = performance.now();
    let received = 0;
    let sum = 0;
    for await (const fields of readSensorData(client, Jid.parse(jid), wish)) {
      received += fields.length;
      for (const { value } of fields) sum += Number(value.value);
    }
    const expected = (count * (count - 1)) / 8;
    if (received !== count || sum !== expected)
      throw new Error(`${received} fields of ${count} came, their sum is ${sum}`);
    process.send({ seconds: (performance.now() - started) / 1000 });
  });
  process.send({});
}

/** The resident memory of a process, in MiB. */
function memory(pid) {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/** CPU time of a process alone until now, in seconds. The kernel counts it in hundredths. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function spawnRole(name, server) {
  const child = fork(fileURLToPath(import.meta.url), ['--values', String(TOTAL), '--transport', options.transport], {
    env: { ...process.env, BENCH_SERVER: JSON.stringify(server), BENCH_ROLE: name },
  });
  child.on('exit', (code) => {
    if (code) process.exit(code);
  });
  return child;
}

function message(child) {
  return new Promise((resolve) => child.once('message', resolve));
}

async function main() {
  const dataDir = await mkdtemp(join(tmpdir(), 'thingward-bench-'));
  const server = await ThingwardServer.start(
    serverConfigSchema.parse({ domain: 'localhost', dataDir, listen: { c2s: '127.0.0.1:0' } }),
    {
      services: [
        {
          name: 'history',
          title: 'History',
          migrations: historyMigrations,
          create: (peer, database, log) => new HistoryService({ peer, database, log }),
        },
      ],
    },
  );
  for (const name of ['thing', 'reader']) await server.accounts.add(name, name);
  const address = { port: server.address(0).port, fingerprint: server.tls.fingerprint };
  const thing = spawnRole('thing', address);
  const started = performance.now();
  const { jid } = await message(thing);
  const print = (number) => Math.round(number).toLocaleString('en');
  console.log(`stored ${print(TOTAL)} values in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  const reader = spawnRole('reader', address);
  await message(reader);
  const processes = { 'server and history': process.pid, Thing: thing.pid, reader: reader.pid };
  const each = (measure) => Object.fromEntries(Object.entries(processes).map(([who, pid]) => [who, measure(pid, who)]));
  for (const count of SIZES) {
    const [before, cpuBefore] = [each(memory), each(cpuSeconds)];
    let peaks = before;
    const sampling = setInterval(() => {
      peaks = each((pid, who) => Math.max(peaks[who], memory(pid)));
    }, 50);
    const finished = message(reader);
    reader.send({ jid, count });
    const { seconds } = await finished;
    clearInterval(sampling);
    const cpu = each((pid, who) => cpuSeconds(pid) - cpuBefore[who]);
    const allCpu = Object.values(cpu).reduce((sum, part) => sum + part);
    console.log(
      `${print(count)} values: ${print(count / seconds)} fields/s in ${seconds.toFixed(1)} s, ${print(count / allCpu)} for each second of CPU time`,
    );
    for (const who of Object.keys(processes)) {
      const grown = `${print(before[who])} to ${print(peaks[who])} MiB`;
      console.log(`  ${who}: memory ${grown}, ${((cpu[who] / count) * 1e6).toFixed(1)} us of CPU time for a field`);
    }
  }
  thing.disconnect();
  reader.disconnect();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
