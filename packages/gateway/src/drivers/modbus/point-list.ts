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
  const rows = parsePointTable(text, COLUMNS, pointSchema);
  const points = rows.map(({ point }) => point);
  checkPoints(points, pollGroups, (index, _key, message) => {
    throw new PointListError(`line ${rows[index]?.line}: ${message}`);
  });
  return points;
}
