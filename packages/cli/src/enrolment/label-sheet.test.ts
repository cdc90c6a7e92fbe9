import { describe, expect, it } from 'vitest';
import { codesOn } from '../../test/codes-on-sheet.ts';
import { labelSheets, parseGrid, sheetIndex } from './label-sheet.ts';

const CLAIM =
  'IoTDisco;SN:394872348732948723;MAN:www.example.org;MODEL:IMC;#V:1.2;KEY:f1701273d7e6fdd968744de25b21150f';

describe('sheets of labels', () => {
  const label = (index: number) => ({ code: `${CLAIM}${index}`, lines: [`Pump <${index}>`, 'SN 1'] });

  it('have codes that can be read, so many on a page', () => {
    const labels = Array.from({ length: 5 }, (_, index) => label(index));
    const sheets = [...labelSheets(labels, parseGrid('2x2'))];
    expect(sheets.map(codesOn)).toEqual(
      [labels.slice(0, 4), labels.slice(4)].map((some) => some.map(({ code }) => code)),
    );
    expect(sheets[0]).toContain('width="210mm" height="297mm"');
    expect(sheets[0]).toContain('Pump &#60;0&#62;');
  });

  it('are not made where a camera could not read the codes', () => {
    expect(() => [...labelSheets([label(0)], parseGrid('10x20'))]).toThrow('too dense for this grid');
    expect([...labelSheets([label(0)], parseGrid('3x8'))]).toHaveLength(1);
  });

  it('need a grid that is one', () => {
    for (const text of ['3', '0x8', '3x', 'axb', '11x2', '3x21']) expect(() => parseGrid(text)).toThrow('is no grid');
  });

  it('are shown one after the other on a page of their own', () => {
    expect(sheetIndex('labels', ['a.svg', 'b.svg'])).toMatch(/<img src="a\.svg" alt="">\n<img src="b\.svg" alt="">/);
  });
});
