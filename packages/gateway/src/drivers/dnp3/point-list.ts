import { type PointColumns, PointListError, parsePointTable } from '../point-table.ts';
import { checkNames, type Dnp3Point, dnp3PointSchema } from './config.ts';

const COLUMNS: PointColumns = {
  plain: new Set(['name', 'kind', 'index', 'unit', 'scale', 'offset', 'decimals']),
  writable: new Set(['label', 'description', 'min', 'max', 'command', 'operation', 'onTimeMs', 'type']),
  numbers: new Set(['index', 'scale', 'offset', 'decimals', 'min', 'max', 'onTimeMs']),
  marksWritable: 'command',
};

/** Points of an outstation from a table in CSV. One with a `command` is writable. @throws PointListError */
export function parsePointList(text: string): readonly Dnp3Point[] {
  const rows = parsePointTable(text, COLUMNS, dnp3PointSchema);
  const points = rows.map(({ point }) => point);
  checkNames(points, (index, message) => {
    throw new PointListError(`line ${rows[index]?.line}: ${message}`);
  });
  return points;
}
