import type { Compilation } from './compilation.ts';
import type { QName, SimpleType, SimpleVariety } from './components.ts';
import { restrictFacets } from './facets.ts';
import type { SchemaNode } from './node.ts';
import { derivationSet, listValue } from './values.ts';
import { FACET_NAMES } from './vocabulary.ts';

/** The type that `xs:simpleType` defines. @throws SchemaError @see XML Schema Part 2, §4.1.2 */
export function makeSimpleType(compilation: Compilation, node: SchemaNode, name?: QName): SimpleType {
  const definition = node.childNamed('restriction', 'list', 'union');
  if (!definition) {
    throw node.error('bad-structure', 'xs:simpleType needs xs:restriction, xs:list or xs:union');
  }
  const type =
    definition.name === 'restriction'
      ? restrict(compilation, definition, name)
      : constructed(compilation, definition, name);
  const final = derivationSet(node, 'final', ['restriction', 'list', 'union'], node.context.finalDefault);
  compilation.setProperties(type, { final });
  noteDepth(compilation, type, node);
  return type;
}

function noteDepth(compilation: Compilation, type: SimpleType, node: SchemaNode): void {
  const { variety, base } = type;
  const parts = variety.kind === 'union' ? variety.members : variety.kind === 'list' ? [variety.item] : [];
  const depths = [base, ...parts].map((part) => compilation.properties(part).depth);
  const depth = 1 + depths.reduce((deepest, next) => Math.max(deepest, next), 0);
  compilation.checkDepth(depth, node);
  compilation.setProperties(type, { depth });
}

function restrict(compilation: Compilation, node: SchemaNode, name: QName | undefined): SimpleType {
  const inline = node.childNamed('simpleType');
  const base = referencedOrInline(compilation, node, 'base', inline);
  if (base.variety.kind === 'atomic' && base.variety.primitive === undefined) {
    throw node.error('bad-derivation', 'anySimpleType can only be the base of the built-in types', 'base');
  }
  refuseFinal(compilation, node, base, 'restriction', 'base');
  return restrictSimpleType(compilation, base, node, name);
}

/** A type with the facets in `node` added to those of `base`. @throws SchemaError */
export function restrictSimpleType(
  compilation: Compilation,
  base: SimpleType,
  node: SchemaNode,
  name?: QName,
): SimpleType {
  const fixedFacets = new Set(compilation.properties(base).fixedFacets);
  const facets = restrictFacets(base, node.childrenNamed(...FACET_NAMES), fixedFacets, compilation.budget);
  const type: SimpleType = { kind: 'simple', name, base, hasNamedSubtypes: false, variety: base.variety, facets };
  compilation.setProperties(type, { fixedFacets });
  return type;
}

function constructed(compilation: Compilation, node: SchemaNode, name: QName | undefined): SimpleType {
  const variety = node.name === 'list' ? listVariety(compilation, node) : unionVariety(compilation, node);
  return {
    kind: 'simple',
    name,
    base: compilation.builtIn('anySimpleType'),
    hasNamedSubtypes: false,
    variety,
    // What white space is in a union depends on the member that the value is of.
    facets: { whiteSpace: variety.kind === 'list' ? 'collapse' : 'preserve' },
  };
}

function listVariety(compilation: Compilation, node: SchemaNode): SimpleVariety {
  const item = referencedOrInline(compilation, node, 'itemType', node.childNamed('simpleType'));
  if (containsList(item)) throw node.error('bad-derivation', 'the items of a list may not be lists', 'itemType');
  refuseFinal(compilation, node, item, 'list', 'itemType');
  return { kind: 'list', item };
}

function containsList({ variety }: SimpleType): boolean {
  return variety.kind === 'list' || (variety.kind === 'union' && variety.members.some(containsList));
}

function unionVariety(compilation: Compilation, node: SchemaNode): SimpleVariety {
  const members = [
    ...listValue(node, 'memberTypes').map((value) => compilation.simpleTypeNamed(node, 'memberTypes', value)),
    ...node.childrenNamed('simpleType').map((child) => compilation.anonymousSimpleType(child)),
  ];
  if (members.length === 0) throw node.error('bad-structure', 'xs:union needs memberTypes or xs:simpleType');
  for (const member of members) refuseFinal(compilation, node, member, 'union', 'memberTypes');
  return { kind: 'union', members: withoutUnions(compilation, node, members) };
}

/** Unions among the members are replaced by theirs. @see XML Schema Part 2, §4.1.2 */
function withoutUnions(
  compilation: Compilation,
  node: SchemaNode,
  members: readonly SimpleType[],
): readonly SimpleType[] {
  const flat = members.flatMap((member) => (member.variety.kind === 'union' ? member.variety.members : [member]));
  compilation.budget.step(flat.length, node.source, node.offset);
  return [...new Set(flat)];
}

function referencedOrInline(
  compilation: Compilation,
  node: SchemaNode,
  attribute: string,
  inline: SchemaNode | undefined,
): SimpleType {
  const isReference = node.attribute(attribute) !== undefined;
  if (isReference === (inline !== undefined)) {
    throw node.error('bad-structure', `xs:${node.name} needs either the attribute ${attribute} or xs:simpleType`);
  }
  return inline ? compilation.anonymousSimpleType(inline) : compilation.simpleTypeNamed(node, attribute);
}

/** @throws SchemaError when a type forbids this kind of derivation from it */
export function refuseFinal(
  compilation: Compilation,
  node: SchemaNode,
  base: Parameters<Compilation['properties']>[0],
  method: string,
  attribute: string,
): void {
  if (!compilation.properties(base).final.has(method)) return;
  throw node.error(
    'bad-derivation',
    `${base.name?.name ?? 'the type'} is final: no ${method} of it is allowed`,
    attribute,
  );
}
