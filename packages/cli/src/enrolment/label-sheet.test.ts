import decodeQR from 'qr/decode.js';
import { describe, expect, it } from 'vitest';
import { labelSheets, parseGrid, sheetIndex } from './label-sheet.ts';

const CLAIM =
  'IoTDisco;SN:394872348732948723;MAN:www.example.org;MODEL:IMC;#V:1.2;KEY:f1701273d7e6fdd968744de25b21150f';

/** Draws the codes of a sheet as a printer would, and reads them as a camera would. */
function codesOn(sheet: string): readonly string[] {
  return [...sheet.matchAll(/<path transform="scale\([\d.]+\)" d="([^"]+)"/g)].map(([, path = '']) => {
    const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)].map(([, ...numbers]) => numbers.map(Number));
    const side = Math.max(...runs.map(([, y = 0]) => y)) + 5;
    const scale = 4;
    const width = side * scale;
    const data = new Uint8Array(width * width * 4).fill(255);
    for (const [x = 0, y = 0, length = 0] of runs) {
      for (let row = y * scale; row < (y + 1) * scale; row++) {
        for (let column = x * scale; column < (x + length) * scale; column++) {
          data.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
        }
      }
    }
    return decodeQR({ width, height: width, data });
  });
}

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
