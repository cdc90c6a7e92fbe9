import { describe, expect, it } from 'vitest';
import { builtInTypes } from './built-in-types.ts';
import type { ComplexType, SimpleType } from './components.ts';
import { SCHEMA_NAMESPACE } from './names.ts';

describe('the types of XML Schema itself', () => {
  const { types } = builtInTypes();
  const simple = (name: string) => types.get(`{${SCHEMA_NAMESPACE}}${name}`) as SimpleType;

  it('are nineteen primitive ones, twenty-five derived ones and the two that all come from', () => {
    expect(types.size).toBe(19 + 25 + 2);
    const primitives = [...types.values()].filter(
      (type) => type.base === simple('anySimpleType') && type.kind === 'simple',
    );
    expect(primitives.filter((type) => (type as SimpleType).variety.kind === 'atomic')).toHaveLength(19);
  });

  it.each([
    ['byte', '-128', '127'],
    ['unsignedShort', '0', '65535'],
    ['long', '-9223372036854775808', '9223372036854775807'],
    ['positiveInteger', '1', undefined],
    ['negativeInteger', undefined, '-1'],
    ['unsignedLong', '0', '18446744073709551615'],
    ['integer', undefined, undefined],
  ])('bound %s to %s .. %s', (name, minInclusive, maxInclusive) => {
    expect(simple(name).variety).toEqual({ kind: 'atomic', primitive: 'decimal' });
    expect(simple(name).facets).toMatchObject({ fractionDigits: 0 });
    expect(simple(name).facets.minInclusive).toBe(minInclusive);
    expect(simple(name).facets.maxInclusive).toBe(maxInclusive);
  });

  it('have lists of at least one item', () => {
    for (const [list, item] of [
      ['NMTOKENS', 'NMTOKEN'],
      ['IDREFS', 'IDREF'],
      ['ENTITIES', 'ENTITY'],
    ] as const) {
      expect(simple(list).variety).toEqual({ kind: 'list', item: simple(item) });
      expect(simple(list).facets).toEqual({ whiteSpace: 'collapse', minLength: 1 });
    }
  });

  it('have no restricted character sets, whatever their patterns', () => {
    expect(simple('language').facets.patterns).toBeDefined();
    for (const type of types.values()) if (type.kind === 'simple') expect(type.facets.characters).toBeUndefined();
  });

  it('know which have subtypes', () => {
    expect(simple('string').hasNamedSubtypes).toBe(true);
    expect(simple('boolean').hasNamedSubtypes).toBe(false);
    expect(simple('unsignedByte').hasNamedSubtypes).toBe(false);
  });

  it('allow anything in anyType, which is derived from itself', () => {
    const anyType = types.get(`{${SCHEMA_NAMESPACE}}anyType`) as ComplexType;
    const wildcard = { kind: 'wildcard', namespaces: { kind: 'any' }, processContents: 'lax' };
    expect(anyType.base).toBe(anyType);
    expect(anyType.attributeWildcard).toEqual(wildcard);
    expect(anyType.content).toEqual({
      kind: 'mixed',
      particle: {
        minOccurs: 1,
        maxOccurs: 1,
        term: {
          kind: 'group',
          compositor: 'sequence',
          particles: [{ minOccurs: 0, maxOccurs: 'unbounded', term: wildcard }],
        },
      },
    });
  });
});
