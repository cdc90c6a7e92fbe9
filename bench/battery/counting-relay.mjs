// Ways to a server that count what goes over them, over TCP and over UDP.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/** What went over a way. */
class Count {
  up = 0;
  down = 0;
  /** Pieces as they arrived: for what is small, packets with data. */
  packets = 0;
  /** Times the direction turned from the client to the server: each waits for an answer. */
  turns = 0;
  #last = 'down';

  add(direction, bytes) {
    this[direction] += bytes;
    this.packets++;
    if (direction === 'up' && this.#last === 'down') this.turns++;
    this.#last = direction;
  }
}

/** @returns the port, what was counted since `reset`, and how to close it */
export async function tcpRelay(target) {
  const sockets = new Set();
  const relay = { count: new Count(), connections: 0 };
  const server = createServer({ noDelay: true }, (client) => {
    relay.connections++;
    const far = connect({ ...target, noDelay: true });
    for (const [from, to, direction] of [
      [client, far, 'up'],
      [far, client, 'down'],
    ]) {
      sockets.add(from);
      from.on('data', (chunk) => {
        relay.count.add(direction, chunk.length);
        to.write(chunk);
      });
      from.on('close', () => {
        sockets.delete(from);
        to.end();
      });
      from.on('error', () => to.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(relay, {
    port: server.address().port,
    reset() {
      relay.count = new Count();
      relay.connections = 0;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
}

export async function udpRelay(target) {
  const relay = { count: new Count(), connections: 0 };
  const near = createSocket('udp4');
  const far = createSocket('udp4');
  let client;
  near.on('message', (bytes, from) => {
    client = from;
    relay.count.add('up', bytes.length);
    far.send(bytes, target.port, target.host);
  });
  far.on('message', (bytes) => {
    relay.count.add('down', bytes.length);
    if (client) near.send(bytes, client.port, client.address);
  });
  await new Promise((resolve) => near.bind(0, '127.0.0.1', resolve));
  return Object.assign(relay, {
    port: near.address().port,
    reset() {
      relay.count = new Count();
    },
    close() {
      near.close();
      far.close();
    },
  });
}
