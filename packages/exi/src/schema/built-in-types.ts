import type { ComplexType, Facets, SchemaComponents, SimpleType, TypeDefinition } from './components.ts';
import type { Draft } from './draft.ts';
import { nameKey, SCHEMA_NAMESPACE } from './names.ts';

const PRIMITIVES = [
  'string',
  'boolean',
  'decimal',
  'float',
  'double',
  'duration',
  'dateTime',
  'time',
  'date',
  'gYearMonth',
  'gYear',
  'gMonthDay',
  'gDay',
  'gMonth',
  'hexBinary',
  'base64Binary',
  'anyURI',
  'QName',
  'NOTATION',
];

/** Name, base and the facets that the type adds, bases first. @see XML Schema Part 2, §3.3 */
const DERIVED: readonly (readonly [name: string, base: string, facets: Partial<Facets>])[] = [
  ['normalizedString', 'string', { whiteSpace: 'replace' }],
  ['token', 'normalizedString', { whiteSpace: 'collapse' }],
  ['language', 'token', { patterns: ['[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*'] }],
  ['NMTOKEN', 'token', { patterns: ['\\c+'] }],
  ['Name', 'token', { patterns: ['\\i\\c*'] }],
  ['NCName', 'Name', { patterns: ['[\\i-[:]][\\c-[:]]*'] }],
  ['ID', 'NCName', {}],
  ['IDREF', 'NCName', {}],
  ['ENTITY', 'NCName', {}],
  ['integer', 'decimal', { fractionDigits: 0, patterns: ['[\\-+]?[0-9]+'] }],
  ['nonPositiveInteger', 'integer', { maxInclusive: '0' }],
  ['negativeInteger', 'nonPositiveInteger', { maxInclusive: '-1' }],
  ['long', 'integer', { minInclusive: '-9223372036854775808', maxInclusive: '9223372036854775807' }],
  ['int', 'long', { minInclusive: '-2147483648', maxInclusive: '2147483647' }],
  ['short', 'int', { minInclusive: '-32768', maxInclusive: '32767' }],
  ['byte', 'short', { minInclusive: '-128', maxInclusive: '127' }],
  ['nonNegativeInteger', 'integer', { minInclusive: '0' }],
  ['unsignedLong', 'nonNegativeInteger', { maxInclusive: '18446744073709551615' }],
  ['unsignedInt', 'unsignedLong', { maxInclusive: '4294967295' }],
  ['unsignedShort', 'unsignedInt', { maxInclusive: '65535' }],
  ['unsignedByte', 'unsignedShort', { maxInclusive: '255' }],
  ['positiveInteger', 'nonNegativeInteger', { minInclusive: '1' }],
];

const LISTS = [
  ['NMTOKENS', 'NMTOKEN'],
  ['IDREFS', 'IDREF'],
  ['ENTITIES', 'ENTITY'],
] as const;

/** The types of XML Schema itself by key, new objects each time: whether a type has subtypes depends on the schemas. */
export function makeBuiltInTypes(): Map<string, TypeDefinition> {
  const types = new Map<string, TypeDefinition>();
  const add = <T extends TypeDefinition>(type: T): T => {
    if (type.name) types.set(nameKey(type.name), type);
    return type;
  };
  const named = (name: string) => ({ namespace: SCHEMA_NAMESPACE, name });
  const simple = (name: string) => types.get(nameKey(named(name))) as SimpleType;

  const anyType = add(makeAnyType());
  const anySimpleType = add<SimpleType>({
    kind: 'simple',
    name: named('anySimpleType'),
    base: anyType,
    hasNamedSubtypes: true,
    variety: { kind: 'atomic' },
    facets: { whiteSpace: 'preserve' },
  });
  for (const name of PRIMITIVES) {
    add<SimpleType>({
      kind: 'simple',
      name: named(name),
      base: anySimpleType,
      hasNamedSubtypes: false,
      variety: { kind: 'atomic', primitive: name },
      facets: { whiteSpace: name === 'string' ? 'preserve' : 'collapse' },
    });
  }
  for (const [name, baseName, facets] of DERIVED) {
    const base = simple(baseName);
    (base as Draft<SimpleType>).hasNamedSubtypes = true;
    add<SimpleType>({
      kind: 'simple',
      name: named(name),
      base,
      hasNamedSubtypes: false,
      variety: base.variety,
      facets: { ...base.facets, ...facets },
    });
  }
  for (const [name, item] of LISTS) {
    add<SimpleType>({
      kind: 'simple',
      name: named(name),
      base: anySimpleType,
      hasNamedSubtypes: false,
      variety: { kind: 'list', item: simple(item) },
      facets: { whiteSpace: 'collapse', minLength: 1 },
    });
  }
  return types;
}

/** @see XML Schema Part 1, §3.4.7 */
function makeAnyType(): ComplexType {
  const any = { kind: 'wildcard', namespaces: { kind: 'any' }, processContents: 'lax' } as const;
  const type: Draft<ComplexType> = {
    kind: 'complex',
    name: { namespace: SCHEMA_NAMESPACE, name: 'anyType' },
    base: undefined as unknown as ComplexType,
    derivation: 'restriction',
    isAbstract: false,
    hasNamedSubtypes: true,
    attributes: [],
    attributeWildcard: any,
    content: {
      kind: 'mixed',
      particle: {
        minOccurs: 1,
        maxOccurs: 1,
        term: {
          kind: 'group',
          compositor: 'sequence',
          particles: [{ minOccurs: 0, maxOccurs: 'unbounded', term: any }],
        },
      },
    },
  };
  // The one type that is derived from itself.
  type.base = type;
  return type;
}

/** What there is without any schema: the types of XML Schema itself. */
export function builtInTypes(): SchemaComponents {
  return {
    elements: new Map(),
    attributes: new Map(),
    types: makeBuiltInTypes(),
    allElements: [],
    allAttributes: [],
    namespaces: new Set(),
  };
}
