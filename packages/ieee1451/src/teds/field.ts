import type { PhysicalUnits } from '../units.ts';

/** What a field of a TEDS holds, as its row says. Floats that are no number are NaN. */
export type TedsValue = number | boolean | string | readonly (string | number)[] | PhysicalUnits | readonly TedsField[];

/** A field that was understood. */
export interface KnownField {
  readonly type: number;
  readonly name: string;
  readonly value: TedsValue;
}

/** A field that is carried as it is: not known, not as its row says, or not written as we would write the same value. */
export interface OpaqueField {
  readonly type: number;
  readonly name?: string | undefined;
  readonly octets: Uint8Array;
  /** Why it was not understood, where it has a row. */
  readonly problem?: string | undefined;
}

/** One type, length and value. */
export type TedsField = KnownField | OpaqueField;

export function isOpaque(field: TedsField): field is OpaqueField {
  return 'octets' in field;
}

/** What the row of a field says. */
export interface FieldRow {
  /** Octet in front of the value. */
  readonly type: number;
  /** As the standard calls it, in one word. */
  readonly name: string;
  readonly kind: ValueKind;
  /** Unit of the number: of the UCUM, or `channel` for that of the TransducerChannel. */
  readonly unit?: string;
  /** A TEDS without it says too little to be used. */
  readonly required?: boolean;
  /** May be there more than once. */
  readonly repeated?: boolean;
}

/** How values of a kind are written. */
export interface ValueKind {
  /** What is expected, for errors. */
  readonly expected: string;
  /** Fields inside this one. */
  readonly rows?: readonly FieldRow[];
  /** Physical units. */
  readonly units?: boolean;
  /** @throws Ieee1451Error for octets that are no such value */
  decode(octets: Uint8Array, tupleLength: number): TedsValue;
  /** @throws Ieee1451Error for what does not fit */
  encode(value: TedsValue, what: string, tupleLength: number): Uint8Array;
  /** The value somebody wrote down; undefined when it is none. Fields and units have forms of their own. */
  parse(text: string): TedsValue | undefined;
}
