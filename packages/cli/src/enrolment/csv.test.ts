import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvError, formatCsv, parseCsv } from './csv.ts';

const cells = (text: string) => parseCsv(text).map((row) => row.cells);

describe('comma-separated values', () => {
  it('RFC 4180: are read with quotes, and say in which line they begin', () => {
    expect(parseCsv('name,label\r\npump1,"Pump, ""big"""\n\npump2,"two\nlines"\npump3,\n')).toEqual([
      { line: 1, cells: ['name', 'label'] },
      { line: 2, cells: ['pump1', 'Pump, "big"'] },
      { line: 4, cells: ['pump2', 'two\nlines'] },
      { line: 6, cells: ['pump3', ''] },
    ]);
  });

  it('may be separated by semicolons and begin with a mark, as spreadsheets write them', () => {
    expect(cells('\uFEFFname;label\nx;"a;b"')).toEqual([
      ['name', 'label'],
      ['x', 'a;b'],
    ]);
    expect(cells('a,b;c')).toEqual([['a', 'b;c']]);
  });

  it('are refused where quotes are wrong, with the line', () => {
    const failure = (text: string) => {
      try {
        parseCsv(text);
      } catch (error) {
        if (error instanceof CsvError) return error.message;
        throw error;
      }
      return 'nothing was thrown';
    };
    expect(failure('a,b\nc,"d')).toBe('line 2: a quoted value does not end');
    expect(failure('a,b\nc,"d"e')).toMatch(/^line 2: a quoted value ends/);
    expect(failure('a,b\nc,d"e')).toMatch(/^line 2: a value with a quotation mark/);
  });

  it('come back as they were', () => {
    const row = fc.array(fc.string({ unit: fc.constantFrom('a', ',', ';', '"', '\n', '\r', ' ', 'é') }), {
      minLength: 2,
      maxLength: 5,
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
        // The first row says what separates.
        expect(cells(formatCsv([['a', 'b'], ...rows]))).toEqual([['a', 'b'], ...rows]);
      }),
    );
  });

  it('are refused with the typed error alone, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ',', ';', '"', '\n', '\r') }), (text) => {
        try {
          parseCsv(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CsvError);
        }
      }),
    );
  });
});
