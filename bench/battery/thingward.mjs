// A Thing that wakes, reports one value, takes what waits and sleeps again, over our client and our server.
import { randomUUID } from 'node:crypto';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { SleepingThing, sendCommand, serveControl } from '@thingward/things';
import { thingSchemas } from '@thingward/things/node';
import { Jid, MemoryTokenKeeper, presence, XmppClient } from '@thingward/xmpp';
import { ExiCompressor } from '@thingward/xmpp/exi';
import { tcpConnector, xmppSchemas } from '@thingward/xmpp/node';
import { tcpRelay } from './counting-relay.mjs';

const HOUR_MS = 3_600_000;

/** @param coding 'XML' or 'EXI' @returns a row for each kind of waking */
export async function thingward(directory, coding) {
  const config = serverConfigSchema.parse({
    domain: 'localhost',
    dataDir: directory,
    listen: { c2sTls: '127.0.0.1:0' },
  });
  const server = await ThingwardServer.start(config);
  for (const name of ['sensor', 'owner']) await server.accounts.add(name, name).catch(() => undefined);
  const relay = await tcpRelay({ host: '127.0.0.1', port: server.address(0).port });
  const connect = (port) =>
    tcpConnector({
      domain: 'localhost',
      host: '127.0.0.1',
      port,
      tls: 'direct',
      trust: { fingerprint: server.tls.fingerprint },
    });
  const owner = new XmppClient({
    jid: Jid.parse('owner@localhost'),
    password: 'owner',
    connect: connect(server.address(0).port),
  });
  const sensor = new XmppClient({
    jid: Jid.parse('sensor@localhost'),
    password: 'sensor',
    tag: 's',
    userAgent: { id: randomUUID() },
    tokens: new MemoryTokenKeeper(),
    resumes: true,
    ...(coding === 'EXI' && { compression: new ExiCompressor({ schemas: [...xmppSchemas(), ...thingSchemas()] }) }),
    connect: connect(relay.port),
  });
  const thing = {
    metaTags: [],
    parameters: [{ name: 'Interval', type: 'int', label: 'Interval' }],
    parameterValue: () => undefined,
    async *read() {
      yield [
        {
          name: 'Temperature',
          value: { type: 'numeric', value: '21.5', unit: '°C' },
          types: ['momentary'],
          qos: [],
          timestamp: new Date(),
        },
      ];
    },
    set: async () => {},
  };
  serveControl(sensor, { things: [thing], mayControl: () => true });
  const sleeping = new SleepingThing({ connection: sensor, things: [thing], everyMs: HOUR_MS });
  owner.start();
  await owner.ready();
  sensor.onPresence(({ from, type }) => {
    if (type === 'subscribe') sensor.send(presence('subscribed', { to: from.bare }));
  });
  const rows = [];
  const cycle = async (name) => {
    relay.reset();
    await sleeping.wake();
    await new Promise((resolve) => setTimeout(resolve, 100));
    rows.push({ name, ...relay.count });
  };
  try {
    await cycle(`Thingward, ${coding} over TLS: the first time`);
    owner.send(presence('subscribe', { to: Jid.parse('sensor@localhost') }));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await sleeping.wake();
    await new Promise((resolve) => setTimeout(resolve, 200));
    await sleeping.wake();
    await cycle(`Thingward, ${coding} over TLS: resumed, nothing waits`);
    await sendCommand(owner, Jid.parse('sensor@localhost'), new Map([['Interval', { type: 'int', value: 60 }]]), {
      expiresMs: 2 * HOUR_MS,
    });
    await cycle(`Thingward, ${coding} over TLS: resumed, one command waits`);
    return { rows, tls: server.tls, stop: () => {} };
  } finally {
    await owner.stop();
    await sensor.stop();
    relay.close();
    await server.stop();
  }
}
