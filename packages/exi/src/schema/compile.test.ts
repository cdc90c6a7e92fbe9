import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile.ts';
import type { SimpleType } from './components.ts';
import { SchemaError } from './error.ts';
import { SCHEMA_NAMESPACE } from './names.ts';

const FOLDER = new URL('../../test/vectors/schemas/', import.meta.url);
const TEXTS = readdirSync(FOLDER).map((name) => readFileSync(new URL(name, FOLDER), 'utf8'));

/** What schemas are made of, to be cut and put together in other ways. */
const WORDS = [...new Set(TEXTS.flatMap((text) => text.match(/<[^\s>]+|\s[\w:]+='[^']*'|\/?>/g) ?? []))];

function compiles(text: string): void {
  try {
    compileSchema([{ location: 'a.xsd', text }], { limits: { maxSteps: 100_000 } });
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    expect(error.message).toMatch(/^[^:]*:\d+:\d+: /);
  }
}

describe('compiling whatever text', () => {
  it('fails with a typed error or not at all when parts of a schema are exchanged', () => {
    const mutation = fc.record({
      text: fc.constantFrom(...TEXTS),
      at: fc.nat(),
      length: fc.nat(40),
      words: fc.array(fc.constantFrom(...WORDS), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(mutation, ({ text, at, length, words }) => {
        const start = at % text.length;
        compiles(text.slice(0, start) + words.join('') + text.slice(start + length));
      }),
      { numRuns: 500 },
    );
  });

  it('fails with a typed error or not at all when attributes are exchanged', () => {
    const attributes = TEXTS.flatMap((text) => text.match(/\s[\w:]+='[^']*'/g) ?? []);
    const mutation = fc.record({
      text: fc.constantFrom(...TEXTS),
      at: fc.nat(),
      attribute: fc.constantFrom(...attributes),
    });
    fc.assert(
      fc.property(mutation, ({ text, at, attribute }) => {
        const places = [...text.matchAll(/\s[\w:]+='[^']*'/g)];
        const place = places[at % places.length] as RegExpMatchArray;
        const start = place.index as number;
        compiles(text.slice(0, start) + attribute + text.slice(start + place[0].length));
      }),
      { numRuns: 500 },
    );
  });
});

describe('compiling what was made to take long', () => {
  const schema = (content: string) => `<xs:schema xmlns:xs='${SCHEMA_NAMESPACE}'>${content}</xs:schema>`;

  it('unions of unions', () => {
    const unions = Array.from(
      { length: 150 },
      (_, i) =>
        `<xs:simpleType name='u${i + 1}'><xs:union memberTypes='u${i} v${i}'/></xs:simpleType><xs:simpleType name='v${i + 1}'><xs:union memberTypes='v${i} u${i}'/></xs:simpleType>`,
    );
    const text = schema(
      `<xs:simpleType name='u0'><xs:restriction base='xs:int'/></xs:simpleType><xs:simpleType name='v0'><xs:restriction base='xs:date'/></xs:simpleType>${unions.join('')}
       <xs:simpleType name='e'><xs:restriction base='u150'><xs:enumeration value='2000-01-01'/></xs:restriction></xs:simpleType>`,
    );
    const { types } = compileSchema([{ location: 'a.xsd', text }]);
    const { variety } = types.get('{}u150') as SimpleType;
    expect(variety.kind === 'union' && variety.members.map(({ name }) => name?.name)).toEqual(['u0', 'v0']);
  });

  it('patterns with many characters', () => {
    const characters = Array.from({ length: 150_000 }, (_, i) => String.fromCodePoint(0x10000 + 2 * i)).join('');
    const pattern = `<xs:pattern value='[${characters}]'/>`;
    const type = `<xs:simpleType name='a'><xs:restriction base='xs:string'>${pattern}</xs:restriction></xs:simpleType>`;
    expect(compileSchema([{ location: 'a.xsd', text: schema(type) }]).types.has('{}a')).toBe(true);
  });
});
