import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connected, plant } from '../test/peers.ts';
import { ModbusException } from './error.ts';
import { TankProcess, tankUnit } from './simulator/index.ts';
import { encodeTcpFrame, TcpFrameReader } from './tcp-frame.ts';
import { ModbusTcpServer } from './tcp-server.ts';

const LEVEL = { kind: 'read-input-registers', address: 0, quantity: 1 } as const;

describe('ModbusTcpServer', () => {
  it('reads, writes and gets exceptions', async () => {
    const { port, process } = await plant();
    const client = await connected(port);
    const level = await client.request(1, { kind: 'read-input-registers', address: 0, quantity: 1 });
    expect(level).toEqual({ kind: 'read-input-registers', values: [500] });
    await client.request(1, { kind: 'write-single-coil', address: 0, value: false });
    expect(process.inputs.inletValveOpen).toBe(false);
    await client.request(1, { kind: 'write-single-register', address: 0, value: 250 });
    expect(process.inputs.valveOpening).toBe(25);
    const refused = (request: Parameters<typeof client.request>[1], unit = 1) =>
      client.request(unit, request).then(
        () => undefined,
        (error: unknown) => (error instanceof ModbusException ? error.exceptionCode : error),
      );
    expect(await refused({ kind: 'write-single-register', address: 0, value: 1001 })).toBe(3);
    expect(await refused({ kind: 'read-input-registers', address: 99, quantity: 1 })).toBe(2);
    expect(await refused({ kind: 'opaque', functionCode: 65, data: Uint8Array.of(1) })).toBe(1);
    expect(await refused({ kind: 'read-input-registers', address: 0, quantity: 1 }, 9)).toBe(11);
    expect(process.inputs.valveOpening).toBe(25);
  });

  it('does each kind of write, and reads what was written', async () => {
    const { port, process } = await plant();
    const client = await connected(port);
    await client.request(1, { kind: 'write-multiple-coils', address: 0, values: [false, true, false] });
    expect(process.inputs).toMatchObject({ inletValveOpen: false, pumpOn: true, autoMode: false });
    await client.request(1, { kind: 'write-multiple-registers', address: 0, values: [300, 700] });
    expect(process.inputs).toMatchObject({ valveOpening: 30, highLevelSetpoint: 70 });
    await client.request(1, { kind: 'mask-write-register', address: 0, andMask: 0xfff0, orMask: 0x0005 });
    const both = { kind: 'read-write-multiple-registers', readAddress: 0, quantity: 2, writeAddress: 1 } as const;
    expect(await client.request(1, { ...both, values: [800] })).toMatchObject({ values: [(300 & 0xfff0) | 5, 800] });
    expect(await client.request(1, { kind: 'read-discrete-inputs', address: 0, quantity: 3 })).toMatchObject({
      values: expect.arrayContaining([false]),
    });
  });

  it('writes several registers or none', async () => {
    const { port, process } = await plant();
    const client = await connected(port);
    const write = client.request(1, { kind: 'write-multiple-registers', address: 0, values: [300, 100] });
    await expect(write).rejects.toMatchObject({ exceptionCode: 3 });
    expect(process.inputs.valveOpening).toBe(80);
  });

  it('hangs up on who does not speak Modbus', async () => {
    const { port } = await plant();
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(socket.bytesRead).toBe(0);
  });

  it('is as silent about a unit it does not have as it is told', async () => {
    const { port } = await plant({ absentUnit: 'silence' });
    const client = await connected(port, { timeoutMs: 40 });
    await expect(client.request(9, LEVEL)).rejects.toMatchObject({ code: 'no-answer' });
    await expect(client.request(1, LEVEL)).resolves.toMatchObject({ values: [500] });
  });

  it('takes no more connections than it may, and takes one again when another has gone', async () => {
    const { port } = await plant({ maxConnections: 1 });
    const first = await connected(port);
    const second = connect(port, '127.0.0.1');
    await new Promise((resolve) => second.once('close', resolve));
    await expect(first.request(1, LEVEL)).resolves.toMatchObject({ values: [500] });
    first.close();
    await connected(port);
  });

  it('answers what it can not do with the exception the specification has for it', async () => {
    const { port } = await plant();
    const socket = connect(port, '127.0.0.1');
    const reader = new TcpFrameReader();
    const ask = async (...pdu: number[]) => {
      socket.write(encodeTcpFrame({ transactionId: 1, unit: 1, pdu: Uint8Array.from(pdu) }));
      const [chunk] = (await once(socket, 'data')) as [Uint8Array];
      return [...(reader.push(chunk)[0]?.pdu ?? [])];
    };
    expect(await ask(0x03, 0, 0, 0, 126)).toEqual([0x83, 3]);
    expect(await ask(0x03, 0, 0)).toEqual([0x83, 3]);
    expect(await ask(0x03, 0xff, 0xff, 0, 2)).toEqual([0x83, 2]);
    expect(await ask(0x07)).toEqual([0x87, 1]);
    expect(await ask(0x06, 0, 0, 0xff, 0xff)).toEqual([0x86, 3]);
    socket.destroy();
  });

  it('answers with exception 4 when the device itself fails, and goes on', async () => {
    const broken = { ...tankUnit(new TankProcess()), readInputRegisters: () => [70_000] };
    const server = new ModbusTcpServer(new Map([[1, broken]]));
    onTestFinished(() => server.close());
    const client = await connected(await server.listen(0));
    await expect(client.request(1, LEVEL)).rejects.toMatchObject({ exceptionCode: 4 });
    await client.request(1, { kind: 'read-coils', address: 0, quantity: 1 });
  });

  it('does not pile up answers for who does not take them', async () => {
    let reads = 0;
    const unit = tankUnit(new TankProcess());
    const counting = {
      ...unit,
      readInputRegisters() {
        reads++;
        return new Array<number>(125).fill(1);
      },
    };
    const server = new ModbusTcpServer(new Map([[1, counting]]));
    onTestFinished(() => server.close());
    const socket = connect(await server.listen(0), '127.0.0.1');
    onTestFinished(() => {
      socket.destroy();
    });
    await once(socket, 'connect');
    socket.pause();
    const request = encodeTcpFrame({ transactionId: 1, unit: 1, pdu: Uint8Array.of(4, 0, 0, 0, 125) });
    const requests = 60_000;
    const many = new Uint8Array(request.length * requests);
    for (let i = 0; i < requests; i++) many.set(request, i * request.length);
    socket.write(many);
    let before = -1;
    while (before !== reads) {
      before = reads;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThan(requests);
    // And when they are taken, every one comes.
    let received = 0;
    socket.on('data', (chunk: Uint8Array) => {
      received += chunk.length;
    });
    socket.resume();
    await vi.waitFor(() => expect(received).toBe(requests * 259), { timeout: 10_000 });
  });

  it('rejects with the error of the system when the port is taken', async () => {
    const { port } = await plant();
    await expect(new ModbusTcpServer(new Map()).listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
