import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { after, connected, device, plant } from '../test/peers.ts';
import type { ModbusError } from './error.ts';
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
    const sent = client.request(1, WRITE, { signal: aborting.signal });
    const queued = client.request(1, WRITE, { signal: aborting.signal });
    const outcomes = Promise.allSettled([sent, queued]);
    await vi.waitFor(() => expect(received.length).toBe(1));
    aborting.abort(new Error('enough'));
    expect(await outcomes).toMatchObject([{ reason: { code: 'outcome-unknown' } }, { reason: { message: 'enough' } }]);
    await expect(client.request(1, READ, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow(
      'too late',
    );
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

  it('never repeats a write whose answer was lost with the connection', async () => {
    const { port, received } = await device((_, { socket }) => {
      socket.destroy();
      return undefined;
    });
    const client = await connected(port, { maxInFlight: 4 });
    const outcomes = [WRITE, READ].map((request) =>
      client.request(1, request).catch((error: ModbusError) => error.code),
    );
    expect(await Promise.all(outcomes)).toEqual(['outcome-unknown', 'not-connected']);
    await vi.waitFor(() => expect(client.state).toBe('connected'), { timeout: 3000 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received.filter(([functionCode]) => functionCode === 5).length).toBe(1);
  });

  it('tells pipelined requests apart, in whatever order the answers come', async () => {
    const { port } = await device(([, , address = 0]) => after(60 - address * 20, 4, 2, 0, address));
    const client = await connected(port, { maxInFlight: 3 });
    const order: number[] = [];
    const read = async (address: number) => {
      const answer = await client.request(1, { kind: 'read-input-registers', address, quantity: 1 });
      order.push(address);
      return 'values' in answer ? answer.values : undefined;
    };
    expect(await Promise.all([0, 1, 2].map(read))).toEqual([[0], [1], [2]]);
    expect(order).toEqual([2, 1, 0]);
  });

  it('passes by an answer that comes too late, and does not take it for the next', async () => {
    const { port } = await device(([, , address = 0]) => after(address === 7 ? 80 : 60, 4, 2, 0, address));
    const client = await connected(port);
    const read = (address: number, timeoutMs: number) =>
      client.request(1, { kind: 'read-input-registers', address, quantity: 1 }, { timeoutMs });
    await expect(read(7, 40)).rejects.toMatchObject({ code: 'no-answer' });
    await expect(read(8, 500)).resolves.toMatchObject({ values: [8] });
  });

  it.each([
    ['of another function', READ, [2, 1, 1]],
    ['with fewer values than were asked for', { ...READ, quantity: 9 }, [1, 1, 1]],
    ['with more registers than were asked for', { ...READ, kind: 'read-input-registers' }, [4, 4, 0, 1, 0, 2]],
    ['that is an exception to another function', READ, [0x82, 2]],
    ['that is cut', READ, [1, 2, 1]],
  ] as const)('does not take an answer %s', async (_, request, answer) => {
    const { port } = await device(() => Uint8Array.from(answer));
    const client = await connected(port);
    await expect(client.request(1, request)).rejects.toMatchObject({ code: 'malformed-pdu' });
  });

  it.each([
    [WRITE, [5, 0, 0, 0, 0]],
    [WRITE, [5, 0, 1, 0xff, 0]],
    [WRITE, [5, 0]],
    [{ kind: 'write-multiple-registers', address: 0, values: [1, 2] }, [16, 0, 0, 0, 1]],
    [{ kind: 'mask-write-register', address: 0, andMask: 1, orMask: 2 }, [22, 0, 0, 0, 1, 0, 3]],
  ] as const)('does not take %j for done when the answer is %j', async (request, answer) => {
    const { port } = await device(() => Uint8Array.from(answer));
    const client = await connected(port);
    await expect(client.request(1, request)).rejects.toMatchObject({ code: 'outcome-unknown' });
  });

  it('carries a function it does not know, and takes only an answer to that', async () => {
    const { port } = await device(([functionCode = 0]) => Uint8Array.of(functionCode === 65 ? 65 : 67, 7));
    const client = await connected(port);
    const call = (functionCode: number) => client.request(1, { kind: 'opaque', functionCode, data: Uint8Array.of(1) });
    await expect(call(65)).resolves.toEqual({ kind: 'opaque', functionCode: 65, data: Uint8Array.of(7) });
    await expect(call(66)).rejects.toMatchObject({ code: 'outcome-unknown' });
  });

  it('rejects a request that can not be sent, and sends nothing', async () => {
    const { port, received } = await device(() => undefined);
    const client = await connected(port);
    const tooLarge = client.request(1, { kind: 'write-single-register', address: 0, value: 70_000 });
    await expect(tooLarge).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(client.request(256, READ)).rejects.toMatchObject({ code: 'limit-exceeded' });
    expect(received).toEqual([]);
  });

  it('gives each unit its turn, however much one that does not answer has to do', async () => {
    const { port } = await device((_, { unit }) => (unit === 9 ? undefined : Uint8Array.of(1, 1, 1)));
    for (const maxInFlight of [1, 3]) {
      const client = await connected(port, { timeoutMs: 100, maxInFlight });
      for (const unit of [1, 2]) await client.request(unit, READ);
      const done: number[] = [];
      const ask = (unit: number) =>
        client.request(unit, READ).then(
          () => done.push(unit),
          () => done.push(unit),
        );
      await Promise.all([9, 9, 9, 9, 1, 2, 1, 2].map(ask));
      // Of one at a time, a living unit waits for the dead one once in each round; of several, not at all.
      expect(done.filter((unit) => unit !== 9).length).toBe(4);
      const waited = done
        .slice(
          0,
          done.findLastIndex((unit) => unit !== 9),
        )
        .filter((unit) => unit === 9).length;
      expect(waited).toBe(maxInFlight === 1 ? 2 : 0);
      client.close();
    }
  });

  it('keeps the order of the requests to one unit', async () => {
    const { port, received } = await device(([, , address = 0]) => Uint8Array.of(4, 2, 0, address));
    const client = await connected(port, { maxInFlight: 2 });
    const read = (unit: number, address: number) =>
      client.request(unit, { kind: 'read-input-registers', address, quantity: 1 });
    await Promise.all([read(1, 1), read(1, 2), read(2, 101), read(1, 3), read(2, 102)]);
    const addresses = received.map(([, , address = 0]) => address);
    expect(addresses.filter((address) => address < 100)).toEqual([1, 2, 3]);
    expect(addresses.filter((address) => address > 100)).toEqual([101, 102]);
  });

  it('pauses longer and longer with a server that takes connections only to drop them', async () => {
    const connectedAt: number[] = [];
    const dropping = createServer((socket) => {
      connectedAt.push(performance.now());
      socket.destroy();
    });
    await new Promise<void>((resolve) => dropping.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      dropping.close();
    });
    const { port } = dropping.address() as AddressInfo;
    const client = new ModbusTcpClient({ host: '127.0.0.1', port, random: () => 0 });
    onTestFinished(() => client.close());
    client.open();
    await vi.waitFor(() => expect(connectedAt.length).toBe(4), { timeout: 3000 });
    const pauses = connectedAt.slice(1).map((at, i) => at - (connectedAt[i] as number));
    for (const [i, least] of [120, 245, 495].entries()) expect(pauses[i]).toBeGreaterThan(least);
  });

  it('says in words that the host has no such name', async () => {
    const client = new ModbusTcpClient({ host: 'plc.invalid', port: 502 });
    onTestFinished(() => client.close());
    client.open();
    await vi.waitFor(() => expect(client.problem).toMatch(/^no host has this name|can not be looked up/), {
      timeout: 4000,
    });
  });

  it('waits for a slow unit as long as it is told', async () => {
    const { port } = await device(() => undefined);
    const client = await connected(port, { timeoutMs: 5000 });
    await expect(client.request(1, READ, { timeoutMs: 30 })).rejects.toThrow('within 30 ms');
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
