/*
 * Read-outs per second through one Thing, by XEP-0323 over TLS: a client, the server and the Thing's own process model in this process.
 * Prints beside it the IQ round trips (XEP-0199 pings between two clients) that the same server makes, as a ratio, and the same for each
 * dialect. Options: --transport xml|exi (how both clients speak to the server), --seconds N (5, of each measurement).
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
  options: { transport: { type: 'string', default: 'xml' }, seconds: { type: 'string', default: '5' } },
});
const SECONDS = Number(options.seconds);
const FIELDS = 16;
const IN_FLIGHT = 8;

/** How a client's stream is coded, by the name of the transport. */
const TRANSPORTS = {
  xml: () => ({}),
  exi: () => ({ compression: new ExiCompressor({ schemas: [...xmppSchemas(), ...thingSchemas()] }) }),
};
const coding = TRANSPORTS[options.transport];
if (!coding) throw new Error(`--transport is one of ${Object.keys(TRANSPORTS).join(', ')}`);

const dataDir = await mkdtemp(join(tmpdir(), 'thingward-bench-'));
const server = await ThingwardServer.start(
  serverConfigSchema.parse({ domain: 'localhost', dataDir, listen: { c2s: '127.0.0.1:0' } }),
);
const signIn = async (name) => {
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
    ...coding(),
  });
  client.start();
  await client.ready();
  return client;
};
const [reader, device] = await Promise.all([signIn('reader'), signIn('device')]);

const host = new ThingHost({
  peer: device,
  ownership: new MemoryOwnershipStore(),
  friends: [reader.jid.bare],
  things: [
    {
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
    },
  ],
});
await host.start();
servePing(device);

async function measure(work) {
  const until = performance.now() + SECONDS * 1000;
  const started = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < until) {
        await work();
        done++;
      }
    }),
  );
  return done / ((performance.now() - started) / 1000);
}

const pings = await measure(() => ping(reader, device.jid));
console.log(`IQ round trips over ${options.transport}: ${pings.toFixed(0)}/s`);
for (const dialect of READOUT_DIALECTS) {
  const reads = await measure(async () => {
    let count = 0;
    const fields = readSensorData(reader, device.jid, { types: ['momentary'] }, { dialect });
    for await (const batch of fields) count += batch.length;
    if (count !== FIELDS) throw new Error(`expected ${FIELDS} fields, got ${count}`);
  });
  const inRoundTrips = `costs ${(pings / reads).toFixed(1)} round trips`;
  const perSecond = `${reads.toFixed(0)}/s = ${(reads * FIELDS).toFixed(0)} fields/s`;
  console.log(`read-outs of ${FIELDS} fields, ${dialect.namespace}: ${perSecond}; one ${inRoundTrips}`);
}

await host.stop();
await Promise.all([reader.stop(), device.stop()]);
await server.stop();
await rm(dataDir, { recursive: true, force: true });
