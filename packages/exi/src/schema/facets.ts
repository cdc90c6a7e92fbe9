import type { Budget } from './budget.ts';
import { type CharacterSet, characterCount, characterSet, codePoints } from './character-set.ts';
import type { Facets, SimpleType } from './components.ts';
import type { Draft } from './draft.ts';
import { compareLiterals, isLiteralOf, isOrdered, normaliseWhiteSpace } from './literal.ts';
import type { SchemaNode } from './node.ts';
import { charactersOf, PatternError } from './regular-expression.ts';

const LENGTHS = ['length', 'minLength', 'maxLength'];
const BOUNDS = ['minInclusive', 'maxInclusive', 'minExclusive', 'maxExclusive'];
const WITH_LENGTH = [...LENGTHS, 'pattern', 'enumeration', 'whiteSpace'];
const WITH_ORDER = ['pattern', 'enumeration', 'whiteSpace', ...BOUNDS];

/** Sets of more characters, or with one beyond the Basic Multilingual Plane, restrict nothing. @see EXI 1.0 §7.1.10.1 */
const MOST_CHARACTERS = 255;
const LAST_OF_BMP = 0xffff;

/** @see XML Schema Part 2, §4.1.5 */
function applicableFacets({ variety }: SimpleType): readonly string[] {
  if (variety.kind === 'list') return WITH_LENGTH;
  if (variety.kind === 'union') return ['pattern', 'enumeration'];
  switch (variety.primitive) {
    case undefined:
      return [];
    case 'boolean':
      return ['pattern', 'whiteSpace'];
    case 'decimal':
      return [...WITH_ORDER, 'totalDigits', 'fractionDigits'];
    case 'string':
    case 'anyURI':
    case 'QName':
    case 'NOTATION':
    case 'hexBinary':
    case 'base64Binary':
      return WITH_LENGTH;
    default:
      return WITH_ORDER;
  }
}

/**
 * The facets of a restriction: those of its base with those it adds.
 * @param nodes the facet elements of the restriction
 * @param fixed names of facets that bases have fixed; those that this restriction fixes are added
 * @throws SchemaError
 */
export function restrictFacets(
  base: SimpleType,
  nodes: readonly SchemaNode[],
  fixed: Set<string>,
  budget: Budget,
): Facets {
  const facets: Draft<Facets> = { ...base.facets };
  const enumeration: string[] = [];
  const patterns: SchemaNode[] = [];
  const seen = new Map<string, SchemaNode>();
  const applicable = applicableFacets(base);
  for (const node of nodes) {
    budget.step(countTypes(base), node.source, node.offset);
    const name = node.name;
    const value = node.attribute('value');
    if (value === undefined) throw node.error('bad-structure', `xs:${name} needs the attribute value`);
    if (!applicable.includes(name)) {
      throw node.error(
        'bad-facet',
        `${describe(base)} have no facet ${name}: expected ${applicable.join(', ') || 'none'}`,
      );
    }
    if (name === 'pattern') {
      patterns.push(node);
      continue;
    }
    if (name === 'enumeration') {
      enumeration.push(literal(base, node));
      continue;
    }
    if (seen.has(name)) throw node.error('bad-facet', `facet ${name} is there twice`);
    seen.set(name, node);
    applyFacet(base, facets, node, fixed);
  }
  for (const [name, node] of seen) if (node.attribute('fixed') === 'true') fixed.add(name);
  checkBounds(base, facets, seen);
  if (enumeration.length > 0) facets.enumeration = enumeration;
  if (patterns.length > 0) {
    facets.patterns = patterns.map((node) => node.attribute('value') as string);
    facets.characters = restrictedCharacters(base, patterns);
  }
  return facets;
}

/** How many types a literal may have to be tried with. */
function countTypes({ variety }: SimpleType): number {
  if (variety.kind === 'list') return 1 + countTypes(variety.item);
  return variety.kind === 'union' ? 1 + variety.members.length : 1;
}

function applyFacet(base: SimpleType, facets: Draft<Facets>, node: SchemaNode, fixed: ReadonlySet<string>): void {
  const name = node.name;
  const before = base.facets[name as keyof Facets];
  if (name === 'whiteSpace') {
    const value = node.attribute('value') as string;
    const modes = ['preserve', 'replace', 'collapse'] as const;
    const mode = modes.find((candidate) => candidate === value);
    if (!mode) throw node.error('bad-facet', `whiteSpace is ${value}: expected ${modes.join(', ')}`, 'value');
    if (modes.indexOf(mode) < modes.indexOf(base.facets.whiteSpace)) {
      throw node.error('bad-facet', `whiteSpace ${mode} is looser than the base's ${base.facets.whiteSpace}`, 'value');
    }
    facets.whiteSpace = mode;
  } else if (BOUNDS.includes(name)) {
    facets[name as 'minInclusive'] = literal(base, node);
    // Of inclusive and exclusive, the more derived one is in force.
    const other = name.endsWith('Inclusive') ? name.replace('In', 'Ex') : name.replace('Ex', 'In');
    facets[other as 'minInclusive'] = undefined;
  } else {
    facets[name as 'length'] = count(node);
    checkCount(base, node, facets[name as 'length'] as number);
  }
  if (fixed.has(name) && before !== facets[name as keyof Facets]) {
    throw node.error('bad-facet', `facet ${name} is fixed at ${before} by a base type`, 'value');
  }
}

/** The value of a bound or an enumeration, which has to be one of the base type. */
function literal(base: SimpleType, node: SchemaNode): string {
  const value = normaliseWhiteSpace(node.attribute('value') as string, base.facets.whiteSpace);
  // A bound is checked against the bounds of the base in one place, where the error can name both.
  const type = BOUNDS.includes(node.name) ? { ...base, facets: withoutBounds(base.facets) } : base;
  if (!isLiteralOf(type, value)) {
    throw node.error('bad-facet', `${node.name} ${JSON.stringify(value)} is not among the ${describe(base)}`, 'value');
  }
  return value;
}

function withoutBounds(facets: Facets): Facets {
  return {
    ...facets,
    minInclusive: undefined,
    maxInclusive: undefined,
    minExclusive: undefined,
    maxExclusive: undefined,
  };
}

function count(node: SchemaNode): number {
  const text = normaliseWhiteSpace(node.attribute('value') as string, 'collapse');
  const value = /^\+?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || (node.name === 'totalDigits' && value === 0)) {
    const least = node.name === 'totalDigits' ? 'from 1' : 'from 0';
    throw node.error('bad-facet', `${node.name} is ${JSON.stringify(text)}: expected a number ${least}`, 'value');
  }
  return value;
}

function checkCount({ facets }: SimpleType, node: SchemaNode, value: number): void {
  const before = facets[node.name as 'length'];
  const isLooser =
    before !== undefined &&
    (node.name === 'length' ? value !== before : node.name === 'minLength' ? value < before : value > before);
  if (isLooser) throw node.error('bad-facet', `${node.name} ${value} is looser than the base's ${before}`, 'value');
}

function checkBounds(base: SimpleType, facets: Facets, seen: ReadonlyMap<string, SchemaNode>): void {
  for (const side of ['min', 'max']) {
    const exclusive = seen.get(`${side}Exclusive`);
    if (exclusive && seen.has(`${side}Inclusive`)) {
      throw exclusive.error('bad-facet', `${side}Inclusive and ${side}Exclusive can't be there together`);
    }
  }
  const lengths = seen.get('minLength') ?? seen.get('maxLength') ?? seen.get('length');
  if (lengths && (facets.minLength ?? 0) > (facets.maxLength ?? Number.POSITIVE_INFINITY)) {
    throw lengths.error('bad-facet', `minLength ${facets.minLength} is above maxLength ${facets.maxLength}`);
  }
  const digits = seen.get('fractionDigits') ?? seen.get('totalDigits');
  if (digits && (facets.fractionDigits ?? 0) > (facets.totalDigits ?? Number.POSITIVE_INFINITY)) {
    throw digits.error(
      'bad-facet',
      `fractionDigits ${facets.fractionDigits} is above totalDigits ${facets.totalDigits}`,
    );
  }
  const primitive = base.variety.kind === 'atomic' ? base.variety.primitive : undefined;
  if (primitive === undefined || !isOrdered(primitive)) return;
  const outside = { ...base, facets: withoutExclusive(base.facets) };
  for (const name of BOUNDS) {
    const node = seen.get(name);
    const value = facets[name as 'minInclusive'];
    if (node && value !== undefined && !isLiteralOf(outside, value)) {
      throw node.error('bad-facet', `${name} ${value} is outside the bounds of ${describe(base)}`, 'value');
    }
  }
  const low = facets.minInclusive ?? facets.minExclusive;
  const high = facets.maxInclusive ?? facets.maxExclusive;
  const node = BOUNDS.map((name) => seen.get(name)).find((found) => found !== undefined);
  if (node && low !== undefined && high !== undefined && compareLiterals(primitive, low, high) > 0) {
    throw node.error('bad-facet', `the lower bound ${low} is above the upper bound ${high}`);
  }
}

/** An exclusive bound may be repeated as an exclusive one: as a value it is outside its own type. */
function withoutExclusive(facets: Facets): Facets {
  return {
    ...facets,
    minInclusive: facets.minInclusive ?? facets.minExclusive,
    maxInclusive: facets.maxInclusive ?? facets.maxExclusive,
    minExclusive: undefined,
    maxExclusive: undefined,
  };
}

/**
 * The characters that the patterns of one step allow, where that restricts a string: fewer than 256, all in the Basic Multilingual Plane.
 * @see EXI 1.0 §7.1.10.1
 */
function restrictedCharacters({ variety }: SimpleType, patterns: readonly SchemaNode[]): number[] | undefined {
  const sets = patterns.map(patternCharacters);
  if (variety.kind !== 'atomic' || variety.primitive !== 'string') return undefined;
  if (sets.some((set) => set === undefined)) return undefined;
  const all = characterSet((sets as CharacterSet[]).flat());
  const last = all.at(-1)?.[1];
  // No character at all is no restriction either: each is then written as a code point, with zero bits before it.
  if (last === undefined || last > LAST_OF_BMP || characterCount(all) > MOST_CHARACTERS) return undefined;
  return codePoints(all);
}

function patternCharacters(node: SchemaNode): CharacterSet | undefined {
  const pattern = node.attribute('value') as string;
  try {
    return charactersOf(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const message = `pattern ${JSON.stringify(pattern)}: ${error.message} (character ${error.index + 1} of it)`;
    throw node.error('bad-pattern', message, 'value');
  }
}

function describe({ name, variety }: SimpleType): string {
  if (name) return `values of ${name.name}`;
  if (variety.kind === 'atomic') return `values derived from ${variety.primitive ?? 'anySimpleType'}`;
  return variety.kind === 'list' ? 'lists' : 'unions';
}
