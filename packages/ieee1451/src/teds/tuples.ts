import { Ieee1451Error } from '../error.ts';
import { concatOctets, OctetReader, sameOctets, unsignedOctets } from '../octets.ts';
import { type FieldRow, isOpaque, type TedsField, type ValueKind } from './field.ts';
import { unexpected } from './value-kinds.ts';

/**
 * The types, lengths and values in octets. What a field can't be understood as is carried, so that `encodeTuples` gives the same octets.
 * @param tupleLength octets of each length
 * @param base where these octets begin in the TEDS, for errors
 * @throws Ieee1451Error `malformed-teds` where the lengths do not fit together
 * @see IEEE 1451.0-2007 §6.4
 */
export function decodeTuples(
  octets: Uint8Array,
  rows: readonly FieldRow[],
  tupleLength: number,
  base = 0,
): readonly TedsField[] {
  const reader = new OctetReader(octets, 'malformed-teds', base);
  const fields: TedsField[] = [];
  while (reader.remaining > 0) {
    const type = reader.unsigned(1, 'the type of a field');
    const row = rows.find((candidate) => candidate.type === type);
    const what = row?.name ?? `field ${type}`;
    const length = reader.unsigned(tupleLength, `the length of ${what}`);
    fields.push(fieldOf(type, row, reader.bytes(length, `the value of ${what}`), tupleLength));
  }
  return fields;
}

function fieldOf(type: number, row: FieldRow | undefined, octets: Uint8Array, tupleLength: number): TedsField {
  if (!row) return { type, octets };
  const { name, kind } = row;
  try {
    const value = kind.decode(octets, tupleLength);
    if (sameOctets(kind.encode(value, name, tupleLength), octets)) return { type, name, value };
    return { type, name, octets, problem: 'the value is not written in its usual form' };
  } catch (error) {
    if (!(error instanceof Ieee1451Error)) throw error;
    return { type, name, octets, problem: error.reason };
  }
}

/** @throws Ieee1451Error `limit-exceeded` for a value that does not fit, with the path of its field */
export function encodeTuples(
  fields: readonly TedsField[],
  rows: readonly FieldRow[],
  tupleLength: number,
  path = '',
): Uint8Array {
  const parts = fields.flatMap((field) => {
    const what = path + (field.name ?? `field ${field.type}`);
    const octets = valueOctets(field, rows, tupleLength, what);
    return [
      unsignedOctets(field.type, 1, `the type of ${what}`),
      unsignedOctets(octets.length, tupleLength, `the length of ${what}`),
      octets,
    ];
  });
  return concatOctets(parts);
}

function valueOctets(field: TedsField, rows: readonly FieldRow[], tupleLength: number, what: string): Uint8Array {
  if (isOpaque(field)) return field.octets;
  const row = rows.find(({ type }) => type === field.type);
  if (!row) throw new Ieee1451Error('limit-exceeded', `${what} is not known here: only its octets can be given`);
  return row.kind.encode(field.value, what, tupleLength);
}

/** Fields inside a field. */
export function structure(rows: readonly FieldRow[]): ValueKind {
  const expected = `fields: ${rows.map(({ name }) => name).join(', ')}`;
  return {
    expected,
    rows,
    decode: (octets, tupleLength) => decodeTuples(octets, rows, tupleLength),
    encode(value, what, tupleLength) {
      if (!Array.isArray(value)) throw unexpected(what, value, expected);
      return encodeTuples(value, rows, tupleLength, `${what}.`);
    },
    parse: () => undefined,
  };
}
