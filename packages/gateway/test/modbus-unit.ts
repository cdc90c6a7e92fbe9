import {
  ModbusException,
  type ModbusRequest,
  ModbusTcpClient,
  ModbusTcpServer,
  type ModbusUnit,
} from '@thingward/modbus';
import { meterUnit, TankProcess, tankUnit } from '@thingward/modbus/simulator';
import { onTestFinished, vi } from 'vitest';
import type { z } from 'zod';
import { modbusConfigSchema } from '../src/drivers/modbus/config.ts';
import { ModbusDevice } from '../src/drivers/modbus/device.ts';

/** A server until the test is over. */
export async function serve(units: ReadonlyMap<number, ModbusUnit>, port = 0) {
  const server = new ModbusTcpServer(units);
  const actual = await server.listen(port);
  let isOpen = true;
  const close = async () => {
    if (isOpen) await server.close();
    isOpen = false;
  };
  onTestFinished(close);
  return { port: actual, close };
}

/** The simulated plant: the tank is unit 1, the meter unit 2. Its time stands still. */
export async function plant(port = 0) {
  const process = new TankProcess(() => 0.5);
  const units = new Map([
    [1, tankUnit(process)],
    [2, meterUnit(process)],
  ]);
  return { process, ...(await serve(units, port)) };
}

/** A connected client until the test is over; what it sends is counted by unit. */
export async function connect(port: number) {
  const client = new ModbusTcpClient({ host: '127.0.0.1', port, maxBackoffMs: 100 });
  onTestFinished(() => client.close());
  client.open();
  await vi.waitUntil(() => client.state === 'connected');
  const requests = vi.spyOn(client, 'request');
  const sent = (unit = 1): ModbusRequest[] =>
    requests.mock.calls.filter(([to]) => to === unit).map(([, request]) => request);
  return { client, sent };
}

export type ModbusInput = Omit<z.input<typeof modbusConfigSchema>, 'host' | 'port'>;

/** A driver for a unit behind a port, which has 500 ms to answer unless the configuration says otherwise. */
export function driver(client: ModbusTcpClient, port: number, config: ModbusInput, clock?: () => Date) {
  return new ModbusDevice({
    metaTags: [],
    config: modbusConfigSchema.parse({ host: '127.0.0.1', port, timeoutMs: 500, ...config }),
    client,
    ...(clock ? { clock } : {}),
  });
}

/** A unit with registers and coils in memory; what is not in `parts` is answered with exception 1. */
export function unit(parts: Partial<ModbusUnit>): ModbusUnit {
  const refuse = () => {
    throw new ModbusException(1);
  };
  return {
    readCoils: refuse,
    readDiscreteInputs: refuse,
    readHoldingRegisters: refuse,
    readInputRegisters: refuse,
    writeCoils: refuse,
    writeRegisters: refuse,
    ...parts,
  };
}

/** Holding registers that are there by address. */
export function registers(contents: Map<number, number>): Pick<ModbusUnit, 'readHoldingRegisters' | 'writeRegisters'> {
  const check = (address: number, quantity: number) =>
    Array.from({ length: quantity }, (_, i) => {
      const value = contents.get(address + i);
      if (value === undefined) throw new ModbusException(2);
      return value;
    });
  return {
    readHoldingRegisters: check,
    writeRegisters(address, values) {
      check(address, values.length);
      for (const [i, value] of values.entries()) contents.set(address + i, value);
    },
  };
}
