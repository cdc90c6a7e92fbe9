import { collectAttributes } from './attributes.ts';
import type { AttributeSet, Compilation } from './compilation.ts';
import type {
  AttributeUse,
  ComplexType,
  ContentType,
  ModelGroup,
  Particle,
  SimpleType,
  TypeDefinition,
} from './components.ts';
import { isDerivedFrom } from './derivation.ts';
import type { Draft } from './draft.ts';
import { displayName, nameKey } from './names.ts';
import type { SchemaNode } from './node.ts';
import { makeParticle, noteDepth } from './particles.ts';
import { refuseFinal, restrictSimpleType } from './simple-type.ts';
import { booleanValue, derivationSet } from './values.ts';
import { FACET_NAMES } from './vocabulary.ts';
import { allowsNamespace, includesNamespaces, uniteNamespaces } from './wildcard.ts';

const MODEL = ['group', 'all', 'choice', 'sequence'];
const ATTRIBUTES = ['attribute', 'attributeGroup', 'anyAttribute'];
const EMPTY_CONTENT: ContentType = { kind: 'empty' };

/**
 * Completes the type that `xs:complexType` defines.
 * That a restriction's content model allows no more than its base's is not checked: a grammar is made of the type's own.
 * @throws SchemaError
 * @see XML Schema Part 1, §3.4.2
 */
export function fillComplexType(compilation: Compilation, node: SchemaNode, type: Draft<ComplexType>): void {
  const { context } = node;
  compilation.setProperties(type, {
    final: derivationSet(node, 'final', ['extension', 'restriction'], context.finalDefault),
    block: derivationSet(node, 'block', ['extension', 'restriction'], context.blockDefault),
  });
  const content = node.childNamed('simpleContent', 'complexContent');
  if (!content) {
    type.base = compilation.builtIn('anyType');
    type.derivation = 'restriction';
    type.content = ownContent(compilation, node, booleanValue(node, 'mixed'));
    const { uses, wildcard } = collectAttributes(compilation, node);
    type.attributes = uses;
    type.attributeWildcard = wildcard;
    return;
  }
  const stray = node.childrenNamed(...MODEL, ...ATTRIBUTES)[0];
  if (stray) throw stray.error('bad-structure', `xs:${stray.name} beside xs:${content.name} belongs inside it`);
  const derivation = content.childNamed('restriction', 'extension');
  if (!derivation) throw content.error('bad-structure', `xs:${content.name} needs xs:restriction or xs:extension`);
  if (derivation.attribute('base') === undefined) {
    throw derivation.error('bad-structure', `xs:${derivation.name} needs the attribute base`);
  }
  const base = compilation.typeNamed(derivation, 'base');
  compilation.complete(base, derivation, 'base');
  type.base = base;
  type.derivation = derivation.name as ComplexType['derivation'];
  refuseFinal(compilation, derivation, base, type.derivation, 'base');
  const depth = compilation.properties(base).depth + 1;
  compilation.checkDepth(depth, node);
  compilation.setProperties(type, { depth });
  type.content =
    content.name === 'simpleContent'
      ? simpleContent(compilation, derivation, base)
      : complexContent(compilation, derivation, base, mixedValue(node, content));
  if (base.kind === 'complex') compilation.budget.step(base.attributes.length, node.source, node.offset);
  deriveAttributes(type, base, collectAttributes(compilation, derivation), derivation);
}

function mixedValue(node: SchemaNode, content: SchemaNode): boolean {
  return booleanValue(content, 'mixed', booleanValue(node, 'mixed'));
}

/** The content that an element's own model group describes. */
function ownContent(compilation: Compilation, node: SchemaNode, isMixed: boolean): ContentType {
  const model = node.childNamed(...MODEL);
  const particle = model && makeParticle(compilation, model, true);
  const isEmpty = !particle || isAlwaysEmpty(particle);
  if (isMixed) return { kind: 'mixed', particle: isEmpty ? undefined : particle };
  return isEmpty ? EMPTY_CONTENT : { kind: 'element-only', particle };
}

/** A group without particles matches nothing but the empty sequence; a choice of none that has to occur matches nothing at all. */
function isAlwaysEmpty({ term, minOccurs }: Particle): boolean {
  return term.kind === 'group' && term.particles.length === 0 && (term.compositor !== 'choice' || minOccurs === 0);
}

function simpleContent(compilation: Compilation, node: SchemaNode, base: TypeDefinition): ContentType {
  if (node.name === 'extension') {
    const type = base.kind === 'simple' ? base : base.content.kind === 'simple' ? base.content.type : undefined;
    if (!type) throw node.error('bad-derivation', `${describe(base)} has no simple content to extend`, 'base');
    return { kind: 'simple', type };
  }
  if (base.kind === 'simple') {
    const message = `${describe(base)} is a simple type: only a complex type's simple content can be restricted`;
    throw node.error('bad-derivation', message, 'base');
  }
  return { kind: 'simple', type: restrictedContent(compilation, node, base) };
}

function restrictedContent(compilation: Compilation, node: SchemaNode, base: ComplexType): SimpleType {
  const inlineNode = node.childNamed('simpleType');
  const inline = inlineNode && compilation.anonymousSimpleType(inlineNode);
  const { content } = base;
  const canBeEmpty = content.kind === 'mixed' && (!content.particle || isEmptiable(content.particle));
  const baseContent = content.kind === 'simple' ? content.type : undefined;
  const type = inline ?? baseContent;
  if (!type || (!baseContent && !canBeEmpty)) {
    throw node.error('bad-derivation', `${describe(base)} has no simple content to restrict`, 'base');
  }
  if (inlineNode && inline && baseContent && !isDerivedFrom(inline, baseContent)) {
    throw inlineNode.error('bad-derivation', `the type is not derived from the content of ${describe(base)}`);
  }
  const hasFacets = node.childrenNamed(...FACET_NAMES).length > 0;
  return hasFacets ? restrictSimpleType(compilation, type, node) : type;
}

/** @see XML Schema Part 1, §3.9.6, Particle Emptiable */
export function isEmptiable({ minOccurs, term }: Particle): boolean {
  if (minOccurs === 0) return true;
  if (term.kind !== 'group') return false;
  return term.compositor === 'choice' ? term.particles.some(isEmptiable) : term.particles.every(isEmptiable);
}

function complexContent(
  compilation: Compilation,
  node: SchemaNode,
  base: TypeDefinition,
  isMixed: boolean,
): ContentType {
  if (base.kind === 'simple') {
    throw node.error('bad-derivation', `${describe(base)} is a simple type: expected xs:simpleContent`, 'base');
  }
  const own = ownContent(compilation, node, isMixed);
  const inherited = base.content;
  if (node.name === 'restriction') {
    if (own.kind === 'mixed' && inherited.kind !== 'mixed') {
      throw node.error('bad-derivation', `mixed content is no restriction of ${describe(base)}`, 'base');
    }
    return own;
  }
  if (own.kind === 'empty' || own.kind === 'simple') return inherited;
  if (inherited.kind === 'simple') {
    throw node.error('bad-derivation', `${describe(base)} has simple content: expected xs:simpleContent`, 'base');
  }
  if (inherited.kind === 'empty') return own;
  if (own.kind !== inherited.kind) {
    const [is, wants] = own.kind === 'mixed' ? ['not mixed', 'is'] : ['mixed', 'is not'];
    throw node.error('bad-derivation', `${describe(base)} is ${is}, but its extension ${wants}`, 'base');
  }
  const particle = extended(compilation, inherited.particle, own.particle, node);
  return own.kind === 'mixed' ? { kind: 'mixed', particle } : { kind: 'element-only', particle: particle as Particle };
}

/** What extends a content model comes behind it. */
function extended(
  compilation: Compilation,
  base: Particle | undefined,
  own: Particle | undefined,
  node: SchemaNode,
): Particle | undefined {
  if (!base || !own) return base ?? own;
  if ([base, own].some(({ term }) => term.kind === 'group' && term.compositor === 'all')) {
    throw node.error('bad-derivation', 'an xs:all has to be the whole content of a type: it extends nothing', 'base');
  }
  const term: ModelGroup = { kind: 'group', compositor: 'sequence', particles: [base, own] };
  noteDepth(compilation, term, node);
  return { minOccurs: 1, maxOccurs: 1, term };
}

function deriveAttributes(type: Draft<ComplexType>, base: TypeDefinition, own: AttributeSet, node: SchemaNode): void {
  const baseUses = base.kind === 'complex' ? base.attributes : [];
  const baseWildcard = base.kind === 'complex' ? base.attributeWildcard : undefined;
  if (type.derivation === 'restriction') {
    type.attributes = restrictedUses(baseUses, baseWildcard, own, node);
    type.attributeWildcard = own.wildcard;
    const { wildcard } = own;
    if (wildcard && !(baseWildcard && includesNamespaces(baseWildcard.namespaces, wildcard.namespaces))) {
      throw node.error('bad-derivation', `the attribute wildcard allows more than that of ${describe(base)}`, 'base');
    }
    return;
  }
  const keys = new Set(baseUses.map(({ attribute }) => nameKey(attribute.name)));
  for (const { attribute } of own.uses) {
    if (keys.has(nameKey(attribute.name))) {
      throw node.error(
        'duplicate-component',
        `${describe(base)} has an attribute ${displayName(attribute.name)} already`,
      );
    }
  }
  type.attributes = [...baseUses, ...own.uses];
  type.attributeWildcard = own.wildcard ?? baseWildcard;
  if (own.wildcard && baseWildcard) {
    const namespaces = uniteNamespaces(own.wildcard.namespaces, baseWildcard.namespaces);
    if (!namespaces)
      throw node.error('bad-derivation', 'the attribute wildcards have no union that can be said', 'base');
    type.attributeWildcard = { ...own.wildcard, namespaces };
  }
}

function restrictedUses(
  baseUses: readonly AttributeUse[],
  baseWildcard: ComplexType['attributeWildcard'],
  own: AttributeSet,
  node: SchemaNode,
): readonly AttributeUse[] {
  const ownUses = new Map(own.uses.map((use) => [nameKey(use.attribute.name), use]));
  const uses: AttributeUse[] = [];
  for (const use of baseUses) {
    const key = nameKey(use.attribute.name);
    const narrowed = ownUses.get(key);
    ownUses.delete(key);
    if (use.isRequired && (narrowed ? !narrowed.isRequired : own.prohibited.has(key))) {
      throw node.error(
        'bad-derivation',
        `attribute ${displayName(use.attribute.name)} is required by the base`,
        'base',
      );
    }
    if (narrowed && !isDerivedFrom(narrowed.attribute.type, use.attribute.type)) {
      const message = `the type of attribute ${displayName(use.attribute.name)} is not derived from that in the base`;
      throw node.error('bad-derivation', message, 'base');
    }
    if (!own.prohibited.has(key)) uses.push(narrowed ?? use);
  }
  for (const use of ownUses.values()) {
    const { name } = use.attribute;
    if (!baseWildcard || !allowsNamespace(baseWildcard.namespaces, name.namespace)) {
      throw node.error('bad-derivation', `the base has no attribute ${displayName(name)} to restrict`, 'base');
    }
    uses.push(use);
  }
  return uses;
}

function describe(type: TypeDefinition): string {
  return type.name ? `type ${type.name.name}` : 'the base type';
}
