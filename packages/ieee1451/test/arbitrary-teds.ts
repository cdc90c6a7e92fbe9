import fc from 'fast-check';
import { encodeTeds, type Teds } from '../src/index.ts';
import { fieldRows } from '../src/teds/classes.ts';
import type { FieldRow, TedsField } from '../src/teds/field.ts';

const octets = (most: number) => fc.uint8Array({ maxLength: most });

/** Octets of sizes that values of the row have. */
function valueOctets({ kind }: FieldRow): fc.Arbitrary<Uint8Array> {
  const sizes = Array.from({ length: 21 }, (_, size) => size).filter((size) => {
    try {
      kind.decode(new Uint8Array(size), 1);
      return true;
    } catch {
      return false;
    }
  });
  return fc
    .constantFrom(...sizes)
    .chain((size) => fc.uint8Array({ minLength: size, maxLength: size, max: size === 1 ? 7 : 255 }));
}

function tuple(type: number, value: Uint8Array, tupleLength: number): number[] {
  const length = Array.from({ length: tupleLength }, (_, i) => (i === tupleLength - 1 ? value.length : 0));
  return [type, ...length, ...value];
}

/** Octets for a row that are often understood. */
function fieldOctets(row: FieldRow, tupleLength: number): fc.Arbitrary<number[]> {
  const inner = row.kind.rows;
  const value = inner
    ? fc
        .array(
          fc.constantFrom(...inner).chain((child) => fieldOctets(child, tupleLength)),
          { maxLength: 3 },
        )
        .map((parts) => Uint8Array.from(parts.flat()))
        .filter((joined) => joined.length < 250)
    : row.kind.units
      ? fc.oneof(unitTuples(tupleLength), valueOctets(row))
      : valueOctets(row);
  return fc
    .oneof({ arbitrary: value, weight: 9 }, { arbitrary: octets(12), weight: 1 })
    .map((bytes) => tuple(row.type, bytes, tupleLength));
}

function unitTuples(tupleLength: number): fc.Arbitrary<Uint8Array> {
  return fc
    .uniqueArray(fc.integer({ min: 50, max: 61 }), { maxLength: 11 })
    .chain((types) =>
      fc.tuple(
        ...types
          .toSorted((a, b) => a - b)
          .map((type) => fc.nat(255).map((octet) => tuple(type, Uint8Array.of(octet), tupleLength))),
      ),
    )
    .map((parts) => Uint8Array.from(parts.flat()));
}

/** Octets of whole TEDS of every class and edition, with fields that are understood and fields that are not. */
export const TEDS_OCTETS: fc.Arbitrary<Uint8Array> = fc
  .record({
    tedsClass: fc.oneof(fc.constantFrom(1, 3, 12, 13), fc.nat(255)),
    family: fc.constantFrom(0, 5, 0x63),
    member: fc.option(fc.nat(255), { nil: undefined }),
    version: fc.nat(255),
    tupleLength: fc.integer({ min: 1, max: 4 }),
  })
  .chain((identification) => {
    const { tedsClass, family, tupleLength } = identification;
    const rows = fieldRows(tedsClass, family);
    const unknown = fc.tuple(fc.nat(255), octets(20)).map(([type, value]) => tuple(type, value, tupleLength));
    const known = rows.length === 0 ? unknown : fc.constantFrom(...rows).chain((row) => fieldOctets(row, tupleLength));
    const field = fc.oneof({ arbitrary: known, weight: 6 }, { arbitrary: unknown, weight: 1 });
    return fc.array(field, { maxLength: 12 }).map((fields) => {
      const { member } = identification;
      const head = [family, ...(member === undefined ? [] : [member]), tedsClass, identification.version, tupleLength];
      const block = [3, head.length, ...head, ...fields.flat()];
      const length = block.length + 2;
      const summed = [0, 0, length >> 8, length & 0xff, ...block];
      const checksum = 0xffff - (summed.reduce((sum, octet) => sum + octet, 0) % 65536);
      return Uint8Array.of(...summed, checksum >> 8, checksum & 0xff);
    });
  });

/** A TEDS of the edition of 2024 with these fields, as octets. */
export function tedsOctets(tedsClass: number, fields: readonly TedsField[], changes: Partial<Teds> = {}): Uint8Array {
  return encodeTeds({ family: 0, member: 0xff, tedsClass, version: 2, tupleLength: 1, fields, ...changes });
}
