import { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ModbusError } from './error.ts';
import { ModbusSerialClient, silenceBetweenFrames } from './serial-client.ts';
import type { SerialMode } from './serial-frame.ts';
import { serveSerialLine } from './serial-server.ts';
import { meterUnit, tankUnit } from './simulator/plc.ts';
import { TankProcess } from './simulator/tank-process.ts';

/** Two ends of a line. What is written at one is read at the other, byte by byte where `inPieces`. */
function line(inPieces = false): [Duplex, Duplex] {
  const end = (other: () => Duplex): Duplex =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        if (inPieces) for (const byte of chunk) other().push(Buffer.of(byte));
        else other().push(chunk);
        done();
      },
    });
  const a: Duplex = end(() => b);
  const b: Duplex = end(() => a);
  return [a, b];
}

function connect(
  mode: SerialMode,
  far: (line: Duplex) => void,
  options: { timeoutMs?: number; inPieces?: boolean } = {},
) {
  const lines: Duplex[] = [];
  const client = new ModbusSerialClient({
    name: 'line 1',
    mode,
    timeoutMs: options.timeoutMs ?? 500,
    turnaroundMs: 5,
    gapMs: 10,
    maxBackoffMs: 300,
    connect() {
      const [near, other] = line(options.inPieces);
      lines.push(near);
      far(other);
      setImmediate(() => near.emit('open'));
      return near;
    },
  });
  client.open();
  onTestFinished(() => client.close());
  return { client, lines };
}

const READ_LEVEL = { kind: 'read-input-registers', address: 0, quantity: 1 } as const;
const WRITE_OPENING = { kind: 'write-single-register', address: 0, value: 425 } as const;

describe.each<SerialMode>(['rtu', 'ascii'])('%s', (mode) => {
  it.each([false, true])('reads and writes simulated devices (byte by byte: %s)', async (inPieces) => {
    const tank = new TankProcess();
    const units = new Map([
      [1, tankUnit(tank)],
      [2, meterUnit(tank)],
    ]);
    const { client } = connect(mode, (far) => serveSerialLine(far, units, { mode }), { inPieces });
    expect(await client.request(1, READ_LEVEL)).toEqual({ kind: 'read-input-registers', values: [500] });
    expect(await client.request(1, WRITE_OPENING)).toEqual(WRITE_OPENING);
    expect(tank.inputs.valveOpening).toBe(42.5);
    await expect(client.request(2, WRITE_OPENING)).rejects.toThrowError('exception 2');
    const identity = { kind: 'read-device-identification', readCode: 1, objectId: 0 } as const;
    expect(await client.request(1, identity)).toMatchObject({ objects: [{ id: 0 }, { id: 1 }, { id: 2 }] });
    await client.broadcast({ kind: 'write-single-register', address: 0, value: 100 });
    expect(tank.inputs.valveOpening).toBe(10);
  });

  it('lets a silent unit cost its own time-out, and reports a write without an answer as unknown', async () => {
    const units = new Map([[1, tankUnit(new TankProcess())]]);
    const { client } = connect(mode, (far) => serveSerialLine(far, units, { mode }), { timeoutMs: 30 });
    const outcomes = await Promise.allSettled([
      client.request(7, READ_LEVEL),
      client.request(7, WRITE_OPENING),
      client.request(1, READ_LEVEL),
    ]);
    expect(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'ok'))).toEqual([
      'no-answer',
      'outcome-unknown',
      'ok',
    ]);
  });
});

it('lets units take turns', async () => {
  const asked: number[] = [];
  const { client } = connect(
    'rtu',
    (far) => {
      serveSerialLine(far, new Map(), { mode: 'rtu' });
      far.on('data', (chunk: Buffer) => asked.push(chunk[0] as number));
    },
    { timeoutMs: 5 },
  );
  const requests = [1, 1, 1, 2].map((unit) => client.request(unit, READ_LEVEL).catch(() => undefined));
  await Promise.all(requests);
  expect(asked).toEqual([1, 2, 1, 1]);
});

it('takes a damaged answer for none', async () => {
  const { client } = connect('rtu', (far) => far.on('data', () => far.write(Buffer.from('0104020001ffff', 'hex'))));
  await expect(client.request(1, READ_LEVEL)).rejects.toMatchObject({ code: 'malformed-frame' });
  await expect(client.request(1, WRITE_OPENING)).rejects.toMatchObject({ code: 'outcome-unknown' });
});

it('opens the line again when it is lost, and says why it is not there', async () => {
  const { client, lines } = connect('rtu', (far) =>
    serveSerialLine(far, new Map([[1, tankUnit(new TankProcess())]]), { mode: 'rtu' }),
  );
  await client.request(1, READ_LEVEL);
  lines[0]?.destroy(new Error('the adapter was unplugged'));
  await vi.waitFor(() => expect(client.problem).toBe('the adapter was unplugged'));
  await expect(client.request(1, READ_LEVEL)).rejects.toThrowError('line 1: the adapter was unplugged');
  await vi.waitFor(() => expect(client.state).toBe('connected'));
  expect(await client.request(1, READ_LEVEL)).toMatchObject({ values: [500] });
});

it('takes nothing back that is on the line', async () => {
  const { client } = connect('rtu', () => undefined, { timeoutMs: 1000 });
  await vi.waitFor(() => expect(client.state).toBe('connected'));
  const leaving = new AbortController();
  const [write, waiting] = [
    client.request(1, WRITE_OPENING, { signal: leaving.signal }),
    client.request(1, READ_LEVEL, { signal: leaving.signal }),
  ];
  leaving.abort(new Error('changed my mind'));
  await expect(write).rejects.toMatchObject({ code: 'outcome-unknown' });
  await expect(waiting).rejects.toThrowError('changed my mind');
});

it('refuses what cannot be answered', async () => {
  const { client } = connect('rtu', () => undefined);
  await expect(client.request(0, READ_LEVEL)).rejects.toBeInstanceOf(ModbusError);
  await expect(client.broadcast(READ_LEVEL)).rejects.toThrowError('only writes');
});

it('knows the silence that each speed needs', () => {
  expect(silenceBetweenFrames(9600)).toBeCloseTo(4.01, 2);
  expect(silenceBetweenFrames(19_200)).toBeCloseTo(2.005, 2);
  expect(silenceBetweenFrames(115_200)).toBe(1.75);
});
