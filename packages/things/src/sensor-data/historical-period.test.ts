import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  commonPeriod,
  HISTORICAL_PERIODS,
  historicalTypesAt,
  IMPLIED_FIELD_TYPES,
  turnAtOrAfter,
  turnBefore,
} from './historical-period.ts';

describe('the kinds of historical values of XEP-0323 §5.6', () => {
  test.each([
    ['2013-03-07T18:00:00.001Z', ''],
    ['2013-03-07T18:00:01Z', 'Second'],
    ['2013-03-07T18:01:00Z', 'Second Minute'],
    ['2013-03-07T18:00:00Z', 'Second Minute Hour'],
    ['2013-03-07T00:00:00Z', 'Second Minute Hour Day'],
    ['2013-03-11T00:00:00Z', 'Second Minute Hour Day Week'],
    ['2013-03-01T00:00:00Z', 'Second Minute Hour Day Month'],
    ['2013-04-01T00:00:00Z', 'Second Minute Hour Day Week Month Quarter'],
    ['2013-01-01T00:00:00Z', 'Second Minute Hour Day Month Quarter Year'],
    ['1969-12-29T00:00:00Z', 'Second Minute Hour Day Week'],
  ])('%s turns %s', (time, expected) => {
    const kinds = historicalTypesAt(new Date(time)).map((type) => type.replace('historical', ''));
    expect(kinds.join(' ')).toBe(expected);
  });

  test('a value of a year is one of a quarter, too, but not of a week', () => {
    expect(IMPLIED_FIELD_TYPES.historicalYear).toContain('historicalQuarter');
    expect(IMPLIED_FIELD_TYPES.historicalYear).not.toContain('historicalWeek');
    expect(IMPLIED_FIELD_TYPES.historicalSecond).toEqual([]);
    expect(IMPLIED_FIELD_TYPES.momentary).toBeUndefined();
  });

  test('weeks and months have only days in common', () => {
    expect(commonPeriod(['historicalWeek', 'historicalMonth'])).toBe('day');
    expect(commonPeriod(['historicalYear', 'historicalQuarter'])).toBe('quarter');
    expect(commonPeriod(['historicalYear', 'historicalHour', 'momentary'])).toBe('hour');
    expect(commonPeriod(['historicalOther', 'peak'])).toBeUndefined();
  });
});

describe('turns', () => {
  test.each([
    ['week', '2024-01-02T00:00:00Z', '2024-01-08T00:00:00Z'],
    ['month', '2024-01-31T10:00:00Z', '2024-02-01T00:00:00Z'],
    ['quarter', '2024-11-05T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['year', '2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'],
    ['year', '0050-06-01T00:00:00Z', '0051-01-01T00:00:00Z'],
  ] as const)('the first turn of a %s at or after %s is %s', (period, from, expected) => {
    expect(new Date(turnAtOrAfter(period, Date.parse(from))).toISOString().replace('.000', '')).toBe(expected);
  });

  const period = fc.constantFrom(...HISTORICAL_PERIODS);
  const time = fc.integer({ min: Date.parse('0001-02-01T00:00:00Z'), max: Date.parse('9998-01-01T00:00:00Z') });

  test('never go back, and there is none between one and the one before it', () => {
    fc.assert(
      fc.property(period, time, (each, ms) => {
        const turn = turnAtOrAfter(each, ms);
        expect(turn).toBeGreaterThanOrEqual(ms);
        const before = turnBefore(each, turn);
        expect(before).toBeLessThan(turn);
        expect(turnAtOrAfter(each, before)).toBe(before);
        expect(turnAtOrAfter(each, before + 1)).toBe(turn);
      }),
    );
  });

  test('of a longer period are turns of those it implies', () => {
    fc.assert(
      fc.property(period, time, (each, ms) => {
        const types = historicalTypesAt(new Date(turnAtOrAfter(each, ms)));
        for (const type of types)
          for (const implied of IMPLIED_FIELD_TYPES[type] ?? []) expect(types).toContain(implied);
      }),
    );
  });

  test('end where dates end', () => expect(turnAtOrAfter('year', 8.64e15)).toBe(Number.POSITIVE_INFINITY));
});
