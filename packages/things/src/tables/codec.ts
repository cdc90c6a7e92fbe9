import { Element, xml } from '@thingward/xml';
import {
  booleanAttribute,
  expectElement,
  flagAttribute,
  optionalOutgoingText,
  outgoingText,
  PayloadError,
  valid,
} from '../thing/payload.ts';
import { isFiniteDouble } from '../thing/xml-schema-values.ts';

/** Namespace of tables; also the feature of who can show them. @see XEP-0000: Tables §4 */
export const TABLES = 'urn:xmpp:tables';
const XHTML_IM = 'http://jabber.org/protocol/xhtml-im';

export const HORIZONTAL_ALIGNMENTS = ['Left', 'Center', 'Right'] as const;
export const VERTICAL_ALIGNMENTS = ['Top', 'Center', 'Bottom'] as const;

/** How content is shown. What is not given is taken from the row, the column, the table, the one who shows it. @see XEP-0000: Tables §3.4 */
export interface TableFormat {
  readonly halign?: (typeof HORIZONTAL_ALIGNMENTS)[number] | undefined;
  readonly valign?: (typeof VERTICAL_ALIGNMENTS)[number] | undefined;
  /** `RRGGBB` or `RRGGBBAA`, in hexadecimal. @see XEP-0331 §3 */
  readonly fgColor?: string | undefined;
  readonly bgColor?: string | undefined;
  readonly fontName?: string | undefined;
  /** Of the font that is used anyway. */
  readonly fontSizeMultiplier?: number | undefined;
  readonly bold?: boolean | undefined;
  readonly italics?: boolean | undefined;
  readonly underline?: boolean | undefined;
  readonly strikeThrough?: boolean | undefined;
}

export interface TableCell extends TableFormat {
  readonly text: string;
  /** Columns and rows it takes up; 1 when not given. */
  readonly colSpan?: number | undefined;
  readonly rowSpan?: number | undefined;
  /** The content with links and the like, for those who can show it. Not looked into. @see XEP-0000: Tables §3.7, XEP-0071 */
  readonly html?: Element | undefined;
}

export interface TableRow extends TableFormat {
  readonly cells: readonly TableCell[];
}

/** `<table/>`: a table, or a part of one. @see XEP-0000: Tables §3 */
export interface Table extends TableFormat {
  /** Space between cells, in pixels. */
  readonly hSpacing?: number | undefined;
  readonly vSpacing?: number | undefined;
  readonly columns: readonly TableFormat[];
  readonly rows: readonly TableRow[];
  /** The next message has more of it. */
  readonly toBeContinued: boolean;
}

const COLOR = /^(?:[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$/;
const MAX_COUNT = 2 ** 31 - 1;

/** @throws PayloadError for what can't be written */
export function encodeTable(table: Table): Element {
  return xml(
    'table',
    {
      xmlns: TABLES,
      hSpacing: outgoingCount(table.hSpacing, 0, 'table/@hSpacing'),
      vSpacing: outgoingCount(table.vSpacing, 0, 'table/@vSpacing'),
      ...encodeFormat(table, 'table'),
    },
    table.columns.map((format, i) => xml('columnFormat', encodeFormat(format, `table/columnFormat[${i + 1}]`))),
    table.rows.map((row, i) => encodeRow(row, `table/row[${i + 1}]`)),
    table.toBeContinued ? xml('toBeContinued', {}) : undefined,
  );
}

/**
 * Also as examples of the document spell it: `hspacing`, `vspacing`, `italic`.
 * @throws PayloadError
 */
export function decodeTable(element: Element): Table {
  expectElement(element, 'table', TABLES);
  return {
    ...decodeFormat(element, 'table'),
    hSpacing: count(element, 'hSpacing', 0, 'table') ?? count(element, 'hspacing', 0, 'table'),
    vSpacing: count(element, 'vSpacing', 0, 'table') ?? count(element, 'vspacing', 0, 'table'),
    columns: element
      .childrenNamed('columnFormat')
      .map((format, i) => decodeFormat(format, `table/columnFormat[${i + 1}]`)),
    rows: element.childrenNamed('row').map((row, i) => decodeRow(row, `table/row[${i + 1}]`)),
    toBeContinued: element.child('toBeContinued', TABLES) !== undefined,
  };
}

/** @throws PayloadError for what can't be written */
export function encodeRow(row: TableRow, path = 'table/row'): Element {
  return xml(
    'row',
    encodeFormat(row, path),
    row.cells.map((cell, i) => encodeCell(cell, `${path}/cell[${i + 1}]`)),
  );
}

function encodeCell({ text, colSpan, rowSpan, html, ...format }: TableCell, path: string): Element {
  const attributes = {
    colSpan: colSpan === 1 ? undefined : outgoingCount(colSpan, 1, `${path}/@colSpan`),
    rowSpan: rowSpan === 1 ? undefined : outgoingCount(rowSpan, 1, `${path}/@rowSpan`),
    ...encodeFormat(format, path),
  };
  return xml('cell', attributes, outgoingText(text, path), html);
}

function encodeFormat(format: TableFormat, path: string): Record<string, string | number | boolean | undefined> {
  return {
    halign: format.halign,
    valign: format.valign,
    fgColor: outgoingColor(format.fgColor, `${path}/@fgColor`),
    bgColor: outgoingColor(format.bgColor, `${path}/@bgColor`),
    fontName: optionalOutgoingText(format.fontName, `${path}/@fontName`),
    fontSizeMultiplier: outgoingMultiplier(format.fontSizeMultiplier, `${path}/@fontSizeMultiplier`),
    bold: flagText(format.bold),
    italics: flagText(format.italics),
    underline: flagText(format.underline),
    strikeThrough: flagText(format.strikeThrough),
  };
}

/** Both say something: false undoes what the row or column has. */
function flagText(flag: boolean | undefined): string | undefined {
  return flag === undefined ? undefined : String(flag);
}

function decodeRow(element: Element, path: string): TableRow {
  return {
    ...decodeFormat(element, path),
    cells: element.childrenNamed('cell').map((cell, i) => decodeCell(cell, `${path}/cell[${i + 1}]`)),
  };
}

function decodeCell(element: Element, path: string): TableCell {
  const html = element.children.find(
    (child): child is Element => child instanceof Element && child.namespace === XHTML_IM && child.name === 'html',
  );
  return {
    ...decodeFormat(element, path),
    text: element.text,
    colSpan: count(element, 'colSpan', 1, path),
    rowSpan: count(element, 'rowSpan', 1, path),
    ...(html === undefined ? {} : { html }),
  };
}

function decodeFormat(element: Element, path: string): TableFormat {
  const italic = element.attribute('italic') === undefined ? undefined : flagAttribute(element, 'italic', path);
  return {
    halign: member(HORIZONTAL_ALIGNMENTS, element, 'halign', path),
    valign: member(VERTICAL_ALIGNMENTS, element, 'valign', path),
    fgColor: color(element, 'fgColor', path),
    bgColor: color(element, 'bgColor', path),
    fontName: element.attribute('fontName'),
    fontSizeMultiplier: multiplier(element, path),
    bold: booleanAttribute(element, 'bold', path),
    italics: booleanAttribute(element, 'italics', path) ?? italic,
    underline: booleanAttribute(element, 'underline', path),
    strikeThrough: booleanAttribute(element, 'strikeThrough', path),
  };
}

function color(element: Element, name: string, path: string): string | undefined {
  const text = element.attribute(name)?.trim();
  if (text === undefined) return undefined;
  return valid(COLOR.test(text) ? text : undefined, `${path}/@${name}`, 'a colour such as E0E0E0', text);
}

function outgoingColor(text: string | undefined, path: string): string | undefined {
  if (text === undefined) return undefined;
  return valid(COLOR.test(text) ? text : undefined, path, 'a colour such as E0E0E0', text);
}

function multiplier(element: Element, path: string): number | undefined {
  const text = element.attribute('fontSizeMultiplier')?.trim();
  if (text === undefined) return undefined;
  const value = isFiniteDouble(text) && Number(text) > 0 ? Number(text) : undefined;
  return valid(value, `${path}/@fontSizeMultiplier`, 'a number greater than 0', text);
}

function outgoingMultiplier(value: number | undefined, path: string): string | undefined {
  if (value === undefined) return undefined;
  if (value > 0 && Number.isFinite(value)) return String(value);
  throw new PayloadError('invalid-value', path, 'expected a number greater than 0');
}

function count(element: Element, name: string, least: number, path: string): number | undefined {
  const text = element.attribute(name)?.trim();
  if (text === undefined) return undefined;
  const value = /^\+?\d{1,10}$/.test(text) ? Number(text) : -1;
  const isCount = value >= least && value <= MAX_COUNT;
  return valid(isCount ? value : undefined, `${path}/@${name}`, `a whole number from ${least}`, text);
}

function outgoingCount(value: number | undefined, least: number, path: string): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && value >= least && value <= MAX_COUNT) return value;
  throw new PayloadError('invalid-value', path, `expected a whole number from ${least}`);
}

function member<T extends string>(members: readonly T[], element: Element, name: string, path: string): T | undefined {
  const text = element.attribute(name)?.trim();
  if (text === undefined) return undefined;
  const found = members.find((candidate) => candidate === text);
  return valid(found, `${path}/@${name}`, `one of ${members.join(', ')}`, text);
}
