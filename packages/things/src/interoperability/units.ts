import { type Fraction, fraction, multiplied } from './fraction.ts';

/** What units measure. @see XEP-0000: Interoperability §3.5 */
export const UNIT_CATEGORIES = [
  'Angle',
  'Area',
  'Distance',
  'Energy',
  'Flow',
  'Mass',
  'Power',
  'Pressure',
  'Speed',
  'Temperature',
  'Time',
  'Volume',
] as const;
export type UnitCategory = (typeof UNIT_CATEGORIES)[number];

/** A unit: a value in it times `size`, plus `zero`, is the value in the reference unit of its category. */
export interface Unit {
  readonly name: string;
  readonly category: UnitCategory;
  /** May Things that want to be understood use it? Others are read, but better not written. */
  readonly isPreferred: boolean;
  readonly size: Fraction;
  readonly zero: Fraction;
}

const NONE = fraction('0');
const MINUTE = '60';
/** 180 by pi, to more digits than any sensor has. */
const RADIAN = '57.295779513082320876798154814105';
const FOOT = '0.3048';
const INCH = '0.0254';
const YARD = '0.9144';
const MILE = '1609.344';
const NAUTICAL_MILE = '1852';
const CUBIC_FOOT = '28.316846592';
const CUBIC_INCH = '0.016387064';
const US_GALLON = '3.785411784';
const UK_GALLON = '4.54609';
/** In joules: the one that the document's factors are of (ISO 31-4), and the calorie of the International Steam Tables. */
const BTU = '1055.056';
const CALORIE = '4.1868';
const HOUR = '3600';

const SMALL_AND_LARGE = { µ: '1e-6', m: '1e-3', '': '1', k: '1e3', M: '1e6', G: '1e9', T: '1e12' };

function units(category: UnitCategory, preferred: string, sizes: Readonly<Record<string, Fraction>>): readonly Unit[] {
  const names = preferred.split(' ');
  return Object.entries(sizes).map(([name, size]) => ({
    name,
    category,
    isPreferred: names.includes(name),
    size,
    zero: NONE,
  }));
}

/** A unit with the prefixes that the document gives it. */
function prefixed(name: string, size: Fraction): Readonly<Record<string, Fraction>> {
  return Object.fromEntries(
    Object.entries(SMALL_AND_LARGE).map(([prefix, scale]) => [`${prefix}${name}`, multiplied(fraction(scale), size)]),
  );
}

function sized(sizes: Readonly<Record<string, string | Fraction>>): Readonly<Record<string, Fraction>> {
  return Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => [name, typeof size === 'string' ? fraction(size) : size]),
  );
}

/** Litres, with the names that volumes have. */
const VOLUMES = sized({
  µl: '1e-6',
  ml: '1e-3',
  cl: '1e-2',
  l: '1',
  'm³': '1000',
  m3: '1000',
  'ft³': CUBIC_FOOT,
  ft3: CUBIC_FOOT,
  'in³': CUBIC_INCH,
  in3: CUBIC_INCH,
  UsGal: US_GALLON,
  UkGal: UK_GALLON,
});

function volumesPer(time: string, hours: Fraction): Readonly<Record<string, Fraction>> {
  return Object.fromEntries(
    Object.entries(VOLUMES).map(([name, size]) => [`${name}/${time}`, multiplied(size, hours)]),
  );
}

function temperature(name: string, isPreferred: boolean, size: Fraction, zero: Fraction): Unit {
  return { name, category: 'Temperature', isPreferred, size, zero };
}

const FAHRENHEIT = [fraction('5', '9'), fraction('-160', '9')] as const;
const KELVIN = [fraction('1'), fraction('-273.15')] as const;
const CELSIUS = [fraction('1'), NONE] as const;

/**
 * All units of the document, by category. The sizes are those that the units are defined by, where the document has rounded them; its
 * factors for times, ounces and pounds can't be meant as they are written.
 * @see XEP-0000: Interoperability §3.5
 */
export const UNITS: readonly Unit[] = [
  ...units('Angle', '° rad', sized({ '°': '1', rad: RADIAN })),
  ...units(
    'Area',
    'm² ft² in² yd²',
    sized({
      'm²': '1',
      m2: '1',
      'ft²': '0.09290304',
      ft2: '0.09290304',
      'in²': '0.00064516',
      in2: '0.00064516',
      'yd²': '0.83612736',
      yd2: '0.83612736',
    }),
  ),
  ...units(
    'Distance',
    'm km ft in yd',
    sized({
      nm: '1e-9',
      µm: '1e-6',
      mm: '1e-3',
      cm: '1e-2',
      dm: '1e-1',
      m: '1',
      km: '1e3',
      ft: FOOT,
      in: INCH,
      yd: YARD,
      sm: MILE,
      mi: MILE,
    }),
  ),
  ...units('Energy', 'Wh kWh MWh kBTU MBTU kcal Mcal kJ MJ GJ', {
    ...prefixed('Wh', fraction('1')),
    ...prefixed('BTU', fraction(BTU, HOUR)),
    ...prefixed('cal', fraction(CALORIE, HOUR)),
    ...prefixed('J', fraction('1', HOUR)),
  }),
  ...units('Flow', 'l/h m³/h ft³/h in³/h UsGal/h UkGal/h l/min m³/min ft³/min in³/min UsGal/min UkGal/min', {
    ...volumesPer('h', fraction('1')),
    ...volumesPer('min', fraction(MINUTE)),
  }),
  ...units(
    'Mass',
    'g gram kg t ton oz lb',
    sized({
      µg: '1e-6',
      mg: '1e-3',
      g: '1',
      gram: '1',
      kg: '1e3',
      t: '1e6',
      ton: '1e6',
      oz: '28.349523125',
      lb: '453.59237',
    }),
  ),
  ...units('Power', 'W kW MW kJ/s MJ/s kBTU/h MBTU/h cal/s kcal/s', {
    ...prefixed('W', fraction('1')),
    VA: fraction('1'),
    ...prefixed('J/s', fraction('1')),
    ...prefixed('BTU/h', fraction(BTU, HOUR)),
    ...prefixed('BTU/s', fraction(BTU)),
    ...prefixed('cal/s', fraction(CALORIE)),
  }),
  ...units(
    'Pressure',
    'Pa hPa kPa atm bar mbar mmHg inHg psf psi torr',
    sized({
      Pa: '1',
      hPa: '100',
      kPa: '1000',
      atm: '101325',
      bar: '100000',
      mbar: '100',
      mmHg: fraction('101325', '760'),
      inHg: '3386.389',
      psf: '47.88025898033584',
      psi: '6894.757293168361',
      torr: fraction('101325', '760'),
    }),
  ),
  ...units(
    'Speed',
    'm/s km/h kn mph',
    sized({
      'm/s': '1',
      'km/h': fraction('1000', HOUR),
      kph: fraction('1000', HOUR),
      kn: fraction(NAUTICAL_MILE, HOUR),
      mph: fraction(MILE, HOUR),
    }),
  ),
  temperature('°C', true, ...CELSIUS),
  temperature('C', false, ...CELSIUS),
  temperature('°F', true, ...FAHRENHEIT),
  temperature('F', false, ...FAHRENHEIT),
  temperature('°K', false, ...KELVIN),
  temperature('K', true, ...KELVIN),
  ...units(
    'Time',
    's min h d',
    sized({ ns: '1e-9', µs: '1e-6', ms: '1e-3', s: '1', min: MINUTE, h: HOUR, d: '86400' }),
  ),
  ...units('Volume', 'l m³ ft³ in³ UsGal UkGal', VOLUMES),
];

const BY_NAME = new Map(UNITS.map((unit) => [unit.name, unit]));

/** The unit with this name; undefined when the document has none. The Greek letter mu is as good as the sign for micro. */
export function unitNamed(name: string): Unit | undefined {
  return BY_NAME.get(name.trim().replaceAll('\u03bc', '\u00b5'));
}
