import { describe, expect, test } from 'vitest';
import { field } from '../../test/memory-thing.ts';
import type { FieldValue } from '../sensor-data/field.ts';
import type { ParameterType } from './parameter.ts';
import { parameterValueOf, presentValue } from './present-value.ts';

const of: Record<string, (value: string) => FieldValue> = {
  boolean: (value) => ({ type: 'boolean', value: value === 'true' }),
  date: (value) => ({ type: 'date', value }),
  dateTime: (value) => ({ type: 'dateTime', value }),
  duration: (value) => ({ type: 'duration', value }),
  enum: (value) => ({ type: 'enum', value, dataType: 'State' }),
  int: (value) => ({ type: 'int', value: Number(value) }),
  long: (value) => ({ type: 'long', value: BigInt(value) }),
  numeric: (value) => ({ type: 'numeric', value, unit: 'm' }),
  string: (value) => ({ type: 'string', value }),
  time: (value) => ({ type: 'time', value }),
};

describe('the table of conversions of XEP-0325 §5.2.2', () => {
  test.each<[string, string, ParameterType, string | undefined]>([
    ['boolean', 'true', 'boolean', 'true'],
    ['int', '0', 'boolean', 'false'],
    ['long', '-7', 'boolean', 'true'],
    ['numeric', '0.00', 'boolean', 'false'],
    ['numeric', '0.01', 'boolean', 'true'],
    ['string', 'true', 'boolean', undefined],
    ['enum', 'true', 'boolean', undefined],
    ['string', '3399FF', 'color', '3399FF'],
    ['string', '3399FF80', 'color', '3399FF80'],
    ['string', 'red', 'color', undefined],
    ['int', '339900', 'color', undefined],
    ['date', '2013-05-01', 'date', '2013-05-01'],
    ['dateTime', '2013-05-01T08:00:00Z', 'date', '2013-05-01'],
    ['string', '2013-05-01', 'date', '2013-05-01'],
    ['string', 'Wed, 01 May 2013 08:00:00 GMT', 'date', '2013-05-01'],
    ['string', 'tomorrow', 'date', undefined],
    ['time', '08:00:00', 'date', undefined],
    ['date', '2013-05-01', 'dateTime', '2013-05-01T00:00:00'],
    ['date', '2013-05-01+09:00', 'dateTime', '2013-05-01T00:00:00+09:00'],
    ['dateTime', '2013-05-01T08:00:00Z', 'dateTime', '2013-05-01T08:00:00Z'],
    ['string', '2013-05-01T08:00:00', 'dateTime', '2013-05-01T08:00:00'],
    ['string', '1 May 13 08:00 EST', 'dateTime', '2013-05-01T08:00:00-05:00'],
    ['string', '01 Jan 99 00:00:00 +0900', 'dateTime', '1999-01-01T00:00:00+09:00'],
    ['string', '31 Feb 2013 00:00:00 GMT', 'dateTime', undefined],
    ['string', '1 Mai 2013', 'dateTime', undefined],
    ['boolean', 'true', 'double', '1'],
    ['int', '5', 'double', '5'],
    ['long', '9007199254740993', 'double', '9007199254740993'],
    ['numeric', '10.00', 'double', '10.00'],
    ['string', '1.50', 'double', '1.50'],
    ['string', new Intl.NumberFormat().format(12_345.6), 'double', '12345.6'],
    ['string', 'many', 'double', undefined],
    ['enum', '5', 'double', undefined],
    ['duration', 'P1DT2H', 'duration', 'P1DT2H'],
    ['time', '08:05:00.5', 'duration', 'PT8H5M0.5S'],
    ['string', 'PT5M', 'duration', 'PT5M'],
    ['string', '00:05:00', 'duration', 'PT0H5M0S'],
    ['string', 'long', 'duration', undefined],
    ['boolean', 'false', 'int', '0'],
    ['int', '-5', 'int', '-5'],
    ['long', '5', 'int', '5'],
    ['long', '2147483648', 'int', undefined],
    ['numeric', '-7.99', 'int', '-7'],
    ['numeric', '1.5e3', 'int', '1500'],
    ['numeric', '1e300', 'int', undefined],
    ['string', '42', 'int', '42'],
    ['string', '4.2', 'int', undefined],
    ['enum', 'On', 'int', undefined],
    ['long', '9223372036854775807', 'long', '9223372036854775807'],
    ['numeric', '9223372036854775807.5', 'long', '9223372036854775807'],
    ['int', '5', 'long', '5'],
    ['boolean', 'true', 'long', '1'],
    ['boolean', 'true', 'string', 'true'],
    ['enum', 'On', 'string', 'On'],
    ['numeric', '10.00', 'string', '10.00'],
    ['time', '08:00:00', 'string', '08:00:00'],
    ['date', '2013-05-01', 'string', '2013-05-01'],
    ['dateTime', '2013-05-01T08:00:00Z', 'time', '08:00:00Z'],
    ['duration', 'PT23H59M59S', 'time', '23:59:59'],
    ['duration', 'PT90M', 'time', '01:30:00'],
    ['duration', 'PT24H', 'time', undefined],
    ['duration', '-PT1H', 'time', undefined],
    ['duration', 'P1D', 'time', undefined],
    ['string', '08:00:00', 'time', '08:00:00'],
    ['int', '8', 'time', undefined],
    ['time', '08:00:00', 'time', '08:00:00'],
  ])('a %s of %s as a %s is %s', (from, text, type, expected) => {
    const value = parameterValueOf(of[from]!(text), type);
    expect(value && String(value.value)).toBe(expected);
    if (value) expect(value.type).toBe(type);
  });
});

describe('the present value of a parameter', () => {
  test('is that of a momentary field, or of a status field, unless it is missing', () => {
    const status = field('Output', '1', { types: ['status'] });
    const peak = field('Output', '9', { types: ['peak'] });
    const missing = field('Output', '0', { qos: ['missing'] });
    expect(presentValue([peak, status, field('Output', '2')], 'Output', 'double')?.value).toBe('2');
    expect(presentValue([missing, peak, status], 'Output', 'double')?.value).toBe('1');
    expect(presentValue([missing, peak], 'Output', 'double')).toBeUndefined();
    expect(presentValue([field('Other', '2')], 'Output', 'double')).toBeUndefined();
    expect(presentValue([field('Output', '2'), status], 'Output', 'date')).toBeUndefined();
  });
});
