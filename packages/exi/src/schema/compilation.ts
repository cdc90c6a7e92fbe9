import type { Budget } from './budget.ts';
import type {
  AttributeDeclaration,
  AttributeUse,
  ElementDeclaration,
  ModelGroup,
  SimpleType,
  TypeDefinition,
  Wildcard,
} from './components.ts';
import type { SchemaNode } from './node.ts';

/** What an attribute group or the attributes of a type come to. */
export interface AttributeSet {
  readonly uses: readonly AttributeUse[];
  /** Keys of attributes with `use="prohibited"`. */
  readonly prohibited: ReadonlySet<string>;
  readonly wildcard?: Wildcard | undefined;
}

/** What components say of themselves that grammars do not need, but other components do. */
export interface TypeProperties {
  /** Methods by which nothing may be derived from it. */
  readonly final: ReadonlySet<string>;
  /** Methods of derivation whose results may not stand in its place. */
  readonly block: ReadonlySet<string>;
  /** Names of facets that it or a base has fixed. */
  readonly fixedFacets: ReadonlySet<string>;
  /** How many types lead down to a built-in one: bases, items, members. */
  readonly depth: number;
}

/** The compiler, as its parts see it: each makes one kind of component and asks for those it refers to. */
export interface Compilation {
  readonly budget: Budget;
  /** @throws SchemaError when nothing is declared by the name in this attribute */
  elementNamed(node: SchemaNode, attribute: string): ElementDeclaration;
  attributeNamed(node: SchemaNode, attribute: string): AttributeDeclaration;
  /** A complex type may not be complete yet. @param value one of the names in the attribute */
  typeNamed(node: SchemaNode, attribute: string, value?: string): TypeDefinition;
  simpleTypeNamed(node: SchemaNode, attribute: string, value?: string): SimpleType;
  /** @returns the group's particle, once */
  groupNamed(node: SchemaNode, attribute: string): ModelGroup;
  attributeGroupNamed(node: SchemaNode, attribute: string): AttributeSet;
  builtIn(name: string): TypeDefinition;
  /** The type that `xs:simpleType` or `xs:complexType` inside a declaration defines. */
  anonymousType(node: SchemaNode): TypeDefinition;
  anonymousSimpleType(node: SchemaNode): SimpleType;
  /** Makes sure that a complex type is complete, to derive from it. */
  complete(type: TypeDefinition, node: SchemaNode, attribute: string): void;
  properties(type: TypeDefinition): TypeProperties;
  setProperties(type: TypeDefinition, properties: Partial<TypeProperties>): void;
  setElementBlock(element: ElementDeclaration, block: ReadonlySet<string>): void;
  localElement(node: SchemaNode): ElementDeclaration;
  localAttribute(node: SchemaNode): AttributeDeclaration;
  /** Does something one level further in. @throws SchemaError when there are too many */
  nested<T>(node: SchemaNode, action: () => T): T;
  /** Tells how deep types or groups are nested. @throws SchemaError when it is too deep */
  checkDepth(depth: number, node: SchemaNode): void;
  groupDepth(group: ModelGroup): number;
  setGroupDepth(group: ModelGroup, depth: number): void;
  /** Tells which namespaces a wildcard names. */
  addNamespaces(namespaces: readonly string[]): void;
}
