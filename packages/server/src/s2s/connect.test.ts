import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectFirst } from './connect.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(host: string): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as { port: number }).port;
}

describe('connecting to whichever address answers first', () => {
  it('goes on at once when one refuses', async () => {
    const port = await listening('127.0.0.2');
    const socket = await connectFirst(['127.0.0.1', '127.0.0.2'], port, AbortSignal.timeout(2000));
    expect(socket.remoteAddress).toBe('127.0.0.2');
    socket.destroy();
  });

  it('says why where none answers', async () => {
    const port = await listening('127.0.0.2');
    const attempt = connectFirst(['127.0.0.1'], port, AbortSignal.timeout(2000));
    await expect(attempt).rejects.toMatchObject({
      condition: 'remote-server-timeout',
      message: expect.stringContaining(`127.0.0.1:${port}: ECONNREFUSED`),
    });
  });

  it('ends in time', async () => {
    const attempt = connectFirst(['127.0.0.1'], 1, AbortSignal.abort());
    await expect(attempt).rejects.toMatchObject({ condition: 'remote-server-timeout' });
  });
});
