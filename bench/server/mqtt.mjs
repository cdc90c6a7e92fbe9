// As much MQTT 3.1.1 as readings take: publish and subscribe at QoS 0 and 1.
import { connect } from 'node:net';
import { SENSOR_PAYLOAD } from './scenarios.mjs';

const field = (text) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

function packet(first, body) {
  const length = [];
  for (let rest = body.length; ; rest >>= 7) {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    if (rest <= 0x7f) break;
  }
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** A connection that hands out whole packets. */
async function open({ host, port }, name, onPacket) {
  const socket = connect({ host, port, noDelay: true });
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    let bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    for (;;) {
      let at = 1;
      let length = 0;
      while (at < bytes.length && bytes[at] & 0x80) length |= (bytes[at] & 0x7f) << (7 * (at++ - 1));
      if (at >= bytes.length) break;
      length |= bytes[at] << (7 * (at - 1));
      if (bytes.length < at + 1 + length) break;
      onPacket(bytes[0], bytes.subarray(at + 1, at + 1 + length));
      bytes = bytes.subarray(at + 1 + length);
    }
    rest = bytes;
  });
  socket.on('error', (error) => {
    throw error;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(packet(0x10, Buffer.concat([field('MQTT'), Buffer.from([4, 2, 0, 60]), field(name)])));
  return socket;
}

/** Pairs on two topics that publish a reading for each they get. */
export async function runMqtt(target, { clients, window, qos, tick }) {
  const sockets = [];
  const publish = (i) =>
    packet(
      0x30 | (qos << 1),
      Buffer.concat([
        field(`t/${i ^ 1}`),
        qos > 0 ? Buffer.from([0, 1]) : Buffer.alloc(0),
        Buffer.from(SENSOR_PAYLOAD),
      ]),
    );
  for (let i = 0; i < clients; i++) {
    const reading = publish(i);
    sockets[i] = await open(target, `bench${i}`, (first, body) => {
      if (first >> 4 !== 3) return;
      tick(1);
      if (qos > 0) {
        const at = 2 + body.readUInt16BE(0);
        sockets[i].write(packet(0x40, Buffer.from([body[at], body[at + 1]])));
      }
      sockets[i].write(reading);
    });
    sockets[i].write(packet(0x82, Buffer.concat([Buffer.from([0, 1]), field(`t/${i}`), Buffer.from([qos])])));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let i = 0; i < clients; i += 2) sockets[i].write(Buffer.concat(Array(window).fill(publish(i))));
}
