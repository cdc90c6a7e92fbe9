/** A structure: the number of the node that says it is encoded in binary (namespace 0), and its fields in order. */
export interface StructureRow<Fields extends Readonly<Record<string, string>> = Readonly<Record<string, string>>> {
  readonly encodingId: number;
  /** Types by name: of a built-in type, an enumeration or a structure, with `[]` for arrays of it. */
  readonly fields: Fields;
}

export function row<const Fields extends Readonly<Record<string, string>>>(
  encodingId: number,
  fields: Fields,
): StructureRow<Fields> {
  return { encodingId, fields };
}
