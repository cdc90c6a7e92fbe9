import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile.ts';
import type { SimpleType } from './components.ts';
import { SCHEMA_NAMESPACE } from './names.ts';

/** The simple types that a document with these definitions declares, by name. */
function types(content: string): Record<string, SimpleType> {
  const text = `<xs:schema xmlns:xs='${SCHEMA_NAMESPACE}'>${content}</xs:schema>`;
  const { types } = compileSchema([{ location: 'a.xsd', text: text.replace('<xs:schema', '<xs:schema') }]);
  return Object.fromEntries(
    [...types].filter(([key]) => key.startsWith('{}')).map(([key, type]) => [key.slice(2), type as SimpleType]),
  );
}

const restriction = (name: string, base: string, ...facets: [name: string, value: string, more?: string][]) =>
  `<xs:simpleType name='${name}'><xs:restriction base='${base}'>${facets
    .map(([facet, value, more = '']) => `<xs:${facet} value='${value}' ${more}/>`)
    .join('')}</xs:restriction></xs:simpleType>`;

describe('simple types', () => {
  it('keep the facets of their bases and add their own', () => {
    const { A, B } = types(
      restriction('A', 'xs:integer', ['minInclusive', '0'], ['maxExclusive', '100']) +
        restriction('B', 'A', ['minExclusive', '9'], ['totalDigits', '3']),
    );
    expect(A?.facets).toMatchObject({ minInclusive: '0', maxExclusive: '100', fractionDigits: 0 });
    // Of the two lower bounds the more derived one is in force.
    expect(B?.facets).toMatchObject({ minExclusive: '9', maxExclusive: '100', totalDigits: 3 });
    expect(B?.facets.minInclusive).toBeUndefined();
    expect(B?.base).toBe(A);
    expect([A?.hasNamedSubtypes, B?.hasNamedSubtypes]).toEqual([true, false]);
  });

  it('normalise the white space of enumeration values as the base does', () => {
    const { A, B } = types(
      restriction('A', 'xs:token', ['enumeration', ' a  b ']) +
        restriction('B', 'xs:string', ['enumeration', ' a  b ']),
    );
    expect(A?.facets.enumeration).toEqual(['a b']);
    expect(B?.facets.enumeration).toEqual([' a  b ']);
  });

  it('can be lists and unions, named and anonymous', () => {
    const { L, M, U } = types(
      "<xs:simpleType name='L'><xs:list itemType='xs:int'/></xs:simpleType>" +
        restriction('M', 'L', ['length', '2']) +
        "<xs:simpleType name='U'><xs:union memberTypes='xs:int L'><xs:simpleType><xs:list><xs:simpleType><xs:restriction base='xs:boolean'/></xs:simpleType></xs:list></xs:simpleType></xs:union></xs:simpleType>",
    );
    expect(L?.variety).toMatchObject({ kind: 'list', item: { name: { name: 'int' } } });
    expect(L?.base.name?.name).toBe('anySimpleType');
    expect(M?.facets).toEqual({ whiteSpace: 'collapse', length: 2 });
    expect(M?.variety).toBe(L?.variety);
    const members = U?.variety.kind === 'union' ? U.variety.members : [];
    expect(members.map((member) => member.name?.name)).toEqual(['int', 'L', undefined]);
    expect(members[2]?.variety).toMatchObject({ kind: 'list', item: { base: { name: { name: 'boolean' } } } });
  });

  it('restrict characters by the patterns of the most derived step that has some', () => {
    const { A, B, C, D, E, F } = types(
      restriction('A', 'xs:string', ['pattern', '[ab]+'], ['pattern', 'c']) +
        restriction('B', 'A', ['maxLength', '3']) +
        restriction('C', 'A', ['pattern', '[bx]']) +
        restriction('D', 'xs:language', ['maxLength', '3']) +
        restriction('E', 'xs:integer', ['pattern', '[12]']) +
        restriction('F', 'xs:language', ['pattern', 'en|de']),
    );
    const characters = (type: SimpleType | undefined) => String.fromCodePoint(...(type?.facets.characters ?? []));
    expect([A, B, C, D, E, F].map(characters)).toEqual(['abc', 'abc', 'bx', '', '', 'den']);
    expect(B?.facets.patterns).toEqual(['[ab]+', 'c']);
    expect(C?.facets.patterns).toEqual(['[bx]']);
  });

  it.each([
    ['255 characters', '[&#x100;-&#x1fe;]', 255],
    ['256 characters', '[&#x100;-&#x1ff;]', undefined],
    ['a character beyond the Basic Multilingual Plane', '[a&#x1f600;]', undefined],
    ['one subtracted', '[a-c-[b]]', 2],
    ['all but some', '[^a]', undefined],
    ['a category', '[\\p{Zs}]', undefined],
    ['none', '', undefined],
  ])('have a restricted set for a pattern with %s, or not', (_, pattern, count) => {
    const { A } = types(restriction('A', 'xs:string', ['pattern', pattern]));
    expect(A?.facets.characters?.length).toBe(count);
  });

  it.each([
    [
      'a fixed facet',
      restriction('A', 'xs:string', ['maxLength', '5', "fixed='true'"]) + restriction('B', 'A', ['maxLength', '4']),
      'fixed at 5',
    ],
    [
      'a looser length',
      restriction('A', 'xs:string', ['maxLength', '5']) + restriction('B', 'A', ['maxLength', '6']),
      'looser',
    ],
    ['looser white space', restriction('A', 'xs:token', ['whiteSpace', 'preserve']), "looser than the base's collapse"],
    [
      'lengths in the wrong order',
      restriction('A', 'xs:string', ['minLength', '5'], ['maxLength', '4']),
      'above maxLength',
    ],
    ['the same facet twice', restriction('A', 'xs:string', ['length', '5'], ['length', '5']), 'there twice'],
    [
      'both lower bounds',
      restriction('A', 'xs:int', ['minInclusive', '5'], ['minExclusive', '5']),
      "can't be there together",
    ],
    [
      'more fraction digits than digits',
      restriction('A', 'xs:decimal', ['totalDigits', '2'], ['fractionDigits', '3']),
      'above totalDigits',
    ],
    ['a negative length', restriction('A', 'xs:string', ['length', '-1']), 'expected a number from 0'],
    [
      'a value outside the facets of the base',
      restriction('A', 'xs:string', ['enumeration', 'a']) +
        restriction('B', 'A', ['maxLength', '1'], ['length', '0'], ['minExclusive', '1']),
      'have no facet minExclusive',
    ],
    ['anySimpleType as base', restriction('A', 'xs:anySimpleType'), 'anySimpleType can only be'],
    [
      'no base at all',
      "<xs:simpleType name='A'><xs:restriction/></xs:simpleType>",
      'either the attribute base or xs:simpleType',
    ],
    ['no definition', "<xs:simpleType name='A'/>", 'needs xs:restriction, xs:list or xs:union'],
    ['a union of nothing', "<xs:simpleType name='A'><xs:union/></xs:simpleType>", 'needs memberTypes'],
  ])('are refused with %s', (_, content, message) => {
    expect(() => types(content)).toThrow(message);
  });
});
