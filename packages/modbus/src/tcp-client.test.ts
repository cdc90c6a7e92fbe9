import { describe, expect, it, vi } from 'vitest';
import { connected, device, plant } from '../test/peers.ts';
import { TankProcess, tankUnit } from './simulator/index.ts';
import { ModbusTcpClient } from './tcp-client.ts';
import { ModbusTcpServer } from './tcp-server.ts';

const READ = { kind: 'read-coils', address: 0, quantity: 1 } as const;
const WRITE = { kind: 'write-single-coil', address: 0, value: true } as const;

describe('ModbusTcpClient', () => {
  it('reconnects by itself and says why it is not connected', async () => {
    const { server, port } = await plant();
    const client = await connected(port);
    await server.close();
    await vi.waitFor(() => expect(client.problem).toBe('connection refused'));
    await expect(client.request(1, READ)).rejects.toThrow(`127.0.0.1:${port}: connection refused`);
    const again = new ModbusTcpServer(new Map([[1, tankUnit(new TankProcess())]]));
    await again.listen(port);
    await vi.waitFor(() => expect(client.state).toBe('connected'), { timeout: 3000 });
    await client.request(1, READ);
    await again.close();
  });

  it('waits for the first connection, not for one that failed', async () => {
    const { port } = await plant();
    const client = new ModbusTcpClient({ host: '127.0.0.1', port });
    await expect(client.request(1, READ)).rejects.toThrow('the connection is not open');
    client.open();
    await client.request(1, READ);
    client.close();
    const nowhere = new ModbusTcpClient({ host: '127.0.0.1', port: 1 });
    nowhere.open();
    await expect(nowhere.request(1, READ)).rejects.toThrow('127.0.0.1:1: connection refused');
    await expect(nowhere.request(1, WRITE)).rejects.toMatchObject({ code: 'not-connected' });
    nowhere.close();
  });

  it('a read without an answer times out, a write becomes unknown and is not repeated', async () => {
    const { port, received } = await device(() => undefined);
    const client = await connected(port, { timeoutMs: 50 });
    await expect(client.request(3, READ)).rejects.toMatchObject({
      code: 'no-answer',
      message: expect.stringContaining('no answer from unit 3'),
    });
    await expect(client.request(3, WRITE)).rejects.toMatchObject({ code: 'outcome-unknown' });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(received.length).toBe(2);
  });

  it('a unit that does not answer does not hold up the others when requests are pipelined', async () => {
    const { port } = await device((pdu) => (pdu[2] === 7 ? undefined : Uint8Array.of(1, 1, 1)));
    const client = await connected(port, { timeoutMs: 1000, maxInFlight: 4 });
    const dead = client.request(7, { kind: 'read-coils', address: 7, quantity: 1 });
    dead.catch(() => undefined);
    const started = Date.now();
    await client.request(1, { kind: 'read-coils', address: 1, quantity: 1 });
    expect(Date.now() - started).toBeLessThan(900);
    await expect(dead).rejects.toMatchObject({ code: 'no-answer' });
  });

  it('refuses requests beyond its queue, and says so', async () => {
    const { port } = await device(() => undefined);
    const client = await connected(port, { maxQueued: 2 });
    const waiting = [1, 2, 3].map(() => client.request(1, READ).catch((error: Error) => error.message));
    await expect(client.request(1, READ)).rejects.toThrow('2 requests are waiting already');
    client.close();
    expect(await Promise.all(waiting)).toEqual([1, 2, 3].map(() => 'the connection was closed'));
  });

  it('an aborted request that was not sent yet is not sent; an aborted write that was sent has an unknown outcome', async () => {
    const { port, received } = await device(() => undefined);
    const client = await connected(port);
    const aborting = new AbortController();
    const sent = client.request(1, WRITE, aborting.signal);
    const queued = client.request(1, WRITE, aborting.signal);
    const outcomes = Promise.allSettled([sent, queued]);
    await vi.waitFor(() => expect(received.length).toBe(1));
    aborting.abort(new Error('enough'));
    expect(await outcomes).toMatchObject([{ reason: { code: 'outcome-unknown' } }, { reason: { message: 'enough' } }]);
    await expect(client.request(1, READ, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(received.length).toBe(1);
  });

  it('drops a connection that speaks something else, sends nothing more on it, and tries again', async () => {
    const { port, received } = await device(() => new Uint8Array(300));
    const client = await connected(port);
    const states: string[] = [];
    client.on('state', (state) => states.push(state));
    const first = client.request(1, READ).catch((error: { code: string }) => error.code);
    const second = client.request(1, WRITE).catch((error: { code: string }) => error.code);
    expect(await first).toBe('not-connected');
    expect(await second).toBe('not-connected');
    expect(received.length).toBe(1);
    await vi.waitFor(() => expect(states).toEqual(['disconnected', 'connecting', 'connected']), { timeout: 3000 });
  });

  it('does not take an answer to another function, and passes by late answers', async () => {
    let answer: Uint8Array | undefined = Uint8Array.of(2, 1, 1);
    const { port } = await device(() => answer);
    const client = await connected(port);
    await expect(client.request(1, READ)).rejects.toMatchObject({ code: 'malformed-pdu' });
    answer = Uint8Array.of(1, 1, 1);
    await expect(client.request(1, READ)).resolves.toMatchObject({ kind: 'read-coils' });
  });

  it('waits for a slow unit as long as it is told', async () => {
    const { port } = await device(() => undefined);
    const client = await connected(port, { timeoutMs: 5000 });
    await expect(client.request(1, READ, undefined, 30)).rejects.toThrow('within 30 ms');
  });

  it('is closed for good', async () => {
    const { port } = await plant();
    const client = await connected(port);
    client.close();
    client.open();
    expect(client.state).toBe('closed');
    await expect(client.request(1, READ)).rejects.toMatchObject({ code: 'not-connected' });
    expect(new ModbusTcpClient({ host: '127.0.0.1', port }).state).toBe('disconnected');
  });
});
