import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandError } from './errors.ts';
import { xmlFileText } from './xml-file.ts';

const declaration = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><a>é</a>`;

describe('the text of an XML file', () => {
  it('is read by its byte order mark', () => {
    expect(xmlFileText(Buffer.from('\ufeff<a>é</a>', 'utf16le'))).toBe('<a>é</a>');
    expect(xmlFileText(Buffer.from('\ufeff<a>é</a>', 'utf16le').swap16())).toBe('<a>é</a>');
    expect(xmlFileText(Buffer.from('\ufeff<a>é</a>'))).toBe('<a>é</a>');
  });

  it('is read as it declares, without anything as UTF-8', () => {
    expect(xmlFileText(Buffer.from('<a>é\ufffd</a>'))).toBe('<a>é\ufffd</a>');
    expect(xmlFileText(Buffer.from(declaration('utf-8')))).toBe(declaration('utf-8'));
    expect(xmlFileText(Buffer.from(declaration('ISO-8859-1'), 'latin1'))).toBe(declaration('ISO-8859-1'));
  });

  it('is refused, not changed, when it is something else', () => {
    expect(() => xmlFileText(Buffer.from(declaration('koi8-r')))).toThrow(/encoding koi8-r .* iconv -f koi8-r/);
    expect(() => xmlFileText(Buffer.from('<a>\ufffdé</a>\xe9', 'latin1'))).toThrow(/not UTF-8 \(at byte 3\)/);
    expect(() => xmlFileText(Buffer.concat([Buffer.from('<a>\ufffdü'), Buffer.of(0xe9, 0x3c)]))).toThrow(/at byte 8\)/);
    expect(() => xmlFileText(Buffer.of(0xff, 0xfe, 0x00, 0xd8))).toThrow(/UTF-16/);
  });

  it('throws nothing but its error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          xmlFileText(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
