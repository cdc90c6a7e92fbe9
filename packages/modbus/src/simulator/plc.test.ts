import { describe, expect, it } from 'vitest';
import { decodeRegisters, type PointAddress } from '../register-map.ts';
import { meterUnit, tankUnit } from './plc.ts';
import { TankProcess } from './tank-process.ts';

function running() {
  const process = new TankProcess(() => 0.5);
  Object.assign(process.inputs, { autoMode: false, pumpOn: true });
  for (let i = 0; i < 100; i++) process.step(0.1);
  return process;
}

const at = (address: number, point: Partial<PointAddress>): PointAddress => ({
  table: 'input-register',
  address,
  type: 'float32',
  ...point,
});

describe('the simulated plant', () => {
  it.each([
    ['level', at(0, { type: 'uint16', scale: 0.1 }), 1, 0.05],
    ['temperature', at(1, { type: 'int16', scale: 0.1 }), 1, 0.05],
    ['inflow', at(2, {}), 2, 1e-3],
    ['outflow', at(4, {}), 2, 1e-3],
    ['volume', at(6, { type: 'uint32', wordOrder: 'little', scale: 0.01 }), 2, 0.005],
    ['pumpRunningSeconds', at(8, { type: 'uint32', wordOrder: 'little' }), 2, 1],
  ] as const)('has the %s of the tank where its table says', (name, point, length, tolerance) => {
    const process = running();
    const value = decodeRegisters(point, tankUnit(process).readInputRegisters(point.address, length));
    const actual = value?.kind === 'number' ? Number(value.text) : Number.NaN;
    expect(Math.abs(actual - process.outputs[name])).toBeLessThanOrEqual(tolerance);
  });

  it.each([
    ['voltage', at(0, {}), 1e-3],
    ['current', at(2, {}), 1e-5],
    ['power', at(4, {}), 1e-3],
  ] as const)('has the %s of the pump where its table says', (name, point, tolerance) => {
    const process = running();
    const value = decodeRegisters(point, meterUnit(process).readInputRegisters(point.address, 2));
    const actual = value?.kind === 'number' ? Number(value.text) : Number.NaN;
    expect(Math.abs(actual - process.outputs[name])).toBeLessThanOrEqual(tolerance);
  });

  it('counts energy in kWh', () => {
    const process = running();
    const registers = meterUnit(process).readInputRegisters(6, 2);
    expect(registers).toEqual([0, Math.round(process.outputs.energy)]);
  });

  it('has status bits beside each other in one register', () => {
    const process = running();
    expect(tankUnit(process).readInputRegisters(20, 1)).toEqual([0b0001]);
    process.inputs.autoMode = true;
    expect(tankUnit(process).readInputRegisters(20, 1)).toEqual([0b1001]);
  });

  it('has no registers in its gaps, and refuses set-points out of their range', () => {
    const tank = tankUnit(running());
    const refusal = (exceptionCode: number) => expect.objectContaining({ exceptionCode });
    expect(() => tank.readInputRegisters(10, 1)).toThrow(refusal(2));
    expect(() => tank.readInputRegisters(9, 2)).toThrow(refusal(2));
    expect(() => tank.readCoils(3, 1)).toThrow(refusal(2));
    expect(() => tank.writeRegisters(1, [499])).toThrow(refusal(3));
    expect(() => tank.writeRegisters(2, [1])).toThrow(refusal(2));
    expect(() => meterUnit(running()).readHoldingRegisters(0, 1)).toThrow(refusal(2));
  });
});
