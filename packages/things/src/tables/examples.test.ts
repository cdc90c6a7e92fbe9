import { parseElement } from '@thingward/xml';
import { describe, expect, test } from 'vitest';
import { TABLES_EXAMPLES } from '../../test/fixtures/tables-draft.ts';
import { SchemaCheck } from '../../test/schema-check.ts';
import { decodeTable, encodeTable } from './codec.ts';
import { tableText } from './text.ts';

const schema = new SchemaCheck('tables/schema.xsd');
const tables = Object.entries(TABLES_EXAMPLES).flatMap(([name, texts]) =>
  texts.map((text, i) => {
    const message = parseElement(text);
    return [`${name}, ${i + 1}`, message.child('table', 'urn:xmpp:tables')!, message.child('body')?.text] as const;
  }),
);
/** How the examples spell what the schema calls otherwise. */
const SPELLINGS = /\/@(?:hspacing|vspacing|italic) is not declared$/;

describe('every example of the draft on tables', () => {
  test('is there', () => expect([Object.keys(TABLES_EXAMPLES).length, tables.length]).toEqual([8, 9]));

  test.each(tables)('%s is as the schema has it, but for its spelling', (_, element) => {
    expect(schema.problems(element).filter((problem) => !SPELLINGS.test(problem))).toEqual([]);
  });

  test.each(tables)('%s means the same after it was decoded, encoded and decoded again', (name, element) => {
    const table = decodeTable(element);
    const sent = parseElement(encodeTable(table).toString());
    expect(schema.problems(sent)).toEqual([]);
    expect(decodeTable(sent)).toEqual(table);
    expect([table.hSpacing, table.vSpacing]).toEqual([5, 2]);
    expect(table.toBeContinued).toBe(name === 'in two messages, 1');
    const cells = element.childrenNamed('row').map((row) => row.childrenNamed('cell').map((cell) => cell.text));
    expect(table.rows.map((row) => row.cells.map(({ text }) => text))).toEqual(cells);
  });

  test.each(tables)('%s can be read as text', (_, element) => {
    const text = tableText(decodeTable(element));
    for (const cell of element.childrenNamed('row').flatMap((row) => row.childrenNamed('cell'))) {
      expect(text).toContain(cell.text);
    }
  });
});
