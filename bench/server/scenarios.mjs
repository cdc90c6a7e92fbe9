// The work the servers are given. Each scenario keeps a number of stanzas on their way, so that the server is never idle,
// and tells `tick(n)` of n things done.
import { occurrences } from './counting.mjs';
import { XmppConnection } from './xmpp-connection.mjs';

const FIELDS = Array.from(
  { length: 6 },
  (_, i) => `<numeric name='Field${i}' momentary='true' automaticReadout='true' value='${20 + i}.${i}5' unit='°C'/>`,
).join('');
export const SENSOR_PAYLOAD = `<fields xmlns='urn:xmpp:iot:sensordata' seqnr='1' done='true'><node nodeId='Device01'><timestamp value='2026-11-23T16:24:30'>${FIELDS}</timestamp></node></fields>`;
const SMALL_PAYLOAD = '<body>hello there, this is a short message</body>';

const user = (i) => `bench${i}`;
const full = (i) => `${user(i)}@localhost/r`;

/** Many sessions, a few at a time. @param prefix of their resources, where an account has several */
export async function connectAll(target, count, perAccount = 1, prefix = 'r') {
  const connections = new Array(count);
  let next = 0;
  const work = async () => {
    for (let i = next++; i < count; i = next++) {
      connections[i] = await XmppConnection.open(target);
      await connections[i].login(
        user(Math.floor(i / perAccount)),
        perAccount === 1 ? 'r' : `${prefix}${i % perAccount}`,
      );
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return connections;
}

/** Pairs that send each other a message for each they get. */
async function messages(target, { clients, window, tick }, type, payload) {
  const connections = await connectAll(target, clients);
  const stanzas = connections.map((_, i) =>
    Buffer.from(`<message to='${full(i ^ 1)}' type='${type}' id='x'>${payload}</message>`),
  );
  connections.forEach((connection, i) => {
    const count = occurrences('</message>');
    connection.counts((bytes) => {
      const got = count(bytes);
      if (got === 0) return;
      tick(got);
      connection.write(got === 1 ? stanzas[i] : Buffer.concat(Array(got).fill(stanzas[i])));
    });
  });
  connections.forEach((connection, i) => {
    if (i % 2 === 0) connection.write(Buffer.concat(Array(window).fill(stanzas[i])));
  });
}

async function serverIq(target, { clients, window, tick }) {
  const connections = await connectAll(target, clients);
  const ping = Buffer.from(`<iq type='get' id='x' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
  for (const connection of connections) {
    const count = occurrences('<iq ');
    connection.counts((bytes) => {
      const got = count(bytes);
      if (got === 0) return;
      tick(got);
      connection.write(Buffer.concat(Array(got).fill(ping)));
    });
    connection.write(Buffer.concat(Array(window).fill(ping)));
  }
}

/** Half of the clients ask, the others answer. One round trip is two stanzas. */
async function clientIq(target, { clients, window, tick }) {
  const connections = await connectAll(target, clients);
  connections.forEach((connection, i) => {
    const isAsking = i % 2 === 0;
    const stanza = Buffer.from(
      isAsking
        ? `<iq type='get' id='x' to='${full(i ^ 1)}'><req xmlns='urn:xmpp:iot:sensordata' seqnr='1' momentary='true'/></iq>`
        : `<iq type='result' id='x' to='${full(i ^ 1)}'>${SENSOR_PAYLOAD}</iq>`,
    );
    const count = occurrences('</iq>');
    connection.counts((bytes) => {
      const got = count(bytes);
      if (got === 0) return;
      if (isAsking) tick(got);
      connection.write(Buffer.concat(Array(got).fill(stanza)));
    });
    if (isAsking) connection.write(Buffer.concat(Array(window).fill(stanza)));
  });
}

/** One node, many subscribers; an item is published when all have got the one before, with a few on their way. */
async function pubsub(target, { clients, tick }) {
  const connections = await connectAll(target, clients + 1);
  const [publisher, ...subscribers] = connections;
  const service = 'pubsub.localhost';
  const owner = 'http://jabber.org/protocol/pubsub';
  const node = `bench-${process.pid}`;
  const form = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#node_config</value></field><field var='pubsub#persist_items'><value>0</value></field><field var='pubsub#send_last_published_item'><value>never</value></field></x>`;
  publisher.write(
    `<iq type='set' id='create' to='${service}'><pubsub xmlns='${owner}'><create node='${node}'/><configure>${form}</configure></pubsub></iq>`,
  );
  const [created] = await publisher.expect(/<iq[^>]*id=['"]create['"][^>]*>/);
  if (/error/.test(created)) throw new Error('not offered');
  for (const [i, subscriber] of subscribers.entries()) {
    subscriber.write('<presence/>');
    subscriber.write(
      `<iq type='set' id='sub' to='${service}'><pubsub xmlns='${owner}'><subscribe node='${node}' jid='${full(i + 1)}'/></pubsub></iq>`,
    );
    await subscriber.expect(/<iq[^>]*id=['"]sub['"][^>]*>/);
  }
  const item = Buffer.from(
    `<iq type='set' id='p' to='${service}'><pubsub xmlns='${owner}'><publish node='${node}'><item>${SENSOR_PAYLOAD}</item></publish></pubsub></iq>`,
  );
  let due = 0;
  const got = (count) => {
    tick(count);
    due += count;
    for (; due >= subscribers.length; due -= subscribers.length) publisher.write(item);
  };
  for (const subscriber of subscribers) {
    const count = occurrences('</event>');
    subscriber.counts((bytes) => got(count(bytes)));
  }
  publisher.counts(() => {});
  for (let i = 0; i < 8; i++) publisher.write(item);
}

/** Connects, authenticates, binds, leaves, again and again. */
async function logins(target, { clients, tick }) {
  for (let i = 0; i < Math.min(clients, 16); i++) {
    const again = async () => {
      for (;;) {
        const connection = await XmppConnection.open(target);
        await connection.login(user(i), 'r');
        connection.close();
        tick(1);
      }
    };
    void again().catch((error) => {
      console.error(error);
      process.exit(1);
    });
  }
}

/** Messages at the rate that `pace` has; the time each took is collected. */
async function latency(target, { clients, pace, onLatency, tick }) {
  const connections = await connectAll(target, clients);
  for (const connection of connections) {
    let rest = '';
    connection.counts((bytes) => {
      const now = performance.now();
      const text = rest + bytes.toString('latin1');
      const parts = text.split('</message>');
      rest = parts.pop();
      for (const part of parts) {
        const sent = / id=['"]t([\d.]+)['"]/.exec(part);
        if (sent) onLatency(now - Number(sent[1]));
      }
      tick(parts.length);
    });
  }
  let [sent, due] = [0, 0];
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    due += ((now - last) / 1000) * pace.rate;
    last = now;
    for (; sent < Math.floor(due); sent++) {
      const from = sent % clients;
      connections[from].write(
        `<message to='${full(from ^ 1)}' id='t${performance.now().toFixed(3)}'>${SENSOR_PAYLOAD}</message>`,
      );
    }
  }, 1);
}

/** By name: what it is called in the table, whether it wants TLS, and what it does. */
export const SCENARIOS = {
  'messages-small': { unit: 'messages', run: (target, options) => messages(target, options, 'chat', SMALL_PAYLOAD) },
  'messages-sensor': {
    unit: 'messages',
    run: (target, options) => messages(target, options, 'normal', SENSOR_PAYLOAD),
  },
  'messages-sensor-tls': {
    unit: 'messages',
    tls: true,
    run: (target, options) => messages(target, options, 'normal', SENSOR_PAYLOAD),
  },
  'iq-server': { unit: 'answers', run: serverIq },
  'iq-clients': { unit: 'round trips', run: clientIq },
  pubsub: { unit: 'notifications', run: pubsub },
  'logins-tls': { unit: 'logins', tls: true, run: logins },
  'memory-plain': { unit: 'kB per connection', kind: 'memory' },
  'memory-tls': { unit: 'kB per connection', kind: 'memory', tls: true },
  'latency-2000': { unit: 'ms', kind: 'latency', rate: 2000, run: latency },
  'latency-5000': { unit: 'ms', kind: 'latency', rate: 5000, run: latency },
  'latency-half-load': { unit: 'ms', kind: 'half-load', run: latency },
};
