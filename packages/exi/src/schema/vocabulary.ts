/** What an element of XML Schema may have. @see XML Schema Part 1, Appendix A */
export interface VocabularyEntry {
  readonly attributes: readonly string[];
  readonly children: readonly string[];
  /** Where among its siblings a child has to be: behind those of a lower rank. */
  readonly ranks: ReadonlyMap<string, number>;
}

const OCCURS = ['minOccurs', 'maxOccurs'];
const ATTRIBUTES = ['attribute', 'attributeGroup'];
const ANY_ATTRIBUTE = ['anyAttribute'];
const MODEL = ['group', 'all', 'choice', 'sequence'];
const NESTED_MODEL = ['element', 'group', 'choice', 'sequence', 'any'];
const IDENTITY = ['unique', 'key', 'keyref'];
export const FACET_NAMES: readonly string[] = [
  'length',
  'minLength',
  'maxLength',
  'pattern',
  'enumeration',
  'whiteSpace',
  'minInclusive',
  'maxInclusive',
  'minExclusive',
  'maxExclusive',
  'totalDigits',
  'fractionDigits',
];

/** By name, or by `parent/name` where that makes a difference. Every one may have `id`, and an annotation. */
const VOCABULARY: ReadonlyMap<string, VocabularyEntry> = new Map(
  Object.entries({
    schema: entry(
      ['targetNamespace', 'version', 'attributeFormDefault', 'elementFormDefault', 'blockDefault', 'finalDefault'],
      ['include', 'import', 'redefine'],
      ['simpleType', 'complexType', 'group', 'attributeGroup', 'element', 'attribute', 'notation'],
    ),
    include: entry(['schemaLocation'], []),
    import: entry(['namespace', 'schemaLocation'], []),
    redefine: entry(['schemaLocation'], ['simpleType', 'complexType', 'group', 'attributeGroup']),
    notation: entry(['name', 'public', 'system'], []),
    'schema/element': entry(
      ['name', 'type', 'substitutionGroup', 'default', 'fixed', 'nillable', 'abstract', 'final', 'block'],
      ['simpleType', 'complexType'],
      IDENTITY,
    ),
    element: entry(
      ['name', 'ref', 'type', 'default', 'fixed', 'nillable', 'block', 'form', ...OCCURS],
      ['simpleType', 'complexType'],
      IDENTITY,
    ),
    'schema/attribute': entry(['name', 'type', 'default', 'fixed'], ['simpleType']),
    attribute: entry(['name', 'ref', 'type', 'use', 'default', 'fixed', 'form'], ['simpleType']),
    'schema/attributeGroup': entry(['name'], ATTRIBUTES, ANY_ATTRIBUTE),
    attributeGroup: entry(['ref'], []),
    anyAttribute: entry(['namespace', 'processContents'], []),
    any: entry(['namespace', 'processContents', ...OCCURS], []),
    'schema/group': entry(['name'], ['all', 'choice', 'sequence']),
    group: entry(['ref', ...OCCURS], []),
    // OCCURS where it is the whole model of a named group: checked where groups are made.
    all: entry(OCCURS, ['element']),
    choice: entry(OCCURS, NESTED_MODEL),
    sequence: entry(OCCURS, NESTED_MODEL),
    'schema/complexType': entry(
      ['name', 'mixed', 'abstract', 'final', 'block'],
      ['simpleContent', 'complexContent', ...MODEL],
      ATTRIBUTES,
      ANY_ATTRIBUTE,
    ),
    complexType: entry(['mixed'], ['simpleContent', 'complexContent', ...MODEL], ATTRIBUTES, ANY_ATTRIBUTE),
    simpleContent: entry([], ['restriction', 'extension']),
    complexContent: entry(['mixed'], ['restriction', 'extension']),
    'simpleContent/restriction': entry(['base'], ['simpleType'], FACET_NAMES, ATTRIBUTES, ANY_ATTRIBUTE),
    'simpleContent/extension': entry(['base'], ATTRIBUTES, ANY_ATTRIBUTE),
    'complexContent/restriction': entry(['base'], MODEL, ATTRIBUTES, ANY_ATTRIBUTE),
    'complexContent/extension': entry(['base'], MODEL, ATTRIBUTES, ANY_ATTRIBUTE),
    'schema/simpleType': entry(['name', 'final'], ['restriction', 'list', 'union']),
    simpleType: entry([], ['restriction', 'list', 'union']),
    restriction: entry(['base'], ['simpleType'], FACET_NAMES),
    list: entry(['itemType'], ['simpleType']),
    union: entry(['memberTypes'], ['simpleType']),
    unique: entry(['name'], ['selector'], ['field']),
    key: entry(['name'], ['selector'], ['field']),
    keyref: entry(['name', 'refer'], ['selector'], ['field']),
    selector: entry(['xpath'], []),
    field: entry(['xpath'], []),
    annotation: entry([], ['appinfo', 'documentation']),
    appinfo: entry(['source'], []),
    documentation: entry(['source'], []),
    ...Object.fromEntries(
      FACET_NAMES.map((name) => [
        name,
        entry(name === 'pattern' || name === 'enumeration' ? ['value'] : ['value', 'fixed'], []),
      ]),
    ),
  }),
);

/** @param groups children that may be mixed with each other, in the order in which the groups have to come */
function entry(attributes: readonly string[], ...groups: (readonly string[])[]): VocabularyEntry {
  const children = ['annotation', ...groups.flat()];
  const ranks = new Map(groups.flatMap((names, rank) => names.map((name) => [name, rank] as const)));
  return { attributes: ['id', ...attributes], children, ranks };
}

/** @returns undefined when XML Schema has no such element */
export function vocabularyEntry(parent: string | undefined, name: string): VocabularyEntry | undefined {
  return VOCABULARY.get(`${parent}/${name}`) ?? VOCABULARY.get(name);
}
