import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connected, plant } from '../test/peers.ts';
import { ModbusException } from './error.ts';
import { ModbusTcpServer } from './tcp-server.ts';

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

  it('rejects with the error of the system when the port is taken', async () => {
    const { port } = await plant();
    await expect(new ModbusTcpServer(new Map()).listen(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
