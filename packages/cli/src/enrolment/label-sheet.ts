import encodeQR from 'qr';
import { CommandError } from '../errors.ts';

/** One label: a QR code, and text for people. */
export interface Label {
  readonly code: string;
  /** The first line is the largest. */
  readonly lines: readonly string[];
}

/** How labels are set on pages of A4. */
export interface LabelGrid {
  readonly columns: number;
  readonly rows: number;
}

const PAGE = { width: 210, height: 297 };
const MARGIN_MM = 8;
const PADDING_MM = 2;
/** Squares that a phone's camera can tell apart on a label. */
const MIN_MODULE_MM = 0.3;
/** Light squares around a code. @see ISO/IEC 18004 §6.3.8 */
const QUIET_ZONE = 4;
const LINE_MM = 3.6;
/** Width of a character, by the height of the letters. */
const CHARACTER = 0.55;

/** "3x8": columns and rows. @throws CommandError */
export function parseGrid(text: string): LabelGrid {
  const match = /^([1-9]\d?)x([1-9]\d?)$/.exec(text);
  const [columns, rows] = [Number(match?.[1]), Number(match?.[2])];
  if (match && columns <= 10 && rows <= 20) return { columns, rows };
  throw new CommandError(`"${text}" is no grid: write columns and rows, such as 3x8, at most 10x20`);
}

/** Pages of labels, as SVG in millimetres; to be printed at their size. @throws CommandError for codes too dense to be read */
export function* labelSheets(labels: readonly Label[], grid: LabelGrid): Generator<string> {
  const perPage = grid.columns * grid.rows;
  for (let start = 0; start < labels.length; start += perPage) yield sheet(labels.slice(start, start + perPage), grid);
}

/** A page that shows all sheets one after the other, each on a page of its own when it is printed. @param files beside it */
export function sheetIndex(title: string, files: readonly string[]): string {
  const images = files.map((file) => `<img src="${escaped(file)}" alt="">`).join('\n');
  return `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<style>@page { size: A4; margin: 0 } body { margin: 0 } img { display: block; width: 210mm; height: 297mm; break-after: page }</style>
${images}
</html>
`;
}

function sheet(labels: readonly Label[], { columns, rows }: LabelGrid): string {
  const width = (PAGE.width - 2 * MARGIN_MM) / columns;
  const height = (PAGE.height - 2 * MARGIN_MM) / rows;
  const drawn = labels.map((label, index) => {
    const x = MARGIN_MM + (index % columns) * width;
    const y = MARGIN_MM + Math.floor(index / columns) * height;
    return `<g transform="translate(${round(x)} ${round(y)})">${drawLabel(label, width, height)}</g>`;
  });
  const size = `width="${PAGE.width}mm" height="${PAGE.height}mm" viewBox="0 0 ${PAGE.width} ${PAGE.height}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="Helvetica, Arial, sans-serif">
<rect width="${PAGE.width}" height="${PAGE.height}" fill="#fff"/>
${drawn.join('\n')}
</svg>
`;
}

function drawLabel({ code, lines }: Label, width: number, height: number): string {
  const isWide = width > height * 1.4;
  const side = (isWide ? Math.min(height, width * 0.6) : Math.min(width, height * 0.7)) - 2 * PADDING_MM;
  const cut = `<rect width="${round(width)}" height="${round(height)}" fill="none" stroke="#bbb" stroke-width="0.1"/>`;
  const left = isWide ? side + 2 * PADDING_MM : PADDING_MM;
  const top = isWide ? PADDING_MM : side + 2 * PADDING_MM;
  const room = Math.max(4, Math.floor((width - left - PADDING_MM) / (LINE_MM * 0.7 * CHARACTER)));
  const fitting = Math.max(1, Math.floor((height - top - PADDING_MM) / LINE_MM));
  const text = lines.slice(0, fitting).map((line, index) => {
    const y = round(top + LINE_MM * (index + 0.8));
    const weight = index === 0 ? ' font-weight="bold"' : '';
    return `<text x="${round(left)}" y="${y}" font-size="${LINE_MM * 0.7}"${weight}>${escaped(shortened(line, room))}</text>`;
  });
  return `${cut}<g transform="translate(${PADDING_MM} ${PADDING_MM})">${drawCode(code, side, lines[0] ?? '')}</g>${text.join('')}`;
}

/** One path for all dark squares of a code, rows of them as one. */
function drawCode(code: string, side: number, of: string): string {
  const modules = encodeQR(code, 'raw', { ecc: 'medium', border: QUIET_ZONE });
  const size = side / modules.length;
  if (size < MIN_MODULE_MM) {
    const reason = `its squares would be ${size.toFixed(2)} mm wide, and less than ${MIN_MODULE_MM} mm can't be read`;
    throw new CommandError(
      `the code of ${of} is too dense for this grid: ${reason}. Use fewer labels on a page (--grid)`,
    );
  }
  let path = '';
  for (const [y, row] of modules.entries()) {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x++;
      path += `M${start} ${y}h${x - start + 1}v1h-${x - start + 1}z`;
    }
  }
  return `<path transform="scale(${size.toFixed(4)})" d="${path}" shape-rendering="crispEdges"/>`;
}

function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
