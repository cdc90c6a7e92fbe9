import { fieldRows } from './classes.ts';
import { type FieldRow, isOpaque, type TedsField } from './field.ts';
import { isFields, type Teds } from './teds.ts';
import { encodeTuples } from './tuples.ts';

/** A field and where it is in the octets of its TEDS. */
export interface FieldPlace {
  readonly field: TedsField;
  /** Undefined for a field that nobody knows. */
  readonly row: FieldRow | undefined;
  /** As `sample.dataModel`; `field 200` for one without a name. */
  readonly path: string;
  /** Of its type, in the octets of the whole TEDS. */
  readonly offset: number;
  /** Type, length and value. */
  readonly octets: Uint8Array;
  /** Fields inside it, which are known; undefined where it has none. */
  readonly inside?: FieldPlaces | undefined;
}

/** Fields in the order of their octets, with what their rows are. */
export interface FieldPlaces {
  readonly rows: readonly FieldRow[];
  readonly fields: readonly FieldPlace[];
}

const LENGTH_OCTETS = 4;
const TYPE_OCTETS = 1;

/** Where each field of a TEDS is. @see IEEE 1451.0-2007 §8.1 */
export function tedsPlaces({ tedsClass, family, member, fields, tupleLength, lengthOctets }: Teds): FieldPlaces {
  const identificationOctets = 2 + (member === undefined ? 4 : 5);
  const place = {
    tupleLength: lengthOctets ?? tupleLength,
    offset: LENGTH_OCTETS + identificationOctets,
    path: '',
  };
  return placesOf(fields, fieldRows(tedsClass, family), place);
}

interface Place {
  readonly tupleLength: number;
  readonly offset: number;
  readonly path: string;
}

function placesOf(fields: readonly TedsField[], rows: readonly FieldRow[], place: Place): FieldPlaces {
  const { tupleLength } = place;
  let { offset } = place;
  const places = fields.map((field): FieldPlace => {
    const row = rows.find(({ type }) => type === field.type);
    const path = place.path + (field.name ?? `field ${field.type}`);
    const octets = encodeTuples([field], rows, tupleLength);
    const at = offset;
    offset += octets.length;
    const hasFields = !isOpaque(field) && row?.kind.rows && isFields(field.value);
    if (!hasFields) return { field, row, path, offset: at, octets };
    const first = { tupleLength, offset: at + TYPE_OCTETS + tupleLength, path: `${path}.` };
    return { field, row, path, offset: at, octets, inside: placesOf(field.value, row.kind.rows, first) };
  });
  return { rows, fields: places };
}
