import { createServer, type Server } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  decodeRegisters,
  decodeRequest,
  decodeResponse,
  encodeRegisters,
  encodeRequest,
  encodeResponse,
  ModbusError,
  ModbusException,
  ModbusTcpClient,
  ModbusTcpServer,
  type PointAddress,
  planReads,
  pointLength,
  splitPlan,
  TcpFrameReader,
} from './index.ts';
import { meterUnit, TankProcess, tankUnit } from './simulator/index.ts';

const hex = (text: string) => Uint8Array.from(text.split(' ').map((octet) => Number.parseInt(octet, 16)));

describe('PDUs', () => {
  // The examples of MODBUS Application Protocol V1.1b3 §6.
  it.each([
    ['01 00 13 00 13', '01 03 CD 6B 05'],
    ['02 00 C4 00 16', '02 03 AC DB 35'],
    ['03 00 6B 00 03', '03 06 02 2B 00 00 00 64'],
    ['04 00 08 00 01', '04 02 00 0A'],
    ['05 00 AC FF 00', '05 00 AC FF 00'],
    ['06 00 01 00 03', '06 00 01 00 03'],
    ['0F 00 13 00 0A 02 CD 01', '0F 00 13 00 0A'],
    ['10 00 01 00 02 04 00 0A 01 02', '10 00 01 00 02'],
    ['16 00 04 00 F2 00 25', '16 00 04 00 F2 00 25'],
    ['17 00 03 00 06 00 0E 00 03 06 00 FF 00 FF 00 FF', '17 0C 00 FE 0A CD 00 01 00 03 00 0D 00 FF'],
    ['2B 0E 01 00', '2B 0E 01 01 00 00 00'],
    ['01 04 A1 00 01', '81 02'],
  ])('request %s and response %s survive', (request, response) => {
    expect(encodeRequest(decodeRequest(hex(request)))).toEqual(hex(request));
    expect(encodeResponse(decodeResponse(hex(response)))).toEqual(hex(response));
  });

  it.each([
    '',
    '03 00 00 00 00',
    '03 00 00 00 7E',
    '01 00 00 07 D1',
    '03 FF FF 00 02',
    '05 00 00 12 34',
    '0F 00 00 00 09 01 FF',
    '10 00 00 00 01 03 00 00 00',
    '06 00 01',
    '06 00 01 00 00 00',
  ])('request %j is refused', (request) => {
    const bytes = request === '' ? new Uint8Array(0) : hex(request);
    expect(() => decodeRequest(bytes)).toThrowError(expect.objectContaining({ code: 'malformed-pdu' }));
  });

  it('whatever comes, decoding throws nothing but ModbusError, and what it takes it gives back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 253 }), (pdu) => {
        for (const [decode, encode] of [
          [decodeRequest, encodeRequest],
          [decodeResponse, encodeResponse],
        ] as const) {
          try {
            const again = encode(decode(pdu) as never);
            // Padding bits of a coil write carry nothing.
            if (pdu[0] !== 15) expect(again).toEqual(pdu);
          } catch (error) {
            expect(error).toBeInstanceOf(ModbusError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('TcpFrameReader', () => {
  it('finds frames however they are cut', () => {
    const stream = hex('00 01 00 00 00 06 11 03 00 6B 00 03 00 02 00 00 00 03 11 83 02');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: stream.length }), (step) => {
        const reader = new TcpFrameReader();
        const frames = [];
        for (let at = 0; at < stream.length; at += step) frames.push(...reader.push(stream.slice(at, at + step)));
        expect(frames.map(({ transactionId, unit, pdu }) => [transactionId, unit, pdu.length])).toEqual([
          [1, 0x11, 5],
          [2, 0x11, 2],
        ]);
      }),
    );
  });

  it.each(['00 01 00 01 00 06 11 03', '00 01 00 00 00 01 11 03', '00 01 00 00 01 00 11 03'])('refuses %s', (bytes) => {
    expect(() => new TcpFrameReader().push(hex(bytes))).toThrowError(
      expect.objectContaining({ code: 'malformed-frame' }),
    );
  });
});

describe('register map', () => {
  const at = (point: Partial<PointAddress>): PointAddress => ({
    table: 'input-register',
    address: 0,
    type: 'uint16',
    ...point,
  });

  it.each([
    [{ type: 'int16', scale: 0.1 }, [215], '21.5'],
    [{ type: 'int16', scale: 0.1 }, [0xffff], '-0.1'],
    [{ type: 'uint16', scale: 0.01, offset: -40 }, [6150], '21.50'],
    [{ type: 'uint32', wordOrder: 'little', scale: 0.001 }, [0x86a0, 0x0001], '100.000'],
    [{ type: 'int32' }, [0xffff, 0xfffe], '-2'],
    [{ type: 'uint64' }, [0xffff, 0xffff, 0xffff, 0xffff], '18446744073709551615'],
    [{ type: 'float32', decimals: 2 }, [0x42c8, 0x0000], '100.00'],
    [{ type: 'float32' }, [0x3dcc, 0xcccd], '0.1'],
    [{ type: 'float32', byteOrder: 'little', wordOrder: 'little' }, [0x0000, 0xc842], '100'],
    [{ type: 'uint16', scale: 1000 }, [3], '3000'],
  ] as const)('%j in %j is %s', (point, registers, text) => {
    expect(decodeRegisters(at(point), registers)).toEqual({ kind: 'number', text });
  });

  it('reads bits, strings and floats that are not numbers', () => {
    expect(decodeRegisters(at({ type: 'bool', bit: 3 }), [0b1000])).toEqual({ kind: 'boolean', value: true });
    expect(decodeRegisters(at({ type: 'bool', bit: 9 }), [0x0200])).toEqual({ kind: 'boolean', value: true });
    expect(decodeRegisters(at({ type: 'string', length: 2 }), [0x4142, 0x4300])).toEqual({
      kind: 'text',
      value: 'ABC',
    });
    expect(decodeRegisters(at({ type: 'float32' }), [0x7fc0, 0])).toBeUndefined();
  });

  it('refuses what does not fit', () => {
    const number = (text: string) => ({ kind: 'number', text }) as const;
    expect(() => encodeRegisters(at({ type: 'int16', scale: 0.1 }), number('4000'))).toThrowError(/-32768 to 32767/);
    expect(() => encodeRegisters(at({}), number('-1'))).toThrowError(expect.objectContaining({ code: 'out-of-range' }));
    expect(() => encodeRegisters(at({}), number('x'))).toThrowError(/no number/);
  });

  it('what is written is read back', () => {
    const types = fc.constantFrom('int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64');
    const order = fc.constantFrom('big', 'little');
    fc.assert(
      fc.property(types, order, order, fc.integer({ min: 0, max: 32767 }), (type, byteOrder, wordOrder, raw) => {
        const point = at({ type, byteOrder, wordOrder, scale: 0.1, offset: 2 } as Partial<PointAddress>);
        const text = ((raw + 20) / 10).toFixed(1);
        const registers = encodeRegisters(point, { kind: 'number', text });
        expect(decodeRegisters(point, registers)).toEqual({ kind: 'number', text });
      }),
    );
  });
});

describe('planReads', () => {
  const table = fc.constantFrom('coil', 'holding-register', 'input-register');
  const point = fc
    .tuple(table, fc.integer({ min: 0, max: 600 }), fc.constantFrom('uint16', 'float32', 'int64'))
    .map(
      ([table, address, type]): PointAddress =>
        ({ table, address, type: table === 'coil' ? 'bool' : type }) as PointAddress,
    );

  it('covers every point once, in legal requests that do not overlap more than their points do', () => {
    fc.assert(
      fc.property(fc.array(point, { maxLength: 80 }), fc.integer({ min: 0, max: 20 }), (points, gap) => {
        const plans = planReads(points, { maxGapRegisters: gap, maxGapBits: gap });
        expect(plans.flatMap((plan) => plan.points).length).toBe(points.length);
        for (const plan of plans) {
          expect(plan.quantity).toBeLessThanOrEqual(plan.table === 'coil' ? 2000 : 125);
          for (const { table, address, ...rest } of plan.points) {
            expect(table).toBe(plan.table);
            expect(address).toBeGreaterThanOrEqual(plan.address);
            expect(address + pointLength({ table, address, ...rest })).toBeLessThanOrEqual(
              plan.address + plan.quantity,
            );
          }
        }
      }),
    );
  });

  it('reads thousands of neighbours in the fewest requests, and can do without gaps', () => {
    const points = Array.from(
      { length: 1000 },
      (_, i): PointAddress => ({ table: 'holding-register', address: i, type: 'uint16' }),
    );
    expect(planReads(points).length).toBe(8);
    const [plan] = planReads([points[0], points[5]] as PointAddress[]);
    expect(plan?.quantity).toBe(6);
    expect(splitPlan(plan as NonNullable<typeof plan>).length).toBe(2);
  });
});

describe('client and server', () => {
  const cleanUp: (() => unknown)[] = [];
  afterEach(async () => {
    for (const clean of cleanUp.splice(0)) await clean();
  });

  async function plant() {
    const process = new TankProcess(() => 0.5);
    const server = new ModbusTcpServer(
      new Map([
        [1, tankUnit(process)],
        [2, meterUnit(process)],
      ]),
    );
    const port = await server.listen(0);
    cleanUp.push(() => server.close());
    return { process, server, port };
  }

  async function connected(port: number, options = {}) {
    const client = new ModbusTcpClient({ host: '127.0.0.1', port, timeoutMs: 200, maxBackoffMs: 50, ...options });
    cleanUp.push(() => client.close());
    client.open();
    await vi.waitFor(() => expect(client.state).toBe('connected'));
    return client;
  }

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

  it('reconnects by itself and says why it is not connected', async () => {
    const { server, port } = await plant();
    const client = await connected(port);
    await server.close();
    await vi.waitFor(() => expect(client.problem).toBe('connection refused'));
    await expect(client.request(1, { kind: 'read-coils', address: 0, quantity: 1 })).rejects.toThrow(
      `127.0.0.1:${port}: connection refused`,
    );
    const again = new ModbusTcpServer(new Map([[1, tankUnit(new TankProcess())]]));
    await again.listen(port);
    cleanUp.push(() => again.close());
    await vi.waitFor(() => expect(client.state).toBe('connected'), { timeout: 3000 });
    await client.request(1, { kind: 'read-coils', address: 0, quantity: 1 });
  });

  /** A device that takes everything and answers only where `answer` gives something. */
  async function device(answer: (frame: Uint8Array) => Uint8Array | undefined) {
    const received: Uint8Array[] = [];
    const server: Server = createServer((socket) => {
      socket.on('data', (chunk) => {
        for (const { transactionId, unit, pdu } of new TcpFrameReader().push(chunk)) {
          received.push(pdu);
          const reply = answer(pdu);
          if (reply)
            socket.write(Uint8Array.of(transactionId >> 8, transactionId, 0, 0, 0, reply.length + 1, unit, ...reply));
        }
      });
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp.push(() => server.close());
    const address = server.address();
    return { received, port: typeof address === 'object' && address ? address.port : 0 };
  }

  it('a read without an answer times out, a write becomes unknown and is not repeated', async () => {
    const { port, received } = await device(() => undefined);
    const client = await connected(port, { timeoutMs: 50 });
    await expect(client.request(3, { kind: 'read-coils', address: 0, quantity: 1 })).rejects.toMatchObject({
      code: 'no-answer',
      message: expect.stringContaining('no answer from unit 3'),
    });
    await expect(client.request(3, { kind: 'write-single-coil', address: 0, value: true })).rejects.toMatchObject({
      code: 'outcome-unknown',
    });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(received.length).toBe(2);
  });

  it('a unit that does not answer does not hold up the others when requests are pipelined', async () => {
    const { port } = await device((pdu) => (pdu[2] === 7 ? undefined : hex('01 01 01')));
    const client = await connected(port, { timeoutMs: 1000, maxInFlight: 4 });
    const dead = client.request(7, { kind: 'read-coils', address: 7, quantity: 1 });
    dead.catch(() => undefined);
    const started = Date.now();
    await client.request(1, { kind: 'read-coils', address: 1, quantity: 1 });
    expect(Date.now() - started).toBeLessThan(900);
    await expect(dead).rejects.toMatchObject({ code: 'no-answer' });
  });
});

describe('TankProcess', () => {
  it('swings between its levels by itself, within physical bounds', () => {
    const tank = new TankProcess(() => 0.5);
    let low = 100;
    let high = 0;
    let switches = 0;
    for (let i = 0, was = tank.inputs.pumpOn; i < 6000; i++) {
      tank.step(0.1);
      const { level, inflow, outflow } = tank.outputs;
      expect(level).toBeGreaterThanOrEqual(0);
      expect(level).toBeLessThanOrEqual(100);
      expect(inflow).toBeGreaterThanOrEqual(0);
      expect(outflow).toBeGreaterThanOrEqual(0);
      low = Math.min(low, level);
      high = Math.max(high, level);
      if (was !== tank.inputs.pumpOn) switches++;
      was = tank.inputs.pumpOn;
    }
    expect(high).toBeGreaterThan(70);
    expect(low).toBeLessThan(40);
    expect(switches).toBeGreaterThan(4);
    expect(tank.outputs.energy).toBeGreaterThan(0);
  });

  it('obeys in manual mode: a closed valve and a running pump empty it until dry-run protection stops the pump', () => {
    const tank = new TankProcess(() => 0.5);
    Object.assign(tank.inputs, { autoMode: false, inletValveOpen: false, pumpOn: true });
    for (let i = 0; i < 3000; i++) tank.step(0.1);
    expect(tank.outputs.dryRunProtection).toBe(true);
    expect(tank.outputs.lowLevelAlarm).toBe(true);
    expect(tank.outputs.outflow).toBeLessThan(1);
  });
});
