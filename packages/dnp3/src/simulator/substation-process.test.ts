import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SubstationProcess } from './substation-process.ts';

describe('SubstationProcess', () => {
  it('moves by itself, and keeps its voltage at what it is told', () => {
    const process = new SubstationProcess(() => 0.5);
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (let i = 0; i < 3000; i++) {
      process.step(0.1);
      low = Math.min(low, process.outputs.power);
      high = Math.max(high, process.outputs.power);
    }
    expect(high).toBeGreaterThan(280);
    expect(process.outputs.energy).toBeGreaterThan(10_000);
    process.inputs.voltageSetpoint = 412;
    for (let i = 0; i < 1000; i++) process.step(0.1);
    expect(Math.abs(process.outputs.voltage - 412)).toBeLessThan(8);
    expect(process.outputs.tapPosition).toBeGreaterThan(2);
  });

  it('opens and closes its breaker in a moment, and counts that', () => {
    const process = new SubstationProcess(() => 0.5);
    for (let i = 0; i < 50; i++) process.step(0.1);
    process.inputs.breakerClosed = false;
    process.step(0.1);
    expect(process.outputs.breaker).toBe('travelling');
    for (let i = 0; i < 100; i++) process.step(0.1);
    expect(process.outputs).toMatchObject({ breaker: 'open', breakerOperations: 1 });
    expect(process.outputs.current).toBeLessThan(1);
    process.inputs.breakerClosed = true;
    for (let i = 0; i < 10; i++) process.step(0.1);
    expect(process.outputs).toMatchObject({ breaker: 'closed', breakerOperations: 2 });
  });

  it('cools its oil with the fan', () => {
    const warm = (fanOn: boolean) => {
      const process = new SubstationProcess(() => 0.5);
      Object.assign(process.inputs, { fanAuto: false, fanOn });
      for (let i = 0; i < 2000; i++) process.step(0.1);
      return process.outputs.oilTemperature;
    };
    expect(warm(false) - warm(true)).toBeGreaterThan(10);
  });

  it('stays within physical bounds, whatever is switched', () => {
    const inputs = fc.record({
      breakerClosed: fc.boolean(),
      fanOn: fc.boolean(),
      fanAuto: fc.boolean(),
      voltageSetpoint: fc.double({ min: 380, max: 420, noNaN: true }),
    });
    const steps = fc.array(fc.tuple(inputs, fc.double({ min: 0, max: 5, noNaN: true }), fc.nat(100)), { maxLength: 8 });
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 1, noNaN: true }), (parts, random) => {
        const process = new SubstationProcess(() => random);
        for (const [change, seconds, times] of parts) {
          Object.assign(process.inputs, change);
          for (let i = 0; i < times; i++) process.step(seconds);
          const out = process.outputs;
          expect(out.voltage).toBeGreaterThan(300);
          expect(out.voltage).toBeLessThan(500);
          expect(out.current).toBeGreaterThanOrEqual(0);
          expect(out.oilTemperature).toBeGreaterThan(0);
          expect(out.oilTemperature).toBeLessThan(120);
          expect(Math.abs(out.tapPosition)).toBeLessThanOrEqual(8);
        }
      }),
      { numRuns: 30 },
    );
  });
});
