import { XML_NAMESPACE } from '@thingward/xml';
import { collectAttributes, makeAttribute } from './attributes.ts';
import type { Budget } from './budget.ts';
import { makeBuiltInTypes } from './built-in-types.ts';
import type { AttributeSet, Compilation, TypeProperties } from './compilation.ts';
import { fillComplexType } from './complex-type.ts';
import type {
  AttributeDeclaration,
  ComplexType,
  ElementDeclaration,
  ModelGroup,
  QName,
  SchemaComponents,
  SimpleType,
  TypeDefinition,
} from './components.ts';
import { checkContentModel } from './content-model.ts';
import type { Draft } from './draft.ts';
import { draftElement, elementType } from './elements.ts';
import { displayName, INSTANCE_NAMESPACE, nameKey, SCHEMA_NAMESPACE } from './names.ts';
import type { SchemaNode } from './node.ts';
import { makeModelGroup } from './particles.ts';
import { makeSimpleType } from './simple-type.ts';
import { linkSubstitutions } from './substitution.ts';
import { booleanValue, declaredName, referenceValue, tokenValue } from './values.ts';

/** Definitions that lead from one to the next (a type's base, its base, ...): more than anybody writes, fewer than the stack holds. */
const MAX_DEPTH = 200;
const NOTHING: ReadonlySet<string> = new Set();
const NO_PROPERTIES: TypeProperties = { final: NOTHING, block: NOTHING, fixedFacets: NOTHING, depth: 0 };
const ALWAYS_THERE = ['', XML_NAMESPACE, INSTANCE_NAMESPACE, SCHEMA_NAMESPACE];

/** Global declarations and definitions of a kind: the nodes that make them, and those made. */
class Globals<T> {
  readonly nodes = new Map<string, SchemaNode>();
  readonly made = new Map<string, T>();
  readonly making = new Set<string>();
}

/** Makes the components that the documents declare. */
export class Compiler implements Compilation {
  readonly budget: Budget;
  readonly #elements = new Globals<ElementDeclaration>();
  readonly #attributes = new Globals<AttributeDeclaration>();
  readonly #types = new Globals<TypeDefinition>();
  readonly #groups = new Globals<ModelGroup>();
  readonly #attributeGroups = new Globals<AttributeSet>();
  readonly #builtIns = makeBuiltInTypes();
  readonly #namespaces = new Set<string>();
  readonly #allElements: ElementDeclaration[] = [];
  readonly #allAttributes: AttributeDeclaration[] = [];
  readonly #elementNodes = new Map<ElementDeclaration, SchemaNode>();
  readonly #elementBlocks = new Map<ElementDeclaration, ReadonlySet<string>>();
  readonly #properties = new Map<TypeDefinition, TypeProperties>();
  /** Complex types whose content is still to be made, and those at it. */
  readonly #incomplete = new Map<ComplexType, SchemaNode>();
  readonly #completing = new Set<ComplexType>();
  readonly #complexTypes: [ComplexType, SchemaNode][] = [];
  readonly #groupDepths = new Map<ModelGroup, number>();
  #depth = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** @param roots elements `xs:schema` of all documents. @throws SchemaError */
  compile(roots: readonly SchemaNode[], toleratesAmbiguity: boolean): SchemaComponents {
    for (const root of roots) {
      this.addNamespaces([root.context.targetNamespace]);
      for (const node of root.children) this.#index(node);
    }
    for (const key of this.#types.nodes.keys()) this.#type(key);
    for (const key of this.#attributes.nodes.keys()) this.#attribute(key);
    for (const key of this.#attributeGroups.nodes.keys()) this.#attributeGroup(key);
    for (const key of this.#groups.nodes.keys()) this.#group(key);
    for (const key of this.#elements.nodes.keys()) this.#element(key);
    this.#completeAll();
    linkSubstitutions(this, this.#elementNodes, this.#elementBlocks);
    this.#markSubtypes();
    for (const [type, node] of this.#complexTypes) {
      checkContentModel(type, node, this.budget, toleratesAmbiguity);
    }
    return {
      elements: this.#elements.made,
      attributes: this.#attributes.made,
      types: new Map([...this.#builtIns, ...this.#types.made]),
      allElements: this.#allElements,
      allAttributes: this.#allAttributes,
      namespaces: this.#namespaces,
    };
  }

  #index(node: SchemaNode): void {
    const globals = this.#globals(node.name);
    if (!globals) return;
    const name = { namespace: node.context.targetNamespace, name: declaredName(node) };
    const key = nameKey(name);
    const other = globals.nodes.get(key);
    if (other) {
      const { location, line } = other.source.position(other.offset);
      const message = `xs:${node.name} ${displayName(name)} is declared already, in ${location} line ${line}`;
      throw node.error('duplicate-component', message, 'name');
    }
    globals.nodes.set(key, node);
  }

  #globals(kind: string): Globals<unknown> | undefined {
    switch (kind) {
      case 'element':
        return this.#elements;
      case 'attribute':
        return this.#attributes;
      case 'simpleType':
      case 'complexType':
        return this.#types;
      case 'group':
        return this.#groups;
      case 'attributeGroup':
        return this.#attributeGroups;
      default:
        return undefined;
    }
  }

  /** Makes a global component once; what it refers to is made on the way. */
  #make<T>(globals: Globals<T>, key: string, make: (node: SchemaNode) => T): T | undefined {
    const made = globals.made.get(key);
    if (made !== undefined) return made;
    const node = globals.nodes.get(key);
    if (!node) return undefined;
    const what = `xs:${node.name} ${tokenValue(node, 'name')}`;
    if (globals.making.has(key)) throw node.error('circular-definition', `${what} is defined by itself`, 'name');
    this.budget.step(1, node.source, node.offset);
    return this.nested(node, () => {
      globals.making.add(key);
      const component = make(node);
      globals.making.delete(key);
      globals.made.set(key, component);
      return component;
    });
  }

  nested<T>(node: SchemaNode, action: () => T): T {
    this.checkDepth(++this.#depth, node);
    const result = action();
    this.#depth--;
    return result;
  }

  checkDepth(depth: number, node: SchemaNode): void {
    if (depth > MAX_DEPTH) {
      throw node.error('limit-exceeded', `more than ${MAX_DEPTH} definitions lead from one to the next`);
    }
  }

  groupDepth(group: ModelGroup): number {
    return this.#groupDepths.get(group) ?? 0;
  }

  setGroupDepth(group: ModelGroup, depth: number): void {
    this.#groupDepths.set(group, depth);
  }

  #reference<T>(
    node: SchemaNode,
    attribute: string,
    value: string | undefined,
    what: string,
    find: (key: string) => T | undefined,
  ): T {
    if (node.attribute(attribute) === undefined) {
      throw node.error('bad-structure', `xs:${node.name} needs the attribute ${attribute}`);
    }
    const name = referenceValue(node, attribute, value);
    const found = find(nameKey(name));
    if (found === undefined) {
      throw node.error('unresolved-reference', `${what} ${displayName(name)} is not declared`, attribute);
    }
    return found;
  }

  elementNamed(node: SchemaNode, attribute: string): ElementDeclaration {
    return this.#reference(node, attribute, undefined, 'element', (key) => this.#element(key));
  }

  /** An element exists before its type is known: content models may name it inside its own type. */
  #element(key: string): ElementDeclaration | undefined {
    const made = this.#elements.made.get(key);
    if (made) return made;
    const node = this.#elements.nodes.get(key);
    if (!node) return undefined;
    return this.nested(node, () => {
      const element = this.#addElement(draftElement(this, node, true), node);
      this.#elements.made.set(key, element);
      if (node.attribute('substitutionGroup') !== undefined) {
        element.substitutes = this.elementNamed(node, 'substitutionGroup');
      }
      const type = elementType(this, node);
      if (type) element.type = type;
      return element;
    });
  }

  localElement(node: SchemaNode): ElementDeclaration {
    const element = this.#addElement(draftElement(this, node, false), node);
    element.type = elementType(this, node) ?? element.type;
    return element;
  }

  #addElement(element: Draft<ElementDeclaration>, node: SchemaNode): Draft<ElementDeclaration> {
    this.#allElements.push(element);
    this.#elementNodes.set(element, node);
    return element;
  }

  setElementBlock(element: ElementDeclaration, block: ReadonlySet<string>): void {
    this.#elementBlocks.set(element, block);
  }

  attributeNamed(node: SchemaNode, attribute: string): AttributeDeclaration {
    return this.#reference(node, attribute, undefined, 'attribute', (key) => this.#attribute(key));
  }

  #attribute(key: string): AttributeDeclaration | undefined {
    return this.#make(this.#attributes, key, (node) => {
      const attribute = makeAttribute(this, node, true);
      this.#allAttributes.push(attribute);
      return attribute;
    });
  }

  localAttribute(node: SchemaNode): AttributeDeclaration {
    const attribute = makeAttribute(this, node, false);
    this.#allAttributes.push(attribute);
    return attribute;
  }

  typeNamed(node: SchemaNode, attribute: string, value?: string): TypeDefinition {
    return this.#reference(node, attribute, value, 'type', (key) => this.#builtIns.get(key) ?? this.#type(key));
  }

  simpleTypeNamed(node: SchemaNode, attribute: string, value?: string): SimpleType {
    const type = this.typeNamed(node, attribute, value);
    if (type.kind === 'simple') return type;
    const message = `${value ?? tokenValue(node, attribute)} is a complex type: expected a simple one`;
    throw node.error('bad-structure', message, attribute);
  }

  #type(key: string): TypeDefinition | undefined {
    return this.#make(this.#types, key, (node) => {
      const name = { namespace: node.context.targetNamespace, name: declaredName(node) };
      return node.name === 'simpleType' ? makeSimpleType(this, node, name) : this.#draftComplexType(node, name);
    });
  }

  anonymousType(node: SchemaNode): TypeDefinition {
    return node.name === 'simpleType' ? this.anonymousSimpleType(node) : this.#draftComplexType(node);
  }

  anonymousSimpleType(node: SchemaNode): SimpleType {
    return makeSimpleType(this, node);
  }

  #draftComplexType(node: SchemaNode, name?: QName): ComplexType {
    const type: ComplexType = {
      kind: 'complex',
      name,
      base: this.builtIn('anyType'),
      derivation: 'restriction',
      isAbstract: booleanValue(node, 'abstract'),
      hasNamedSubtypes: false,
      attributes: [],
      content: { kind: 'empty' },
    };
    this.#incomplete.set(type, node);
    this.#complexTypes.push([type, node]);
    return type;
  }

  complete(type: TypeDefinition, node: SchemaNode, attribute: string): void {
    if (type.kind === 'simple') return;
    if (this.#completing.has(type)) {
      throw node.error('circular-definition', `type ${type.name?.name} is derived from itself`, attribute);
    }
    this.#complete(type);
  }

  #complete(type: ComplexType): void {
    const node = this.#incomplete.get(type);
    if (!node) return;
    this.nested(node, () => {
      this.#incomplete.delete(type);
      this.#completing.add(type);
      fillComplexType(this, node, type);
      this.#completing.delete(type);
    });
  }

  /** Completing a type may draft others. */
  #completeAll(): void {
    while (this.#incomplete.size > 0) for (const type of [...this.#incomplete.keys()]) this.#complete(type);
  }

  groupNamed(node: SchemaNode, attribute: string): ModelGroup {
    return this.#reference(node, attribute, undefined, 'group', (key) => this.#group(key));
  }

  #group(key: string): ModelGroup | undefined {
    return this.#make(this.#groups, key, (node) => {
      const model = node.childNamed('all', 'choice', 'sequence');
      if (!model) throw node.error('bad-structure', 'xs:group needs xs:all, xs:choice or xs:sequence');
      const occurs = ['minOccurs', 'maxOccurs'].find((name) => model.attribute(name) !== undefined);
      if (occurs) throw model.error('bad-structure', `how often a group occurs is said where it is used`, occurs);
      return makeModelGroup(this, model);
    });
  }

  attributeGroupNamed(node: SchemaNode, attribute: string): AttributeSet {
    return this.#reference(node, attribute, undefined, 'attribute group', (key) => this.#attributeGroup(key));
  }

  #attributeGroup(key: string): AttributeSet | undefined {
    return this.#make(this.#attributeGroups, key, (node) => collectAttributes(this, node));
  }

  builtIn(name: string): TypeDefinition {
    return this.#builtIns.get(nameKey({ namespace: SCHEMA_NAMESPACE, name })) as TypeDefinition;
  }

  properties(type: TypeDefinition): TypeProperties {
    return this.#properties.get(type) ?? NO_PROPERTIES;
  }

  setProperties(type: TypeDefinition, properties: Partial<TypeProperties>): void {
    this.#properties.set(type, { ...this.properties(type), ...properties });
  }

  addNamespaces(namespaces: readonly string[]): void {
    for (const namespace of namespaces) if (!ALWAYS_THERE.includes(namespace)) this.#namespaces.add(namespace);
  }

  /** Every named type makes all its bases have a named subtype, anonymous ones in between or not. */
  #markSubtypes(): void {
    for (const type of this.#types.made.values()) {
      for (let base = type.base; !base.hasNamedSubtypes; base = base.base) {
        (base as Draft<TypeDefinition>).hasNamedSubtypes = true;
      }
    }
  }
}
