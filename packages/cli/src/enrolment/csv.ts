/** A row of a CSV file. */
export interface CsvRow {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A file that is no CSV: says where, and why. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
  readonly code = 'csv';
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

/**
 * Rows of comma-separated values; where the first row has semicolons and no commas, of those, as some spreadsheets write them. Empty lines
 * are left out.
 * @throws CsvError
 * @see RFC 4180
 */
export function parseCsv(given: string): readonly CsvRow[] {
  const text = given.replace(/^\uFEFF/, '');
  const [first = ''] = text.split(/\r?\n/, 1);
  const separator = first.includes(';') && !first.includes(',') ? ';' : ',';
  const rows: CsvRow[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const row = { line, cells: [] as string[] };
    for (let isRowOpen = true; isRowOpen; ) {
      const cell = text[at] === '"' ? quoted(text, at, line) : plain(text, at, separator, line);
      row.cells.push(cell.text);
      line += cell.lines;
      at = cell.end;
      if (text[at] === separator) at++;
      else if (at < text.length && !/[\r\n]/.test(text[at] as string)) {
        throw new CsvError(line, `a quoted value ends, and is followed by ${JSON.stringify(text[at])}`);
      } else isRowOpen = false;
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    line++;
    if (row.cells.length > 1 || row.cells[0] !== '') rows.push(row);
  }
  return rows;
}

/** Rows as CSV; what needs quotes has them. @see RFC 4180 §2 */
export function formatCsv(rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => (/[",;\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.length === 1 && row[0] === '' ? '""' : row.map(cell).join(',')}\r\n`).join('');
}

interface Cell {
  readonly text: string;
  /** Index of what comes after it. */
  readonly end: number;
  /** Ends of lines within it. */
  readonly lines: number;
}

function plain(text: string, start: number, separator: string, line: number): Cell {
  let end = start;
  while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++;
  const cell = text.slice(start, end);
  if (cell.includes('"')) throw new CsvError(line, `a value with a quotation mark is quoted as a whole: ${cell}`);
  return { text: cell, end, lines: 0 };
}

function quoted(text: string, start: number, line: number): Cell {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] !== '"') value += text[at];
    else if (text[at + 1] === '"') {
      value += '"';
      at++;
    } else return { text: value, end: at + 1, lines: value.split('\n').length - 1 };
  }
  throw new CsvError(line, 'a quoted value does not end');
}
