import { Jid, type XmppPeer } from '@thingward/xmpp';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryNetwork, until } from '../../test/memory-network.ts';
import { PayloadError } from '../thing/payload.ts';
import { decodeTable, encodeTable, TABLES, type Table, type TableCell } from './codec.ts';
import { layOut } from './layout.ts';
import { sendTable } from './send.ts';
import { splitTable, TableParts } from './split.ts';
import { tableText, textWidth } from './text.ts';

type Content = string | TableCell;
const tableOf = (rows: readonly (readonly Content[])[], changes: Partial<Table> = {}): Table => ({
  columns: [],
  rows: rows.map((cells) => ({ cells: cells.map((cell) => (typeof cell === 'string' ? { text: cell } : cell)) })),
  toBeContinued: false,
  ...changes,
});
const lines = (table: Table) => tableText(table).split('\n');

describe('a table as text', () => {
  test('has columns that line up, and rows that may be shorter', () => {
    expect(lines(tableOf([['Field', 'Value', 'Unit'], ['Temperature', '18', '°C'], ['Location']]))).toEqual([
      'Field        Value  Unit',
      'Temperature  18     °C',
      'Location',
    ]);
  });

  test('is aligned as its formats say: cells before rows before columns before the table', () => {
    const table = tableOf(
      [
        ['Value', 'Unit'],
        ['18', { text: 'C', halign: 'Center' }],
        ['5', 'K'],
      ],
      {
        halign: 'Left',
        columns: [{ halign: 'Right' }, { halign: 'Right' }],
      },
    );
    const rows = table.rows.map((row, i) => (i === 0 ? { ...row, halign: 'Left' as const } : row));
    expect(lines({ ...table, rows })).toEqual(['Value  Unit', '   18   C', '    5     K']);
  });

  test('has cells that span columns: the last one is made to fit', () => {
    const table = tableOf([
      ['a', 'b', 'c'],
      ['x', { text: 'a long text', colSpan: 2 }],
      ['d', 'e', 'f'],
    ]);
    expect(lines(table)).toEqual(['a  b  c', 'x  a long text', 'd  e  f']);
    const right = tableOf([
      ['a', 'b', 'c'],
      [{ text: 'wide enough', colSpan: 3, halign: 'Right' }],
      ['1', '2', '3333333'],
    ]);
    expect(lines(right)).toEqual(['a  b  c', '  wide enough', '1  2  3333333']);
  });

  test('has cells that span rows, aligned over all of them', () => {
    const table = tableOf([[{ text: 'm', rowSpan: 3, valign: 'Center' }, '1'], ['2'], [{ text: '3' }, '4']]);
    expect(lines(table)).toEqual(['   1', 'm  2', '   3  4']);
    const high = tableOf([[{ text: 'a\nb\nc', rowSpan: 2 }, '1'], ['2'], ['3']]);
    expect(lines(high)).toEqual(['a  1', 'b  2', 'c', '3']);
  });

  test('knows how wide texts are', () => {
    expect(textWidth('온도')).toBe(4);
    expect(textWidth('e\u0301')).toBe(1);
    expect(
      lines(
        tableOf([
          ['온도', '21'],
          ['Level', '1'],
        ]),
      ),
    ).toEqual(['온도   21', 'Level  1']);
  });

  test('has no control characters', () => {
    expect(tableText(tableOf([['a\tb\u001b[31m', 'c']]))).toBe('a b [31m  c');
  });

  test('of any shape can be laid out, and no two cells are in one place', () => {
    const cell = fc.record({
      text: fc.string({ maxLength: 5 }),
      colSpan: fc.integer({ min: 1, max: 2 ** 31 - 1 }).map((span) => (span % 3 === 0 ? span : (span % 3) + 1)),
      rowSpan: fc.integer({ min: 1, max: 5 }),
      halign: fc.constantFrom('Left' as const, 'Center' as const, 'Right' as const),
      valign: fc.constantFrom('Top' as const, 'Center' as const, 'Bottom' as const),
    });
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 4 }), { maxLength: 4 }), (rows) => {
        const table = tableOf(rows);
        const { cells, columns } = layOut(table);
        const taken = new Set<string>();
        for (const { row, column, rowSpan, colSpan } of cells) {
          expect(column + colSpan).toBeLessThanOrEqual(columns);
          expect(row + rowSpan).toBeLessThanOrEqual(rows.length);
          for (let y = row; y < row + rowSpan; y++) {
            for (let x = column; x < column + colSpan; x++) {
              expect(taken.has(`${x} ${y}`)).toBe(false);
              taken.add(`${x} ${y}`);
            }
          }
        }
        tableText(table);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a long table', () => {
  const long = tableOf(
    Array.from({ length: 200 }, (_, i) => [`Field ${i}`, String(i * 1000), '°C']),
    { hSpacing: 5, columns: [{ bold: true }] },
  );
  const from = Jid.parse('device@example.org/x');

  test('is sent in parts that fit, and put together again', async () => {
    const network = new MemoryNetwork();
    const device: XmppPeer = network.join(from.toString());
    const user = network.join('user@example.org/client');
    const parts = new TableParts();
    let whole: Table | undefined;
    let received = 0;
    user.onMessage({ namespace: TABLES }, ({ stanza, from: sender }, payload) => {
      expect(new TextEncoder().encode(stanza.toString()).length).toBeLessThan(10_000);
      expect(stanza.child('body')?.text).toContain('°C');
      const taken = parts.take(sender, decodeTable(payload), received * 1000);
      expect(taken.isContinuation).toBe(received > 0);
      received++;
      whole = taken.table;
    });
    sendTable(device, user.jid, long);
    await until(() => whole?.toBeContinued === false);
    expect(received).toBeGreaterThan(2);
    expect(whole).toEqual(decodeTable(encodeTable(long)));
    expect(network.errors).toEqual([]);
  });

  test('is split so that no part is larger than what was asked for', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(
            fc.string({ unit: 'binary-ascii', maxLength: 30 }).map((s) => s.replace(/[^ -~]/g, '')),
            { minLength: 1, maxLength: 4 },
          ),
          { maxLength: 40 },
        ),
        (rows) => {
          const parts = splitTable(tableOf(rows), 2500);
          expect(parts.flatMap((part) => part.rows)).toHaveLength(rows.length);
          for (const part of parts) {
            expect(`${encodeTable(part)}${tableText(part)}`.length).toBeLessThanOrEqual(2500);
          }
          expect(parts.map(({ toBeContinued }) => toBeContinued)).toEqual(parts.map((_, i) => i < parts.length - 1));
        },
      ),
    );
  });

  test('with a row that fits nowhere is refused', () => {
    expect(() => splitTable(tableOf([['a'], ['b'.repeat(9000)]]))).toThrow(PayloadError);
    expect(() => splitTable(tableOf([['b'.repeat(9000)]]))).toThrow('table/row[1]');
  });

  test('is not continued by what comes too late, from somebody else, or after the sender was gone', () => {
    const parts = new TableParts();
    const part = tableOf([['a']], { toBeContinued: true });
    parts.take(from, part, 0);
    expect(parts.take(Jid.parse('other@example.org/x'), part, 1).isContinuation).toBe(false);
    expect(parts.take(from, part, 60_001).isContinuation).toBe(false);
    expect(parts.take(from, part, 60_002).table.rows).toHaveLength(2);
    parts.gone(from);
    expect(parts.take(from, part, 60_003).isContinuation).toBe(false);
  });

  test('is bounded, and so are those that send parts', () => {
    const parts = new TableParts({ rows: 2, senders: 1 });
    const part = tableOf([['a']], { toBeContinued: true });
    parts.take(from, part, 0);
    parts.take(from, part, 0);
    expect(() => parts.take(from, part, 0)).toThrow('more than 2 rows');
    expect(parts.take(from, part, 0).isContinuation).toBe(false);
    parts.take(Jid.parse('other@example.org/x'), part, 0);
    expect(parts.take(from, part, 0).isContinuation).toBe(false);
  });
});
