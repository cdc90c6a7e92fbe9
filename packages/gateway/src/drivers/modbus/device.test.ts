import { createServer, type Socket } from 'node:net';
import { encodeResponse, ModbusException, TcpFrameReader } from '@thingward/modbus';
import { type Field, ParameterError, type ParameterValue, type ReadoutSelection } from '@thingward/things';
import { SILENT_LOGGER } from '@thingward/xmpp';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect, driver, type ModbusInput, plant, registers, serve, unit } from '../../../test/modbus-unit.ts';
import { modbusConfigSchema } from './config.ts';
import { ModbusDevice } from './device.ts';

const NOW = new Date('2026-01-02T03:04:05Z');
const NEVER = new AbortController().signal;

const TANK: ModbusInput = {
  pollGroups: { fast: 1000, slow: 10_000 },
  points: [
    { name: 'Level', table: 'input-register', address: 0, type: 'uint16', scale: 0.1, unit: '%', pollGroup: 'fast' },
    {
      name: 'Inflow',
      table: 'input-register',
      address: 2,
      type: 'float32',
      decimals: 1,
      unit: 'l/min',
      pollGroup: 'fast',
    },
    {
      name: 'Volume',
      table: 'input-register',
      address: 6,
      type: 'uint32',
      wordOrder: 'little',
      scale: 0.01,
      unit: 'l',
      pollGroup: 'slow',
    },
    {
      name: 'Automatic',
      table: 'input-register',
      address: 20,
      type: 'bool',
      bit: 3,
      types: ['status'],
      pollGroup: 'fast',
    },
    { name: 'Alarm', table: 'discrete-input', address: 0, types: ['status'], pollGroup: 'fast' },
    {
      name: 'Valve',
      table: 'coil',
      address: 0,
      types: ['status'],
      pollGroup: 'fast',
      writable: { label: 'Inlet valve' },
    },
    {
      name: 'Opening',
      table: 'holding-register',
      address: 0,
      type: 'uint16',
      scale: 0.1,
      unit: '%',
      pollGroup: 'fast',
      writable: { min: 0, max: 200 },
    },
    {
      name: 'Alarm at',
      table: 'holding-register',
      address: 1,
      type: 'uint16',
      scale: 0.1,
      unit: '%',
      pollGroup: 'slow',
      writable: {},
    },
  ],
};

async function read(device: ModbusDevice, selection: Partial<ReadoutSelection> = {}) {
  const fields: Field[] = [];
  let problem: Error | undefined;
  try {
    for await (const batch of device.read({ types: [], names: [], ...selection })) fields.push(...batch);
  } catch (error) {
    problem = error as Error;
  }
  const values = Object.fromEntries(fields.map(({ name, value }) => [name, value.value]));
  return { fields, values, problem };
}

const set = (device: ModbusDevice, values: Readonly<Record<string, ParameterValue>>) =>
  device.set(new Map(Object.entries(values)), NEVER);
const boolean = (value: boolean) => ({ type: 'boolean', value }) as const;
const double = (value: string) => ({ type: 'double', value }) as const;

async function tank(config = TANK) {
  const { port, process, close } = await plant();
  const { client, sent } = await connect(port);
  return { port, process, close, client, sent, device: driver(client, port, config, () => NOW) };
}

/** A unit that answers requests with frames of its own, or not at all. */
async function scripted(answer: (pdu: Uint8Array, socket: Socket) => Uint8Array | undefined) {
  const received: Uint8Array[] = [];
  const server = createServer((socket) => {
    const reader = new TcpFrameReader();
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const { transactionId, unit, pdu } of reader.push(chunk)) {
        received.push(pdu);
        const reply = answer(pdu, socket);
        if (reply)
          socket.write(Uint8Array.of(transactionId >> 8, transactionId, 0, 0, 0, reply.length + 1, unit, ...reply));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { received, port };
}

describe('reading', () => {
  it('gives values with units, digits, types and times, and says that the unit answers', async () => {
    const { device } = await tank();
    const { fields, values, problem } = await read(device);
    expect(problem).toBeUndefined();
    expect(values).toEqual({
      Level: '50.0',
      Inflow: '0.0',
      Volume: '250.00',
      Automatic: true,
      Alarm: false,
      Valve: true,
      Opening: '80.0',
      'Alarm at': '90.0',
      Connected: true,
    });
    expect(fields.find(({ name }) => name === 'Level')).toEqual({
      name: 'Level',
      value: { type: 'numeric', value: '50.0', unit: '%' },
      types: ['momentary'],
      qos: ['automaticReadout'],
      timestamp: NOW,
    });
    expect(fields.find(({ name }) => name === 'Opening')?.writable).toBe(true);
    expect(fields.find(({ name }) => name === 'Alarm')?.types).toEqual(['status']);
  });

  it('asks only for the groups that have something wanted', async () => {
    const { device, sent } = await tank();
    const { values } = await read(device, { names: ['Volume'] });
    expect(Object.keys(values)).toEqual(['Volume', 'Alarm at']);
    expect(sent().length).toBe(2);
  });

  it('does not say that a unit answers without having asked it', async () => {
    const { device, close, client, sent } = await tank({
      points: [TANK.points?.[0] as never].map((p: object) => ({ ...p, pollGroup: 'default' })) as never,
    });
    expect((await read(device, { types: ['status'] })).values).toMatchObject({ Connected: true });
    expect(sent().length).toBe(1);
    await close();
    await vi.waitUntil(() => client.state !== 'connected');
    await new Promise((resolve) => setTimeout(resolve, 110));
    const { values, problem } = await read(device, { names: ['Connected'] });
    expect(values).toEqual({ Connected: false });
    expect(problem).toBeDefined();
  });

  it('reads once for all who ask within a moment', async () => {
    const { device, sent } = await tank();
    await Promise.all([device.poll('fast'), device.poll('fast'), read(device, { names: ['Level'] })]);
    const { length } = sent();
    await device.poll('fast');
    expect(sent().length).toBe(length);
    expect(length).toBe(5);
  });

  it('leaves out what the device has no value for, and gives strings that XML can carry', async () => {
    const contents = new Map([
      [0, 0x7fc0],
      [1, 0],
      [2, 0x4107],
      [3, 0x4200],
    ]);
    const { port } = await serve(new Map([[1, unit(registers(contents))]]));
    const { client } = await connect(port);
    const device = driver(client, port, {
      points: [
        { name: 'Flow', table: 'holding-register', address: 0, type: 'float32' },
        { name: 'Serial', table: 'holding-register', address: 2, type: 'string', length: 2 },
      ],
    });
    expect((await read(device)).values).toEqual({ Serial: 'A\ufffdB', Connected: true });
  });

  it('splits a request when the device has nothing in the gap, and remembers', async () => {
    const { port } = await serve(
      new Map([
        [
          1,
          unit(
            registers(
              new Map([
                [0, 1],
                [4, 2],
                [9, 3],
              ]),
            ),
          ),
        ],
      ]),
    );
    const { client, sent } = await connect(port);
    const at = (address: number) =>
      ({ name: `at ${address}`, table: 'holding-register', address, type: 'uint16' }) as const;
    const device = driver(client, port, { points: [at(0), at(4), at(9)] });
    expect((await read(device)).values).toEqual({ 'at 0': '1', 'at 4': '2', 'at 9': '3', Connected: true });
    expect(sent().length).toBe(4);
    await new Promise((resolve) => setTimeout(resolve, 110));
    await read(device);
    expect(sent().length).toBe(7);
  });

  it('gives what a unit has, though it refuses something else: it answers, after all', async () => {
    const contents = new Map([[0, 10]]);
    const { port } = await serve(new Map([[1, unit(registers(contents))]]));
    const { client } = await connect(port);
    const point = (name: string, address: number) => ({ name, table: 'holding-register', address, type: 'uint16' });
    const device = driver(client, port, { points: [point('Wrong', 500), point('Level', 0)] } as ModbusInput);
    const { values, problem } = await read(device);
    expect(values).toEqual({ Level: '10', Connected: true });
    expect(problem?.message).toMatch(/exception 2: .*; last answer 0 s ago$/);
    const polled = await device.poll('default');
    expect(polled.map(({ name, value }) => [name, value.value])).toEqual([
      ['Level', '10'],
      ['Connected', true],
    ]);
  });

  it('tells the log when a unit is lost and when it is back, not at each poll', async () => {
    const { port, close } = await plant();
    const { client } = await connect(port);
    const said: string[] = [];
    const say = (_: object, message: string) =>
      void said.push(/can't be read|can be read again/.exec(message)?.[0] ?? message);
    const device = new ModbusDevice({
      metaTags: [],
      config: modbusConfigSchema.parse({ host: '127.0.0.1', port, points: [{ name: 'P', table: 'coil', address: 0 }] }),
      client,
      log: { ...SILENT_LOGGER, warn: say, info: say },
    });
    const pollAfresh = async () => {
      await new Promise((resolve) => setTimeout(resolve, 110));
      return device.poll('default');
    };
    await pollAfresh();
    await close();
    await vi.waitFor(() => expect(client.problem).toBe('connection refused'));
    for (let i = 0; i < 3; i++) await pollAfresh();
    await plant(port);
    await vi.waitFor(async () => expect((await pollAfresh()).length).toBe(2), { timeout: 5000 });
    await pollAfresh();
    expect(said).toEqual(["can't be read", 'can be read again']);
  });

  it('says where, why and since when a unit cannot be read, and recovers by itself', async () => {
    const { device, close, port, client } = await tank();
    await read(device);
    await close();
    await vi.waitFor(() => expect(client.problem).toBe('connection refused'));
    await new Promise((resolve) => setTimeout(resolve, 110));
    const { values, problem } = await read(device);
    expect(values).toEqual({ Connected: false });
    expect(problem).toMatchObject({ name: 'ReadoutError' });
    expect(problem?.message).toMatch(
      new RegExp(`^Modbus unit 1 at 127\\.0\\.0\\.1:${port} can't be read: connection refused; last answer \\d s ago$`),
    );
    const polled = await device.poll('slow');
    expect(polled.map(({ name, value }) => [name, value.value])).toEqual([['Connected', false]]);
    await plant(port);
    await vi.waitFor(
      async () => expect((await read(device)).values).toMatchObject({ Level: '50.0', Connected: true }),
      {
        timeout: 5000,
      },
    );
  });

  it('leaves a dead unit alone, so that a living one behind the same connection has its turn', async () => {
    const { port } = await scripted((pdu) => (pdu[1] === 0 && pdu[2] === 7 ? undefined : Uint8Array.of(4, 2, 0, 5)));
    const { client, sent } = await connect(port);
    const point = (address: number) =>
      ({ points: [{ name: 'Value', table: 'input-register', address, type: 'uint16' }] }) as ModbusInput;
    const dead = driver(client, port, { ...point(7), unit: 9, timeoutMs: 60 });
    const living = driver(client, port, { ...point(1), unit: 1 });
    for (let i = 0; i < 3; i++) {
      expect((await read(dead)).problem?.message).toContain('no answer from unit 9');
      await new Promise((resolve) => setTimeout(resolve, 110));
    }
    const before = sent(9).length;
    const [{ problem }, { values }] = await Promise.all([read(dead), read(living)]);
    expect(sent(9).length).toBe(before);
    expect(problem?.message).toMatch(/unit 9 did not answer; it is tried again in 1 s; it has not answered yet$/);
    expect(values).toEqual({ Value: '5', Connected: true });
  });

  it('takes a Modbus gateway that answers for a dead unit for no answer of the unit', async () => {
    const { port } = await serve(new Map());
    const { client, sent } = await connect(port);
    const device = driver(client, port, TANK);
    for (let i = 0; i < 3; i++) {
      expect((await read(device, { names: ['Volume'] })).problem?.message).toMatch(
        /exception 11: .*; it has not answered yet$/,
      );
      await new Promise((resolve) => setTimeout(resolve, 110));
    }
    expect((await read(device, { names: ['Volume'] })).problem?.message).toContain('tried again in');
    expect(sent().length).toBe(3);
  });
});

describe('control', () => {
  it('declares its parameters, and knows their values once they were read', async () => {
    const { device } = await tank();
    expect(device.parameters).toEqual([
      { name: 'Valve', type: 'boolean', label: 'Inlet valve' },
      { name: 'Opening', type: 'double', label: 'Opening', unit: '%', min: 0, max: 200 },
      { name: 'Alarm at', type: 'double', label: 'Alarm at', unit: '%' },
    ]);
    expect(device.parameterValue('Opening')).toBeUndefined();
    await device.poll('fast');
    expect(device.parameterValue('Opening')).toEqual(double('80.0'));
    expect(device.parameterValue('Valve')).toEqual(boolean(true));
  });

  it('writes coils and scaled registers, once each, and reads them back', async () => {
    const { device, process, sent } = await tank();
    await set(device, { Valve: boolean(false), Opening: double('42.5') });
    expect(process.inputs).toMatchObject({ inletValveOpen: false, valveOpening: 42.5 });
    expect(device.parameterValue('Opening')).toEqual(double('42.5'));
    expect(sent().map(({ kind }) => kind)).toEqual([
      'write-single-coil',
      'read-coils',
      'write-single-register',
      'read-holding-registers',
    ]);
    const { values } = await read(device, { names: ['Valve'] });
    expect(values.Valve).toBe(false);
  });

  it('says which of the values it has, and what its parameters are now', async () => {
    const { device, process } = await tank();
    await set(device, { Valve: boolean(false), Opening: double('42.5') });
    const written = new Map<string, ParameterValue>([
      ['Valve', boolean(false)],
      ['Opening', double('42.50')],
    ]);
    expect(await device.confirm(written)).toEqual(['Valve', 'Opening']);
    process.inputs.valveOpening = 10;
    expect(await device.confirm(written)).toEqual(['Valve']);
    expect(await device.readParameters(['Opening', 'Level'])).toEqual(new Map([['Opening', double('10.0')]]));
    expect(device.parameterValue('Opening')).toEqual(double('10.0'));
  });

  it('writes a bit of a register and leaves the other bits alone', async () => {
    const contents = new Map([[3, 0b1010_0000]]);
    const { port } = await serve(new Map([[1, unit(registers(contents))]]));
    const { client, sent } = await connect(port);
    const point = { name: 'Run', table: 'holding-register', address: 3, type: 'bool', bit: 2, writable: {} } as const;
    const device = driver(client, port, { points: [point] });
    await set(device, { Run: boolean(true) });
    expect(contents.get(3)).toBe(0b1010_0100);
    await set(device, { Run: boolean(false) });
    expect(contents.get(3)).toBe(0b1010_0000);
    expect(sent()[0]?.kind).toBe('mask-write-register');
  });

  it('writes values of several registers in their order', async () => {
    const contents = new Map([
      [0, 0],
      [1, 0],
    ]);
    const { port } = await serve(new Map([[1, unit(registers(contents))]]));
    const { client } = await connect(port);
    const point = {
      name: 'Set-point',
      table: 'holding-register',
      address: 0,
      type: 'float32',
      wordOrder: 'little',
      decimals: 1,
      writable: {},
    } as const;
    const device = driver(client, port, { points: [point] });
    await set(device, { 'Set-point': double('100') });
    expect([...contents.values()]).toEqual([0, 0x42c8]);
    // One decimal is printed, more are held.
    await set(device, { 'Set-point': double('12.34') });
    expect(device.parameterValue('Set-point')).toEqual(double('12.3'));
  });

  const refused = async (outcome: Promise<void>) => {
    const error = await outcome.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ParameterError);
    const { code, parameter, message } = error as ParameterError;
    return { code, parameter, message };
  };

  it('says what the device refused and what had been written before', async () => {
    const { device, process } = await tank();
    expect(
      await refused(set(device, { Valve: boolean(false), Opening: double('150'), 'Alarm at': double('60') })),
    ).toEqual({
      code: 'rejected-by-device',
      parameter: 'Opening',
      message: 'the device did not take it: exception 3: illegal data value (Valve: written)',
    });
    expect(process.inputs).toMatchObject({ inletValveOpen: false, valveOpening: 80, highLevelSetpoint: 90 });
  });

  it('writes nothing when one of the values does not fit or is not known', async () => {
    const { device, sent } = await tank();
    expect(await refused(set(device, { Valve: boolean(false), Opening: double('7000') }))).toMatchObject({
      code: 'out-of-range',
      parameter: 'Opening',
    });
    expect(await refused(set(device, { Level: double('5') }))).toMatchObject({ code: 'unknown-parameter' });
    expect(sent()).toEqual([]);
  });

  it('says that the device has another value than was written', async () => {
    const contents = new Map([[0, 1]]);
    const stubborn = { ...registers(contents), writeRegisters: () => undefined };
    const { port } = await serve(new Map([[1, unit(stubborn)]]));
    const { client } = await connect(port);
    const device = driver(client, port, {
      points: [{ name: 'Mode', table: 'holding-register', address: 0, type: 'uint16', writable: {} }],
    });
    expect(await refused(set(device, { Mode: double('2') }))).toEqual({
      code: 'rejected-by-device',
      parameter: 'Mode',
      message: 'the device did not take it: 2 was written, but the device has 1',
    });
    expect(device.parameterValue('Mode')).toEqual(double('1'));
  });

  it('takes the word of a device whose value cannot be read back', async () => {
    const { port } = await serve(new Map([[1, unit({ writeCoils: () => undefined })]]));
    const { client } = await connect(port);
    const device = driver(client, port, { points: [{ name: 'Horn', table: 'coil', address: 0, writable: {} }] });
    await set(device, { Horn: boolean(true) });
  });

  it.each([
    ['no answer', () => undefined],
    ['a lost connection', (_: Uint8Array, socket: Socket) => void socket.destroy()],
    ['an answer that makes no sense', () => Uint8Array.of(5, 1)],
    ['a unit that is still at it', () => encodeResponse({ kind: 'exception', functionCode: 5, exceptionCode: 5 })],
    ['a gateway that lost the unit', () => encodeResponse({ kind: 'exception', functionCode: 5, exceptionCode: 11 })],
  ] as const)('does not know the outcome after %s, and sends nothing twice', async (_, answer) => {
    const { port, received } = await scripted(answer as Parameters<typeof scripted>[0]);
    const { client } = await connect(port);
    const device = driver(client, port, {
      timeoutMs: 60,
      points: [{ name: 'Pump', table: 'coil', address: 1, writable: {} }],
    });
    await expect(set(device, { Pump: boolean(true) })).rejects.toMatchObject({
      name: 'ControlUnknownError',
      message: expect.stringMatching(/^Pump: /),
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(received.filter((pdu) => pdu[0] === 5).length).toBe(1);
  });

  it('knows that nothing was written when it is not connected, or gave up before its turn', async () => {
    const { device, close, client } = await tank();
    const aborted = device.set(new Map([['Valve', boolean(false)]]), AbortSignal.abort(new Error('too late')));
    expect(await refused(aborted)).toMatchObject({ code: 'rejected-by-device' });
    await close();
    await vi.waitUntil(() => client.state !== 'connected');
    expect(await refused(set(device, { Valve: boolean(false) }))).toMatchObject({
      code: 'rejected-by-device',
      parameter: 'Valve',
    });
  });

  it('does not know the outcome of a write that was given up while it was on its way', async () => {
    const { port, received } = await scripted(() => undefined);
    const { client } = await connect(port);
    const device = driver(client, port, { points: [{ name: 'Pump', table: 'coil', address: 1, writable: {} }] });
    const giveUp = new AbortController();
    const outcome = device.set(new Map([['Pump', boolean(true)]]), giveUp.signal);
    const expected = expect(outcome).rejects.toMatchObject({ name: 'ControlUnknownError' });
    await vi.waitUntil(() => received.length === 1);
    giveUp.abort(new Error('the gateway stops'));
    await expected;
  });

  it('lets the exceptions of a device be seen', async () => {
    const busy = unit({
      writeCoils: () => {
        throw new ModbusException(6);
      },
    });
    const { port } = await serve(new Map([[1, busy]]));
    const { client } = await connect(port);
    const device = driver(client, port, { points: [{ name: 'Horn', table: 'coil', address: 0, writable: {} }] });
    expect((await refused(set(device, { Horn: boolean(true) }))).message).toContain('exception 6: server device busy');
  });
});
