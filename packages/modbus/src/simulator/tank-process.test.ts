import { describe, expect, it } from 'vitest';
import { TankProcess } from './tank-process.ts';

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
