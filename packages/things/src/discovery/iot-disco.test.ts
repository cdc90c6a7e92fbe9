import { isXmlText } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIoTDisco, IoTDiscoError, parseIoTDisco } from './iot-disco.ts';
import type { MetaTag } from './meta-tag.ts';

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .map((text) => text.toUpperCase())
  .filter((text) => !/[:#\s]/.test(text) && isXmlText(text) && text.toUpperCase() === text && [...text].length <= 32);

const value = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(';', '\\', ':', '#', 'a', 'é'), maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  .filter((text) => isXmlText(text) && [...text].length <= 128);

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n));

/** Any tags a Thing can have, their names in upper case. */
const metaTags: fc.Arbitrary<MetaTag[]> = fc.uniqueArray(
  fc.oneof(
    fc.record({ name, type: fc.constant('str' as const), value }),
    fc.record({ name, type: fc.constant('num' as const), value: number }),
  ),
  { maxLength: 8, selector: (tag) => tag.name },
);

const EXAMPLE = 'IoTDisco;SN:394872348732948723;MAN:www.ktc.se;MODEL:IMC;#V:1.2;KEY:4857402340298342';
const TAGS: readonly MetaTag[] = [
  { name: 'SN', type: 'str', value: '394872348732948723' },
  { name: 'MAN', type: 'str', value: 'www.ktc.se' },
  { name: 'MODEL', type: 'str', value: 'IMC' },
  { name: 'V', type: 'num', value: 1.2 },
  { name: 'KEY', type: 'str', value: '4857402340298342' },
];

function failure(text: string): { code: string; position: number } {
  try {
    parseIoTDisco(text);
  } catch (error) {
    if (error instanceof IoTDiscoError) return { code: error.code, position: error.position };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('the string of a QR code', () => {
  test('is that of the specification', () => {
    expect(formatIoTDisco(TAGS)).toBe(EXAMPLE);
    expect(parseIoTDisco(EXAMPLE)).toEqual(TAGS);
  });

  test('escapes semicolons and backslashes of values only', () => {
    const tags: MetaTag[] = [{ name: 'A', type: 'str', value: 'a;b\\c:d#é 😀' }];
    expect(formatIoTDisco(tags)).toBe('IoTDisco;A:a\\;b\\\\c:d#é 😀');
    expect(parseIoTDisco('IoTDisco;A:a\\;b\\\\c:d#é 😀')).toEqual(tags);
  });

  test('has names in upper case', () => {
    expect(formatIoTDisco([{ name: 'sn', type: 'str', value: 'x' }])).toBe('IoTDisco;SN:x');
    expect(parseIoTDisco('IoTDisco;sn:x')).toEqual([{ name: 'SN', type: 'str', value: 'x' }]);
  });

  test('comes back as it was, for any tags', () => {
    fc.assert(
      fc.property(metaTags, (tags) => {
        expect(parseIoTDisco(formatIoTDisco(tags))).toEqual(tags);
      }),
    );
  });

  test('is refused where it is wrong', () => {
    expect(failure('')).toEqual({ code: 'bad-prefix', position: 0 });
    expect(failure('iotdisco;SN:1')).toEqual({ code: 'bad-prefix', position: 0 });
    expect(failure('IoTDiscoSN:1')).toEqual({ code: 'bad-prefix', position: 8 });
    expect(failure('IoTDisco;SN')).toEqual({ code: 'incomplete', position: 11 });
    expect(failure('IoTDisco;SN:1;')).toEqual({ code: 'incomplete', position: 14 });
    expect(failure('IoTDisco;SN:1\\')).toEqual({ code: 'incomplete', position: 14 });
    expect(failure('IoTDisco;SN:C:\\temp')).toEqual({ code: 'bad-escape', position: 14 });
    expect(failure('IoTDisco;#V:one')).toEqual({ code: 'bad-number', position: 12 });
    expect(failure('IoTDisco;#V:NaN')).toEqual({ code: 'bad-number', position: 12 });
    expect(failure('IoTDisco;:x')).toEqual({ code: 'bad-tag', position: 9 });
    expect(failure('IoTDisco;S N:x')).toEqual({ code: 'bad-tag', position: 9 });
    expect(failure('IoTDisco;A:\u0000')).toEqual({ code: 'bad-tag', position: 11 });
    expect(failure(`IoTDisco;A:${'x'.repeat(129)}`)).toEqual({ code: 'bad-tag', position: 11 });
    expect(failure('IoTDisco;A:1;a:2')).toEqual({ code: 'bad-tag', position: 13 });
  });

  test('is refused with the typed error alone, whatever it is', () => {
    const pieces = fc.array(fc.constantFrom('IoTDisco', ';', ':', '#', '\\', 'KEY', 'V', '1.2', ' ', 'é', '\u0000'));
    fc.assert(
      fc.property(
        fc.oneof(
          pieces.map((parts) => `IoTDisco${parts.join('')}`),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          try {
            const tags = parseIoTDisco(text);
            expect(parseIoTDisco(formatIoTDisco(tags))).toEqual(tags);
          } catch (error) {
            expect(error).toBeInstanceOf(IoTDiscoError);
            expect((error as IoTDiscoError).position).toBeLessThanOrEqual(text.length);
          }
        },
      ),
    );
  });
});
