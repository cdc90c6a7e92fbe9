import type { Field } from '../sensor-data/field.ts';
import { added, decimalText, divided, type Fraction, fractionOf, parseDecimal, subtracted } from './fraction.ts';
import { type Unit, unitNamed } from './units.ts';

/** More decimals than this are no measurement's. */
const MAX_DECIMALS = 60;

/**
 * A value in another unit of the same category, exact but for one rounding at the end. It has as many decimals as it needs to tell apart what
 * the value given could tell apart, and no more: 21.5 °C is 70.7 °F, 1500 m is 1.500 km.
 * @param text decimal text, as a field has it
 * @returns undefined where there is no such conversion: units that are not known or that measure different things, text that is no number
 */
export function convertUnit(text: string, from: string, to: string): string | undefined {
  const source = unitNamed(from);
  const target = unitNamed(to);
  const decimal = parseDecimal(text.trim());
  if (!source || !target || !decimal || source.category !== target.category) return undefined;
  const value = inReference(fractionOf(decimal), source);
  const converted = divided(subtracted(value, target.zero), target.size);
  const ratio = divided(source.size, target.size);
  const decimals = decimal.decimals + decimalsNeeded(ratio);
  return decimalText(converted, Math.min(MAX_DECIMALS, Math.max(0, decimals)));
}

function inReference(value: Fraction, { size, zero }: Unit): Fraction {
  return added(
    { numerator: value.numerator * size.numerator, denominator: value.denominator * size.denominator },
    zero,
  );
}

/** The least number of decimals (less than 0 for whole tens) whose step is no larger than the ratio. */
function decimalsNeeded({ numerator, denominator }: Fraction): number {
  let decimals = 0;
  let above = numerator;
  let below = denominator;
  while (above < below) {
    above *= 10n;
    decimals++;
  }
  while (above >= 10n * below) {
    below *= 10n;
    decimals--;
  }
  return decimals;
}

/** The field in another unit, where its value is a number in one of the same category; otherwise the field as it is. */
export function fieldInUnit(field: Field, unit: string): Field {
  const { value } = field;
  if (value.type !== 'numeric' || value.unit === unit) return field;
  const converted = convertUnit(value.value, value.unit, unit);
  return converted === undefined ? field : { ...field, value: { type: 'numeric', value: converted, unit } };
}
