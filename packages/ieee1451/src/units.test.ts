import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BASE_UNITS } from './base-units.ts';
import { type PhysicalUnits, unitsExpression, unitsFromUcum, unitsToUcum } from './units.ts';

const si = (exponents: PhysicalUnits['exponents'], interpretation = 'si'): PhysicalUnits => ({
  form: 'packed',
  interpretation,
  exponents,
});

describe('units of TEDS', () => {
  it.each([
    ['K', si({ K: 1 })],
    ['m/s2', si({ m: 1, s: -2 })],
    ['Pa', si({ m: -1, kg: 1, s: -2 })],
    ['V', si({ m: 2, kg: 1, s: -3, A: -1 })],
    ['rad/s', si({ rad: 1, s: -1 })],
    ['m-1', si({ m: -1 })],
    ['kg.K/m3', si({ m: -3, kg: 1, K: 1 })],
    ['1', si({})],
  ])('%s', (text, units) => {
    expect(unitsToUcum(units)).toBe(text);
    expect(unitsFromUcum(text)).toEqual(units);
  });

  it.each([
    [si({ m: 1 }, 'ratio'), 'm/m', 'm/m'],
    [si({ m: 1, s: -1 }, 'ratio'), '(m/s)/(m/s)', '(m/s)/(m/s)'],
    [si({ m: 2, kg: 1, s: -3, A: -1 }, 'log10-ratio'), undefined, 'log10(V/V)'],
    [si({ kg: 1 }, 'log10'), undefined, 'log10(kg)'],
    [si({}, 'digital'), undefined, 'digital data'],
    [si({}, 'arbitrary'), "[arb'U]", 'arbitrary units'],
    [si({ m: 1 }, '9'), undefined, 'interpretation 9 of m'],
    [si({ m: 0.5, s: -1.5 }), undefined, 'm^0.5·s^-1.5'],
  ])('%j', (units, ucum, expression) => {
    expect(unitsToUcum(units)).toBe(ucum);
    expect(unitsExpression(units)).toBe(expression);
  });

  it('products of any whole powers are read back', () => {
    const powers = fc.tuple(...BASE_UNITS.map(() => fc.integer({ min: -9, max: 9 })));
    fc.assert(
      fc.property(powers, (given) => {
        const exponents = Object.fromEntries(
          BASE_UNITS.map((unit, i) => [unit, given[i] ?? 0] as const).filter(([, power]) => power !== 0),
        );
        expect(unitsFromUcum(unitsToUcum(si(exponents)) ?? '').exponents).toEqual(exponents);
      }),
    );
  });

  it('takes units with names of their own in products', () => {
    expect(unitsFromUcum('V/Hz').exponents).toEqual({ m: 2, kg: 1, s: -2, A: -1 });
    expect(unitsFromUcum('1/s').exponents).toEqual({ s: -1 });
    expect(unitsFromUcum('J.s-1/W').exponents).toEqual({});
  });

  it.each(['', 'm//s', 'kPa', 'Cel', '%', 'furlong', 'm99', '[pH]', 'm.', `${'m.'.repeat(101)}m`])(
    'refuses %j',
    (text) => {
      expect(() => unitsFromUcum(text)).toThrow(expect.objectContaining({ name: 'Ieee1451Error' }));
    },
  );
});
