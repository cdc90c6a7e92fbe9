import type { OctetReader, OctetWriter } from './octets.ts';

/** A type whose values are written in one piece of text: an attribute, or an item of a list. */
export interface Scalar<Value> {
  readonly name: string;
  read(reader: OctetReader): Value;
  // Methods, so that scalars of all values fit into one table: what is written is of the type.
  write(writer: OctetWriter, value: Value): void;
  /** @returns undefined for what is meant where there is no attribute */
  format(value: Value): string | undefined;
  /** @returns undefined for what is no such text */
  parse(text: string): Value | undefined;
  /** What is meant where there is no attribute; undefined where there must be one. */
  readonly absent?: Value;
  /** Can many stand in one text, with spaces between? */
  readonly isListed: boolean;
  /** The simple type of the schema. */
  readonly schemaType: string;
  /** For errors. */
  readonly expected: string;
}
