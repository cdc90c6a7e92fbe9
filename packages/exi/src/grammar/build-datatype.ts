import { XSD_NAMESPACE } from '../namespaces.ts';
import type { QName, SimpleType, TypeDefinition } from '../schema/components.ts';
import type { DatatypeData, Representation } from '../values/datatype.ts';
import type { DateTimeType } from '../values/date-time.ts';

/** A range of more integers than this has no bounded representation. @see EXI 1.0 §7.1.5 */
const MAX_BOUNDED = 4096n;
/** A set with more characters than this is no restricted one. @see EXI 1.0 §7.1.10.1 */
const MAX_RESTRICTED = 255;

const PRIMITIVES: Readonly<Record<string, Representation>> = {
  base64Binary: { kind: 'base64Binary' },
  hexBinary: { kind: 'hexBinary' },
  decimal: { kind: 'decimal' },
  float: { kind: 'float' },
  double: { kind: 'float' },
};
const DATE_TIMES = ['dateTime', 'date', 'time', 'gYear', 'gYearMonth', 'gMonth', 'gMonthDay', 'gDay'] as const;

/** How values of a simple type are represented. @see EXI 1.0 §7, table 7-1 */
export function datatypeOf(type: SimpleType): DatatypeData {
  const representation = representationOf(type);
  return { representation, whiteSpace: type.facets.whiteSpace, names: namesOf(type) };
}

function representationOf(type: SimpleType): Representation {
  const { enumeration } = type.facets;
  if (enumeration !== undefined && isEnumerable(type)) {
    return { kind: 'enumeration', values: enumeration, base: representationOf(withoutEnumeration(type)) };
  }
  const { variety } = type;
  switch (variety.kind) {
    case 'union':
      return { kind: 'string' };
    case 'list':
      return { kind: 'list', item: datatypeOf(variety.item) };
    case 'atomic':
      return atomic(type, variety.primitive);
  }
}

/** Unions, and QNames and notations, are not represented as enumerations. @see EXI 1.0 §7.2 */
function isEnumerable({ variety }: SimpleType): boolean {
  if (variety.kind === 'union') return false;
  return variety.kind === 'list' || (variety.primitive !== 'QName' && variety.primitive !== 'NOTATION');
}

/** The nearest ancestor that lists no values. */
function withoutEnumeration(type: SimpleType): SimpleType {
  let base: TypeDefinition = type;
  while (base.kind === 'simple' && base.facets.enumeration !== undefined) base = base.base;
  return base.kind === 'simple' ? base : { ...type, facets: { whiteSpace: type.facets.whiteSpace } };
}

function atomic(type: SimpleType, primitive: string | undefined): Representation {
  if (primitive === 'boolean') return { kind: type.facets.patterns === undefined ? 'boolean' : 'boolean-literal' };
  if (primitive === 'decimal' && isInteger(type)) return integer(type);
  const dateTime = DATE_TIMES.find((each) => each === primitive);
  if (dateTime !== undefined) return { kind: 'dateTime', type: dateTime satisfies DateTimeType };
  const known = primitive === undefined ? undefined : PRIMITIVES[primitive];
  if (known !== undefined) return known;
  const { characters } = type.facets;
  if (characters === undefined || characters.length > MAX_RESTRICTED) return { kind: 'string' };
  return { kind: 'restricted-string', characters };
}

function isInteger(type: SimpleType): boolean {
  for (let each: TypeDefinition = type; each.kind === 'simple' && each.base !== each; each = each.base) {
    if (each.name?.namespace === XSD_NAMESPACE && each.name.name === 'integer') return true;
  }
  return false;
}

function integer({ facets }: SimpleType): Representation {
  const { minInclusive, minExclusive, maxInclusive, maxExclusive } = facets;
  const least = greatest(parse(minInclusive), plus(parse(minExclusive), 1n));
  const most = smallest(parse(maxInclusive), plus(parse(maxExclusive), -1n));
  if (least !== undefined && most !== undefined && most >= least && most - least + 1n <= MAX_BOUNDED) {
    return { kind: 'bounded', least: String(least), most: String(most) };
  }
  return { kind: least !== undefined && least >= 0n ? 'unsigned' : 'integer' };
}

/** A bound may be written with a fraction of zeros. */
function parse(literal: string | undefined): bigint | undefined {
  return literal === undefined ? undefined : BigInt(literal.replace(/^\+/, '').replace(/\.0*$/, ''));
}

function plus(value: bigint | undefined, difference: bigint): bigint | undefined {
  return value === undefined ? undefined : value + difference;
}

function greatest(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}

function smallest(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}

/**
 * Names by which a datatype representation map can mean the type: its own and its ancestors', but not beyond where a list, a union or
 * an enumeration begins.
 * @see EXI 1.0 §7.4
 */
function namesOf(type: SimpleType): readonly QName[] {
  const names: QName[] = [];
  const isSpecial = kindOf(type);
  for (let each: TypeDefinition = type; each.kind === 'simple'; each = each.base) {
    if (kindOf(each) !== isSpecial) break;
    if (each.name !== undefined) names.push(each.name);
    if (each.base === each) break;
  }
  return names;
}

function kindOf(type: SimpleType): string {
  return type.variety.kind === 'atomic' && type.facets.enumeration !== undefined ? 'enumeration' : type.variety.kind;
}
