import { BASE_UNITS, type BaseUnit, type Exponents } from '../base-units.ts';
import { Ieee1451Error } from '../error.ts';
import { concatOctets, OctetReader, unsignedOctets } from '../octets.ts';
import {
  exponentOctet,
  exponentOf,
  interpretationCode,
  interpretationName,
  type PhysicalUnits,
  unitsFromUcum,
} from '../units.ts';
import type { TedsValue, ValueKind } from './field.ts';
import { unexpected } from './value-kinds.ts';

const PACKED_OCTETS = 1 + BASE_UNITS.length;
/** Types of the fields in units: the interpretation, the nine powers, the TEDS that says more. */
const INTERPRETATION = 50;
const EXTENSION = 60;

/** Physical units, packed or as fields of their own. @see IEEE 1451.0-2007 §4.11, §6.5.2.1 */
export const UNITS: ValueKind = {
  expected: 'units',
  units: true,
  decode: (octets, tupleLength) => (isPacked(octets) ? unpack(octets) : fromTuples(octets, tupleLength)),
  encode(value, what, tupleLength) {
    if (!isUnits(value)) throw unexpected(what, value, UNITS.expected);
    return value.form === 'packed' ? pack(value, what) : toTuples(value, what, tupleLength);
  },
  parse: (text) => {
    try {
      return unitsFromUcum(text);
    } catch (error) {
      if (error instanceof Ieee1451Error) return undefined;
      throw error;
    }
  },
};

export function isUnits(value: TedsValue): value is PhysicalUnits {
  return typeof value === 'object' && 'exponents' in value;
}

/** Fields have types from 50 on, and there is no such interpretation. */
function isPacked(octets: Uint8Array): boolean {
  return (octets.length === PACKED_OCTETS || octets.length === PACKED_OCTETS + 1) && (octets[0] ?? 0) < INTERPRETATION;
}

function unpack(octets: Uint8Array): PhysicalUnits {
  const exponents: Partial<Record<BaseUnit, number>> = {};
  for (const [i, unit] of BASE_UNITS.entries()) {
    const exponent = exponentOf(octets[i + 1] ?? 128);
    if (exponent !== 0) exponents[unit] = exponent;
  }
  const interpretation = interpretationName(octets[0] ?? 0);
  const extension = octets[PACKED_OCTETS];
  return { form: 'packed', interpretation, exponents, ...(extension === undefined ? {} : { extension }) };
}

function pack({ interpretation = 'si', exponents, extension }: PhysicalUnits, what: string): Uint8Array {
  return Uint8Array.of(
    interpretationCode(interpretation),
    ...BASE_UNITS.map((unit) => exponentOctet(exponents[unit] ?? 0, unit)),
    ...(extension === undefined ? [] : unsignedOctets(extension, 1, `${what}.extension`)),
  );
}

function fromTuples(octets: Uint8Array, tupleLength: number): PhysicalUnits {
  const reader = new OctetReader(octets, 'malformed-teds');
  const exponents: Partial<Record<BaseUnit, number>> = {};
  let interpretation: string | undefined;
  let extension: number | undefined;
  let last = 0;
  while (reader.remaining > 0) {
    const type = reader.unsigned(1, 'the type of a field of units');
    const length = reader.unsigned(tupleLength, 'a length in units');
    const [octet, ...others] = reader.bytes(length, 'a value in units');
    const unit = BASE_UNITS[type - INTERPRETATION - 1];
    if (octet === undefined || others.length > 0 || type <= last) {
      throw reader.error('units have fields of one octet, from 50 to 60 in this order');
    }
    last = type;
    if (type === INTERPRETATION) interpretation = interpretationName(octet);
    else if (type === EXTENSION) extension = octet;
    else if (unit) exponents[unit] = exponentOf(octet);
    else throw reader.error(`units have no field ${type}`);
  }
  return {
    form: 'tuples',
    ...(interpretation === undefined ? {} : { interpretation }),
    exponents,
    ...(extension === undefined ? {} : { extension }),
  };
}

function toTuples(
  { interpretation, exponents, extension }: PhysicalUnits,
  what: string,
  tupleLength: number,
): Uint8Array {
  const length = unsignedOctets(1, tupleLength, `the length in ${what}`);
  const tuple = (type: number, octet: number) => concatOctets([Uint8Array.of(type), length, Uint8Array.of(octet)]);
  return concatOctets([
    ...(interpretation === undefined ? [] : [tuple(INTERPRETATION, interpretationCode(interpretation))]),
    ...writtenPowers(exponents).map(([i, octet]) => tuple(INTERPRETATION + 1 + i, octet)),
    ...(extension === undefined ? [] : [tuple(EXTENSION, unsignedOctets(extension, 1, `${what}.extension`)[0] ?? 0)]),
  ]);
}

function writtenPowers(exponents: Exponents): [number, number][] {
  return BASE_UNITS.flatMap((unit, i) => {
    const exponent = exponents[unit];
    return exponent === undefined ? [] : [[i, exponentOctet(exponent, unit)] as [number, number]];
  });
}
