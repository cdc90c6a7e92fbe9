import { Element, parseElement, xml } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { ExiDecoder } from './decoder.ts';
import { ExiEncoder, type ExiEncoderSettings } from './encoder.ts';
import { ExiError } from './error.ts';
import type { ExiEvent } from './events.ts';
import { buildGrammars } from './grammar/build-grammars.ts';
import type { ExiOptionsInput } from './options.ts';
import { builtInTypes } from './schema/built-in-types.ts';
import { compileSchema } from './schema/compile.ts';
import { xmlEvents } from './xml/xml-events.ts';
import { xmlText } from './xml/xml-writer.ts';

const schema = (content: string) =>
  buildGrammars(
    compileSchema([
      {
        location: 'test.xsd',
        text: `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:x' targetNamespace='urn:x' elementFormDefault='qualified'>${content}</xs:schema>`,
      },
    ]),
  );

function decodeAll(bytes: Uint8Array, settings: ConstructorParameters<typeof ExiDecoder>[0] = {}): ExiEvent[] {
  const decoder = new ExiDecoder(settings);
  decoder.push(bytes);
  decoder.end();
  const events: ExiEvent[] = [];
  for (let event = decoder.next(); event; event = decoder.next()) events.push(event);
  return events;
}

function roundTrip(text: string, settings: ExiEncoderSettings = {}): string {
  const bytes = new ExiEncoder(settings).encode(xmlEvents(text));
  return xmlText(decodeAll(bytes, { options: settings.options, grammars: settings.grammars }));
}

describe('options', () => {
  const all: ExiOptionsInput = {
    alignment: 'byte-packed',
    selfContained: true,
    preserve: { comments: true, pis: true, dtd: true, prefixes: true, lexicalValues: true },
    valueMaxLength: 20,
    valuePartitionCapacity: 7,
    schemaId: null,
  };

  it.each<[string, ExiOptionsInput]>([
    ['none', {}],
    ['many', all],
    ['compression', { alignment: 'compression', blockSize: 12, fragment: true }],
    ['pre-compression', { alignment: 'pre-compression', blockSize: 12 }],
    ['strict', { strict: true, schemaId: '' }],
    ['a schema', { schemaId: 'urn:some:schema' }],
    [
      'datatype representations',
      {
        datatypeRepresentationMap: [
          {
            type: { namespace: 'http://www.w3.org/2001/XMLSchema', name: 'decimal' },
            representation: { namespace: 'http://www.w3.org/2009/exi', name: 'string' },
          },
          {
            type: { namespace: 'urn:mine', name: 'T' },
            representation: { namespace: 'http://www.w3.org/2009/exi', name: 'integer' },
          },
        ],
      },
    ],
  ])('told in the header need not be known: %s', (_, options) => {
    const grammars = buildGrammars(builtInTypes());
    const isSchemaLess = options.schemaId === undefined || options.schemaId === null;
    const encoder = new ExiEncoder({
      options,
      grammars: isSchemaLess ? undefined : grammars,
      header: { options: true },
    });
    const bytes = encoder.encodeElement(xml('a', { b: '1' }, 'text'));
    const decoder = new ExiDecoder({
      resolveSchema: (schemaId) => (schemaId === options.schemaId ? grammars : undefined),
    });
    decoder.push(bytes);
    expect(String(decoder.nextElement())).toBe("<a b='1'>text</a>");
    expect(decoder.options).toEqual(encoder.options);
  });

  it.each<[string, ExiOptionsInput]>([
    ['strict and comments', { strict: true, preserve: { comments: true } }],
    ['selfContained and compression', { selfContained: true, alignment: 'compression' }],
    ['a block of nothing', { blockSize: 0 }],
    ['a negative length', { valueMaxLength: -1 }],
  ])('that exclude each other are refused: %s', (_, options) => {
    expect(() => new ExiEncoder({ options })).toThrow(expect.objectContaining({ code: 'options' }));
  });

  it('a schema that nobody knows is told', () => {
    const bytes = new ExiEncoder({ options: { schemaId: 'urn:lost' }, header: { options: true } }).encodeElement(
      xml('a'),
    );
    expect(() => decodeAll(bytes)).toThrow(/the schema "urn:lost" is not known/);
  });
});

describe('fidelity', () => {
  const document =
    '<!DOCTYPE a SYSTEM "a.dtd" [<!ENTITY e "x">]><!--c--><a><?p d?>t&e;<p:b xmlns:p=\'urn:p\' p:c=\'1\'>  </p:b><!--d--></a><?q r?>';

  it('keeps everything when told to', () => {
    const preserve = { comments: true, pis: true, dtd: true, prefixes: true };
    for (const alignment of ['bit-packed', 'byte-packed', 'pre-compression', 'compression'] as const) {
      expect(roundTrip(document, { options: { preserve, alignment } })).toBe(document);
    }
  });

  it('makes prefixes where none are kept', () => {
    const text = "<p:a xmlns:p='urn:p' xmlns:q='urn:q' q:b='1'><c/></p:a>";
    expect(roundTrip(text)).toBe("<a xmlns='urn:p' xmlns:ns1='urn:q' ns1:b='1'><c xmlns=''/></a>");
  });
});

describe('self-contained elements', () => {
  it.each(['bit-packed', 'byte-packed'] as const)('can be decoded on their own: %s', (alignment) => {
    const options: ExiOptionsInput = { selfContained: true, alignment };
    const text = '<log><e n="1">one</e><e n="2">one<f/></e><g>one</g></log>'.replaceAll('"', "'");
    const bytes = new ExiEncoder({ options, isSelfContained: (_, name) => name === 'e' }).encode(xmlEvents(text));
    const events = decodeAll(bytes, { options });
    expect(xmlText(events)).toBe(text);
    expect(events.filter(({ kind }) => kind === 'selfContained')).toHaveLength(2);
  });

  it('work inside a schema, too, and with prefixes', () => {
    const grammars = schema(
      "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' type='xs:int' maxOccurs='9'/></xs:sequence></xs:complexType></xs:element>",
    );
    const options: ExiOptionsInput = { selfContained: true, preserve: { prefixes: true } };
    const text = "<p:a xmlns:p='urn:x'><p:b>1</p:b><p:b>2</p:b></p:a>";
    const bytes = new ExiEncoder({ options, grammars, isSelfContained: (_, name) => name === 'b' }).encode(
      xmlEvents(text),
    );
    const elements = decodeAll(bytes, { options, grammars });
    expect(elements.filter(({ kind }) => kind === 'text')).toEqual([
      { kind: 'text', text: '1' },
      { kind: 'text', text: '2' },
    ]);
  });
});

describe('numbers', () => {
  const grammars = schema("<xs:element name='v' type='xs:double'/><xs:element name='d' type='xs:decimal'/>");
  const through = (name: string, text: string, numbers: 'as-written' | 'shortest' = 'as-written') => {
    const bytes = new ExiEncoder({ grammars, numbers, options: { strict: true } }).encodeElement(
      xml(name, { xmlns: 'urn:x' }, text),
    );
    const decoder = new ExiDecoder({ grammars, options: { strict: true } });
    decoder.push(bytes);
    return decoder.nextElement()?.text;
  };

  it.each([
    ['21.50', '21.50'],
    ['-0.10', '-0.10'],
    ['0.00', '0.00'],
    ['100', '100'],
    ['1000000', '1000000'],
    ['1e3', '1000'],
    ['1E400', '1E400'],
    ['-1.5E-7', '-0.00000015'],
    ['9007199254740993', '9007199254740993'],
    ['INF', 'INF'],
    ['-INF', '-INF'],
    ['NaN', 'NaN'],
    [' 7 ', '7'],
  ])('floats keep their digits: %s', (text, expected) => {
    expect(through('v', text)).toBe(expected);
  });

  it('or not, to save bits', () => {
    expect(through('v', '21.50', 'shortest')).toBe('21.5');
  });

  it.each([
    ['12.340', '12.34'],
    ['-.5', '-0.5'],
    ['123456789012345678901234567890.000000000000000000001', '123456789012345678901234567890.000000000000000000001'],
    ['+5.', '5'],
  ])('decimals have any number of them: %s', (text, expected) => {
    expect(through('d', text)).toBe(expected);
  });
});

describe('datatype representation maps', () => {
  const grammars = schema(
    "<xs:simpleType name='Level'><xs:restriction base='xs:decimal'/></xs:simpleType><xs:element name='v' type='Level'/>",
  );
  const map = (name: string): ExiOptionsInput => ({
    datatypeRepresentationMap: [
      {
        type: { namespace: 'http://www.w3.org/2001/XMLSchema', name: 'decimal' },
        representation: { namespace: 'http://www.w3.org/2009/exi', name },
      },
    ],
  });

  it('keep what a datatype would not', () => {
    const text = "<v xmlns='urn:x'>12.340</v>";
    expect(roundTrip(text, { grammars })).toBe("<v xmlns='urn:x'>12.34</v>");
    expect(roundTrip(text, { grammars, options: map('string') })).toBe(text);
    expect(roundTrip(text, { grammars, options: map('double') })).toBe(text);
  });

  it('know no representations but those of EXI', () => {
    expect(() => new ExiEncoder({ grammars, options: map('geo') })).toThrow(
      expect.objectContaining({ code: 'unsupported' }),
    );
  });
});

describe('elements', () => {
  it('are encoded in a fragment, too', () => {
    const options: ExiOptionsInput = { fragment: true };
    const bytes = new ExiEncoder({ options }).encodeElement(xml('a'), xml('b', {}, 'x'), xml('a'));
    const decoder = new ExiDecoder({ options });
    decoder.push(bytes);
    const names = [decoder.nextElement(), decoder.nextElement(), decoder.nextElement()].map((element) => element?.name);
    expect(names).toEqual(['a', 'b', 'a']);
    expect(decoder.nextElement()).toBeUndefined();
  });

  it('with xsi:type name types by {namespace}name', () => {
    const grammars = schema("<xs:element name='v'/>");
    const type = '{http://www.w3.org/2001/XMLSchema}int';
    const element = parseElement("<v xmlns='urn:x'>17</v>").with({
      '{http://www.w3.org/2001/XMLSchema-instance}type': type,
    });
    const bytes = new ExiEncoder({ grammars }).encodeElement(element);
    const decoder = new ExiDecoder({ grammars });
    decoder.push(bytes);
    expect(decoder.nextElement()).toEqual(element);
  });

  it('that the schema has no place for are refused by strict, with a reason', () => {
    const grammars = schema("<xs:element name='v' type='xs:int'/>");
    const encoder = new ExiEncoder({ grammars, options: { strict: true } });
    expect(() => encoder.encodeElement(xml('v', { xmlns: 'urn:x', a: '1' }))).toThrow(
      /the attribute a has no place in <v>/,
    );
    expect(() => encoder.encodeElement(xml('v', { xmlns: 'urn:x' }, 'seven'))).toThrow(/that text has no place in <v>/);
    // It goes on with the next document.
    expect(encoder.encodeElement(xml('v', { xmlns: 'urn:x' }, '7')).length).toBeGreaterThan(0);
  });

  it('with text that is no XML are refused', () => {
    for (const text of ['\u0000', '\ud800', 'a\uffff']) {
      expect(() => new ExiEncoder().encodeElement(new Element('a', '', {}, [text]))).toThrow(ExiError);
    }
  });

  it('nest as deep as the limit says', () => {
    let element = xml('a');
    for (let i = 0; i < 300; i++) element = xml('a', {}, element);
    expect(() => new ExiEncoder().encodeElement(element)).toThrow(expect.objectContaining({ code: 'limit' }));
    expect(new ExiEncoder({ limits: { maxDepth: 400 } }).encodeElement(element).length).toBeGreaterThan(10);
  });
});
