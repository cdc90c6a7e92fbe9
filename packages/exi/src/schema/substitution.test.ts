import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile.ts';
import { SCHEMA_NAMESPACE } from './names.ts';

const TYPES = `
  <xs:complexType name='Base'/>
  <xs:complexType name='Extended'><xs:complexContent><xs:extension base='Base'/></xs:complexContent></xs:complexType>
  <xs:complexType name='Restricted'><xs:complexContent><xs:restriction base='Base'/></xs:complexContent></xs:complexType>
  <xs:complexType name='Both'><xs:complexContent><xs:restriction base='Extended'/></xs:complexContent></xs:complexType>`;
const MEMBERS = `
  <xs:element name='e' type='Extended' substitutionGroup='head'/>
  <xs:element name='r' type='Restricted' substitutionGroup='head'/>
  <xs:element name='b' type='Both' substitutionGroup='e'/>`;

function compile(content: string, types = TYPES) {
  const text = `<xs:schema xmlns:xs='${SCHEMA_NAMESPACE}'>${types}${content}</xs:schema>`;
  const { elements } = compileSchema([{ location: 'a.xsd', text }]);
  const substitutes = (name: string) => elements.get(`{}${name}`)?.substitutableBy.map((element) => element.name.name);
  return { elements, substitutes };
}

describe('substitution groups', () => {
  it('have members at all levels', () => {
    const { substitutes, elements } = compile(`<xs:element name='head' type='Base'/>${MEMBERS}`);
    expect(substitutes('head')).toEqual(['e', 'r', 'b']);
    expect(substitutes('e')).toEqual(['b']);
    expect(substitutes('b')).toEqual([]);
    expect(elements.get('{}b')?.substitutes).toBe(elements.get('{}e'));
  });

  it('leave abstract members out, but not what substitutes those', () => {
    const { substitutes } = compile(
      `<xs:element name='head' type='Base' abstract='true'/><xs:element name='m' type='Base' abstract='true' substitutionGroup='head'/><xs:element name='n' type='Extended' substitutionGroup='m'/>`,
    );
    expect(substitutes('head')).toEqual(['n']);
  });

  it.each([
    ["block='substitution'", []],
    ["block='#all'", []],
    ["block='extension'", ['r']],
    ["block='restriction'", ['e']],
  ])('respect what the head says: %s', (block, expected) => {
    expect(compile(`<xs:element name='head' type='Base' ${block}/>${MEMBERS}`).substitutes('head')).toEqual(expected);
  });

  it('respect what the type of the head and types in between block', () => {
    const blocking = (name: string, block: string) =>
      TYPES.replace(`name='${name}'`, `name='${name}' block='${block}'`);
    const head = `<xs:element name='head' type='Base'/>${MEMBERS}`;
    expect(compile(head, blocking('Base', 'extension')).substitutes('head')).toEqual(['r']);
    expect(compile(head, blocking('Extended', 'restriction')).substitutes('head')).toEqual(['e', 'r']);
    expect(compile(head, blocking('Extended', 'restriction')).substitutes('e')).toEqual([]);
  });

  it('give a member without a type that of the head', () => {
    const { elements } = compile(
      "<xs:element name='c' substitutionGroup='b'/><xs:element name='b' substitutionGroup='a'/><xs:element name='a' type='Base'/><xs:element name='x' substitutionGroup='y'/><xs:element name='y'/>",
    );
    expect(elements.get('{}c')?.type.name?.name).toBe('Base');
    expect(elements.get('{}x')?.type.name?.name).toBe('anyType');
  });

  it.each([
    [
      "<xs:element name='head' type='Extended'/><xs:element name='m' type='Base' substitutionGroup='head'/>",
      'the type of m is not derived from that of head',
    ],
    [
      "<xs:element name='head' type='Base' final='extension'/><xs:element name='m' type='Extended' substitutionGroup='head'/>",
      'element head is final: nothing whose type is an extension can substitute it',
    ],
    ["<xs:element name='m' type='Base' substitutionGroup='head'/>", 'element head is not declared'],
  ])('are refused: %s', (content, message) => {
    expect(() => compile(content)).toThrow(message);
  });
});
