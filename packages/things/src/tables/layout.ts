import type { Table, TableCell, TableFormat } from './codec.ts';

/** Nobody shows more; a span that claims more is as wide as this. */
const MAX_COLUMNS = 1000;

/** A cell where it is in the grid, with the format it has. */
export interface PlacedCell {
  readonly cell: TableCell;
  /** From 0, of its upper left corner. */
  readonly row: number;
  readonly column: number;
  /** Within the table. */
  readonly colSpan: number;
  readonly rowSpan: number;
  readonly format: TableFormat;
}

export interface TableLayout {
  readonly columns: number;
  readonly rows: number;
  /** Row by row, from the left. */
  readonly cells: readonly PlacedCell[];
}

/**
 * Places the cells of a table in its grid: each goes to the first place in its row that no other takes up. What overlaps all the same, or
 * reaches beyond the table, is cut off.
 * @see XEP-0000: Tables §5.1, §5.6
 */
export function layOut(table: Table): TableLayout {
  const { rows } = table;
  const placed: PlacedCell[] = [];
  /** By column, the row from which on it is free. */
  const freeFrom: number[] = [];
  const isFree = (row: number, column: number) => (freeFrom[column] ?? 0) <= row;
  for (const [row, { cells, ...rowFormat }] of rows.entries()) {
    let column = 0;
    for (const cell of cells) {
      while (column < MAX_COLUMNS && !isFree(row, column)) column++;
      if (column >= MAX_COLUMNS) break;
      const rowSpan = Math.min(cell.rowSpan ?? 1, rows.length - row);
      const wanted = Math.min(cell.colSpan ?? 1, MAX_COLUMNS - column);
      let colSpan = 0;
      while (colSpan < wanted && isFree(row, column + colSpan)) {
        freeFrom[column + colSpan] = row + rowSpan;
        colSpan++;
      }
      const format = combined(table, table.columns[column], rowFormat, cell);
      placed.push({ cell, row, column, colSpan, rowSpan, format });
      column += colSpan;
    }
  }
  const columns = Math.min(MAX_COLUMNS, Math.max(freeFrom.length, table.columns.length));
  return { columns, rows: rows.length, cells: placed };
}

/** What comes later counts more. @see XEP-0000: Tables §3.4 */
function combined(...formats: readonly (TableFormat | undefined)[]): TableFormat {
  const pick = <Name extends keyof TableFormat>(name: Name): TableFormat[Name] =>
    formats.findLast((format) => format?.[name] !== undefined)?.[name];
  return {
    halign: pick('halign') ?? 'Left',
    valign: pick('valign') ?? 'Top',
    fgColor: pick('fgColor'),
    bgColor: pick('bgColor'),
    fontName: pick('fontName'),
    fontSizeMultiplier: pick('fontSizeMultiplier'),
    bold: pick('bold'),
    italics: pick('italics'),
    underline: pick('underline'),
    strikeThrough: pick('strikeThrough'),
  };
}
