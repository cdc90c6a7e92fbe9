import { ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE, ModbusException } from '../error.ts';
import { encodeRegisters, type PointAddress, type PointValue, pointLength } from '../register-map.ts';
import type { ModbusUnit } from '../unit.ts';
import type { TankProcess } from './tank-process.ts';

/** A register value that follows the process. */
interface SimulatedPoint extends PointAddress {
  read(): number | boolean;
}

/** A holding register that can be written. */
interface Setpoint {
  readonly address: number;
  readonly min: number;
  readonly max: number;
  read(): number;
  write(raw: number): void;
}

interface Coil {
  read(): boolean;
  write(value: boolean): void;
}

/** Unit 1: the tank's PLC. The table of registers is in the package's README. */
export function tankUnit(process: TankProcess): ModbusUnit {
  const { inputs } = process;
  const points: SimulatedPoint[] = [
    { table: 'input-register', address: 0, type: 'uint16', scale: 0.1, read: () => process.outputs.level },
    { table: 'input-register', address: 1, type: 'int16', scale: 0.1, read: () => process.outputs.temperature },
    { table: 'input-register', address: 2, type: 'float32', read: () => process.outputs.inflow },
    { table: 'input-register', address: 4, type: 'float32', read: () => process.outputs.outflow },
    {
      table: 'input-register',
      address: 6,
      type: 'uint32',
      wordOrder: 'little',
      scale: 0.01,
      read: () => process.outputs.volume,
    },
    {
      table: 'input-register',
      address: 8,
      type: 'uint32',
      wordOrder: 'little',
      read: () => Math.floor(process.outputs.pumpRunningSeconds),
    },
    { table: 'input-register', address: 20, type: 'bool', bit: 0, read: () => process.outputs.outflow > 1 },
    { table: 'input-register', address: 20, type: 'bool', bit: 3, read: () => inputs.autoMode },
  ];
  const setpoints: Setpoint[] = [
    {
      address: 0,
      min: 0,
      max: 1000,
      read: () => Math.round(inputs.valveOpening * 10),
      write: (raw) => {
        inputs.valveOpening = raw / 10;
      },
    },
    {
      address: 1,
      min: 500,
      max: 1000,
      read: () => Math.round(inputs.highLevelSetpoint * 10),
      write: (raw) => {
        inputs.highLevelSetpoint = raw / 10;
      },
    },
  ];
  const coil = (name: 'inletValveOpen' | 'pumpOn' | 'autoMode'): Coil => ({
    read: () => inputs[name],
    write: (value) => {
      inputs[name] = value;
    },
  });
  const coils = [coil('inletValveOpen'), coil('pumpOn'), coil('autoMode')];
  const alarms = () => {
    const { highLevelAlarm, lowLevelAlarm, dryRunProtection } = process.outputs;
    return [highLevelAlarm, lowLevelAlarm, dryRunProtection];
  };
  return {
    ...simulatedUnit({ points, setpoints, coils, discreteInputs: alarms }),
    identification: new Map([
      [0, 'Thingward'],
      [1, 'TANK'],
      [2, '1.0'],
      [4, 'Simulated water tank'],
    ]),
  };
}

/** Unit 2: the pump's energy meter. */
export function meterUnit(process: TankProcess): ModbusUnit {
  return simulatedUnit({
    points: [
      { table: 'input-register', address: 0, type: 'float32', read: () => process.outputs.voltage },
      { table: 'input-register', address: 2, type: 'float32', read: () => process.outputs.current },
      { table: 'input-register', address: 4, type: 'float32', read: () => process.outputs.power },
      { table: 'input-register', address: 6, type: 'uint32', scale: 0.001, read: () => process.outputs.energy / 1000 },
    ],
    setpoints: [],
    coils: [],
    discreteInputs: () => [],
  });
}

/** A unit whose input registers and set-points are listed. An address that is not listed does not exist. */
export function simulatedUnit(parts: {
  readonly points: readonly SimulatedPoint[];
  readonly setpoints: readonly Setpoint[];
  readonly coils: readonly Coil[];
  readonly discreteInputs: () => readonly boolean[];
}): ModbusUnit {
  const slice = <T>(values: ReadonlyMap<number, T> | readonly T[], address: number, quantity: number): T[] =>
    Array.from({ length: quantity }, (_, i) => {
      const value = values instanceof Map ? values.get(address + i) : (values as readonly T[])[address + i];
      if (value === undefined) throw new ModbusException(ILLEGAL_DATA_ADDRESS);
      return value;
    });
  return {
    readCoils: (address, quantity) =>
      slice(
        parts.coils.map((coil) => coil.read()),
        address,
        quantity,
      ),
    readDiscreteInputs: (address, quantity) => slice(parts.discreteInputs(), address, quantity),
    readInputRegisters: (address, quantity) => slice(registersOf(parts.points), address, quantity),
    readHoldingRegisters: (address, quantity) => {
      const byAddress = new Map(parts.setpoints.map((setpoint) => [setpoint.address, setpoint.read()]));
      return slice(byAddress, address, quantity);
    },
    writeCoils(address, values) {
      const coils = slice(parts.coils, address, values.length);
      for (const [i, coil] of coils.entries()) coil.write(values[i] as boolean);
    },
    writeRegisters(address, values) {
      const byAddress = new Map(parts.setpoints.map((setpoint) => [setpoint.address, setpoint]));
      const targets = slice(byAddress, address, values.length);
      const allowed = targets.every(({ min, max }, i) => (values[i] as number) >= min && (values[i] as number) <= max);
      if (!allowed) throw new ModbusException(ILLEGAL_DATA_VALUE);
      for (const [i, target] of targets.entries()) target.write(values[i] as number);
    },
  };
}

/** Register contents by address. */
function registersOf(points: readonly SimulatedPoint[]): Map<number, number> {
  const registers = new Map<number, number>();
  for (const point of points) {
    const value = point.read();
    const current = Array.from({ length: pointLength(point) }, (_, i) => registers.get(point.address + i) ?? 0);
    const typed: PointValue =
      typeof value === 'boolean' ? { kind: 'boolean', value } : { kind: 'number', text: String(value) };
    for (const [i, word] of encodeRegisters(point, typed, current).entries()) registers.set(point.address + i, word);
  }
  return registers;
}
