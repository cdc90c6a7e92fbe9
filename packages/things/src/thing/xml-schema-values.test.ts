import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatDateTime,
  isDate,
  isDateTime,
  isDuration,
  isFiniteDouble,
  isTime,
  parseBoolean,
  parseDateTime,
  parseInt32,
  parseInt64,
} from './xml-schema-values.ts';

describe('numbers and booleans', () => {
  test.each(['0', '-1', '+7', '10.00', '.5', '5.', '1e3', '-1.5E-7', '007'])('%s is a finite double', (text) => {
    expect(isFiniteDouble(text)).toBe(true);
  });

  test.each(['', '.', 'NaN', 'INF', '-INF', '1e999', '0x10', '1,5', ' 1', '1e', 'Infinity', '--1'])(
    '"%s" is none',
    (text) => {
      expect(isFiniteDouble(text)).toBe(false);
    },
  );

  test('integers keep to their bits', () => {
    expect(parseInt32('2147483647')).toBe(2147483647);
    expect(parseInt32('2147483648')).toBeUndefined();
    expect(parseInt32('-2147483648')).toBe(-2147483648);
    expect(parseInt32('+0012')).toBe(12);
    expect(Object.is(parseInt32('-0'), 0)).toBe(true);
    expect(parseInt32('1.0')).toBeUndefined();
    expect(parseInt64('9223372036854775807')).toBe(9223372036854775807n);
    expect(parseInt64('9223372036854775808')).toBeUndefined();
    expect(parseInt64('-9223372036854775808')).toBe(-9223372036854775808n);
    expect(parseInt64('9'.repeat(1_000_000))).toBeUndefined();
  });

  test('booleans', () => {
    expect(['1', 'true', '0', 'false', 'TRUE', ''].map(parseBoolean)).toEqual([
      true,
      true,
      false,
      false,
      undefined,
      undefined,
    ]);
  });
});

describe('dates and times', () => {
  test('instants of any time zone', () => {
    const instant = new Date('2013-03-07T16:24:30.000Z');
    expect(parseDateTime('2013-03-07T16:24:30Z')).toEqual(instant);
    expect(parseDateTime('2013-03-07T18:24:30+02:00')).toEqual(instant);
    expect(parseDateTime('2013-03-07T02:24:30-14:00')).toEqual(instant);
    expect(parseDateTime('2013-03-07T16:24:30')).toEqual(new Date(2013, 2, 7, 16, 24, 30));
    expect(parseDateTime('2013-03-07T16:24:30.1239Z')).toEqual(new Date('2013-03-07T16:24:30.123Z'));
    expect(parseDateTime('2013-03-07T24:00:00Z')).toEqual(new Date('2013-03-08T00:00:00Z'));
    expect(parseDateTime('0001-01-01T00:00:00Z')?.toISOString()).toBe('0001-01-01T00:00:00.000Z');
  });

  test.each([
    '2013-02-29T00:00:00Z',
    '2013-13-01T00:00:00Z',
    '2013-00-01T00:00:00Z',
    '2013-03-07',
    '2013-03-07T25:00:00Z',
    '2013-03-07T24:00:01Z',
    '2013-03-07T10:60:00Z',
    '2013-03-07T10:00Z',
    '2013-03-07 10:00:00',
    '2013-03-07T10:00:00+15:00',
    '999999999-01-01T00:00:00Z',
    '02013-03-07T10:00:00Z',
  ])('%s is no instant', (text) => {
    expect(parseDateTime(text)).toBeUndefined();
  });

  test('the other forms', () => {
    expect(isDateTime('2012-02-29T23:59:59.999+05:30')).toBe(true);
    expect(isDateTime('2012-02-30T23:59:59')).toBe(false);
    expect(isDate('2013-05-01')).toBe(true);
    expect(isDate('2013-05-01Z')).toBe(true);
    expect(isDate('2013-5-1')).toBe(false);
    expect(isTime('08:00:00')).toBe(true);
    expect(isTime('24:00:00.000')).toBe(true);
    expect(isTime('8:00')).toBe(false);
    expect(['PT3M30S', 'P1Y2M3DT4H5M6.7S', '-P1D', 'PT0S'].every(isDuration)).toBe(true);
    expect(['P', 'PT', 'P1DT', 'P1H', '1D', 'PT1.5M', 'P1M1Y'].some(isDuration)).toBe(false);
  });

  test('an instant survives being written and read', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') }),
        (date) => {
          fc.pre(!Number.isNaN(date.getTime()));
          expect(parseDateTime(formatDateTime(date))).toEqual(date);
        },
      ),
    );
  });

  test('what can not be written is refused', () => {
    expect(() => formatDateTime(new Date(Number.NaN))).toThrow(RangeError);
    expect(() => formatDateTime(new Date(8.64e15))).toThrow(RangeError);
  });

  test('reading any text never throws', () => {
    const readers = [parseDateTime, isDate, isDateTime, isTime, isDuration, isFiniteDouble, parseInt64, parseInt32];
    const pieces = fc.constantFrom(
      '2013',
      '-',
      '02',
      '29',
      'T',
      '24',
      ':',
      '00',
      '.',
      '9',
      'Z',
      '+',
      'P',
      'Y',
      'M',
      'S',
      'e',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          for (const read of readers) read(text);
        },
      ),
    );
  });
});
