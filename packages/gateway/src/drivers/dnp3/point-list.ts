import { checkNames, type Dnp3Point, dnp3PointSchema } from './config.ts';

/** A list of points that can't be used. The message names the line. */
export class PointListError extends Error {
  override readonly name = 'PointListError';
  readonly code = 'point-list';
}

/** Columns with numbers. */
const NUMBERS: ReadonlySet<string> = new Set(['index', 'scale', 'offset', 'decimals', 'min', 'max', 'onTimeMs']);
const PLAIN: ReadonlySet<string> = new Set(['name', 'kind', 'index', 'unit', 'scale', 'offset', 'decimals']);
const WRITABLE: ReadonlySet<string> = new Set([
  'label',
  'description',
  'min',
  'max',
  'command',
  'operation',
  'onTimeMs',
  'type',
]);
const MAX_POINTS = 100_000;

/**
 * Points from a table in CSV (RFC 4180) with a line of column names. A point with a `command` is writable. Lines that begin with # are left
 * out.
 * @throws PointListError
 */
export function parsePointList(text: string): readonly Dnp3Point[] {
  const [head, ...rows] = parseCsv(text);
  if (!head) throw new PointListError('the list is empty: its first line has the names of the columns');
  const columns = head.cells.map((name) => name.trim());
  for (const column of columns) {
    if (column !== 'types' && !PLAIN.has(column) && !WRITABLE.has(column)) {
      const known = [...PLAIN, 'types', ...WRITABLE].join(', ');
      throw new PointListError(`line ${head.line}: there is no column "${column}" (there are: ${known})`);
    }
  }
  if (rows.length > MAX_POINTS) throw new PointListError(`the list has ${rows.length} points: ${MAX_POINTS} at most`);
  const points = rows.map(({ cells, line }): Dnp3Point => {
    if (cells.length > columns.length) {
      throw new PointListError(`line ${line}: ${cells.length} cells for ${columns.length} columns`);
    }
    const result = dnp3PointSchema.safeParse(pointOf(columns, cells, line));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw new PointListError(`line ${line}: ${issue?.path.join('.')}: ${issue?.message}`);
  });
  checkNames(points, (index, message) => {
    throw new PointListError(`line ${rows[index]?.line}: ${message}`);
  });
  return points;
}

function pointOf(columns: readonly string[], cells: readonly string[], line: number): Record<string, unknown> {
  const point: Record<string, unknown> = {};
  const writable: Record<string, unknown> = {};
  for (const [i, column] of columns.entries()) {
    const cell = (cells[i] ?? '').trim();
    if (cell === '') continue;
    if (column === 'types') point.types = cell.split(/[\s|]+/);
    else (WRITABLE.has(column) ? writable : point)[column] = NUMBERS.has(column) ? numberOf(cell, column, line) : cell;
  }
  return 'command' in writable ? { ...point, writable } : point;
}

function numberOf(text: string, column: string, line: number): number {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new PointListError(`line ${line}: ${column}: "${text}" is no number`);
}

interface Row {
  readonly cells: readonly string[];
  /** Where it begins, from 1. */
  readonly line: number;
}

/** @see RFC 4180 §2 */
function parseCsv(text: string): readonly Row[] {
  const rows: Row[] = [];
  let line = 1;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  while (at < text.length) {
    const start = line;
    const cells: string[] = [];
    for (let isMore = true; isMore; ) {
      let cell = '';
      if (text[at] === '"') {
        const from = line;
        for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
          if (at >= text.length) throw new PointListError(`line ${from}: a quotation mark is never closed`);
          if (text[at] === '"') at++;
          if (text[at] === '\n') line++;
          cell += text[at];
        }
        at++;
      }
      const end = text.slice(at).search(/[,\r\n]|$/) + at;
      cell += text.slice(at, end);
      at = end;
      cells.push(cell);
      isMore = text[at] === ',';
      if (isMore) at++;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    const isEmpty = cells.length === 1 && cells[0]?.trim() === '';
    if (!isEmpty && !cells[0]?.startsWith('#')) rows.push({ cells, line: start });
  }
  return rows;
}
