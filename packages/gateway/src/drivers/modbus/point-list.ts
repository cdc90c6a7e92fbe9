import { type PointColumns, PointListError, parsePointTable } from '../point-table.ts';
import { checkPoints, type Point, pointSchema } from './config.ts';

/** A point is writable where the column `writable` says so; it is no key of its own. */
const COLUMNS: PointColumns = {
  plain: new Set([
    'name',
    'table',
    'address',
    'type',
    'bit',
    'length',
    'byteOrder',
    'wordOrder',
    'scale',
    'offset',
    'decimals',
    'unit',
    'pollGroup',
  ]),
  writable: new Set(['writable', 'label', 'description', 'min', 'max']),
  numbers: new Set(['address', 'bit', 'length', 'scale', 'offset', 'decimals', 'min', 'max']),
  marksWritable: 'writable',
};

/**
 * A register map from a table in CSV: the columns are the keys of a point, `writable` is yes or no.
 * @throws PointListError
 */
export function parseRegisterList(text: string, pollGroups: Readonly<Record<string, number>>): readonly Point[] {
  const rows = rowsOf(text);
  const points = rows.map(({ point }) => point);
  checkPoints(points, pollGroups, (index, _key, message) => {
    throw new PointListError(`line ${rows[index]?.line}: ${message}`);
  });
  return points;
}

/** As `parseRegisterList`, before anything is known of poll groups, and of other points. @throws PointListError */
export function parseRegisterRows(text: string): readonly Point[] {
  return rowsOf(text).map(({ point }) => point);
}

function rowsOf(text: string) {
  return parsePointTable(text, COLUMNS, pointSchema);
}
