import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDecimal, printDecimal, roundDecimal, scaleDecimal, toDecimal, unscaleDecimal } from './decimal.ts';

const decimal = (text: string) => {
  const value = parseDecimal(text);
  if (!value) throw new Error(`${text} is no decimal`);
  return value;
};

describe('decimals', () => {
  it.each([
    ['21.50', '21.50'],
    ['-0.5', '-0.5'],
    ['+7', '7'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e3', '1000'],
    ['12.5E-3', '0.0125'],
    ['-0', '0'],
  ])('%s is %s', (text, printed) => {
    expect(printDecimal(decimal(text))).toBe(printed);
  });

  it.each(['', '-', '.', 'e5', '1e', '0x1', '1,5', 'NaN', '1e401', '1e-9999', '9'.repeat(401)])(
    '%j is none',
    (text) => {
      expect(parseDecimal(text)).toBeUndefined();
    },
  );

  it.each([
    ['0.05', 1, '0.1'],
    ['-0.05', 1, '-0.1'],
    ['-0.04', 1, '0.0'],
    ['1.005', 2, '1.01'],
    ['3', 2, '3.00'],
  ])('%s with %i decimals is %s', (text, decimals, printed) => {
    expect(printDecimal(roundDecimal(decimal(text), decimals))).toBe(printed);
  });

  it('is read as the number it is written as', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(printDecimal(toDecimal(value)))).toBe(value === 0 ? 0 : value);
      }),
    );
    expect(() => toDecimal(Number.NaN)).toThrowError(RangeError);
  });

  it('undoes its scaling', () => {
    const raw = fc.bigInt({ min: -(1n << 64n), max: 1n << 64n });
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(raw, number, number, (digits, scale, offset) => {
        fc.pre(scale !== 0);
        const [factor, shift] = [toDecimal(scale), toDecimal(offset)];
        const scaled = scaleDecimal({ digits, decimals: 0 }, factor, shift);
        expect(unscaleDecimal(scaled, factor, shift)).toBe(digits);
      }),
    );
  });
});
