import type { Table } from './codec.ts';
import { layOut, type PlacedCell } from './layout.ts';

/** Between columns. */
const GAP = 2;
const WIDE =
  /\p{Script=Hangul}|\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Emoji_Presentation}|[\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;
const ZERO = /\p{M}|\p{Cf}/u;

/** Columns that a text takes up in a fixed-width font. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += ZERO.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/**
 * A table as lines of text in a fixed-width font: for those who can't show tables, and for terminals. Of a cell that is wider or higher than
 * what it spans, the last column or row is made to fit.
 * @see XEP-0000: Tables §3.2, §5.6
 */
export function tableText(table: Table): string {
  const { columns, rows, cells } = layOut(table);
  const contents = new Map(cells.map((placed) => [placed, linesOf(placed.cell.text)]));
  const linesIn = (placed: PlacedCell) => contents.get(placed) as readonly string[];
  const widths = sizes(columns, cells, {
    start: ({ column }) => column,
    span: ({ colSpan }) => colSpan,
    needed: (placed) => Math.max(...linesIn(placed).map(textWidth)),
    gap: GAP,
  });
  const heights = sizes(rows, cells, {
    start: ({ row }) => row,
    span: ({ rowSpan }) => rowSpan,
    needed: (placed) => linesIn(placed).length,
    gap: 0,
  });
  const canvas = heights.flatMap((height) => Array.from({ length: Math.max(1, height) }, (): Piece[] => []));
  const tops = starts(
    heights.map((height) => Math.max(1, height)),
    0,
  );
  const lefts = starts(widths, GAP);
  for (const placed of cells) {
    const { row, column, rowSpan, colSpan, format } = placed;
    const lines = linesIn(placed);
    const height = sum(heights.slice(row, row + rowSpan).map((one) => Math.max(1, one)));
    const width = sum(widths.slice(column, column + colSpan)) + GAP * (colSpan - 1);
    const top = (tops[row] as number) + offset(format.valign, height - lines.length);
    for (const [i, line] of lines.entries()) {
      const left = (lefts[column] as number) + offset(format.halign, width - textWidth(line));
      canvas[top + i]?.push({ left, text: line });
    }
  }
  return canvas.map(lineOf).join('\n');
}

interface Piece {
  readonly left: number;
  readonly text: string;
}

function lineOf(pieces: readonly Piece[]): string {
  let line = '';
  let width = 0;
  for (const { left, text } of [...pieces].sort((a, b) => a.left - b.left)) {
    line += ' '.repeat(Math.max(0, left - width)) + text;
    width = Math.max(left, width) + textWidth(text);
  }
  return line.trimEnd();
}

/** How large each column, or row, has to be. Those within one come first, so that spans find what is there already. */
function sizes(
  length: number,
  cells: readonly PlacedCell[],
  options: {
    readonly start: (placed: PlacedCell) => number;
    readonly span: (placed: PlacedCell) => number;
    readonly needed: (placed: PlacedCell) => number;
    readonly gap: number;
  },
): number[] {
  const { start, span, needed, gap } = options;
  const result = new Array<number>(length).fill(0);
  for (const placed of [...cells].sort((a, b) => span(a) - span(b))) {
    const first = start(placed);
    const last = first + span(placed) - 1;
    const others = sum(result.slice(first, last)) + gap * (last - first);
    result[last] = Math.max(result[last] ?? 0, needed(placed) - others);
  }
  return result;
}

function starts(lengths: readonly number[], gap: number): number[] {
  let at = 0;
  return lengths.map((length) => {
    const start = at;
    at += length + gap;
    return start;
  });
}

function offset(align: 'Left' | 'Right' | 'Center' | 'Top' | 'Bottom' | undefined, free: number): number {
  if (align === 'Center') return Math.floor(Math.max(0, free) / 2);
  return align === 'Right' || align === 'Bottom' ? Math.max(0, free) : 0;
}

/** Lines of a cell; a tab or another control character would upset the columns. */
function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).map((line) => line.replace(/\p{Cc}/gu, ' '));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
