import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { NS } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STREAM_HEADER, Stage } from './conversation.ts';

const LINE = 'PROXY TCP4 192.0.2.7 192.0.2.1 4711 5222\r\n';
const BINARY = Buffer.from(
  '0d0a0d0a000d0a515549540a 21 21 0027 20010db8000000000000000000000007 20010db8000000000000000000000001 1267 1466 040000'.replaceAll(
    ' ',
    '',
  ),
  'hex',
);

let stage: Stage;
const remotes: string[] = [];
beforeAll(async () => {
  const silent = () => undefined;
  const note = (details: unknown) => remotes.push((details as { remote?: string }).remote ?? '');
  stage = await Stage.open(
    {
      proxyProtocol: { from: ['127.0.0.1/32'], doors: ['c2s', 'c2sTls', 'http'] },
      limits: { maxConnectionsPerAddress: 2 },
    },
    { log: { debug: note, info: silent, warn: note, error: silent } },
  );
});
afterAll(() => stage?.close());

/** A connection from an address of loopback, and what came over it. */
async function open(port: number, localAddress = '127.0.0.1'): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  let text = '';
  socket
    .on('error', () => undefined)
    .on('data', (chunk) => {
      text += chunk;
    });
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, received: () => text };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 200) throw new Error('it did not happen');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const port = (index: number) => stage.server.address(index)?.port ?? 0;
const httpPort = () => Number(new URL(stage.server.url ?? '').port);
describe('the PROXY protocol', () => {
  it.each([
    ['version 1', Buffer.from(LINE), '192.0.2.7:4711'],
    ['version 2', BINARY, '2001:db8::7:4711'],
  ])('%s tells where a client comes from, in whatever pieces', async (_, header, remote) => {
    const { socket, received } = await open(port(0));
    const all = Buffer.concat([header, Buffer.from(STREAM_HEADER)]);
    for (const byte of all) {
      socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => received().includes('features'));
    remotes.length = 0;
    socket.write(`<auth xmlns='${NS.sasl}' mechanism='SCRAM-SHA-1'>!</auth>`);
    await until(() => received().includes('failure'));
    expect(remotes).toContain(remote);
    socket.destroy();
  });

  it('limits count the client’s address, not the proxy’s', async () => {
    const line = (address: string) => `PROXY TCP4 ${address} 192.0.2.1 1 2\r\n${STREAM_HEADER}`;
    const open3 = async (address: string) => {
      const connection = await open(port(0));
      connection.socket.write(line(address));
      return connection;
    };
    const [first, second, third, other] = [
      await open3('192.0.2.50'),
      await open3('192.0.2.50'),
      await open3('192.0.2.50'),
      await open3('192.0.2.51'),
    ];
    await until(() => third.socket.destroyed);
    for (const { socket, received } of [first, second, other]) {
      await until(() => received().includes('features'));
      socket.destroy();
    }
  });

  it('works in front of direct TLS', async () => {
    const { socket } = await open(port(1));
    socket.removeAllListeners('data');
    socket.write(LINE);
    const secured = connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ['xmpp-client'] });
    let text = '';
    secured.on('data', (chunk) => {
      text += chunk;
    });
    secured.write(STREAM_HEADER);
    await until(() => text.includes('features'));
    const auth = Buffer.from('\0romeo\0romeo').toString('base64');
    remotes.length = 0;
    secured.write(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${auth}</auth>`);
    await until(() => text.includes('success'));
    expect(remotes).toContain('192.0.2.7:4711');
    secured.destroy();
  });

  it('works in front of HTTP, over one connection for several requests', async () => {
    const { socket, received } = await open(httpPort());
    const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    socket.write(LINE + request);
    await until(() => received().includes('"ok"'));
    socket.write(request);
    await until(() => received().split('"ok"').length === 3);
    socket.destroy();
  });

  it.each(['<stream:stream>', 'GET / HTTP/1.1\r\n\r\n', 'PROXY TCP4 a b c d\r\n', `PROXY UNKNOWN ${'x'.repeat(200)}`])(
    'a trusted proxy that says %j instead is closed, and nothing is answered',
    async (text) => {
      for (const door of [port(0), port(1), httpPort()]) {
        const { socket, received } = await open(door);
        socket.write(text);
        await until(() => socket.destroyed);
        expect(received()).toBe('');
      }
    },
  );

  it('from elsewhere there is no header, and one that comes is no stream', async () => {
    const plain = await open(port(0), '127.0.0.2');
    plain.socket.write(STREAM_HEADER);
    await until(() => plain.received().includes('features'));
    plain.socket.destroy();
    const forged = await open(port(0), '127.0.0.2');
    forged.socket.write(LINE + STREAM_HEADER);
    await until(() => forged.received().includes('not-well-formed'));
  });

  it('a proxy that says nothing is closed after a while', async () => {
    const { socket } = await open(port(0));
    const start = performance.now();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(performance.now() - start).toBeGreaterThan(4000);
  });
});
