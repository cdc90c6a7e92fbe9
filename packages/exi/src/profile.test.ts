import { describe, expect, it } from 'vitest';
import { ExiDecoder } from './decoder.ts';
import { ExiEncoder } from './encoder.ts';
import type { ExiEvent } from './events.ts';
import { buildGrammars } from './grammar/build-grammars.ts';
import { SCHEMA_LESS } from './grammar/grammars.ts';
import type { ExiOptionsInput } from './options.ts';
import { compileSchema } from './schema/compile.ts';
import { xmlEvents } from './xml/xml-events.ts';
import { xmlText } from './xml/xml-writer.ts';

const SCHEMA = `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:s' elementFormDefault='qualified'>
  <xs:element name='doc'>
    <xs:complexType><xs:sequence><xs:any processContents='lax' minOccurs='0' maxOccurs='unbounded'/></xs:sequence></xs:complexType>
  </xs:element>
</xs:schema>`;
const GRAMMARS = buildGrammars(compileSchema([{ location: 's.xsd', text: SCHEMA }]));
const DOCUMENT = "<doc xmlns='urn:s'><o xmlns='urn:o' a='1' b='x'><p a='x'>x</p><p/>text</o><o xmlns='urn:o'/></doc>";
const INSERTED = /type='[^']*anyType'/g;

function encode(usesProfile: boolean, options: ExiOptionsInput, grammars = GRAMMARS, text = DOCUMENT): Uint8Array {
  return new ExiEncoder({ grammars, options, usesProfile }).encode(xmlEvents(text));
}

function decode(bytes: Uint8Array, usesProfile: boolean, options: ExiOptionsInput, limits = {}, grammars = GRAMMARS) {
  const decoder = new ExiDecoder({ grammars, options, usesProfile, limits });
  decoder.push(bytes);
  decoder.end();
  const events: ExiEvent[] = [];
  for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
  return xmlText(events);
}

describe('the EXI Profile', () => {
  it.each<ExiOptionsInput>([{}, { strict: true }, { alignment: 'pre-compression' }, { alignment: 'compression' }])(
    'gives elements without a schema a type, which decoders that know of it leave out: %o',
    (options) => {
      const bytes = encode(true, options);
      expect(decode(bytes, true, options)).toBe(DOCUMENT);
      // One for each element that is not declared: o, p, p, o.
      expect(decode(bytes, false, options).match(INSERTED)).toHaveLength(4);
      expect(decode(encode(false, options), false, options)).toBe(DOCUMENT);
    },
  );

  it('gives elements one by one', () => {
    const decoder = new ExiDecoder({ grammars: GRAMMARS, usesProfile: true });
    for (const byte of encode(true, {})) decoder.push(Uint8Array.of(byte));
    expect(decoder.nextElement()?.toString()).toBe(DOCUMENT);
  });

  it('learns nothing but that the type is told', () => {
    const elements = Array.from({ length: 50 }, (_, i) => `<p a${i}='1'><q${i}/></p>`).join('');
    const text = `<doc xmlns='urn:s'><o xmlns='urn:o'>${elements}</o></doc>`;
    const limits = { maxLearnedProductions: 60 };
    expect(decode(encode(true, {}, GRAMMARS, text), true, {}, limits)).toBe(text);
    expect(() => decode(encode(false, {}, GRAMMARS, text), false, {}, limits)).toThrow('60 productions were learned');
  });

  it('declares the prefix of the type where prefixes are preserved', () => {
    const options = { preserve: { prefixes: true } };
    const text = "<s:doc xmlns:s='urn:s'><o:o xmlns:o='urn:o'/></s:doc>";
    const declaration = "xmlns:xsdP='http://www.w3.org/2001/XMLSchema'";
    const bytes = encode(true, options, GRAMMARS, text);
    expect(decode(bytes, true, options)).toBe(text.replace("='urn:o'", `='urn:o' ${declaration}`));
    const declared = text.replace('<s:doc', "<s:doc xmlns:x='http://www.w3.org/2001/XMLSchema'");
    const again = encode(true, options, GRAMMARS, declared);
    expect(decode(again, true, options)).toBe(declared);
    expect(decode(again, false, options)).toContain("type='x:anyType'");
  });

  it('leaves a type alone that the document tells', () => {
    const text =
      "<doc xmlns='urn:s'><o xmlns='urn:o' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:x='http://www.w3.org/2001/XMLSchema' xsi:type='x:int'>1</o></doc>";
    const decoded = decode(encode(true, {}, GRAMMARS, text), true, {});
    expect(decoded).toMatch(/type='[^']*int'/);
    expect(decoded).not.toContain('anyType');
  });

  it('tells no value by what the same name had before', () => {
    const values = Array.from({ length: 20 }, (_, i) => `<a>one</a><b>other ${i}</b>`).join('');
    const text = `<doc>${values}</doc>`;
    const bytes = encode(true, {}, SCHEMA_LESS, text);
    expect(decode(bytes, true, {}, {}, SCHEMA_LESS)).toBe(text);
    // Without the partition of its name a value is told by a wider number.
    expect(bytes.length).toBeGreaterThan(encode(false, {}, SCHEMA_LESS, text).length);
  });
});
