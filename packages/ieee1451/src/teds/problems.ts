import { tedsClassName } from './classes.ts';
import { isOpaque } from './field.ts';
import { type FieldPlaces, tedsPlaces } from './places.ts';
import { type Teds, tedsValue } from './teds.ts';

/** Something in a TEDS that its reader should know of. The TEDS can be decoded and encoded all the same. */
export interface TedsProblem {
  /** Position in the octets of the whole TEDS; of what is missing there is none. */
  readonly offset?: number | undefined;
  /** The field, as `sample.dataModel`. */
  readonly path: string;
  readonly message: string;
}

/** Everything that is wrong or missing in a TEDS. */
export function tedsProblems(teds: Teds): readonly TedsProblem[] {
  const { tupleLength, lengthOctets = tupleLength } = teds;
  return [
    ...(teds.checksum === undefined ? [] : [{ path: 'checksum', message: 'is not that of the octets' }]),
    ...(lengthOctets === tupleLength
      ? []
      : [{ path: 'tupleLength', message: `is ${tupleLength}, and lengths have ${lengthOctets} octets` }]),
    ...problemsOf(tedsPlaces(teds), ''),
    ...limitProblems(teds),
  ];
}

/** One line for a problem. */
export function describeProblem({ offset, path, message }: TedsProblem): string {
  return `${path}: ${message}${offset === undefined ? '' : ` (at octet ${offset})`}`;
}

/** @param above path of the field they are in, with its dot */
function problemsOf({ rows, fields }: FieldPlaces, above: string): TedsProblem[] {
  const problems: TedsProblem[] = [];
  const seen = new Set<number>();
  for (const { field, row, path, offset, inside } of fields) {
    if (row && !row.repeated && seen.has(field.type)) problems.push({ offset, path, message: 'is there twice' });
    seen.add(field.type);
    if (isOpaque(field) && field.problem !== undefined) problems.push({ offset, path, message: field.problem });
    if (inside) problems.push(...problemsOf(inside, `${path}.`));
  }
  for (const { type, name, required } of rows) {
    if (required && !seen.has(type)) problems.push({ path: above + name, message: `is missing (type ${type})` });
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
