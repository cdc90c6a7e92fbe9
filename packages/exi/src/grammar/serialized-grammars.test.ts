import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExiEncoder } from '../encoder.ts';
import { ExiError } from '../error.ts';
import { VectorVerifier } from '../node/index.ts';
import { Grammars, SCHEMA_LESS } from './grammars.ts';
import { deserializeGrammars, serializeGrammars } from './serialized-grammars.ts';

const FOLDER = fileURLToPath(new URL('../../test/vectors/', import.meta.url));
const verifier = new VectorVerifier(FOLDER);
const SCHEMAS = ['schemas/facets.xsd', 'schemas/structure.xsd', 'schemas/types.xsd', 'schemas/xmpp-client.xsd', ''];

describe('serialised grammars', () => {
  it.each(SCHEMAS)('come back the same: %s', (schema) => {
    const grammars = verifier.grammarsOf(schema);
    expect(deserializeGrammars(serializeGrammars(grammars)).data).toEqual(grammars.data);
  });

  it('encode what the compiled ones encode', () => {
    const grammars = verifier.grammarsOf('schemas/xmpp-client.xsd');
    const loaded = deserializeGrammars(serializeGrammars(grammars));
    const element = parseElement(readFileSync(`${FOLDER}xmpp-iot/fields-10.xml`));
    const encode = (of: Grammars) => new ExiEncoder({ grammars: of }).encodeElement(element);
    expect(encode(loaded)).toEqual(encode(grammars));
  });

  it('are refused when of another version, damaged, or something else', () => {
    const bytes = serializeGrammars(verifier.grammarsOf('schemas/types.xsd'));
    expect(() => deserializeGrammars(bytes.with(4, 9))).toThrow(/version 9, expected 1/);
    expect(() => deserializeGrammars(bytes.with(100, (bytes[100] as number) ^ 1))).toThrow(/damaged/);
    expect(() => deserializeGrammars(new Uint8Array(20))).toThrow(/no serialised grammars/);
    expect(() => serializeGrammars(SCHEMA_LESS)).toThrow(/no schema/);
    expect(() => serializeGrammars(new Grammars())).toThrow(ExiError);
  });

  it('throw nothing but their error when a damage has the right checksum', () => {
    const bytes = serializeGrammars(verifier.grammarsOf('schemas/facets.xsd'));
    fc.assert(
      fc.property(fc.integer({ min: 9, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const damaged = bytes.with(at, byte);
        let hash = 0x811c9dc5;
        for (const each of damaged.subarray(9)) hash = Math.imul(hash ^ each, 0x01000193);
        new DataView(damaged.buffer).setUint32(5, hash >>> 0);
        try {
          deserializeGrammars(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(ExiError);
          expect((error as ExiError).code).toBe('grammars');
        }
      }),
      { numRuns: 500 },
    );
  });
});
