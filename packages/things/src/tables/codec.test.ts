import { isXmlText, parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PayloadError } from '../thing/payload.ts';
import { decodeTable, encodeTable, HORIZONTAL_ALIGNMENTS, type Table, VERTICAL_ALIGNMENTS } from './codec.ts';

/** Through bytes, as it goes on the wire. */
const wire = (element: { toString(): string }) => parseElement(element.toString());
const parse = (attributes: string, content: string) =>
  decodeTable(parseElement(`<table xmlns="urn:xmpp:tables" ${attributes}>${content}</table>`));

/** Without what is not given, to compare. */
const bare = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, item) => (key === 'html' ? String(item) : item)));

const text = fc.string({ unit: 'binary', maxLength: 10 }).filter(isXmlText);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const color = fc.stringMatching(/^(?:[0-9a-f]{6}|[0-9A-F]{8})$/);
const formats = {
  halign: optional(fc.constantFrom(...HORIZONTAL_ALIGNMENTS)),
  valign: optional(fc.constantFrom(...VERTICAL_ALIGNMENTS)),
  fgColor: optional(color),
  bgColor: optional(color),
  fontName: optional(text),
  fontSizeMultiplier: optional(fc.double({ min: 0.01, max: 100, noNaN: true })),
  bold: optional(fc.boolean()),
  italics: optional(fc.boolean()),
  underline: optional(fc.boolean()),
  strikeThrough: optional(fc.boolean()),
};
const cell = fc.record({
  ...formats,
  text,
  colSpan: optional(fc.integer({ min: 2, max: 2 ** 31 - 1 })),
  rowSpan: optional(fc.integer({ min: 2, max: 9 })),
});
const table: fc.Arbitrary<Table> = fc.record({
  ...formats,
  hSpacing: optional(fc.nat(100)),
  vSpacing: optional(fc.nat(100)),
  columns: fc.array(fc.record(formats), { maxLength: 2 }),
  rows: fc.array(fc.record({ ...formats, cells: fc.array(cell, { maxLength: 3 }) }), { maxLength: 3 }),
  toBeContinued: fc.boolean(),
});

describe('tables', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(table, (value) => {
        expect(decodeTable(wire(encodeTable(value)))).toEqual(value);
      }),
    );
  });

  const head = '<row><cell>Field</cell><cell>Value</cell><cell>Unit</cell></row>';
  const boldHead = `<columnFormat bold='true'/><columnFormat italic='true' fontName='Courier New'/>
    <columnFormat italic='true' fontName='Courier New'/>
    <row bold='true' italic='false' fontName='Arial'><cell>Field</cell><cell>Value</cell><cell>Unit</cell></row>`;
  const look =
    "hspacing='5' vspacing='2' bgColor='FFFFFF' fgColor='000000' fontSizeMultiplier='1.125' fontName='Arial'";

  test.each<[string, string, string, object]>([
    [
      'simple',
      "hspacing='5' vspacing='2'",
      `${head}<row><cell>Location</cell><cell>Viña del Mar</cell><cell/></row>`,
      {
        hSpacing: 5,
        vSpacing: 2,
        rows: [{}, { cells: [{ text: 'Location' }, { text: 'Viña del Mar' }, { text: '' }] }],
      },
    ],
    [
      'with alignments',
      "hspacing='5' vspacing='2'",
      `${head}<row><cell>Temperature</cell><cell halign='Right'>18</cell><cell>°C</cell></row>`,
      { rows: [{}, { cells: [{}, { halign: 'Right', text: '18' }, { text: '°C' }] }] },
    ],
    [
      'with formats of columns and rows',
      '',
      `<columnFormat bold='true'/><columnFormat italic='true'/><row bold='true' italic='false'><cell>a</cell></row>`,
      { columns: [{ bold: true }, { italics: true }], rows: [{ bold: true, italics: false }] },
    ],
    [
      'with colours and fonts',
      look,
      `${boldHead}<row bgColor='E0E0E0'><cell>Location</cell></row>`,
      {
        bgColor: 'FFFFFF',
        fgColor: '000000',
        fontSizeMultiplier: 1.125,
        columns: [{ bold: true }, { italics: true, fontName: 'Courier New' }, {}],
        rows: [{ fontName: 'Arial' }, { bgColor: 'E0E0E0' }],
      },
    ],
    [
      'with spans',
      look,
      `${boldHead}<row><cell>Condition</cell><cell colSpan='2' halign='Center'>Fair</cell></row>`,
      { rows: [{}, { cells: [{}, { colSpan: 2, halign: 'Center', text: 'Fair' }] }] },
    ],
    [
      'with XHTML',
      look,
      `<row><cell colSpan='2'>Viña del Mar<html xmlns='http://jabber.org/protocol/xhtml-im'><a href='http://weather.example/'>Viña</a></html></cell></row>`,
      { rows: [{ cells: [{ text: 'Viña del Mar' }] }] },
    ],
    ['that go on', '', `${head}<toBeContinued/>`, { toBeContinued: true }],
    [
      'that are the rest',
      '',
      '<row bgColor="E0E0E0"><cell>Wind Speed</cell></row>',
      { toBeContinued: false, columns: [] },
    ],
  ])('of the document: %s', (_, attributes, content, expected) => {
    const decoded = parse(attributes, content);
    expect(decoded).toMatchObject(expected);
    expect(bare(decodeTable(wire(encodeTable(decoded))))).toEqual(bare(decoded));
  });

  test('keep the XHTML of a cell as it is', () => {
    const html = "<html xmlns='http://jabber.org/protocol/xhtml-im'><a href='x'>y</a></html>";
    const again = decodeTable(wire(encodeTable(parse('', `<row><cell>a${html}</cell></row>`))));
    expect(again.rows[0]?.cells[0]?.html?.toString()).toBe(parseElement(html).toString());
  });

  test.each([
    ["hSpacing='-1'", '', 'table/@hSpacing'],
    ["fgColor='red'", '', 'table/@fgColor'],
    ["fontSizeMultiplier='0'", '', 'table/@fontSizeMultiplier'],
    ['', "<columnFormat bold='very'/>", 'table/columnFormat[1]/@bold'],
    ['', "<row valign='Middle'/>", 'table/row[1]/@valign'],
    ['', "<row><cell colSpan='0'/></row>", 'table/row[1]/cell[1]/@colSpan'],
    ['', "<row><cell rowSpan='99999999999'/></row>", 'table/row[1]/cell[1]/@rowSpan'],
  ])('are refused with %s %s', (attributes, content, where) => {
    expect(() => parse(attributes, content)).toThrow(PayloadError);
    expect(() => parse(attributes, content)).toThrow(where);
  });

  test('that can not be written are refused', () => {
    const empty: Table = { columns: [], rows: [], toBeContinued: false };
    for (const bad of [{ hSpacing: 0.5 }, { bgColor: 'blue' }, { fontSizeMultiplier: 0 }, { fontName: '\u0000' }]) {
      expect(() => encodeTable({ ...empty, ...bad })).toThrow(PayloadError);
    }
  });
});
