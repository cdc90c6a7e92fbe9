import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decimalNumber, decimalsAround, nearestDecimal } from './decimal.ts';

test('the decimals of a number hold it between them', () => {
  const magnitude = fc.double({ noNaN: true, min: -9e11, max: 9e11 });
  fc.assert(
    fc.property(magnitude, (value) => {
      const decimals = decimalsAround(String(value)).map(decimalNumber);
      const [low, high] = [Math.min(...decimals), Math.max(...decimals)];
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
      expect(high - low).toBeLessThan(0.0003);
    }),
  );
});

test('whatever the text, there are none, one or two, each as Cedar writes them', () => {
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[+-]?\d{0,30}\.?\d{0,9}([eE][+-]?\d{1,6})?$/));
  fc.assert(
    fc.property(text, (given) => {
      const decimals = decimalsAround(given);
      expect(decimals.length).toBeLessThanOrEqual(2);
      for (const decimal of decimals) expect(decimal).toMatch(/^-?\d{1,15}\.\d{1,4}$/);
    }),
  );
});

test('a tiny number is not nothing', () => {
  expect(decimalsAround('1e-300')).toEqual(['0.0', '0.0001']);
  expect(decimalsAround('-1e-300')).toEqual(['0.0', '-0.0001']);
  expect(nearestDecimal(1 / 3)).toBe('0.3333');
  expect(nearestDecimal(Number.POSITIVE_INFINITY)).toBe('922337203685477.5807');
});
