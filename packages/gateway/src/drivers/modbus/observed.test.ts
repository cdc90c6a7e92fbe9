import type { ModbusRequest, ModbusResponse } from '@thingward/modbus';
import type { Field } from '@thingward/things';
import { expect, it } from 'vitest';
import { connect, plant } from '../../../test/modbus-unit.ts';
import { modbusConfigSchema } from './config.ts';
import type { TrafficListener } from './connections.ts';
import { ModbusDevice } from './device.ts';

const POINTS = [
  { name: 'Level', table: 'input-register', address: 10, type: 'uint16', scale: 0.1, unit: '%' },
  { name: 'Volume', table: 'input-register', address: 11, type: 'uint32' },
  { name: 'Valve', table: 'coil', address: 3 },
  { name: 'Opening', table: 'holding-register', address: 0, type: 'uint16', writable: {} },
] as const;

/** A device that takes what passes, with a clock of its own. */
async function passive() {
  const { port } = await plant();
  const { client, sent } = await connect(port);
  const clock = { now: Date.parse('2026-01-02T03:04:05Z') };
  let pass: TrafficListener = () => undefined;
  const device = new ModbusDevice({
    metaTags: [],
    config: modbusConfigSchema.parse({ host: '127.0.0.1', port, passive: true, points: POINTS }),
    client,
    clock: () => new Date(clock.now),
    traffic: (listener) => {
      pass = listener;
      return () => undefined;
    },
  });
  const told: Field[] = [];
  device.watch?.((fields) => told.push(...fields));
  const take = () => told.splice(0).map(({ name, value }) => `${name}=${value.value}`);
  const say = (request: ModbusRequest, response: ModbusResponse) => {
    pass(request, response);
    return take();
  };
  return { device, say, clock, sent };
}

const read = (address: number, values: readonly number[]) =>
  [
    { kind: 'read-input-registers', address, quantity: values.length },
    { kind: 'read-input-registers', values },
  ] as const;

it('makes fields of what a master reads, whole points alone', async () => {
  const { device, say, sent } = await passive();
  expect(device.schedules).toEqual([]);
  expect(say(...read(8, [0, 0, 425, 1, 2]))).toEqual(['Level=42.5', 'Volume=65538']);
  expect(say(...read(12, [9]))).toEqual([]);
  expect(
    say(
      { kind: 'read-coils', address: 0, quantity: 4 },
      { kind: 'read-coils', values: [false, false, false, true, false, false, false, false] },
    ),
  ).toEqual(['Valve=true']);
  // Bits that were not asked for are filling.
  expect(
    say(
      { kind: 'read-coils', address: 0, quantity: 3 },
      { kind: 'read-coils', values: new Array<boolean>(8).fill(false) },
    ),
  ).toEqual([]);
  expect(sent()).toEqual([]);
});

it('takes a write that the device has confirmed, not one it has refused', async () => {
  const { say } = await passive();
  const write = { kind: 'write-single-register', address: 0, value: 7 } as const;
  expect(say(write, { kind: 'exception', functionCode: 6, exceptionCode: 3 })).toEqual([]);
  expect(say(write, write)).toEqual(['Opening=7']);
  const many = { kind: 'write-multiple-coils', address: 2, values: [false, true] } as const;
  expect(say(many, { kind: 'write-multiple-coils', address: 2, quantity: 2 })).toEqual(['Valve=true']);
});

it('tells what has not changed once in the interval of its poll group', async () => {
  const { say, clock } = await passive();
  expect(say(...read(10, [425]))).toEqual(['Level=42.5']);
  expect(say(...read(10, [425]))).toEqual([]);
  expect(say(...read(10, [426]))).toEqual(['Level=42.6']);
  clock.now += 1000;
  expect(say(...read(10, [426]))).toEqual(['Level=42.6']);
});
