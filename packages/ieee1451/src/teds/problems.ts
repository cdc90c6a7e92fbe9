import { fieldRows, tedsClassName } from './classes.ts';
import { type FieldRow, isOpaque, type TedsField } from './field.ts';
import { isFields, type Teds, tedsValue } from './teds.ts';
import { encodeTuples } from './tuples.ts';

/** Something in a TEDS that its reader should know of. The TEDS can be decoded and encoded all the same. */
export interface TedsProblem {
  /** Position in the octets of the whole TEDS; of what is missing there is none. */
  readonly offset?: number | undefined;
  /** The field, as `sample.dataModel`. */
  readonly path: string;
  readonly message: string;
}

const LENGTH_OCTETS = 4;

/** Everything that is wrong or missing in a TEDS. */
export function tedsProblems(teds: Teds): readonly TedsProblem[] {
  const { tedsClass, family, member, fields, tupleLength, lengthOctets = tupleLength } = teds;
  const rows = fieldRows(tedsClass, family);
  const identificationOctets = 2 + (member === undefined ? 4 : 5);
  return [
    ...(teds.checksum === undefined ? [] : [{ path: 'checksum', message: 'is not that of the octets' }]),
    ...(lengthOctets === tupleLength
      ? []
      : [{ path: 'tupleLength', message: `is ${tupleLength}, and lengths have ${lengthOctets} octets` }]),
    ...problemsOf(fields, rows, { tupleLength: lengthOctets, offset: LENGTH_OCTETS + identificationOctets, path: '' }),
    ...limitProblems(teds),
  ];
}

/** One line for a problem. */
export function describeProblem({ offset, path, message }: TedsProblem): string {
  return `${path}: ${message}${offset === undefined ? '' : ` (at octet ${offset})`}`;
}

interface Place {
  readonly tupleLength: number;
  readonly offset: number;
  readonly path: string;
}

function problemsOf(fields: readonly TedsField[], rows: readonly FieldRow[], place: Place): TedsProblem[] {
  const problems: TedsProblem[] = [];
  const seen = new Set<number>();
  let { offset } = place;
  for (const field of fields) {
    const row = rows.find(({ type }) => type === field.type);
    const path = place.path + (field.name ?? `field ${field.type}`);
    if (row && !row.repeated && seen.has(field.type)) problems.push({ offset, path, message: 'is there twice' });
    seen.add(field.type);
    if (isOpaque(field)) {
      if (field.problem !== undefined) problems.push({ offset, path, message: field.problem });
    } else if (row?.kind.rows && isFields(field.value)) {
      const inside = { ...place, offset: offset + 1 + place.tupleLength, path: `${path}.` };
      problems.push(...problemsOf(field.value, row.kind.rows, inside));
    }
    offset += encodeTuples([field], rows, place.tupleLength).length;
  }
  for (const { type, name, required } of rows) {
    if (required && !seen.has(type)) problems.push({ path: place.path + name, message: `is missing (type ${type})` });
  }
  return problems;
}

function limitProblems(teds: Teds): TedsProblem[] {
  const low = tedsValue(teds, 'lowLimit');
  const high = tedsValue(teds, 'highLimit');
  if (typeof low !== 'number' || typeof high !== 'number' || !(low > high)) return [];
  return [{ path: 'lowLimit', message: `of ${low} is above the highLimit of ${high}` }];
}

/** What it is, in a line: `transducer-channel TEDS of 1451.0, version 2`. */
export function describeTeds({ tedsClass, family, version }: Teds): string {
  return `${tedsClassName(tedsClass)} TEDS of 1451.${family}, version ${version}`;
}
