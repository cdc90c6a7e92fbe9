import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';

describe('Base64', () => {
  it('is what Node.js makes of bytes, and gives them back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeBase64(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64'));
        expect(decodeBase64(text)).toEqual(new Uint8Array(bytes));
      }),
    );
  });

  it.each([
    'A',
    'AA',
    'AAA',
    'A===',
    '====',
    'AA=A',
    '=AAA',
    'AA==AAAA',
    'A A=',
    'AAA-',
    'AAA\u00e9',
    'AAA\u0141',
    'AAAA\n',
  ])('%j is none', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  it('is taken with correct padding alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AZaz09+/=- \n'), maxLength: 12 }), (text) => {
        const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
        const decoded = decodeBase64(text);
        expect(decoded && Buffer.from(decoded)).toEqual(isBase64 ? Buffer.from(text, 'base64') : undefined);
      }),
    );
  });
});
