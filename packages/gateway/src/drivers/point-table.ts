import type { z } from 'zod';

/** A list of points that can't be used. The message names the line. */
export class PointListError extends Error {
  override readonly name = 'PointListError';
  readonly code = 'point-list';
}

/** The columns a list of points can have. */
export interface PointColumns {
  /** Keys of a point. */
  readonly plain: ReadonlySet<string>;
  /** Keys of what makes it writable. */
  readonly writable: ReadonlySet<string>;
  /** Which of them are numbers. */
  readonly numbers: ReadonlySet<string>;
  /** The column whose cell makes a point writable. */
  readonly marksWritable: string;
}

const TYPES = 'types';
const MAX_POINTS = 100_000;

/**
 * Points from a table in CSV (RFC 4180) with a line of column names. Lines that begin with # are left out; `types` has several, with
 * spaces between.
 * @returns the points, and the line of each
 * @throws PointListError
 */
export function parsePointTable<Schema extends z.ZodType>(
  text: string,
  columns: PointColumns,
  schema: Schema,
): readonly { readonly point: z.output<Schema>; readonly line: number }[] {
  const [head, ...rows] = parseCsv(text);
  if (!head) throw new PointListError('the list is empty: its first line has the names of the columns');
  const names = head.cells.map((name) => name.trim());
  for (const name of names) {
    if (name === TYPES || columns.plain.has(name) || columns.writable.has(name)) continue;
    const known = [...columns.plain, TYPES, ...columns.writable].join(', ');
    throw new PointListError(`line ${head.line}: there is no column "${name}" (there are: ${known})`);
  }
  if (rows.length > MAX_POINTS) throw new PointListError(`the list has ${rows.length} points: ${MAX_POINTS} at most`);
  return rows.map(({ cells, line }) => {
    if (cells.length > names.length) {
      throw new PointListError(`line ${line}: ${cells.length} cells for ${names.length} columns`);
    }
    const result = schema.safeParse(pointOf(names, columns, cells, line));
    if (result.success) return { point: result.data, line };
    const [issue] = result.error.issues;
    throw new PointListError(`line ${line}: ${issue?.path.join('.')}: ${issue?.message}`);
  });
}

function pointOf(
  names: readonly string[],
  columns: PointColumns,
  cells: readonly string[],
  line: number,
): Record<string, unknown> {
  const point: Record<string, unknown> = {};
  const writable: Record<string, unknown> = {};
  let isWritable = false;
  for (const [i, name] of names.entries()) {
    const cell = (cells[i] ?? '').trim();
    if (cell === '') continue;
    if (name === columns.marksWritable) isWritable = !/^(?:no|false|0)$/i.test(cell);
    if (name === 'writable') continue;
    if (name === TYPES) point.types = cell.split(/[\s|]+/);
    else if (columns.plain.has(name) || columns.writable.has(name)) {
      const value = columns.numbers.has(name) ? numberOf(cell, name, line) : cell;
      (columns.writable.has(name) ? writable : point)[name] = value;
    }
  }
  return isWritable ? { ...point, writable } : point;
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
