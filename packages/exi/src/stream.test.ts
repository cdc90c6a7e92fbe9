import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Element, parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExiDecoder } from './decoder.ts';
import { ExiEncoder } from './encoder.ts';
import { VectorVerifier } from './node/index.ts';
import type { ExiOptionsInput } from './options.ts';

const FOLDER = fileURLToPath(new URL('../test/vectors/', import.meta.url));
const grammars = new VectorVerifier(FOLDER).grammarsOf('schemas/xmpp-client.xsd');
const STANZAS = ['read-request', 'fields-10', 'presence', 'unknown-payload', 'fields-1', 'chat', 'read-request'].map(
  (name) => parseElement(readFileSync(`${FOLDER}xmpp-iot/${name}.xml`)),
);

/** Pushes bytes in pieces of these sizes, over and over, and takes what elements come. */
function decodeInPieces(decoder: ExiDecoder, bytes: Uint8Array, sizes: readonly number[]): Element[] {
  const elements: Element[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    decoder.push(bytes.slice(at, at + size));
    at += size;
    for (let element = decoder.nextElement(); element; element = decoder.nextElement()) elements.push(element);
  }
  return elements;
}

const texts = (elements: readonly Element[]) => elements.map(String);
const SETTINGS: readonly (readonly [string, ExiOptionsInput])[] = [
  ['bit-packed', {}],
  ['byte-packed', { alignment: 'byte-packed' }],
  ['pre-compression', { alignment: 'pre-compression' }],
  ['compression', { alignment: 'compression' }],
  ['compression in small blocks', { alignment: 'compression', blockSize: 3 }],
  ['a string table of four', { valuePartitionCapacity: 4 }],
];

describe('a stream of stanzas (XEP-0322)', () => {
  describe.each([
    ['schema-informed', grammars],
    ['schema-less', undefined],
  ] as const)('%s', (_, known) => {
    it.each(SETTINGS)('comes whole in pieces of any size: %s', (_name, options) => {
      for (const keepsTables of [false, true]) {
        const settings = { options, grammars: known, keepsTables, headerBefore: 'first' } as const;
        const encoder = new ExiEncoder(settings);
        const bytes = Buffer.concat(STANZAS.map((stanza) => encoder.encodeElement(stanza)));
        const expected = texts(decodeInPieces(new ExiDecoder(settings), bytes, [bytes.length]));
        expect(expected).toHaveLength(STANZAS.length);
        for (const sizes of [[1], [2, 3, 5], [7, 1]]) {
          expect(texts(decodeInPieces(new ExiDecoder(settings), bytes, sizes))).toEqual(expected);
        }
        fc.assert(
          fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }), (sizes) => {
            expect(texts(decodeInPieces(new ExiDecoder(settings), bytes, sizes))).toEqual(expected);
          }),
          { numRuns: 10 },
        );
      }
    });
  });

  it('gives each stanza as soon as its last byte is there', () => {
    const encoder = new ExiEncoder({ header: false, options: { alignment: 'compression' } });
    const decoder = new ExiDecoder({ headerBefore: 'none', options: { alignment: 'compression' } });
    for (const stanza of STANZAS) {
      const bytes = encoder.encodeElement(stanza);
      decoder.push(bytes.subarray(0, -1));
      expect(decoder.nextElement()).toBeUndefined();
      decoder.push(bytes.subarray(-1));
      expect(String(decoder.nextElement())).toBe(String(stanza));
    }
  });

  it('takes fewer bytes when tables are kept, and the same number again when they are not', () => {
    const sizes = (keepsTables: boolean) => {
      const encoder = new ExiEncoder({ grammars, keepsTables, header: false });
      return [0, 1].map(() => encoder.encodeElement(STANZAS[0] as Element).length);
    };
    const [kept, cleared] = [sizes(true), sizes(false)];
    expect(cleared[1]).toBe(cleared[0]);
    expect(kept[0]).toBe(cleared[0]);
    expect(kept[1]).toBeLessThan((kept[0] as number) / 3);
  });

  it('writes the header once, or before each document', () => {
    const first = new ExiEncoder({ headerBefore: 'first', header: { cookie: true } });
    const [one, two] = [first, first].map((encoder) => encoder.encodeElement(STANZAS[0] as Element));
    expect(Buffer.from(one as Uint8Array).toString('latin1', 0, 4)).toBe('$EXI');
    expect(two?.length).toBe((one?.length as number) - 5);
    const each = new ExiEncoder({ header: { cookie: true } });
    expect(each.encodeElement(STANZAS[0] as Element)).toEqual(each.encodeElement(STANZAS[0] as Element));
  });

  it('does not read a value again and again while it comes', () => {
    const stanza = parseElement(`<a>${'x'.repeat(200_000)}</a>`);
    const bytes = new ExiEncoder().encodeElement(stanza);
    const started = performance.now();
    expect(decodeInPieces(new ExiDecoder(), bytes, [16])).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('holds no more than it may', () => {
    const decoder = new ExiDecoder({ limits: { maxBufferedBytes: 1000 } });
    const bytes = new ExiEncoder().encodeElement(parseElement(`<a>${'x'.repeat(5000)}</a>`));
    expect(() => decodeInPieces(decoder, bytes, [100])).toThrow(expect.objectContaining({ code: 'limit' }));
  });
});
