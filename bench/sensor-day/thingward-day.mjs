// A sensor of ours, read by another client (XEP-0323), or publishing what it measures at its account (XEP-0163).
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { encodeReadoutMessage, MemoryOwnershipStore, readSensorData, ThingHost } from '@thingward/things';
import { thingSchemas } from '@thingward/things/node';
import { Jid, XmppClient } from '@thingward/xmpp';
import { ExiCompressor } from '@thingward/xmpp/exi';
import { tcpConnector, xmppSchemas } from '@thingward/xmpp/node';
import { tcpRelay } from '../battery/counting-relay.mjs';

const ACCOUNT = Jid.parse('sensor@localhost');
const COMPRESSION = {
  XML: () => ({}),
  EXI: () => ({ compression: new ExiCompressor({ schemas: [...xmppSchemas(), ...thingSchemas()] }) }),
  'EXI, strings kept': () => ({
    compression: new ExiCompressor({
      schemas: [...xmppSchemas(), ...thingSchemas()],
      options: { sessionWideBuffers: true, valueMaxLength: 64, valuePartitionCapacity: 64 },
    }),
  }),
};

/** The reading of a time of day. */
export const reading = (n) => ({
  value: (21 + Math.sin(n / 300)).toFixed(2),
  at: new Date(Date.UTC(2026, 10, 26) + n * 10_000),
});

/** @returns what went over the wire */
export async function thingwardDay(directory, { coding, way, readings }) {
  const server = await ThingwardServer.start(
    serverConfigSchema.parse({ domain: 'localhost', dataDir: directory, listen: { c2sTls: '127.0.0.1:0' } }),
  );
  for (const name of ['sensor', 'reader']) await server.accounts.add(name, name);
  const { port } = server.address(0);
  const relay = await tcpRelay({ host: '127.0.0.1', port });
  const client = (jid, at, more = {}) =>
    new XmppClient({
      jid,
      password: jid.local,
      tag: jid.local === 'sensor' ? 's' : 'reader',
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: at,
        tls: 'direct',
        trust: { fingerprint: server.tls.fingerprint },
      }),
      ...more,
    });
  const sensor = client(ACCOUNT, relay.port, COMPRESSION[coding]());
  const reader = client(Jid.parse('reader@localhost'), port);
  try {
    for (const each of [sensor, reader]) {
      each.start();
      await each.ready();
    }
    if (way === 'read') await isRead(sensor, reader, readings);
    else await publishes(sensor, readings);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return {
      name: `Thingward, ${coding}, ${way === 'read' ? 'read by another client' : 'publishes at its account'}`,
      ...relay.count,
    };
  } finally {
    await Promise.all([sensor.stop(), reader.stop()]);
    relay.close();
    await server.stop();
  }
}

async function isRead(sensor, reader, readings) {
  let n = 0;
  const host = new ThingHost({
    peer: sensor,
    ownership: new MemoryOwnershipStore(),
    friends: [reader.jid.bare],
    things: [
      {
        metaTags: [],
        parameters: [],
        parameterValue: () => undefined,
        set: async () => {},
        async *read() {
          yield [field(n)];
        },
      },
    ],
  });
  await host.start();
  for (; n < readings; n++) {
    let count = 0;
    for await (const batch of readSensorData(reader, sensor.jid, { types: ['momentary'] })) count += batch.length;
    if (count !== 1) throw new Error(`expected one field, got ${count}`);
  }
  await host.stop();
}

async function publishes(sensor, readings) {
  const { xml } = await import('@thingward/xml');
  for (let n = 0; n < readings; n++) {
    const item = xml(
      'item',
      { id: 'T' },
      encodeReadoutMessage({ kind: 'fields', seqnr: 0, done: true, fields: [field(n)] }),
    );
    const publish = xml('publish', { node: 'T' }, item);
    await sensor.request('set', undefined, xml('pubsub', { xmlns: 'http://jabber.org/protocol/pubsub' }, publish));
  }
}

function field(n) {
  const { value, at } = reading(n);
  return {
    name: 'Temperature',
    value: { type: 'numeric', value, unit: '°C' },
    types: ['momentary'],
    qos: ['automaticReadout'],
    timestamp: at,
  };
}
