import { expect, it } from 'vitest';
import { UnitRanges } from './unit-ranges.ts';

it.each([
  ['1', [1], [0, 2]],
  ['1-10, 20', [1, 10, 20], [0, 11, 19, 21]],
  ['0-255', [0, 255], []],
])('%s', (text, inside, outside) => {
  const ranges = UnitRanges.tryParse(text);
  expect(inside.map((unit) => ranges?.has(unit))).toEqual(inside.map(() => true));
  expect(outside.map((unit) => ranges?.has(unit))).toEqual(outside.map(() => false));
  expect(String(ranges)).toBe(text);
});

it.each(['', 'x', '1-', '10-1', '256', '1-300', '1;2', '-1'])('%s is none', (text) => {
  expect(UnitRanges.tryParse(text)).toBeUndefined();
});

it('has as many as there are', () => {
  expect(UnitRanges.tryParse('1-65519', 65_519)?.has(65_519)).toBe(true);
  expect(UnitRanges.tryParse('65520', 65_519)).toBeUndefined();
});

it('knows what overlaps', () => {
  const of = (text: string) => UnitRanges.tryParse(text) as UnitRanges;
  expect(of('1-10').overlaps(of('10-12'))).toBe(true);
  expect(of('1-10,20').overlaps(of('15-25'))).toBe(true);
  expect(of('1-10').overlaps(of('11'))).toBe(false);
});
