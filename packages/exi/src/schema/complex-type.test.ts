import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile.ts';
import { describeComponents } from './describe.ts';
import { SCHEMA_NAMESPACE } from './names.ts';

function compile(content: string) {
  const text = `<xs:schema xmlns:xs='${SCHEMA_NAMESPACE}'>${content}</xs:schema>`;
  return compileSchema([{ location: 'a.xsd', text }]);
}

/** What one type comes to, as text. */
function described(name: string, content: string): string {
  const lines = describeComponents(compile(content)).trimEnd().split('\n');
  const start = lines.findIndex((line) => line.startsWith(`type ${name}:`));
  const end = lines.findIndex((line, i) => i > start && !line.startsWith(' '));
  return lines.slice(start, end === -1 ? undefined : end).join('\n');
}

const BASE = `<xs:complexType name='B'><xs:sequence><xs:element name='a' type='xs:int'/></xs:sequence>
  <xs:attribute name='x' type='xs:int' use='required'/><xs:attribute name='y'/></xs:complexType>`;
const derived = (how: string, base: string, content: string, mixed = '') =>
  `<xs:complexType name='T'><xs:complexContent ${mixed}><xs:${how} base='${base}'>${content}</xs:${how}></xs:complexContent></xs:complexType>`;
const simple = (how: string, base: string, content: string) =>
  `<xs:complexType name='T'><xs:simpleContent><xs:${how} base='${base}'>${content}</xs:${how}></xs:simpleContent></xs:complexType>`;

describe('complex types', () => {
  it.each([
    ['nothing', "<xs:complexType name='T'/>", 'type T: restriction of xs:anyType\n  empty'],
    [
      'an empty sequence',
      "<xs:complexType name='T'><xs:sequence/></xs:complexType>",
      'type T: restriction of xs:anyType\n  empty',
    ],
    ['text only', "<xs:complexType name='T' mixed='true'/>", 'type T: restriction of xs:anyType\n  mixed'],
    [
      'a choice of nothing, which nothing matches',
      "<xs:complexType name='T'><xs:choice/></xs:complexType>",
      'type T: restriction of xs:anyType\n  choice',
    ],
    [
      'what may not occur',
      "<xs:complexType name='T'><xs:sequence><xs:element name='a' minOccurs='0' maxOccurs='0'/><xs:element name='b'/></xs:sequence></xs:complexType>",
      'type T: restriction of xs:anyType\n  sequence\n    b: xs:anyType',
    ],
    [
      'an extension',
      BASE + derived('extension', 'B', "<xs:choice><xs:element name='b'/></xs:choice><xs:attribute name='z'/>"),
      'type T: extension of B\n  @x: xs:int\n  @y?: xs:anySimpleType\n  @z?: xs:anySimpleType\n  sequence\n    sequence\n      a: xs:int\n    choice\n      b: xs:anyType',
    ],
    [
      'an extension with attributes only',
      BASE + derived('extension', 'B', "<xs:attribute name='z'/>"),
      'type T: extension of B\n  @x: xs:int\n  @y?: xs:anySimpleType\n  @z?: xs:anySimpleType\n  sequence\n    a: xs:int',
    ],
    [
      'an extension of an empty type',
      `<xs:complexType name='E'/>${derived('extension', 'E', "<xs:sequence><xs:element name='b'/></xs:sequence>")}`,
      'type T: extension of E\n  sequence\n    b: xs:anyType',
    ],
    [
      'a restriction, with attributes narrowed and left out',
      BASE +
        derived(
          'restriction',
          'B',
          "<xs:sequence><xs:element name='a' type='xs:byte'/></xs:sequence><xs:attribute name='x' type='xs:byte' use='required'/><xs:attribute name='y' use='prohibited'/>",
        ),
      'type T: restriction of B\n  @x: xs:byte\n  sequence\n    a: xs:byte',
    ],
    [
      'an extension of a simple type',
      simple('extension', 'xs:int', "<xs:attribute name='unit' type='xs:string'/>"),
      'type T: extension of xs:int\n  @unit?: xs:string\n  text xs:int',
    ],
    [
      'a restriction of simple content',
      `<xs:complexType name='B'><xs:simpleContent><xs:extension base='xs:int'><xs:attribute name='u'/></xs:extension></xs:simpleContent></xs:complexType>${simple('restriction', 'B', "<xs:maxInclusive value='9'/>")}`,
      'type T: restriction of B\n  @u?: xs:anySimpleType\n  text (xs:int whiteSpace=collapse fractionDigits=0 patterns=[\\-+]?[0-9]+ minInclusive=-2147483648 maxInclusive=9)',
    ],
    [
      'simple content in place of mixed content that may be empty',
      `<xs:complexType name='B' mixed='true'><xs:sequence><xs:element name='a' minOccurs='0'/></xs:sequence></xs:complexType>${simple('restriction', 'B', "<xs:simpleType><xs:restriction base='xs:int'/></xs:simpleType>")}`,
      'type T: restriction of B\n  text (xs:int whiteSpace=collapse fractionDigits=0 patterns=[\\-+]?[0-9]+ minInclusive=-2147483648 maxInclusive=2147483647)',
    ],
    [
      'attributes added to simple content by way of complex content',
      `<xs:complexType name='B'><xs:simpleContent><xs:extension base='xs:int'/></xs:simpleContent></xs:complexType>${derived('extension', 'B', "<xs:attribute name='u'/>")}`,
      'type T: extension of B\n  @u?: xs:anySimpleType\n  text xs:int',
    ],
    [
      'groups used by name, twice and with occurrences',
      `<xs:group name='g'><xs:choice><xs:element name='a'/><xs:element name='b'/></xs:choice></xs:group>
       <xs:complexType name='T'><xs:group ref='g' maxOccurs='unbounded'/></xs:complexType>`,
      'type T: restriction of xs:anyType\n  choice {1,}\n    a: xs:anyType\n    b: xs:anyType',
    ],
    [
      'attribute groups in attribute groups, and wildcards that intersect',
      `<xs:attributeGroup name='p'><xs:attribute name='a'/><xs:anyAttribute namespace='urn:1 urn:2' processContents='skip'/></xs:attributeGroup>
       <xs:attributeGroup name='q'><xs:attributeGroup ref='p'/><xs:attribute name='b' use='required'/></xs:attributeGroup>
       <xs:complexType name='T'><xs:attributeGroup ref='q'/><xs:anyAttribute namespace='urn:2 urn:3' processContents='lax'/></xs:complexType>`,
      'type T: restriction of xs:anyType\n  @a?: xs:anySimpleType\n  @b: xs:anySimpleType\n  @any urn:2 (lax)\n  empty',
    ],
    [
      'attribute wildcards that an extension unites',
      `<xs:complexType name='B'><xs:anyAttribute namespace='urn:1'/></xs:complexType>${derived('extension', 'B', "<xs:anyAttribute namespace='urn:2' processContents='lax'/>")}`,
      'type T: extension of B\n  @any urn:2 urn:1 (lax)\n  empty',
    ],
    [
      'an attribute that only the wildcard of the base allows',
      `<xs:complexType name='B'><xs:anyAttribute namespace='##local'/></xs:complexType>${derived('restriction', 'B', "<xs:attribute name='a'/>")}`,
      'type T: restriction of B\n  @a?: xs:anySimpleType\n  empty',
    ],
    [
      'an xs:all',
      "<xs:complexType name='T'><xs:all minOccurs='0'><xs:element name='a'/><xs:element name='b' minOccurs='0'/></xs:all></xs:complexType>",
      'type T: restriction of xs:anyType\n  all {0,1}\n    a: xs:anyType\n    b: xs:anyType {0,1}',
    ],
  ])('with %s', (_, content, expected) => {
    expect(described('T', content)).toBe(expected);
  });

  it.each([
    [
      'an attribute the base has',
      BASE + derived('extension', 'B', "<xs:attribute name='x'/>"),
      'type B has an attribute x already',
    ],
    [
      'a required attribute made optional',
      BASE + derived('restriction', 'B', "<xs:attribute name='x' type='xs:int'/>"),
      'attribute x is required by the base',
    ],
    [
      'a required attribute left out',
      BASE + derived('restriction', 'B', "<xs:attribute name='x' use='prohibited'/>"),
      'attribute x is required by the base',
    ],
    [
      'an attribute the base does not have',
      BASE + derived('restriction', 'B', "<xs:attribute name='z'/>"),
      'the base has no attribute z to restrict',
    ],
    [
      'an attribute of another type',
      BASE + derived('restriction', 'B', "<xs:attribute name='x' type='xs:date' use='required'/>"),
      'is not derived from that in the base',
    ],
    [
      'a wildcard the base does not have',
      BASE + derived('restriction', 'B', '<xs:anyAttribute/>'),
      'the attribute wildcard allows more than that of type B',
    ],
    [
      'mixed content extending what is not',
      BASE + derived('extension', 'B', "<xs:sequence><xs:element name='b'/></xs:sequence>", "mixed='true'"),
      'type B is not mixed, but its extension is',
    ],
    [
      'complex content of a simple type',
      derived('extension', 'xs:int', ''),
      'type int is a simple type: expected xs:simpleContent',
    ],
    ['simple content of a complex type', BASE + simple('extension', 'B', ''), 'type B has no simple content to extend'],
    ['simple content restricting a simple type', simple('restriction', 'xs:int', ''), 'type int is a simple type'],
    [
      'an xs:all beside others',
      "<xs:group name='g'><xs:all><xs:element name='a'/></xs:all></xs:group><xs:complexType name='T'><xs:sequence><xs:group ref='g'/></xs:sequence></xs:complexType>",
      'an xs:all has to be the whole content',
    ],
    [
      'an xs:all that extends',
      BASE + derived('extension', 'B', "<xs:all><xs:element name='b'/></xs:all>"),
      'it extends nothing',
    ],
    [
      'an xs:all with many of one',
      "<xs:complexType name='T'><xs:all><xs:element name='a' maxOccurs='2'/></xs:all></xs:complexType>",
      'occurs at most once',
    ],
    [
      'a final base',
      `<xs:complexType name='B' final='extension'/>${derived('extension', 'B', '')}`,
      'B is final: no extension of it is allowed',
    ],
    ['two models', "<xs:complexType name='T'><xs:sequence/><xs:choice/></xs:complexType>", 'may have only one of'],
    [
      'a default and a fixed value',
      "<xs:complexType name='T'><xs:attribute name='a' default='1' fixed='1'/></xs:complexType>",
      'default or fixed, not both',
    ],
    [
      'a required attribute with a default',
      "<xs:complexType name='T'><xs:attribute name='a' default='1' use='required'/></xs:complexType>",
      'an attribute with a default is optional',
    ],
    [
      'a type beside a reference',
      "<xs:element name='a'/><xs:complexType name='T'><xs:sequence><xs:element ref='a' type='xs:int'/></xs:sequence></xs:complexType>",
      'xs:element with ref has no attribute type',
    ],
  ])('are refused with %s', (_, content, message) => {
    expect(() => compile(content)).toThrow(message);
  });

  it('know which have named subtypes, with anonymous ones in between or not', () => {
    const { types } = compile(`${BASE}${derived('extension', 'B', '')}<xs:complexType name='U'/>`);
    expect([types.get('{}B')?.hasNamedSubtypes, types.get('{}T')?.hasNamedSubtypes]).toEqual([true, false]);
    expect(types.get('{}U')?.hasNamedSubtypes).toBe(false);
  });

  it('may be inside themselves by way of a group, without a name', () => {
    const text = describeComponents(
      compile(`<xs:group name='g'><xs:choice><xs:element name='a'><xs:complexType>
        <xs:group ref='g' minOccurs='0'/></xs:complexType></xs:element></xs:choice></xs:group>
        <xs:complexType name='T'><xs:group ref='g'/></xs:complexType>`),
    );
    const inside = '  choice\n    a: (complex)\n      choice {0,1}\n        a: (complex)\n          as above\n';
    expect(text).toBe(`type T: restriction of xs:anyType\n${inside}`);
  });

  it('may contain themselves', () => {
    const { types } = compile(
      "<xs:complexType name='T'><xs:sequence><xs:element name='t' type='T' minOccurs='0'/></xs:sequence></xs:complexType>",
    );
    const type = types.get('{}T');
    expect(type).toMatchObject({ content: { particle: { term: { particles: [{ term: { name: { name: 't' } } }] } } } });
  });
});
