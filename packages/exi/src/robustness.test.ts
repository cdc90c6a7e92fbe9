import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Element } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from './bits/bit-writer.ts';
import { ExiDecoder } from './decoder.ts';
import { ExiEncoder } from './encoder.ts';
import { ExiError } from './error.ts';
import { readManifest, VectorVerifier } from './node/index.ts';
import type { ExiOptionsInput } from './options.ts';

const FOLDER = fileURLToPath(new URL('../test/vectors/', import.meta.url));
const verifier = new VectorVerifier(FOLDER);
const grammars = verifier.grammarsOf('schemas/xmpp-client.xsd');

const name = fc.constantFrom('a', 'b', 'message', 'body', 'field', 'ü');
const namespace = fc.constantFrom('', 'urn:x', 'jabber:client', 'urn:xmpp:iot:sensordata');
const text = fc.oneof(
  fc.constantFrom('', ' ', 'true', '21.50', 'x', '2026-11-23T10:00:00Z', 'a\tb\n'),
  fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .filter((value) => /^[\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u.test(value)),
);
const key = fc.constantFrom('id', 'to', 'value', 'xml:lang', '{urn:x}a', '{urn:y}b');
const { element } = fc.letrec<{ element: Element }>((tie) => ({
  element: fc
    .tuple(
      name,
      namespace,
      fc.dictionary(key, text, { maxKeys: 4 }),
      fc.array(fc.oneof({ depthSize: 'small' }, text, tie('element')), { maxLength: 4 }),
    )
    .map(([local, uri, attributes, children]) => new Element(local, uri, attributes, joined(children))),
}));

/** Neighbouring text in one piece, as decoding gives it. */
function joined(children: readonly (Element | string)[]): (Element | string)[] {
  const result: (Element | string)[] = [];
  for (const child of children) {
    const last = result.at(-1);
    if (child === '') continue;
    if (typeof child === 'string' && typeof last === 'string') result[result.length - 1] = last + child;
    else result.push(child);
  }
  return result;
}

const options: fc.Arbitrary<ExiOptionsInput> = fc.record({
  alignment: fc.constantFrom('bit-packed', 'byte-packed', 'pre-compression', 'compression'),
  fragment: fc.boolean(),
  preserve: fc.record({ comments: fc.boolean(), pis: fc.boolean(), dtd: fc.boolean(), prefixes: fc.boolean() }),
  blockSize: fc.constantFrom(1, 2, 7, 1_000_000),
  valueMaxLength: fc.constantFrom(undefined, 0, 3),
  valuePartitionCapacity: fc.constantFrom(undefined, 0, 1, 3),
});

describe('random documents under random options', () => {
  it('come back as they were, without a schema', () => {
    fc.assert(
      fc.property(
        fc.array(element, { minLength: 1, maxLength: 3 }),
        options,
        fc.boolean(),
        (elements, input, keepsTables) => {
          const encoder = new ExiEncoder({ options: input, keepsTables, header: { options: true } });
          const decoder = new ExiDecoder({ keepsTables: false });
          for (const each of elements) {
            const fresh = keepsTables ? new ExiEncoder({ options: input, header: { options: true } }) : encoder;
            decoder.push(fresh.encodeElement(each));
            expect(String(decoder.nextElement())).toBe(String(each));
            expect(decoder.nextElement()).toBeUndefined();
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('come back as they were with a schema that does not fit, values kept', () => {
    fc.assert(
      fc.property(element, options, (each, input) => {
        const kept = { ...input, preserve: { ...input.preserve, lexicalValues: true } };
        const decoder = new ExiDecoder({ options: kept, grammars });
        decoder.push(new ExiEncoder({ options: kept, grammars }).encodeElement(each));
        // Attributes come in the order of the grammars.
        expect(normal(decoder.nextElement() as Element)).toBe(normal(each));
      }),
      { numRuns: 150 },
    );
  });

  it('keep tables in step over many documents', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 12 }), options, (elements, input) => {
        const settings = { options: input, keepsTables: true, headerBefore: 'first' } as const;
        const encoder = new ExiEncoder(settings);
        const decoder = new ExiDecoder(settings);
        for (const each of elements) {
          for (const byte of encoder.encodeElement(each)) decoder.push(Uint8Array.of(byte));
          expect(String(decoder.nextElement())).toBe(String(each));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a document after others', () => {
  // Names, namespaces and strings enough for tables to be searched by map, to be reused, and not to be.
  const many = (prefix: string) => fc.integer({ min: 0, max: 40 }).map((i) => `${prefix}${i}`);
  const uri = fc.oneof(namespace, many('urn:y:'));
  const { varied } = fc.letrec<{ varied: Element }>((tie) => ({
    varied: fc
      .tuple(
        fc.oneof(name, many('n')),
        uri,
        fc.dictionary(fc.oneof(key, many('k')), fc.oneof(text, many('v')), { maxKeys: 16 }),
        fc.array(fc.oneof({ depthSize: 'medium' }, text, many('t'), tie('varied')), { maxLength: 12 }),
      )
      .map(([local, space, attributes, children]) => new Element(local, space, attributes, joined(children))),
  }));
  const impossible = new Element('a', 'urn:x', { id: 'v' }, [new Element('b', 'urn:new', {}, ['\u0000'])]);

  it.each([
    ['without a schema', undefined],
    ['with one', grammars],
  ])('is coded as if it were the first, %s', (_, known) => {
    fc.assert(
      fc.property(
        fc.array(varied, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(), { minLength: 2, maxLength: 6 }),
        options,
        fc.integer({ min: 1, max: 40 }),
        (documents, order, input, size) => {
          const settings = { options: input, grammars: known };
          const encoder = new ExiEncoder(settings);
          const decoder = new ExiDecoder(settings);
          for (const i of order) {
            if (i % 5 === 0) expect(() => encoder.encodeElement(impossible)).toThrow(ExiError);
            const document = documents[i % documents.length] as Element;
            const bytes = encoder.encodeElement(document);
            expect(bytes).toEqual(new ExiEncoder(settings).encodeElement(document));
            let decoded: Element | undefined;
            for (let at = 0; at < bytes.length; at += size) {
              decoder.push(bytes.subarray(at, at + size));
              decoded = decoder.nextElement() ?? decoded;
            }
            const fresh = new ExiDecoder(settings);
            fresh.push(bytes);
            expect(normal(decoded as Element)).toBe(normal(fresh.nextElement() as Element));
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('leaves the bytes of those before it as they were', () => {
    const encoder = new ExiEncoder();
    const sizes = [1, 400, 30, 9000, 5, 700, 8000, 60, 20_000, 3];
    const encode = (size: number) => encoder.encodeElement(new Element('a', 'urn:x', {}, ['x'.repeat(size)]));
    const taken = Array.from({ length: 40 }, (_, i) => encode(sizes[i % sizes.length] as number));
    taken.forEach((bytes, i) => {
      const decoder = new ExiDecoder();
      decoder.push(bytes);
      expect(decoder.nextElement()?.text).toBe('x'.repeat(sizes[i % sizes.length] as number));
    });
  });
});

function normal(each: Element): string {
  const attributes = Object.entries(each.attributes).sort();
  const children = each.children.map((child) => (typeof child === 'string' ? JSON.stringify(child) : normal(child)));
  return `{${each.namespace}}${each.name} ${JSON.stringify(attributes)} [${children.join()}]`;
}

describe('corrupt input', () => {
  const vectors = readManifest(`${FOLDER}manifest.json`).filter(({ bytes }) => bytes < 600);

  it('gives an ExiError with a position, or a document, and nothing else', () => {
    const arbitrary = fc.tuple(
      fc.constantFrom(...vectors),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
    );
    fc.assert(
      fc.property(arbitrary, ([vector, changes]) => {
        const bytes = readFileSync(`${FOLDER}${vector.exi}`);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const { alignment, strict, preserve, fragment } = vector.options;
        const known = verifier.grammarsOf(vector.schema);
        const decoder = new ExiDecoder({
          options: { alignment, strict, preserve, fragment },
          grammars: known,
          resolveSchema: () => known,
          limits: { maxEvents: 20_000, maxCharacters: 200_000, maxInflatedBytes: 100_000 },
        });
        try {
          decoder.push(bytes);
          decoder.end();
          while (decoder.next()) {
            // to the end
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ExiError);
          expect((error as ExiError).bit).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('reserves no memory for a string of 2^40 characters', () => {
    const out = new BitWriter();
    out.writeBits(0x80, 8);
    out.writeBits(0, 2); // SE(*): no such namespace yet
    out.writeUnsigned(2 ** 40);
    out.align();
    for (const limits of [{}, { maxValueLength: 2 ** 41 }]) {
      const decoder = new ExiDecoder({ limits });
      decoder.push(out.take());
      decoder.end();
      expect(() => {
        while (decoder.next()) {
          // to the error
        }
      }).toThrow(ExiError);
      out.writeBits(0x80, 8);
      out.writeBits(0, 2);
      out.writeUnsigned(2 ** 40);
      out.align();
    }
  });

  it('cannot smuggle markup in through names', () => {
    const out = new BitWriter();
    out.writeBits(0x80, 8);
    out.writeBits(1, 2); // the empty namespace
    out.writeUnsigned('a b='.length + 1);
    out.writeText('a b=');
    out.align();
    const decoder = new ExiDecoder();
    decoder.push(out.take());
    decoder.next();
    expect(() => decoder.next()).toThrow(/a local name that is no name/);
  });

  it('is told apart from EXI', () => {
    const decoder = new ExiDecoder();
    decoder.push(Buffer.from('<?xml version="1.0"?>'));
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code: 'not-exi' }));
  });

  it('makes no more events than it may', () => {
    const many = new Element(
      'a',
      '',
      {},
      Array.from({ length: 200 }, () => new Element('b', '', {}, [])),
    );
    const decoder = new ExiDecoder({ limits: { maxEvents: 100 } });
    decoder.push(new ExiEncoder().encodeElement(many));
    expect(() => decoder.nextElement()).toThrow(expect.objectContaining({ code: 'limit' }));
  });
});
