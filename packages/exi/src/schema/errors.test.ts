import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile.ts';
import { SchemaError } from './error.ts';

/** A schema document whose content starts in line 2, column 1. */
function schema(content: string, attributes = ''): string {
  return `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:t' xmlns:t='urn:t' ${attributes}>
${content}
</xs:schema>`;
}

function compile(text: string): unknown {
  return compileSchema([{ location: 'a.xsd', text }]);
}

const simple = (content: string) => schema(`<xs:simpleType name='S'>${content}</xs:simpleType>`);
const complex = (content: string) => schema(`<xs:complexType name='C'>\n${content}</xs:complexType>`);
const model = (content: string) => complex(`<xs:sequence>${content}</xs:sequence>`);

describe('errors tell where and what was expected', () => {
  it.each<[what: string, text: string, code: string, message: string]>([
    ['text that is no XML', 'hello', 'not-well-formed', '1:1: expected the element xs:schema'],
    [
      'an end tag that does not match',
      '<a>\n</b>',
      'bad-structure',
      '1:1: a as the root is not an element of XML Schema',
    ],
    ['nothing', '', 'not-well-formed', '1:1: expected the element xs:schema'],
    [
      'half a document',
      "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\n",
      'not-well-formed',
      '2:1: the document ends inside an element',
    ],
    ['a DTD', '<!DOCTYPE a>\n<a/>', 'not-well-formed', '1:1: a schema may have no document type declaration'],
    ['a comment without end', schema('\n  <!-- a'), 'not-well-formed', '3:3: expected --> after <!--'],
    ['a comment in a comment', schema('<!-- a -- b -->'), 'not-well-formed', '2:8: -- inside a comment'],
    [
      'another encoding',
      "<?xml version='1.0' encoding='UTF-16'?><a/>",
      'not-well-formed',
      '1:1: encoding UTF-16: only UTF-8 is accepted',
    ],
    [
      'an element of XML Schema as root that is not xs:schema',
      "<xs:element xmlns:xs='http://www.w3.org/2001/XMLSchema'/>",
      'bad-structure',
      '1:1: expected the element xs:schema, found xs:element',
    ],
    [
      'an element where it may not be',
      model("<xs:attribute name='a'/>"),
      'bad-structure',
      '3:14: xs:attribute in xs:sequence: expected xs:annotation, xs:element, xs:group, xs:choice, xs:sequence or xs:any',
    ],
    [
      'an attribute that is none',
      schema("<xs:attributeGroup name='a' kind='b'/>"),
      'bad-structure',
      '2:29: a global xs:attributeGroup has no attribute kind here: expected id, name',
    ],
    [
      'a model group behind an attribute',
      complex("<xs:attribute name='a'/>\n<xs:sequence/>"),
      'bad-structure',
      '4:1: xs:sequence has to come before xs:attribute',
    ],
    [
      'an annotation that is not the first',
      model("<xs:element name='a'/><xs:annotation/>"),
      'bad-structure',
      '3:36: xs:annotation has to come before xs:element',
    ],
    [
      'stray text',
      schema("<xs:element name='a'/>\n \u00e9\u00e9 x"),
      'bad-structure',
      '3:2: xs:schema holds elements, not text',
    ],
    [
      'a column behind wide characters',
      schema('<!--\u{1f600}\u00e9--><xs:element/>'),
      'bad-structure',
      '2:10: xs:element needs the attribute name',
    ],
    [
      'a boolean',
      schema("<xs:element name='a' nillable='yes'/>"),
      'bad-value',
      '2:22: nillable is "yes": expected true or false',
    ],
    ['a name', schema("<xs:element name='a:b'/>"), 'bad-value', '2:13: name is "a:b": expected a name without a colon'],
    [
      'an occurrence',
      model("<xs:element name='a' maxOccurs='many'/>"),
      'bad-value',
      '3:35: maxOccurs is "many": expected a number or unbounded',
    ],
    [
      'more at least than at most',
      model("<xs:element name='a' minOccurs='3' maxOccurs='2'/>"),
      'bad-value',
      '3:35: minOccurs 3 is above maxOccurs 2',
    ],
    [
      'a type nobody declares',
      schema("<xs:element name='a' type='t:B'/>"),
      'unresolved-reference',
      '2:22: type {urn:t}B is not declared',
    ],
    [
      'an attribute nobody declares',
      complex("<xs:attribute ref='t:a'/>"),
      'unresolved-reference',
      '3:15: attribute {urn:t}a is not declared',
    ],
    [
      'a prefix nobody binds',
      schema("<xs:element name='a' type='x:B'/>"),
      'unresolved-reference',
      '2:22: prefix x of x:B is not bound to a namespace',
    ],
    [
      'a namespace nobody imports',
      schema("<xs:element name='a' type='B'/>"),
      'unresolved-reference',
      '2:22: B: names without a namespace are not imported by this document',
    ],
    [
      'two elements of one name',
      schema("<xs:element name='a'/>\n<xs:element name='a'/>"),
      'duplicate-component',
      '3:13: xs:element {urn:t}a is declared already, in a.xsd line 2',
    ],
    [
      'two attributes of one name',
      complex("<xs:attribute name='a'/><xs:attribute name='a'/>"),
      'duplicate-component',
      '3:25: attribute a is there twice',
    ],
    [
      'a document nobody supplies',
      schema("<xs:include schemaLocation='b.xsd'/>"),
      'unresolved-document',
      '2:13: nobody supplied b.xsd',
    ],
    [
      'redefinition',
      schema("<xs:redefine schemaLocation='b.xsd'/>"),
      'unsupported',
      '2:1: xs:redefine is not taken: include the document and derive new types',
    ],
    [
      'what an element may not be final for',
      schema("<xs:element name='a' final='substitution'/>"),
      'bad-value',
      '2:22: final is "substitution": expected #all, or extension, restriction',
    ],
    [
      'a name in other letters',
      schema("<xs:element name='\u00d7'/>"),
      'bad-value',
      '2:13: name is "\u00d7": expected a name without a colon',
    ],
    [
      'a simple type derived from itself',
      simple("<xs:restriction base='t:S'/>"),
      'circular-definition',
      '2:16: xs:simpleType S is defined by itself',
    ],
    [
      'a complex type derived from itself',
      complex("<xs:complexContent><xs:extension base='t:C'/></xs:complexContent>"),
      'circular-definition',
      '3:34: type C is derived from itself',
    ],
    [
      'a group in itself',
      schema("<xs:group name='g'><xs:sequence><xs:group ref='t:g'/></xs:sequence></xs:group>"),
      'circular-definition',
      '2:11: xs:group g is defined by itself',
    ],
    [
      'an element that substitutes itself',
      schema("<xs:element name='a' substitutionGroup='t:b'/><xs:element name='b' substitutionGroup='t:a'/>"),
      'circular-definition',
      '2:22: element a substitutes itself',
    ],
    [
      'a complex type for an attribute',
      schema("<xs:attribute name='a' type='t:C'/><xs:complexType name='C'/>"),
      'bad-structure',
      '2:24: t:C is a complex type: expected a simple one',
    ],
    [
      'a list of lists',
      simple("<xs:list itemType='xs:NMTOKENS'/>"),
      'bad-derivation',
      '2:34: the items of a list may not be lists',
    ],
    [
      'a derivation that is final',
      schema(
        "<xs:simpleType name='A' final='list'><xs:list itemType='xs:int'/></xs:simpleType>\n<xs:simpleType name='B' final='#all'><xs:restriction base='xs:int'/></xs:simpleType>\n<xs:simpleType name='C'><xs:list itemType='t:B'/></xs:simpleType>",
      ),
      'bad-derivation',
      '4:34: B is final: no list of it is allowed',
    ],
    [
      'a facet of other types',
      simple("<xs:restriction base='xs:boolean'>\n<xs:length value='1'/></xs:restriction>"),
      'bad-facet',
      '3:1: values of boolean have no facet length: expected pattern, whiteSpace',
    ],
    [
      'a bound that is no number',
      simple("<xs:restriction base='xs:int'><xs:maxInclusive value='1.5'/></xs:restriction>"),
      'bad-facet',
      '2:72: maxInclusive "1.5" is not among the values of int',
    ],
    [
      'a bound outside those of the base',
      simple("<xs:restriction base='xs:byte'><xs:maxInclusive value='128'/></xs:restriction>"),
      'bad-facet',
      '2:73: maxInclusive 128 is outside the bounds of values of byte',
    ],
    [
      'bounds in the wrong order',
      simple("<xs:restriction base='xs:int'><xs:minInclusive value='2'/><xs:maxInclusive value='1'/></xs:restriction>"),
      'bad-facet',
      '2:55: the lower bound 2 is above the upper bound 1',
    ],
    [
      'an enumeration value of another type',
      simple("<xs:restriction base='xs:date'><xs:enumeration value='today'/></xs:restriction>"),
      'bad-facet',
      '2:72: enumeration "today" is not among the values of date',
    ],
    [
      'a pattern',
      simple("<xs:restriction base='xs:string'><xs:pattern value='a(b'/></xs:restriction>"),
      'bad-pattern',
      '2:70: pattern "a(b": expected ) (character 2 of it)',
    ],
    [
      'content that needs looking ahead',
      model("<xs:element name='a' minOccurs='0'/><xs:element name='a'/>"),
      'ambiguous-content',
      '2:1: the content model is ambiguous: an element a could be either of two',
    ],
    [
      'elements of one name and two types',
      model("<xs:element name='a' type='xs:int'/><xs:element name='a' type='xs:string'/>"),
      'inconsistent-declarations',
      '2:1: elements a in one content model have different types',
    ],
  ])('%s', (_, text, code, message) => {
    let caught: unknown;
    try {
      compile(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(SchemaError);
    expect(caught).toMatchObject({ code, message: `a.xsd:${message}` });
    const { location, line, column } = caught as SchemaError;
    expect((caught as SchemaError).message).toContain(`${location}:${line}:${column}: `);
  });
});
