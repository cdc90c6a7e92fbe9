import {
  BASE_UNITS,
  type BaseUnit,
  DERIVED_UNITS,
  type PhysicalUnits,
  unitsExpression,
  unitsToUcum,
} from '@thingward/ieee1451';

/** A unit of the SI, and what is measured in it. */
interface UnitWords {
  /** As it is written in print. */
  readonly symbol: string;
  readonly name: string;
  readonly quantity: string;
  /** Units with the same product, of which a TEDS can't tell it. */
  readonly others?: string;
}

/** @see The International System of Units (SI Brochure), 9th edition, tables 2 and 4 */
const BASE_WORDS: Readonly<Record<BaseUnit, UnitWords>> = {
  rad: { symbol: 'rad', name: 'radian', quantity: 'plane angle' },
  sr: { symbol: 'sr', name: 'steradian', quantity: 'solid angle' },
  m: { symbol: 'm', name: 'metre', quantity: 'length' },
  kg: { symbol: 'kg', name: 'kilogram', quantity: 'mass' },
  s: { symbol: 's', name: 'second', quantity: 'time' },
  A: { symbol: 'A', name: 'ampere', quantity: 'electric current' },
  K: { symbol: 'K', name: 'kelvin', quantity: 'thermodynamic temperature' },
  mol: { symbol: 'mol', name: 'mole', quantity: 'amount of substance' },
  cd: { symbol: 'cd', name: 'candela', quantity: 'luminous intensity' },
};

/** By their UCUM symbol. @see The International System of Units (SI Brochure), 9th edition, table 4 */
const DERIVED_WORDS: Readonly<Record<string, UnitWords>> = {
  N: { symbol: 'N', name: 'newton', quantity: 'force' },
  Pa: { symbol: 'Pa', name: 'pascal', quantity: 'pressure or stress' },
  J: { symbol: 'J', name: 'joule', quantity: 'energy', others: 'N·m (moment of force)' },
  W: { symbol: 'W', name: 'watt', quantity: 'power' },
  Hz: { symbol: 'Hz', name: 'hertz', quantity: 'frequency', others: 'Bq (activity of a radionuclide)' },
  C: { symbol: 'C', name: 'coulomb', quantity: 'electric charge' },
  V: { symbol: 'V', name: 'volt', quantity: 'electric potential difference' },
  F: { symbol: 'F', name: 'farad', quantity: 'capacitance' },
  Ohm: { symbol: 'Ω', name: 'ohm', quantity: 'electric resistance' },
  S: { symbol: 'S', name: 'siemens', quantity: 'electric conductance' },
  Wb: { symbol: 'Wb', name: 'weber', quantity: 'magnetic flux' },
  T: { symbol: 'T', name: 'tesla', quantity: 'magnetic flux density' },
  H: { symbol: 'H', name: 'henry', quantity: 'inductance' },
  lm: { symbol: 'lm', name: 'lumen', quantity: 'luminous flux' },
  lx: { symbol: 'lx', name: 'lux', quantity: 'illuminance' },
  kat: { symbol: 'kat', name: 'katal', quantity: 'catalytic activity' },
};

/** What the product means, by its interpretation. @see IEEE 1451.0-2007 table 3 */
const INTERPRETATIONS: Readonly<Record<string, string>> = {
  si: 'The value is in the unit itself.',
  ratio: 'The value is a ratio of two quantities in this unit, and has none itself.',
  log10: 'The value is the decimal logarithm of a quantity in this unit.',
  'log10-ratio': 'The value is the decimal logarithm of a ratio of two quantities in this unit.',
  digital: 'The value is digital data: it counts or encodes, and measures nothing.',
  arbitrary: 'The value is on a scale of its own, that only its maker knows.',
};

/** One factor of a product of powers. */
export interface UnitPower {
  readonly symbol: string;
  readonly name: string;
  readonly quantity: string;
  readonly exponent: number;
}

/** Units of a TEDS in the words of a person. */
export interface ExplainedUnits {
  /** What is written behind a value; the expression where no unit can be. */
  readonly text: string;
  /** Undefined where the UCUM has no words for it. */
  readonly ucum: string | undefined;
  /** Those that multiply first, then those that divide; without those to the power of nought. */
  readonly powers: readonly UnitPower[];
  /** The product as it is printed: `kg·m⁻¹·s⁻²`; `1` where it is empty. */
  readonly product: string;
  /** The name that the product has. */
  readonly derived: { readonly symbol: string; readonly name: string; readonly quantity: string } | undefined;
  /** Sentences: what it means, what it is not told from, what says more. */
  readonly notes: readonly string[];
}

/** Says what units are: the product of powers, its name, its meaning. */
export function explainUnits(units: PhysicalUnits): ExplainedUnits {
  const { interpretation = 'si', exponents, extension } = units;
  const powers = BASE_UNITS.flatMap((unit) => {
    const exponent = exponents[unit] ?? 0;
    return exponent === 0 ? [] : [{ ...BASE_WORDS[unit], exponent }];
  }).sort((a, b) => Math.sign(b.exponent) - Math.sign(a.exponent));
  const derived = derivedOf(units);
  const ucum = unitsToUcum(units);
  const meaning = INTERPRETATIONS[interpretation] ?? `Interpretation ${interpretation} is not one of the standard’s.`;
  const isPlain = powers.length === 0 && interpretation === 'si';
  return {
    text: ucum ?? unitsExpression(units),
    ucum,
    powers,
    product: productText(powers),
    derived,
    notes: [
      isPlain ? 'The value has the unit one: it is a plain number.' : meaning,
      ...(derived?.others === undefined ? [] : [`${derived.others} has the same product; a TEDS can’t tell them.`]),
      ...(ucum === undefined && interpretation !== 'digital'
        ? ['The UCUM has no words for it: it is written as a product.']
        : []),
      ...(extension === undefined ? [] : [`The TEDS with access code ${extension} says more about it.`]),
    ],
  };
}

function derivedOf({ interpretation = 'si', exponents }: PhysicalUnits): UnitWords | undefined {
  if (interpretation === 'digital' || interpretation === 'arbitrary') return undefined;
  const found = DERIVED_UNITS.find(([, product]) =>
    BASE_UNITS.every((unit) => (product[unit] ?? 0) === (exponents[unit] ?? 0)),
  );
  return found && DERIVED_WORDS[found[0]];
}

function productText(powers: readonly UnitPower[]): string {
  return powers.map(({ symbol, exponent }) => symbol + powerText(exponent)).join('·') || '1';
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** `²`, `⁻¹`, `^0.5`; nothing for one. */
export function powerText(exponent: number): string {
  if (exponent === 1) return '';
  if (!Number.isInteger(exponent)) return `^${exponent}`;
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return exponent < 0 ? `⁻${digits}` : digits;
}
