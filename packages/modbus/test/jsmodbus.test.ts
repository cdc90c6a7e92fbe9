import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { client as clients, server as servers } from 'jsmodbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connected, plant } from './peers.ts';

describe('jsmodbus as the client of our server', () => {
  async function jsClient(port: number, unit = 1) {
    const socket = new Socket();
    const client = new clients.TCP(socket, unit, 500);
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    onTestFinished(() => {
      socket.destroy();
    });
    return client;
  }

  it('reads all four tables', async () => {
    const { port } = await plant();
    const client = await jsClient(port);
    const inputs = await client.readInputRegisters(0, 10);
    expect(inputs.response.body.valuesAsArray.slice(0, 2)).toEqual([500, 140]);
    const holding = await client.readHoldingRegisters(0, 2);
    expect(holding.response.body.valuesAsArray).toEqual([800, 900]);
    const coils = await client.readCoils(0, 3);
    expect(coils.response.body.valuesAsArray.slice(0, 3)).toEqual([1, 0, 1]);
    const discrete = await client.readDiscreteInputs(0, 3);
    expect(discrete.response.body.valuesAsArray.slice(0, 3)).toEqual([0, 0, 0]);
  });

  it('writes coils and registers, one and several', async () => {
    const { port, process } = await plant();
    const client = await jsClient(port);
    await client.writeSingleCoil(2, false);
    await client.writeMultipleCoils(0, [false, true]);
    expect(process.inputs).toMatchObject({ inletValveOpen: false, pumpOn: true, autoMode: false });
    await client.writeSingleRegister(0, 250);
    expect(process.inputs.valveOpening).toBe(25);
    await client.writeMultipleRegisters(0, [300, 700]);
    expect(process.inputs).toMatchObject({ valveOpening: 30, highLevelSetpoint: 70 });
  });

  it('understands our exceptions', async () => {
    const { port } = await plant();
    const code = (request: Promise<unknown>) =>
      request.then(
        () => undefined,
        (error: { response: { body: { code: number } } }) => error.response.body.code,
      );
    const client = await jsClient(port);
    expect(await code(client.readInputRegisters(99, 1))).toBe(2);
    expect(await code(client.writeSingleRegister(0, 1001))).toBe(3);
    expect(await code((await jsClient(port, 9)).readCoils(0, 1))).toBe(11);
  });
});

describe('our client and a server of jsmodbus', () => {
  async function jsServer() {
    const net = createServer();
    const memory = {
      coils: Buffer.from([0b0000_0101, 0]),
      discrete: Buffer.from([0b0000_0010, 0]),
      holding: Buffer.from([0x01, 0x02, 0x03, 0x04, 0, 0]),
      input: Buffer.from([0x42, 0xc8, 0x00, 0x00]),
    };
    new servers.TCP(net, memory);
    net.listen(0, '127.0.0.1');
    await once(net, 'listening');
    onTestFinished(() => {
      net.close();
    });
    const address = net.address();
    return { memory, port: typeof address === 'object' && address ? address.port : 0 };
  }

  it('reads all four tables', async () => {
    const { port } = await jsServer();
    const client = await connected(port);
    const read = async (kind: 'read-coils' | 'read-discrete-inputs', quantity: number) => {
      const response = await client.request(1, { kind, address: 0, quantity });
      return 'values' in response ? response.values.slice(0, quantity) : undefined;
    };
    expect(await read('read-coils', 3)).toEqual([true, false, true]);
    expect(await read('read-discrete-inputs', 2)).toEqual([false, true]);
    const at = { address: 0, quantity: 2 };
    expect(await client.request(1, { kind: 'read-holding-registers', ...at })).toEqual({
      kind: 'read-holding-registers',
      values: [0x0102, 0x0304],
    });
    expect(await client.request(1, { kind: 'read-input-registers', ...at })).toEqual({
      kind: 'read-input-registers',
      values: [0x42c8, 0],
    });
  });

  it('writes coils and registers, one and several', async () => {
    const { port, memory } = await jsServer();
    const client = await connected(port);
    await client.request(1, { kind: 'write-single-coil', address: 1, value: true });
    expect(memory.coils[0]).toBe(0b0000_0111);
    await client.request(1, { kind: 'write-multiple-coils', address: 0, values: [false, false, false, true] });
    expect(memory.coils[0]).toBe(0b0000_1000);
    await client.request(1, { kind: 'write-single-register', address: 0, value: 0xbeef });
    await client.request(1, { kind: 'write-multiple-registers', address: 1, values: [1, 2] });
    expect(memory.holding.toString('hex')).toBe('beef00010002');
  });
});
