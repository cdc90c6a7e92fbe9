import { describe, expect, it } from 'vitest';
import { type CompileOptions, compileSchema } from './compile.ts';
import { resolveLocation } from './document-set.ts';
import { SCHEMA_NAMESPACE } from './names.ts';

const schema = (namespace: string, content: string, attributes = '') =>
  `<xs:schema xmlns:xs='${SCHEMA_NAMESPACE}' ${namespace && `targetNamespace='${namespace}' xmlns='${namespace}'`} ${attributes}>${content}</xs:schema>`;

const document = (location: string, namespace: string, content: string, attributes = '') => ({
  location,
  text: schema(namespace, content, attributes),
});

function compile(documents: readonly ReturnType<typeof document>[], given = 1, options: CompileOptions = {}) {
  const asked: string[] = [];
  const components = compileSchema(documents.slice(0, given), {
    resolve: (location, namespace, base) => {
      asked.push(`${location} for ${namespace} from ${base}`);
      return documents.find((each) => each.location === location);
    },
    ...options,
  });
  return { ...components, asked };
}

describe('sets of schema documents', () => {
  it('take what imports and includes name from whoever has it, each once, in circles too', () => {
    const { types, namespaces, asked } = compile([
      document(
        'a.xsd',
        'urn:a',
        "<xs:import namespace='urn:b' schemaLocation='b.xsd'/><xs:include schemaLocation='c.xsd'/><xs:complexType name='A'><xs:attribute name='x' type='C'/></xs:complexType>",
      ),
      document(
        'b.xsd',
        'urn:b',
        "<xs:import namespace='urn:a' schemaLocation='a.xsd'/><xs:element name='e' type='a:A' xmlns:a='urn:a'/>",
      ),
      document(
        'c.xsd',
        'urn:a',
        "<xs:include schemaLocation='a.xsd'/><xs:simpleType name='C'><xs:restriction base='xs:int'/></xs:simpleType>",
      ),
    ]);
    expect([...types.keys()].filter((key) => key.startsWith('{urn'))).toEqual(['{urn:a}A', '{urn:a}C']);
    expect([...namespaces]).toEqual(['urn:a', 'urn:b']);
    expect(asked).toEqual(['b.xsd for urn:b from a.xsd', 'c.xsd for urn:a from a.xsd']);
  });

  it('prefer documents given to asking, by location or by namespace', () => {
    const { asked, elements } = compile(
      [
        document('x/a.xsd', 'urn:a', "<xs:import namespace='urn:b'/><xs:include schemaLocation='../y/c.xsd'/>"),
        document('b.xsd', 'urn:b', "<xs:element name='b'/>"),
        document('y/c.xsd', 'urn:a', "<xs:element name='c'/>"),
      ],
      3,
    );
    expect(asked).toEqual([]);
    expect([...elements.keys()].sort()).toEqual(['{urn:a}c', '{urn:b}b']);
  });

  it('make a document without namespace a part of whoever includes it', () => {
    const chameleon = document(
      'c.xsd',
      '',
      "<xs:simpleType name='C'><xs:restriction base='xs:int'/></xs:simpleType><xs:element name='c' type='C'/>",
    );
    const include = "<xs:include schemaLocation='c.xsd'/>";
    const both = [
      document('a.xsd', 'urn:a', `${include}<xs:element name='a' type='C'/>`),
      document('b.xsd', 'urn:b', include),
      chameleon,
    ];
    for (const given of [2, 3]) {
      const { elements, types } = compile(both, given);
      expect([...elements.keys()].sort()).toEqual(['{urn:a}a', '{urn:a}c', '{urn:b}c']);
      expect(elements.get('{urn:b}c')?.type).toBe(types.get('{urn:b}C'));
      expect(elements.get('{urn:a}a')?.type).toBe(types.get('{urn:a}C'));
    }
  });

  it('know the attributes of the XML namespace where nobody has a document for it', () => {
    const { attributes } = compile([
      document(
        'a.xsd',
        'urn:a',
        "<xs:import namespace='http://www.w3.org/XML/1998/namespace'/><xs:complexType name='A'><xs:attribute ref='xml:lang'/></xs:complexType>",
      ),
    ]);
    expect([...attributes.keys()]).toEqual(
      ['lang', 'space', 'base', 'id'].map((name) => `{http://www.w3.org/XML/1998/namespace}${name}`),
    );
  });

  it('leave the XML namespace to whoever has a document for it, however it is reached', () => {
    const xml = 'http://www.w3.org/XML/1998/namespace';
    const { attributes } = compile([
      document('a.xsd', 'urn:a', `<xs:import namespace='${xml}'/><xs:include schemaLocation='b.xsd'/>`),
      document('b.xsd', 'urn:a', `<xs:import namespace='${xml}' schemaLocation='xml.xsd'/>`),
      {
        location: 'xml.xsd',
        text: `<x:schema xmlns:x='${SCHEMA_NAMESPACE}' targetNamespace='${xml}'><x:attribute name='lang' type='x:language'/></x:schema>`,
      },
    ]);
    expect([...attributes.keys()]).toEqual([`{${xml}}lang`]);
  });

  it('do without a document that is imported but not needed', () => {
    const unused = document('a.xsd', 'urn:a', "<xs:import namespace='urn:b' schemaLocation='b.xsd'/>");
    expect(compile([unused]).elements.size).toBe(0);
    const used = document(
      'a.xsd',
      'urn:a',
      "<xs:import namespace='urn:b' schemaLocation='b.xsd'/><xs:element name='e' type='b:B' xmlns:b='urn:b'/>",
    );
    expect(() => compile([used])).toThrow('type {urn:b}B is not declared');
  });

  it('qualify local names as the documents say', () => {
    const content =
      "<xs:element name='e'><xs:complexType><xs:sequence><xs:element name='a'/><xs:element name='b' form='qualified'/><xs:element name='c' form='unqualified'/></xs:sequence><xs:attribute name='x'/><xs:attribute name='y' form='qualified'/></xs:complexType></xs:element>";
    const names = (attributes: string) => {
      const { allElements, allAttributes } = compile([document('a.xsd', 'urn:a', content, attributes)]);
      return [...allElements.slice(1), ...allAttributes].map(({ name }) => `${name.namespace && 'q'}${name.name}`);
    };
    expect(names('')).toEqual(['a', 'qb', 'c', 'x', 'qy']);
    expect(names("elementFormDefault='qualified' attributeFormDefault='qualified'")).toEqual([
      'qa',
      'qb',
      'c',
      'qx',
      'qy',
    ]);
  });

  it('take comments, processing instructions, annotations and the attributes of others', () => {
    const text = `\ufeff<?xml version='1.0' encoding='utf-8'?><?pi <a> ?><!-- > ' -->${schema(
      'urn:a',
      `<xs:annotation><xs:documentation xml:lang='en'>Some <b xmlns='x'>text</b> &lt; <![CDATA[<!-- ]]></xs:documentation></xs:annotation>
       <xs:notation name='n' public='p'/>
       <xs:element name='e' o:hint='x > y' id='i'><!-- <xs:element/> --><xs:annotation/><xs:key name='k'><xs:selector xpath='*'/><xs:field xpath='@a'/></xs:key></xs:element>`,
      "xmlns:o='urn:other' version='1.0' xml:lang='en'",
    )}<!-- end -->`;
    expect([...compileSchema([{ location: 'a', text }]).elements.keys()]).toEqual(['{urn:a}e']);
  });

  it('name the namespaces that wildcards name', () => {
    const { namespaces } = compile([
      document(
        'a.xsd',
        'urn:a',
        "<xs:complexType name='A'><xs:sequence><xs:any namespace='urn:x ##local ##targetNamespace'/></xs:sequence><xs:anyAttribute namespace='urn:y'/></xs:complexType>",
      ),
    ]);
    expect([...namespaces].sort()).toEqual(['urn:a', 'urn:x', 'urn:y']);
  });

  it.each([
    [
      'a document of another namespace to include',
      [document('a.xsd', 'urn:a', "<xs:include schemaLocation='b.xsd'/>"), document('b.xsd', 'urn:b', '')],
      'b.xsd has the target namespace urn:b: expected the target namespace urn:a, or none',
    ],
    [
      'a document of another namespace to import',
      [
        document('a.xsd', 'urn:a', "<xs:import namespace='urn:c' schemaLocation='b.xsd'/>"),
        document('b.xsd', 'urn:b', ''),
      ],
      'b.xsd has the target namespace urn:b: expected urn:c',
    ],
    [
      'the own namespace to import',
      [document('a.xsd', 'urn:a', "<xs:import namespace='urn:a'/>")],
      'expected xs:include',
    ],
    [
      'an include without location',
      [document('a.xsd', 'urn:a', '<xs:include/>')],
      'needs the attribute schemaLocation',
    ],
    [
      'an empty target namespace',
      [{ location: 'a.xsd', text: `<x:schema xmlns:x='${SCHEMA_NAMESPACE}' targetNamespace=''/>` }],
      'leave it out',
    ],
    [
      'an attribute in the namespace of instances',
      [document('a.xsd', 'http://www.w3.org/2001/XMLSchema-instance', "<xs:attribute name='a'/>")],
      'no attribute can be declared',
    ],
    [
      'attribute wildcards whose intersection can not be said',
      [
        document(
          'a.xsd',
          'urn:a',
          "<xs:import namespace='urn:b' schemaLocation='b.xsd'/><xs:complexType name='A'><xs:attributeGroup ref='b:g' xmlns:b='urn:b'/><xs:anyAttribute namespace='##other'/></xs:complexType>",
        ),
        document(
          'b.xsd',
          'urn:b',
          "<xs:attributeGroup name='g'><xs:anyAttribute namespace='##other'/></xs:attributeGroup>",
        ),
      ],
      'the attribute wildcards have no intersection that can be said',
    ],
  ])('are refused with %s', (_, documents, message) => {
    expect(() => compile(documents)).toThrow(message);
  });

  it('are refused when two documents are at one place', () => {
    const one = document('a.xsd', 'urn:a', '');
    expect(() => compile([one, one], 2)).toThrow('two documents are at a.xsd');
  });
});

describe('relative locations', () => {
  it.each([
    ['b.xsd', 'a.xsd', 'b.xsd'],
    ['b.xsd', 'x/y/a.xsd', 'x/y/b.xsd'],
    ['../b.xsd', 'x/y/a.xsd', 'x/b.xsd'],
    ['../../b.xsd', 'x/a.xsd', '../b.xsd'],
    ['./b.xsd', 'http://example.org/x/a.xsd', 'http://example.org/x/b.xsd'],
    ['http://example.org/b.xsd', 'x/a.xsd', 'http://example.org/b.xsd'],
    ['/b.xsd', 'x/a.xsd', '/b.xsd'],
  ])('%s seen from %s is %s', (location, base, resolved) => {
    expect(resolveLocation(location, base)).toBe(resolved);
  });
});
