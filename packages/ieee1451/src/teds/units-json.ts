import { BASE_UNITS, type BaseUnit } from '../base-units.ts';
import { Ieee1451Error } from '../error.ts';
import { interpretationCode, type PhysicalUnits, unitsFromUcum } from '../units.ts';

/**
 * Units of JSON: `{ "ucum": "m/s2" }`, or with `exponents`, and an `interpretation` other than `si`.
 * @throws Ieee1451Error `malformed-json`
 */
export function unitsFromJson(json: unknown, path: string): PhysicalUnits {
  if (typeof json === 'string') return fromUcum(json, path);
  if (typeof json !== 'object' || json === null) {
    throw new Ieee1451Error('malformed-json', `${path}.units is missing: expected { "ucum": "m/s2" } or exponents`);
  }
  const { form = 'packed', interpretation, exponents, extension, ucum } = json as Record<string, unknown>;
  if (exponents === undefined && typeof ucum === 'string') return fromUcum(ucum, path);
  if (form !== 'packed' && form !== 'tuples') throw unfit(`${path}.form`, form, 'packed or tuples');
  if (extension !== undefined && typeof extension !== 'number') throw unfit(`${path}.extension`, extension, '0 to 255');
  return {
    form,
    ...interpretationOf(interpretation, form, path),
    exponents: exponentsOf(exponents, path),
    ...(extension === undefined ? {} : { extension }),
  };
}

function interpretationOf(value: unknown, form: string, path: string): { interpretation?: string } {
  if (value === undefined) return form === 'packed' ? { interpretation: 'si' } : {};
  if (typeof value !== 'string') throw unfit(`${path}.interpretation`, value, 'a name');
  interpretationCode(value);
  return { interpretation: value };
}

function exponentsOf(json: unknown, path: string): Partial<Record<BaseUnit, number>> {
  if (typeof json !== 'object' || json === null) throw unfit(`${path}.exponents`, json, '{ "m": 1, "s": -2 }');
  const given: Record<string, unknown> = { ...json };
  for (const name of Object.keys(given)) {
    if (!BASE_UNITS.some((unit) => unit === name)) {
      throw unfit(`${path}.exponents`, name, `powers of ${BASE_UNITS.join(', ')}`);
    }
  }
  return Object.fromEntries(
    BASE_UNITS.flatMap((unit) => {
      const exponent = given[unit];
      if (exponent === undefined) return [];
      if (typeof exponent !== 'number') throw unfit(`${path}.exponents.${unit}`, exponent, 'a number');
      return [[unit, exponent]];
    }),
  );
}

function fromUcum(text: string, path: string): PhysicalUnits {
  try {
    return unitsFromUcum(text);
  } catch (cause) {
    if (!(cause instanceof Ieee1451Error)) throw cause;
    throw new Ieee1451Error('malformed-json', cause.reason, { path, cause });
  }
}

function unfit(path: string, value: unknown, expected: string): Ieee1451Error {
  return new Ieee1451Error('malformed-json', `${path} is ${JSON.stringify(value)}: expected ${expected}`, { path });
}
