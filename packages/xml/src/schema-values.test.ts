import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatHexBinary, parseBoolean, parseHexBinary } from './schema-values.ts';

it('reads booleans as XML Schema writes them', () => {
  expect(['true', '1', 'false', '0'].map(parseBoolean)).toEqual([true, true, false, false]);
  expect(['', 'TRUE', 'yes', '01', ' true'].map(parseBoolean)).toEqual(new Array(5).fill(undefined));
});

it('reads the octets it has written, in letters of either case', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const text = formatHexBinary(octets);
      expect(parseHexBinary(text)).toEqual(octets);
      expect(parseHexBinary(text.toLowerCase())).toEqual(octets);
    }),
  );
});

it('reads nothing that is not pairs of hexadecimal digits', () => {
  expect(['0', '0g', ' 00', '0x00', '00 00'].map(parseHexBinary)).toEqual(new Array(5).fill(undefined));
});
