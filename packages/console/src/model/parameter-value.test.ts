import type { ControlParameter } from '@thingward/things';
import { expect, it } from 'vitest';
import { isSameValue, parseParameter, reportedValue } from './parameter-value.ts';

const percent: ControlParameter = { name: 'Valve', type: 'double', label: 'Valve', unit: '%', min: 0, max: 100 };

it('keeps the digits typed', () => {
  expect(parseParameter(percent, '40.50')).toEqual({ value: { type: 'double', value: '40.50' } });
});

it.each([
  ['101', 'Enter 0 to 100 %.'],
  ['-1', 'Enter 0 to 100 %.'],
  ['', 'Enter a number.'],
  ['1,5', 'Enter a number.'],
])('says what is wrong with %o', (text, problem) => {
  expect(parseParameter(percent, text)).toEqual({ problem });
});

it('says so for one bound alone too', () => {
  const { max: _, ...open } = percent;
  expect(parseParameter(open, '-1')).toEqual({ problem: 'Enter at least 0 %.' });
});

it('takes whole numbers only where they are wanted', () => {
  const count: ControlParameter = { name: 'N', type: 'int', label: 'N' };
  expect(parseParameter(count, '1.5')).toEqual({ problem: 'Enter a whole number.' });
  expect(parseParameter(count, '15')).toEqual({ value: { type: 'int', value: 15 } });
});

it('compares numbers as exactly as the device reports them', () => {
  const same = (set: string, reported: string) =>
    isSameValue({ type: 'double', value: set }, { type: 'double', value: reported });
  expect(same('40', '40.0')).toBe(true);
  expect(same('40.04', '40.0')).toBe(true);
  expect(same('40.06', '40.0')).toBe(false);
  expect(same('41', '40')).toBe(false);
});

it('compares long integers exactly', () => {
  expect(isSameValue({ type: 'long', value: 9007199254740993n }, { type: 'long', value: 9007199254740992n })).toBe(
    false,
  );
});

it('reads what a field says about a parameter', () => {
  expect(reportedValue(percent, { type: 'numeric', value: '40.0', unit: '%' })).toEqual({
    type: 'double',
    value: '40.0',
  });
  const pump: ControlParameter = { name: 'Pump', type: 'boolean', label: 'Pump' };
  expect(reportedValue(pump, { type: 'boolean', value: true })).toEqual({ type: 'boolean', value: true });
  expect(reportedValue(pump, { type: 'string', value: 'maybe' })).toBeUndefined();
});
