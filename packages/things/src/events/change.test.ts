import { describe, expect, test } from 'vitest';
import type { FieldValue } from '../sensor-data/field.ts';
import { changeOf, following, isTriggered, magnitudeOf } from './change.ts';

describe('magnitudes', () => {
  test.each<[FieldValue, number | bigint | string | undefined]>([
    [{ type: 'boolean', value: true }, 1],
    [{ type: 'boolean', value: false }, 0],
    [{ type: 'numeric', value: '21.50', unit: '°C' }, 21.5],
    [{ type: 'int', value: -3 }, -3],
    [{ type: 'long', value: 2n ** 62n }, 2n ** 62n],
    [{ type: 'date', value: '1970-01-02' }, 86_400],
    [{ type: 'date', value: '1970-01-02+09:00' }, 86_400],
    [{ type: 'dateTime', value: '1970-01-01T00:01:00Z' }, 60],
    [{ type: 'time', value: '00:01:00Z' }, 60],
    [{ type: 'duration', value: 'P1DT1M' }, 86_460],
    [{ type: 'duration', value: '-PT1.5S' }, -1.5],
    [{ type: 'enum', value: 'on', dataType: 'state' }, 'on'],
  ])('of %o', (value, magnitude) => {
    expect(magnitudeOf(value)).toEqual(magnitude);
  });

  test('of texts that differ are one apart, in the order of the alphabet', () => {
    expect(changeOf('off', 'on')).toBe(1);
    expect(changeOf('on', 'off')).toBe(-1);
    expect(changeOf('on', 'on')).toBe(0);
  });

  test('of long numbers keep their last digits', () => {
    expect(changeOf(2n ** 62n, 2n ** 62n + 1n)).toBe(1);
  });
});

describe('a condition', () => {
  test.each([
    [{ changedBy: 5 }, 10, 15, true],
    [{ changedBy: 5 }, 10, 5, true],
    [{ changedBy: 5 }, 10, 14.9, false],
    [{ changedBy: 0.1 }, 21.6, 21.7, true],
    [{ changedBy: 0.1 }, 0.3, 0.2, true],
    [{ changedBy: 0.1 }, 21.6, 21.69, false],
    [{ changedUp: 1 }, 0, 1, true],
    [{ changedUp: 1 }, 1, 0, false],
    [{ changedDown: 1 }, 1, 0, true],
    [{ changedDown: 1 }, 0, 5, false],
    [{ changedUp: 10, changedDown: 1 }, 0, 5, false],
    // Where changedBy is given, the others are ignored.
    [{ changedBy: 3, changedUp: 1, changedDown: 1 }, 0, 2, false],
    [{ changedBy: 1e-300 }, 5, 5, false],
    [{ changedBy: 1 }, 'a', 'b', true],
    [{ changedBy: 2 }, 'a', 'b', false],
    [{ changedDown: 1 }, 'b', 'a', true],
    [{}, 0, 1000, false],
  ])('%o from %s to %s: %s', (condition, from, to, expected) => {
    expect(isTriggered({ name: 'a', ...condition }, from, to)).toBe(expected);
  });

  test('in one direction alone follows the value in the other', () => {
    expect(following({ name: 'a', changedUp: 1 }, 1, 0)).toBe(0);
    expect(following({ name: 'a', changedUp: 1 }, 1, 1.5)).toBe(1);
    expect(following({ name: 'a', changedDown: 1 }, 1, 4)).toBe(4);
    expect(following({ name: 'a', changedUp: 1, changedDown: 5 }, 1, 0)).toBe(1);
    expect(following({ name: 'a', changedBy: 1, changedUp: 1 }, 1, 0)).toBe(1);
  });
});
