import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitReader } from '../bits/bit-reader.ts';
import { BitWriter } from '../bits/bit-writer.ts';
import { ExiError } from '../error.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { Name } from '../string-table/name.ts';
import { StringDecoder } from '../string-table/string-decoder.ts';
import { StringEncoder } from '../string-table/string-encoder.ts';
import type { ValueCodec } from './codec.ts';
import { codecOf, LEXICAL_BOOLEAN_CODEC, type Representation } from './datatype.ts';

const NAME = new Name(0, 0, 0, '', 'v');

/** Values through a codec, bit-packed (behind one odd bit) and byte-aligned; what they took in bits. */
function through(codec: ValueCodec, texts: readonly string[], isAligned: boolean): { texts: string[]; bits: number } {
  const out = new BitWriter(4);
  out.aligned = isAligned;
  if (!isAligned) out.writeBits(1, 1);
  const start = out.position;
  const encoder = new StringEncoder(undefined, undefined, 1000);
  for (const text of texts) {
    expect(codec.accepts(text)).toBe(true);
    codec.write(out, encoder, NAME);
  }
  const bits = out.position - start;
  out.align();
  const input = new BitReader();
  input.aligned = isAligned;
  input.open(out.take());
  if (!isAligned) input.readBits(1);
  const decoder = new StringDecoder(undefined, undefined, DEFAULT_LIMITS);
  return { texts: texts.map(() => codec.read(input, decoder, NAME)), bits };
}

const codec = (representation: Representation) => codecOf(representation, 'collapse');

describe('values', () => {
  it.each<[Representation, string, string, number]>([
    [{ kind: 'boolean' }, ' 1 ', 'true', 1],
    [{ kind: 'boolean-literal' }, '1', '1', 2],
    [{ kind: 'integer' }, '-1', '-1', 9],
    [{ kind: 'integer' }, '+063', '63', 9],
    [{ kind: 'integer' }, '-9223372036854775809', '-9223372036854775809', 1 + 8 * 10],
    [{ kind: 'unsigned' }, '128', '128', 16],
    [{ kind: 'bounded', least: '-5', most: '10' }, '-5', '-5', 4],
    [
      { kind: 'bounded', least: '99999999999999999998', most: '99999999999999999999' },
      '99999999999999999999',
      '99999999999999999999',
      1,
    ],
    [{ kind: 'decimal' }, '-0.050', '-0.05', 1 + 8 + 8],
    [{ kind: 'float' }, '21.50', '21.50', 1 + 16 + 9],
    [{ kind: 'dateTime', type: 'dateTime' }, '2014-03-10T12:30:45Z', '2014-03-10T12:30:45Z', 9 + 9 + 17 + 1 + 12],
    [{ kind: 'dateTime', type: 'date' }, '-0044-03-15', '-0044-03-15', 17 + 9 + 1],
    [{ kind: 'dateTime', type: 'time' }, '24:00:00', '24:00:00', 17 + 1 + 1],
    [{ kind: 'dateTime', type: 'gYear' }, '12026+14:00', '12026+14:00', 17 + 12],
    [{ kind: 'dateTime', type: 'gYearMonth' }, '2026-11-05:30', '2026-11-05:30', 9 + 9 + 12],
    [{ kind: 'dateTime', type: 'gMonth' }, '--11', '--11', 10],
    [{ kind: 'dateTime', type: 'gMonthDay' }, '--02-29', '--02-29', 10],
    [{ kind: 'dateTime', type: 'gDay' }, '---31', '---31', 10],
    [{ kind: 'hexBinary' }, ' dead ', 'DEAD', 8 + 16],
    [{ kind: 'base64Binary' }, '3q2+ 7w==', '3q2+7w==', 8 + 32],
    [{ kind: 'restricted-string', characters: [0x30, 0x31] }, '0110', '0110', 8 + 8],
    [{ kind: 'restricted-string', characters: [0x30, 0x31] }, '0x', '0x', 8 + 2 + 2 + 8],
    [{ kind: 'enumeration', values: ['10', '20', '30'], base: { kind: 'integer' } }, '+020', '20', 2],
    [{ kind: 'enumeration', values: ['only'], base: { kind: 'string' } }, 'only', 'only', 0],
    [
      { kind: 'list', item: { representation: { kind: 'boolean' }, whiteSpace: 'collapse', names: [] } },
      ' true\n0 ',
      'true false',
      8 + 2,
    ],
    [{ kind: 'string' }, 'ü🌡', 'ü🌡', 8 + 16 + 24],
  ])('%j: %j is %j in %d bits', (representation, text, expected, bits) => {
    expect(through(codec(representation), [text], false)).toEqual({ texts: [expected], bits });
    expect(through(codec(representation), [text, text], true).texts).toEqual([expected, expected]);
  });

  it.each<[Representation, readonly string[]]>([
    [{ kind: 'boolean' }, ['yes', '', 'TRUE']],
    [{ kind: 'boolean-literal' }, ['yes', '']],
    [{ kind: 'integer' }, ['1.0', '', '-', '1e3', '0x1']],
    [{ kind: 'unsigned' }, ['-1', 'a']],
    [{ kind: 'bounded', least: '0', most: '10' }, ['11', '-1', '', '99999999999999999999']],
    [{ kind: 'decimal' }, ['1e3', '.', '', '1.2.3', 'INF', '+']],
    [{ kind: 'float' }, ['inf', '.', '', '1e', 'e5', '1E99999', '10000000000000000001', '1.2.3', '--1']],
    [
      { kind: 'dateTime', type: 'dateTime' },
      [
        '2014-03-10',
        '2014-13-10T00:00:00',
        '2014-03-10T25:00:00',
        '2014-03-10T12:30:45+15:00',
        '14-03-10T00:00:00',
        '2014-03-10T12:30:45.',
        '02014-03-10T12:30:45',
        '',
      ],
    ],
    [{ kind: 'hexBinary' }, ['a', 'zz']],
    [{ kind: 'base64Binary' }, ['a', 'a===', '****']],
    [{ kind: 'enumeration', values: ['a'], base: { kind: 'string' } }, ['b', '']],
  ])('%j refuses what is none of its values', (representation, texts) => {
    for (const text of texts) expect([text, codec(representation).accepts(text)]).toEqual([text, false]);
  });

  it('come back whatever the numbers', () => {
    const numbers = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n });
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1 }), fc.boolean(), (values, isAligned) => {
        const texts = values.map(String);
        expect(through(codec({ kind: 'integer' }), texts, isAligned).texts).toEqual(texts);
      }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
        fc.boolean(),
        (values, isAligned) => {
          const decoded = through(codec({ kind: 'float' }), values.map(String), isAligned).texts;
          expect(decoded.map(Number)).toEqual(values.map((value) => value + 0 || 0));
        },
      ),
    );
  });

  it('come back whatever the text', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', '0', '\n', 'é', '한', '🌡') }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(texts, fc.boolean(), (values, isAligned) => {
        for (const each of [codec({ kind: 'string' }), LEXICAL_BOOLEAN_CODEC]) {
          expect(through(each, values, isAligned).texts).toEqual(values);
        }
      }),
    );
  });

  it('that are out of range are refused when read', () => {
    const decoder = new StringDecoder(undefined, undefined, DEFAULT_LIMITS);
    const all = new Uint8Array(600).fill(0xff);
    for (const representation of [
      { kind: 'bounded', least: '0', most: '10' },
      { kind: 'enumeration', values: ['a', 'b', 'c'], base: { kind: 'string' } },
      { kind: 'dateTime', type: 'time' },
      { kind: 'dateTime', type: 'gMonth' },
      { kind: 'integer' },
      { kind: 'string' },
      { kind: 'hexBinary' },
    ] satisfies Representation[]) {
      const input = new BitReader();
      input.open(all);
      expect(() => codec(representation).read(input, decoder, NAME)).toThrow(ExiError);
    }
  });
});

describe('a string table with a capacity', () => {
  it('stays in step, also when reading is undone', () => {
    const strings = fc.array(fc.tuple(fc.constantFrom(0, 1, 2), fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')), {
      maxLength: 200,
    });
    const names = [0, 1, 2].map((index) => new Name(index, 0, index, '', `n${index}`));
    fc.assert(
      fc.property(
        strings,
        fc.integer({ min: 0, max: 5 }),
        fc.infiniteStream(fc.boolean()),
        (values, capacity, undo) => {
          const encoder = new StringEncoder(undefined, capacity, 1000);
          const decoder = new StringDecoder(undefined, capacity, DEFAULT_LIMITS);
          for (const [index, text] of values) {
            const out = new BitWriter();
            encoder.write(out, names[index] as Name, text);
            out.align();
            const input = new BitReader();
            const bytes = out.take();
            if (undo.next().value) {
              input.open(bytes);
              decoder.begin();
              decoder.read(input, names[index] as Name);
              decoder.rollback();
            }
            input.open(bytes);
            expect(decoder.read(input, names[index] as Name)).toBe(text);
          }
        },
      ),
    );
  });
});
