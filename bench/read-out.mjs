/*
 * Read-outs per second of processor time through one Thing, over TLS: a client, the server and the Thing are in this process, whose time it
 * is, so that others on the machine make little difference; the time of the clock is printed, too. Prints beside it the IQ round trips (XEP-0199 pings between two clients) that the same server makes, as a ratio, and the same for each
 * dialect. The transports take turns, and each figure is the median of all rounds; what EXI does is printed as a share of what XML does
 * in the same round. Options: --transport xml|exi|both (both), --rounds N (5), --seconds N (2, of each measurement).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { MemoryOwnershipStore, READOUT_DIALECTS, readSensorData, ThingHost } from '@thingward/things';
import { thingSchemas } from '@thingward/things/node';
import { Jid, ping, servePing, XmppClient } from '@thingward/xmpp';
import { ExiCompressor } from '@thingward/xmpp/exi';
import { tcpConnector, xmppSchemas } from '@thingward/xmpp/node';

const { values: options } = parseArgs({
  options: {
    transport: { type: 'string', default: 'both' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
  },
});
const SECONDS = Number(options.seconds);
const ROUNDS = Number(options.rounds);
const FIELDS = 16;
const IN_FLIGHT = 8;
const WARM_UP_READ_OUTS = 2000;

/** How a client's stream is coded, by the name of the transport. */
const TRANSPORTS = {
  xml: () => ({}),
  exi: () => ({ compression: new ExiCompressor({ schemas: [...xmppSchemas(), ...thingSchemas()] }) }),
};
const transports = options.transport === 'both' ? Object.keys(TRANSPORTS) : [options.transport];
if (!transports.every((name) => name in TRANSPORTS)) {
  throw new Error(`--transport is one of ${Object.keys(TRANSPORTS).join(', ')}, both`);
}

const dataDir = await mkdtemp(join(tmpdir(), 'thingward-bench-'));
const server = await ThingwardServer.start(
  serverConfigSchema.parse({ domain: 'localhost', dataDir, listen: { c2s: '127.0.0.1:0' } }),
);
const signIn = async (name, transport) => {
  await server.accounts.add(name, name);
  const client = new XmppClient({
    jid: Jid.parse(`${name}@localhost`),
    password: name,
    connect: tcpConnector({
      domain: 'localhost',
      host: '127.0.0.1',
      port: server.address(0).port,
      tls: 'starttls',
      trust: { fingerprint: server.tls.fingerprint },
    }),
    ...TRANSPORTS[transport](),
  });
  client.start();
  await client.ready();
  return client;
};

const thing = {
  metaTags: [],
  parameters: [],
  parameterValue: () => undefined,
  async set() {},
  async *read() {
    const timestamp = new Date();
    yield Array.from({ length: FIELDS }, (_, i) => ({
      name: `Field ${i}`,
      value: { type: 'numeric', value: (i * 1.5).toFixed(1), unit: '°C' },
      types: ['momentary'],
      qos: ['automaticReadout'],
      timestamp,
    }));
  },
};

/** A reader and a Thing that speak in one way. */
async function pair(transport) {
  const [reader, device] = await Promise.all(
    ['reader', 'device'].map((role) => signIn(`${role}-${transport}`, transport)),
  );
  const friends = [reader.jid.bare];
  const host = new ThingHost({ peer: device, ownership: new MemoryOwnershipStore(), friends, things: [thing] });
  await host.start();
  servePing(device);
  const read = async (dialect) => {
    let count = 0;
    const fields = readSensorData(reader, device.jid, { types: ['momentary'] }, { dialect });
    for await (const batch of fields) count += batch.length;
    if (count !== FIELDS) throw new Error(`expected ${FIELDS} fields, got ${count}`);
  };
  return {
    transport,
    /** By name: what is measured. */
    work: {
      ping: () => ping(reader, device.jid),
      ...Object.fromEntries(READOUT_DIALECTS.map((d) => [d.namespace, () => read(d)])),
    },
    stop: async () => {
      await host.stop();
      await Promise.all([reader.stop(), device.stop()]);
    },
  };
}

/** How often it is done in a second of processor time, and by the clock. */
async function measure(work) {
  const before = process.cpuUsage();
  const started = performance.now();
  const until = started + SECONDS * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < until) {
        await work();
        done++;
      }
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return { perCpuSecond: done / ((user + system) / 1e6), perSecond: done / ((performance.now() - started) / 1000) };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const pairs = [];
for (const transport of transports) pairs.push(await pair(transport));
for (const { work } of pairs) {
  for (const dialect of READOUT_DIALECTS) {
    for (let i = 0; i < WARM_UP_READ_OUTS / READOUT_DIALECTS.length; i++) await work[dialect.namespace]();
  }
}

/** By transport and what is measured: of each round, how often in a second. */
const rates = Object.fromEntries(transports.map((name) => [name, {}]));
for (let round = 0; round < ROUNDS; round++) {
  for (const name of Object.keys(pairs[0].work)) {
    // Who begins changes from round to round.
    for (const { transport, work } of round % 2 === 0 ? pairs : [...pairs].reverse()) {
      rates[transport][name] ??= [];
      rates[transport][name].push(await measure(work[name]));
    }
  }
}
const cpu = (measured) => measured.map(({ perCpuSecond }) => perCpuSecond);
for (const transport of transports) {
  const { ping: pings, ...reads } = rates[transport];
  console.log(`IQ round trips over ${transport}: ${median(cpu(pings)).toFixed(0)} per CPU second`);
  for (const [namespace, measured] of Object.entries(reads)) {
    const fields = cpu(measured).map((rate) => rate * FIELDS);
    const range = `${Math.min(...fields).toFixed(0)} to ${Math.max(...fields).toFixed(0)}`;
    const cost = median(cpu(measured).map((rate, round) => cpu(pings)[round] / rate)).toFixed(1);
    const clock = median(measured.map(({ perSecond }) => perSecond * FIELDS)).toFixed(0);
    const found = `${median(fields).toFixed(0)} fields per CPU second (${range}), ${clock} by the clock`;
    console.log(
      `read-outs of ${FIELDS} fields over ${transport}, ${namespace}: ${found}; one costs ${cost} round trips`,
    );
  }
}
if (transports.length > 1) {
  for (const name of Object.keys(rates.xml)) {
    const shares = cpu(rates.exi[name]).map((rate, round) => rate / cpu(rates.xml[name])[round]);
    console.log(
      `EXI against XML, ${name}: ${median(shares).toFixed(2)} (${shares.map((one) => one.toFixed(2)).join(', ')})`,
    );
  }
}

for (const { stop } of pairs) await stop();
await server.stop();
await rm(dataDir, { recursive: true, force: true });
