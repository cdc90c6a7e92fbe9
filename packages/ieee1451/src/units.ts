import { BASE_UNITS, type BaseUnit, type Exponents } from './base-units.ts';
import { DERIVED_UNITS } from './derived-units.ts';
import { type CodeNames, codeOf, nameOf } from './enumeration.ts';
import { Ieee1451Error } from './error.ts';

/** What the product of the base units means. @see IEEE 1451.0-2007 table 3 */
export const UNIT_INTERPRETATIONS: CodeNames = {
  0: 'si',
  1: 'ratio',
  2: 'log10',
  3: 'log10-ratio',
  4: 'digital',
  5: 'arbitrary',
};

/**
 * Physical units as a TEDS holds them. `packed` are ten octets, or eleven with that of the extension; `tuples` are fields of their own,
 * and only the exponents that are written down are there, noughts as well.
 */
export interface PhysicalUnits {
  readonly form: 'packed' | 'tuples';
  /** A name of `UNIT_INTERPRETATIONS`, or the number of another; there may be none in tuples. */
  readonly interpretation?: string | undefined;
  readonly exponents: Exponents;
  /** Access code of the TEDS that says more about the unit. */
  readonly extension?: number | undefined;
}

/** @throws Ieee1451Error for what is no multiple of a half from -64 to 63.5 */
export function exponentOctet(exponent: number, unit: BaseUnit): number {
  const octet = 2 * exponent + 128;
  if (Number.isInteger(octet) && octet >= 0 && octet <= 255) return octet;
  throw new Ieee1451Error('limit-exceeded', `power of ${unit} of ${exponent}: halves from -64 to 63.5 are allowed`);
}

export function exponentOf(octet: number): number {
  return (octet - 128) / 2;
}

/** @throws Ieee1451Error for an interpretation that has no code */
export function interpretationCode(name: string): number {
  const code = codeOf(UNIT_INTERPRETATIONS, name);
  if (code !== undefined) return code;
  const known = Object.values(UNIT_INTERPRETATIONS).join(', ');
  throw new Ieee1451Error('limit-exceeded', `interpretation of units "${name}": ${known}, or 0 to 255 are allowed`);
}

export function interpretationName(code: number): string {
  return nameOf(UNIT_INTERPRETATIONS, code);
}

/**
 * Units in words of the SI: `kg·m^-1·s^-2`, `log10(V/V)` where the unit has a name. Half powers are written `Hz^0.5`-like, with their digits.
 */
export function unitsExpression({ interpretation, exponents }: PhysicalUnits): string {
  const product = ucumProduct(exponents) ?? siProduct(exponents);
  const whole = /[./·]/.test(product) ? `(${product})` : product;
  switch (interpretation) {
    case 'si':
      return product;
    case 'ratio':
      return `${whole}/${whole}`;
    case 'log10':
      return `log10(${product})`;
    case 'log10-ratio':
      return `log10(${whole}/${whole})`;
    case 'digital':
      return 'digital data';
    case 'arbitrary':
      return 'arbitrary units';
    default:
      return interpretation === undefined ? product : `interpretation ${interpretation} of ${product}`;
  }
}

/**
 * Units as UCUM writes them: `K`, `m/s2`, `Pa`. Undefined for those UCUM has no word for: half powers, logarithms, digital data.
 * @see https://ucum.org/ucum
 */
export function unitsToUcum({ interpretation = 'si', exponents }: PhysicalUnits): string | undefined {
  if (interpretation === 'arbitrary') return "[arb'U]";
  if (interpretation !== 'si' && interpretation !== 'ratio') return undefined;
  const product = ucumProduct(exponents);
  if (product === undefined || interpretation === 'si' || product === '1') return product;
  return product.includes('/') || product.includes('.') ? `(${product})/(${product})` : `${product}/${product}`;
}

/**
 * The units of UCUM text that is a product of units without factors. @returns packed, with interpretation `si`
 * @throws Ieee1451Error `malformed-units`
 */
export function unitsFromUcum(text: string): PhysicalUnits {
  const exponents: Partial<Record<BaseUnit, number>> = {};
  for (const match of terms(text)) {
    const { operator, symbol, power } = match;
    const unit = UNITS_BY_SYMBOL.get(symbol);
    if (!unit) throw unknownUnit(symbol, text);
    const times = (operator === '/' ? -1 : 1) * power;
    for (const [base, exponent] of entries(unit)) exponents[base] = (exponents[base] ?? 0) + exponent * times;
  }
  const written = Object.fromEntries(entries(exponents).filter(([, exponent]) => exponent !== 0)) as Exponents;
  for (const [base, exponent] of entries(written)) exponentOctet(exponent, base);
  return { form: 'packed', interpretation: 'si', exponents: written };
}

interface Term {
  readonly operator: string;
  readonly symbol: string;
  readonly power: number;
}

function terms(text: string): Term[] {
  if (text === '1') return [];
  if (text.length > 200 || !/^\/?[^./]+([./][^./]+)*$/.test(text)) throw notUcum(text);
  return [...text.matchAll(/([./]?)([^./]+)/g)].flatMap(([, operator = '', term = '']) => {
    if (term === '1' && operator === '') return [];
    const parts = /^([A-Za-z]+)([+-]?\d{1,2})?$/.exec(term);
    if (!parts) throw unknownUnit(term, text);
    return [{ operator, symbol: parts[1] ?? '', power: Number(parts[2] ?? 1) }];
  });
}

function notUcum(text: string): Ieee1451Error {
  return new Ieee1451Error('malformed-units', `"${text}" is no unit: units are written like m/s2, kg.m2/s3 or Pa`);
}

function unknownUnit(symbol: string, text: string): Ieee1451Error {
  const hint = FACTORS.test(symbol)
    ? 'a TEDS holds no factors or offsets, only products of SI units'
    : `there are ${[...UNITS_BY_SYMBOL.keys()].join(', ')}`;
  return new Ieee1451Error('malformed-units', `"${symbol}" in "${text}" is no unit of a TEDS: ${hint}`);
}

/** Prefixed, or units that differ from an SI unit by a factor or an offset. */
const FACTORS = /^(\d.*|Cel|\[.*|%|g|[GMkhdcmunp].+)$/;

const UNITS_BY_SYMBOL: ReadonlyMap<string, Exponents> = new Map<string, Exponents>([
  ...BASE_UNITS.map((unit) => [unit, { [unit]: 1 }] as const),
  ...DERIVED_UNITS,
]);

/** Undefined when a power is no integer. */
function ucumProduct(exponents: Exponents): string | undefined {
  const powers = entries(exponents).filter(([, exponent]) => exponent !== 0);
  if (powers.some(([, exponent]) => !Number.isInteger(exponent))) return undefined;
  const named = DERIVED_UNITS.find(([, unit]) => sameProduct(unit, exponents));
  if (named) return named[0];
  const above = powers.filter(([, exponent]) => exponent > 0).map(([unit, e]) => unit + (e === 1 ? '' : e));
  const below = powers.filter(([, exponent]) => exponent < 0);
  if (above.length === 0) return below.map(([unit, e]) => `${unit}${e}`).join('.') || '1';
  return above.join('.') + below.map(([unit, e]) => `/${unit}${e === -1 ? '' : -e}`).join('');
}

function siProduct(exponents: Exponents): string {
  const powers = entries(exponents).filter(([, exponent]) => exponent !== 0);
  return powers.map(([unit, exponent]) => (exponent === 1 ? unit : `${unit}^${exponent}`)).join('·') || '1';
}

function sameProduct(a: Exponents, b: Exponents): boolean {
  return BASE_UNITS.every((unit) => (a[unit] ?? 0) === (b[unit] ?? 0));
}

/** In the order of the octets. */
function entries(exponents: Exponents): [BaseUnit, number][] {
  return BASE_UNITS.flatMap((unit) => {
    const exponent = exponents[unit];
    return exponent === undefined ? [] : [[unit, exponent] as [BaseUnit, number]];
  });
}
