import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Field } from '../sensor-data/field.ts';
import { convertUnit, fieldInUnit } from './convert.ts';
import { decimalText, fraction, parseDecimal } from './fraction.ts';
import { UNITS, type UnitCategory, unitNamed } from './units.ts';

/** Scale and offset of each unit as the document has them: a value of the reference unit times scale plus offset. */
const DOCUMENT: Readonly<Record<UnitCategory, Readonly<Record<string, readonly [scale: number, offset: number]>>>> = {
  Angle: { '°': [1, 0], rad: [0.01745329251994, 0] },
  Area: {
    'm²': [1, 0],
    m2: [1, 0],
    'ft²': [10.76391041671, 0],
    ft2: [10.76391041671, 0],
    'in²': [1550.003100006, 0],
    in2: [1550.003100006, 0],
    'yd²': [1.195990046301, 0],
    yd2: [1.195990046301, 0],
  },
  Distance: {
    nm: [1e9, 0],
    µm: [1e6, 0],
    mm: [1e3, 0],
    cm: [1e2, 0],
    dm: [1e1, 0],
    m: [1, 0],
    km: [1e-3, 0],
    ft: [3.280839895013, 0],
    in: [39.37007874016, 0],
    yd: [1.093613298338, 0],
    sm: [0.000621371192, 0],
    mi: [0.000621371192, 0],
  },
  Energy: {
    µWh: [1e6, 0],
    mWh: [1e3, 0],
    Wh: [1, 0],
    kWh: [1e-3, 0],
    MWh: [1e-6, 0],
    GWh: [1e-9, 0],
    TWh: [1e-12, 0],
    µBTU: [3.412141156488e6, 0],
    mBTU: [3.412141156488e3, 0],
    BTU: [3.412141156488, 0],
    kBTU: [3.412141156488e-3, 0],
    MBTU: [3.412141156488e-6, 0],
    GBTU: [3.412141156488e-9, 0],
    TBTU: [3.412141156488e-12, 0],
    µcal: [859.8452278591e6, 0],
    mcal: [859.8452278591e3, 0],
    cal: [859.845227859, 0],
    kcal: [859.8452278591e-3, 0],
    Mcal: [859.8452278591e-6, 0],
    Gcal: [859.8452278591e-9, 0],
    Tcal: [859.8452278591e-12, 0],
    µJ: [3.6e9, 0],
    mJ: [3.6e6, 0],
    J: [3.6e3, 0],
    kJ: [3.6, 0],
    MJ: [3.6e-3, 0],
    GJ: [3.6e-6, 0],
    TJ: [3.6e-9, 0],
  },
  Flow: {
    'µl/h': [1e6, 0],
    'ml/h': [1e3, 0],
    'cl/h': [1e2, 0],
    'l/h': [1, 0],
    'm³/h': [1e-3, 0],
    'm3/h': [1e-3, 0],
    'ft³/h': [0.03531466672149, 0],
    'ft3/h': [0.03531466672149, 0],
    'in³/h': [61.02374409473, 0],
    'in3/h': [61.02374409473, 0],
    'UsGal/h': [0.2641720523582, 0],
    'UkGal/h': [0.2199692482991, 0],
    'µl/min': [16666.6666666667, 0],
    'ml/min': [16.6666666666667, 0],
    'cl/min': [1.66666666666667, 0],
    'l/min': [0.0166666666666667, 0],
    'm³/min': [0.000016666666666667, 0],
    'm3/min': [0.000016666666666667, 0],
    'ft³/min': [0.0005885777786915, 0],
    'ft3/min': [0.0005885777786915, 0],
    'in³/min': [1.01706240157883, 0],
    'in3/min': [1.01706240157883, 0],
    'UsGal/min': [0.004402867539303333, 0],
    'UkGal/min': [0.003666154138318333, 0],
  },
  Mass: {
    µg: [1e6, 0],
    mg: [1e3, 0],
    g: [1, 0],
    gram: [1, 0],
    kg: [1e-3, 0],
    t: [1e-6, 0],
    ton: [1e-6, 0],
    oz: [35.27396194958, 0],
    lb: [2.204622621849, 0],
  },
  Power: {
    µW: [1e6, 0],
    mW: [1e3, 0],
    W: [1, 0],
    kW: [1e-3, 0],
    MW: [1e-6, 0],
    GW: [1e-9, 0],
    TW: [1e-12, 0],
    VA: [1, 0],
    'µJ/s': [1e6, 0],
    'mJ/s': [1e3, 0],
    'J/s': [1, 0],
    'kJ/s': [1e-3, 0],
    'MJ/s': [1e-6, 0],
    'GJ/s': [1e-9, 0],
    'TJ/s': [1e-12, 0],
    'µBTU/h': [3.412141156488e6, 0],
    'mBTU/h': [3.412141156488e3, 0],
    'BTU/h': [3.412141156488, 0],
    'kBTU/h': [3.412141156488e-3, 0],
    'MBTU/h': [3.412141156488e-6, 0],
    'GBTU/h': [3.412141156488e-9, 0],
    'TBTU/h': [3.412141156488e-12, 0],
    'µBTU/s': [0.0009478169879134e6, 0],
    'mBTU/s': [0.0009478169879134e3, 0],
    'BTU/s': [0.0009478169879134, 0],
    'kBTU/s': [0.0009478169879134e-3, 0],
    'MBTU/s': [0.0009478169879134e-6, 0],
    'GBTU/s': [0.0009478169879134e-9, 0],
    'TBTU/s': [0.0009478169879134e-12, 0],
    'µcal/s': [0.2388458966275e6, 0],
    'mcal/s': [0.2388458966275e3, 0],
    'cal/s': [0.2388458966275, 0],
    'kcal/s': [0.2388458966275e-3, 0],
    'Mcal/s': [0.2388458966275e-6, 0],
    'Gcal/s': [0.2388458966275e-9, 0],
    'Tcal/s': [0.2388458966275e-12, 0],
  },
  Pressure: {
    Pa: [1, 0],
    hPa: [1e-2, 0],
    kPa: [1e-3, 0],
    atm: [0.00000986923266716, 0],
    bar: [1e-5, 0],
    mbar: [1e-2, 0],
    mmHg: [0.007500616827042, 0],
    inHg: [0.00029529980164712326, 0],
    psf: [0.02088545632547, 0],
    psi: [0.0001450378911491, 0],
    torr: [0.007500616827042, 0],
  },
  Speed: { 'm/s': [1, 0], 'km/h': [3.6, 0], kph: [3.6, 0], kn: [1.943844492441, 0], mph: [2.236936292054, 0] },
  Temperature: { '°C': [1, 0], C: [1, 0], '°F': [1.8, 32], F: [1.8, 32], '°K': [1, 273.15], K: [1, 273.15] },
  Time: { ns: [1e9, 0], µs: [1e6, 0], ms: [1e3, 0], s: [1, 0], min: [60, 0], h: [3600, 0], d: [86400, 0] },
  Volume: {
    µl: [1e6, 0],
    ml: [1e3, 0],
    cl: [1e2, 0],
    l: [1, 0],
    'm³': [1e-3, 0],
    m3: [1e-3, 0],
    'ft³': [0.03531466672149, 0],
    ft3: [0.03531466672149, 0],
    'in³': [61.02374409473, 0],
    in3: [61.02374409473, 0],
    UsGal: [0.2641720523582, 0],
    UkGal: [0.2199692482991, 0],
  },
};

/** Here the document has the factor the other way round, or a thousand times too large: a minute has not 1/60 second. */
const MISTAKEN = new Set(['min', 'h', 'd', 'oz', 'lb']);

describe('units', () => {
  test('are all those of the document, and no others', () => {
    const expected = Object.entries(DOCUMENT).flatMap(([category, units]) =>
      Object.keys(units).map((name) => `${category} ${name}`),
    );
    expect(UNITS.map(({ category, name }) => `${category} ${name}`).sort()).toEqual(expected.sort());
    expect(new Set(UNITS.map(({ name }) => name)).size).toBe(UNITS.length);
  });

  test.each(UNITS.filter(({ name }) => !MISTAKEN.has(name)))(
    '$name is what the document says',
    ({ name, category }) => {
      const [scale, offset] = DOCUMENT[category][name] as readonly [number, number];
      const { size, zero } = unitNamed(name) as (typeof UNITS)[number];
      const ratio = Number(size.numerator) / Number(size.denominator);
      expect(Math.abs(ratio * scale - 1)).toBeLessThan(2e-6);
      expect(Number(zero.numerator) / Number(zero.denominator)).toBeCloseTo(-offset / scale, 6);
    },
  );

  test('of small things may be written with either letter', () => {
    expect(unitNamed('\u03bcs')?.name).toBe('\u00b5s');
  });
});

describe('a conversion', () => {
  test.each([
    ['50', '°F', 'K', '283.2'],
    ['21.5', '°C', '°F', '70.7'],
    ['-40', '°C', '°F', '-40'],
    ['0.00', 'K', '°C', '-273.15'],
    ['1500', 'm', 'km', '1.500'],
    ['1.500', 'km', 'm', '1500'],
    ['1.5e3', 'm', 'km', '1.5'],
    ['18.0', 'km/h', 'm/s', '5.00'],
    ['1', 'h', 'min', '60'],
    ['90', 's', 'min', '1.50'],
    ['1', 'lb', 'g', '454'],
    ['1.000', 'lb', 'g', '453.6'],
    ['1.00', 'kWh', 'MJ', '3.60'],
    ['360.0', 'l/min', 'm³/h', '21.600'],
    ['1013', 'mbar', 'kPa', '101.3'],
    ['180', '°', 'rad', '3.14'],
    ['0', 'm', 'ft', '0'],
    ['-0.04', 'm', 'cm', '-4'],
  ])('%s %s is in %s: %s', (value, from, to, expected) => {
    expect(convertUnit(value, from, to)).toBe(expected);
  });

  test.each([
    ['1', 'm', 's'],
    ['1', 'm', 'furlong'],
    ['1', '', 'm'],
    ['many', 'm', 'km'],
    ['1e99999', 'm', 'km'],
    ['', 'm', 'km'],
    ['9'.repeat(500), 'm', 'km'],
  ])('of %s %s in %s there is none', (value, from, to) => {
    expect(convertUnit(value, from, to)).toBeUndefined();
  });

  test('there and back loses nothing that the value could tell apart', () => {
    const categories = Object.values(DOCUMENT).map((units) => Object.keys(units));
    const pair = fc
      .constantFrom(...categories)
      .chain((names) => fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)));
    fc.assert(
      fc.property(
        pair,
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: 0, max: 6 }),
        ([from, to], digits, decimals) => {
          const value = decimalText({ numerator: BigInt(digits), denominator: 10n ** BigInt(decimals) }, decimals);
          const there = convertUnit(value, from, to) as string;
          const back = convertUnit(there, to, from) as string;
          expect(Math.abs(Number(back) - Number(value))).toBeLessThanOrEqual(1.001 * 10 ** -decimals);
        },
      ),
    );
  });

  test('of a field keeps all else', () => {
    const field: Field = {
      name: 'Temperature',
      value: { type: 'numeric', value: '21.50', unit: '°C' },
      types: ['momentary'],
      qos: [],
      timestamp: new Date(0),
    };
    expect(fieldInUnit(field, 'K')).toEqual({ ...field, value: { type: 'numeric', value: '294.65', unit: 'K' } });
    expect(fieldInUnit(field, 'bar')).toBe(field);
    const text: Field = { ...field, value: { type: 'string', value: '1' } };
    expect(fieldInUnit(text, 'K')).toBe(text);
  });
});

describe('decimals', () => {
  test('are parsed or refused, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 12 }), fc.double().map(String)), (text) => {
        const decimal = parseDecimal(text);
        if (decimal) expect(Number(text)).toBeCloseTo(Number(`${decimal.digits}e${-decimal.decimals}`), 12);
      }),
    );
  });

  test.each([
    ['0.125', 2, '0.13'],
    ['-0.125', 2, '-0.13'],
    ['-0.001', 2, '0.00'],
    ['1.005', 2, '1.01'],
    ['12', 0, '12'],
  ])('%s with %i decimals is %s', (text, decimals, expected) => {
    expect(decimalText(fraction(text), decimals)).toBe(expected);
  });
});
