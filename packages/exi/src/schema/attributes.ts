import type { AttributeSet, Compilation } from './compilation.ts';
import type { AttributeDeclaration, AttributeUse, SimpleType, Wildcard } from './components.ts';
import { displayName, nameKey } from './names.ts';
import type { SchemaNode } from './node.ts';
import { choiceValue, declaredName } from './values.ts';
import { intersectNamespaces } from './wildcard.ts';
import { makeWildcard } from './wildcard-node.ts';

/** The declaration in `xs:attribute`, global or local. @throws SchemaError @see XML Schema Part 1, §3.2.2 */
export function makeAttribute(compilation: Compilation, node: SchemaNode, isGlobal: boolean): AttributeDeclaration {
  const name = declaredName(node);
  if (name === 'xmlns') throw node.error('bad-value', 'no attribute can be named xmlns', 'name');
  refuseDefaultAndFixed(node);
  const { attributeFormDefault, targetNamespace } = node.context;
  const form = choiceValue(node, 'form', attributeFormDefault === 'qualified' ? QUALIFIED : UNQUALIFIED);
  const namespace = isGlobal || form === 'qualified' ? targetNamespace : '';
  return { kind: 'attribute', name: { namespace, name }, isGlobal, type: attributeType(compilation, node) };
}

const QUALIFIED = ['qualified', 'unqualified'] as const;
const UNQUALIFIED = ['unqualified', 'qualified'] as const;

function attributeType(compilation: Compilation, node: SchemaNode): SimpleType {
  const inline = node.childNamed('simpleType');
  if (inline && node.attribute('type') !== undefined) {
    throw inline.error('bad-structure', 'xs:attribute has the attribute type or xs:simpleType, not both');
  }
  if (inline) return compilation.anonymousSimpleType(inline);
  if (node.attribute('type') !== undefined) return compilation.simpleTypeNamed(node, 'type');
  return compilation.builtIn('anySimpleType') as SimpleType;
}

/** @throws SchemaError when a declaration has both */
export function refuseDefaultAndFixed(node: SchemaNode): void {
  if (node.attribute('default') !== undefined && node.attribute('fixed') !== undefined) {
    throw node.error('bad-structure', `xs:${node.name} has default or fixed, not both`, 'fixed');
  }
}

/** What the attributes, attribute groups and the wildcard in a type or a group come to. @throws SchemaError */
export function collectAttributes(compilation: Compilation, node: SchemaNode): AttributeSet {
  const uses: AttributeUse[] = [];
  const prohibited = new Set<string>();
  const keys = new Set<string>();
  const wildcards: Wildcard[] = [];
  const add = (use: AttributeUse, at: SchemaNode) => {
    const key = nameKey(use.attribute.name);
    if (keys.has(key)) {
      throw at.error('duplicate-component', `attribute ${displayName(use.attribute.name)} is there twice`);
    }
    keys.add(key);
    uses.push(use);
  };
  for (const child of node.childrenNamed('attribute', 'attributeGroup')) {
    compilation.budget.step(1, child.source, child.offset);
    if (child.name === 'attribute') {
      const use = attributeUse(compilation, child, prohibited);
      if (use) add(use, child);
    } else {
      const group = compilation.attributeGroupNamed(child, 'ref');
      compilation.budget.step(group.uses.length, child.source, child.offset);
      for (const use of group.uses) add(use, child);
      if (group.wildcard) wildcards.push(group.wildcard);
    }
  }
  const anyAttribute = node.childNamed('anyAttribute');
  if (anyAttribute) wildcards.unshift(makeWildcard(compilation, anyAttribute));
  return { uses, prohibited, wildcard: intersection(wildcards, node) };
}

function attributeUse(compilation: Compilation, node: SchemaNode, prohibited: Set<string>): AttributeUse | undefined {
  const use = choiceValue(node, 'use', ['optional', 'required', 'prohibited']);
  refuseDefaultAndFixed(node);
  if (node.attribute('default') !== undefined && use !== 'optional') {
    throw node.error('bad-structure', `an attribute with a default is optional, not ${use}`, 'use');
  }
  const hasRef = node.attribute('ref') !== undefined;
  if (hasRef === (node.attribute('name') !== undefined)) {
    throw node.error('bad-structure', 'xs:attribute needs either the attribute name or ref');
  }
  const stray = hasRef ? ['type', 'form'].find((name) => node.attribute(name) !== undefined) : undefined;
  if (stray) throw node.error('bad-structure', `xs:attribute with ref has no attribute ${stray}`, stray);
  if (hasRef && node.children.length > 0) {
    throw node.error('bad-structure', 'xs:attribute with ref has no type of its own');
  }
  if (use === 'prohibited') {
    const { name } = hasRef ? compilation.attributeNamed(node, 'ref') : makeAttribute(compilation, node, false);
    prohibited.add(nameKey(name));
    return undefined;
  }
  const attribute = hasRef ? compilation.attributeNamed(node, 'ref') : compilation.localAttribute(node);
  return { attribute, isRequired: use === 'required' };
}

/** The contents are processed as the first one says. @see XML Schema Part 1, §3.4.2, complete wildcard */
function intersection(wildcards: readonly Wildcard[], node: SchemaNode): Wildcard | undefined {
  let [result] = wildcards;
  for (const { namespaces } of wildcards.slice(1)) {
    const common = intersectNamespaces((result as Wildcard).namespaces, namespaces);
    if (!common) throw node.error('bad-derivation', 'the attribute wildcards have no intersection that can be said');
    result = { ...(result as Wildcard), namespaces: common };
  }
  return result;
}
