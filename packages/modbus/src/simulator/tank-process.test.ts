import fc from 'fast-check';
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

  it('stays within physical bounds and keeps its alarms true, whatever is switched', () => {
    const percent = fc.double({ min: 0, max: 100, noNaN: true });
    const command = fc.record({
      inletValveOpen: fc.boolean(),
      pumpOn: fc.boolean(),
      autoMode: fc.boolean(),
      valveOpening: percent,
      highLevelSetpoint: percent,
    });
    const dt = fc.double({ min: 0, max: 5, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(command, dt, fc.nat(200)), { maxLength: 8 }), fc.nat(), (commands, seed) => {
        let state = seed;
        const tank = new TankProcess(() => {
          state = (state * 16_807 + 1) % 2_147_483_647;
          return state / 2_147_483_647;
        });
        let running = 0;
        let energy = 0;
        for (const [inputs, seconds, steps] of commands) {
          Object.assign(tank.inputs, inputs);
          for (let i = 0; i < steps; i++) {
            tank.step(seconds);
            const out = tank.outputs;
            expect(Object.values(out).every((value) => typeof value === 'boolean' || Number.isFinite(value))).toBe(
              true,
            );
            expect(out.level >= 0 && out.level <= 100 && out.inflow >= 0 && out.outflow >= 0).toBe(true);
            expect(out.pumpRunningSeconds >= running && out.energy >= energy).toBe(true);
            expect(out.highLevelAlarm).toBe(out.level >= inputs.highLevelSetpoint);
            expect(out.lowLevelAlarm || !out.dryRunProtection).toBe(true);
            running = out.pumpRunningSeconds;
            energy = out.energy;
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('does the same again with the same random numbers', () => {
    const run = () => {
      let i = 0;
      const tank = new TankProcess(() => ((i++ * 7919) % 1000) / 1000);
      for (let step = 0; step < 2000; step++) tank.step(0.1);
      return tank.outputs;
    };
    expect(run()).toEqual(run());
  });

  it('shows within seconds that its valve was closed, and by how much it is open', () => {
    const tank = new TankProcess(() => 0.5);
    const inflowAfter = (seconds: number) => {
      for (let i = 0; i < seconds * 10; i++) tank.step(0.1);
      return tank.outputs.inflow;
    };
    const open = inflowAfter(10);
    tank.inputs.valveOpening /= 2;
    expect(inflowAfter(10) / open).toBeCloseTo(0.5, 0);
    tank.inputs.inletValveOpen = false;
    expect(inflowAfter(10)).toBeLessThan(1);
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
