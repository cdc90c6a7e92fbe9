import { afterEach, describe, expect, it, vi } from 'vitest';
import { printTable } from './output.ts';

describe('a table', () => {
  afterEach(() => vi.restoreAllMocks());

  function printed(headings: readonly string[], rows: readonly (readonly string[])[]): string {
    let text = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += chunk;
      return true;
    });
    printTable(headings, rows);
    return text;
  }

  it('lines its columns up, to the right where they are numbers', () => {
    expect(
      printed(
        ['field', '>value'],
        [
          ['Level', '9.5'],
          ['Flow', '10.25'],
        ],
      ),
    ).toBe('FIELD  VALUE\nLevel    9.5\nFlow   10.25\n');
  });

  it('leaves a column out that may be and has nothing in it', () => {
    expect(printed(['?node', 'field'], [['', 'Level']])).toBe('FIELD\nLevel\n');
    expect(
      printed(
        ['?node', 'field'],
        [
          ['', 'Level'],
          ['pump', 'Speed'],
        ],
      ),
    ).toBe('NODE  FIELD\n      Level\npump  Speed\n');
  });
});
