import type { FieldValue } from '@thingward/things';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalsOf, formatFieldValue, numberOf, unitOf } from './field-format.ts';

describe('formatFieldValue', () => {
  it.each([
    [{ type: 'numeric', value: '10.00', unit: '°C' }, '10.00'],
    [{ type: 'numeric', value: '-0.0', unit: '' }, '-0.0'],
    [{ type: 'numeric', value: '12345678901234567890.123456789', unit: 'kWh' }, '12345678901234567890.123456789'],
    [{ type: 'long', value: 9007199254740993n }, '9007199254740993'],
    [{ type: 'int', value: -7 }, '-7'],
    [{ type: 'boolean', value: true }, 'On'],
    [{ type: 'boolean', value: false }, 'Off'],
    [{ type: 'enum', value: 'Running', dataType: 'PumpState' }, 'Running'],
    [{ type: 'string', value: ' as it is ' }, ' as it is '],
    [{ type: 'dateTime', value: '2026-03-31T13:45:00Z' }, '2026-03-31 13:45:00Z'],
  ] satisfies [FieldValue, string][])('shows %o', (value, text) => {
    expect(formatFieldValue(value)).toBe(text);
  });

  it('keeps the digits of any number', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^-?\d{1,30}(\.\d{1,30})?$/), (digits) => {
        expect(formatFieldValue({ type: 'numeric', value: digits, unit: 'V' })).toBe(digits);
      }),
    );
  });
});

it('takes numbers for plots, and nothing else', () => {
  expect(numberOf({ type: 'numeric', value: '10.50', unit: '' })).toBe(10.5);
  expect(numberOf({ type: 'long', value: 12n })).toBe(12);
  expect(numberOf({ type: 'string', value: '12' })).toBeUndefined();
  expect(numberOf({ type: 'numeric', value: 'INF', unit: '' })).toBeUndefined();
});

it('has no unit where there is none', () => {
  expect(unitOf({ type: 'numeric', value: '1', unit: '' })).toBeUndefined();
  expect(unitOf({ type: 'numeric', value: '1', unit: 'm³/h' })).toBe('m³/h');
  expect(unitOf({ type: 'int', value: 1 })).toBeUndefined();
});

it.each([
  ['10', 0],
  ['10.00', 2],
  ['1.5e3', 0],
  ['1.5E-3', 4],
])('counts the decimals of %s', (text, decimals) => {
  expect(decimalsOf(text)).toBe(decimals);
});
