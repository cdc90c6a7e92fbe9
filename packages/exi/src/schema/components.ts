/**
 * The components of a set of XML schemas, resolved: what the XSD compiler makes of schema documents, and what EXI grammars are made of.
 * References point to the very object of the component, so a set can be circular.
 * @see XML Schema Part 1, §2.2 and §3; XML Schema Part 2, §4
 */

/** An expanded name. A component without target namespace has the namespace ''. */
export interface QName {
  readonly namespace: string;
  readonly name: string;
}

/** Everything schema documents declare, by expanded name as `{namespace}name`. */
export interface SchemaComponents {
  readonly elements: ReadonlyMap<string, ElementDeclaration>;
  readonly attributes: ReadonlyMap<string, AttributeDeclaration>;
  /** Global types, those of XML Schema itself (`xsd:string`, `xsd:anyType`, ...) among them. */
  readonly types: ReadonlyMap<string, TypeDefinition>;
  /** Every element declaration, global and local. */
  readonly allElements: readonly ElementDeclaration[];
  /** Every attribute declaration, global and local. */
  readonly allAttributes: readonly AttributeDeclaration[];
  /** Target namespaces, and those that wildcards name, beside the ones that are always there. */
  readonly namespaces: ReadonlySet<string>;
}

/** @see XML Schema Part 1, §3.3.1 */
export interface ElementDeclaration {
  readonly kind: 'element';
  readonly name: QName;
  readonly isGlobal: boolean;
  readonly type: TypeDefinition;
  readonly isNillable: boolean;
  readonly isAbstract: boolean;
  /** The head of its substitution group. */
  readonly substitutes?: ElementDeclaration | undefined;
  /** Global declarations that can stand in its place, itself and abstract ones not among them, all levels. Blocking respected. */
  readonly substitutableBy: readonly ElementDeclaration[];
}

/** @see XML Schema Part 1, §3.2.1 */
export interface AttributeDeclaration {
  readonly kind: 'attribute';
  readonly name: QName;
  readonly isGlobal: boolean;
  readonly type: SimpleType;
}

/** @see XML Schema Part 1, §3.5.1 */
export interface AttributeUse {
  readonly attribute: AttributeDeclaration;
  readonly isRequired: boolean;
}

export type TypeDefinition = SimpleType | ComplexType;

/** @see XML Schema Part 1, §3.4.1. `xsd:anyType` is one of these. */
export interface ComplexType {
  readonly kind: 'complex';
  /** Undefined for an anonymous type. */
  readonly name?: QName | undefined;
  readonly base: TypeDefinition;
  readonly derivation: 'restriction' | 'extension';
  readonly isAbstract: boolean;
  /** Is another named type derived from it, at any remove? Then `xsi:type` may name it. @see EXI 1.0 §8.5.4.1.3.2 */
  readonly hasNamedSubtypes: boolean;
  /** In the schema's order, those of base types and attribute groups among them; prohibited ones left out. */
  readonly attributes: readonly AttributeUse[];
  readonly attributeWildcard?: Wildcard | undefined;
  readonly content: ContentType;
}

export type ContentType =
  | { readonly kind: 'empty' }
  | { readonly kind: 'simple'; readonly type: SimpleType }
  | { readonly kind: 'element-only'; readonly particle: Particle }
  | { readonly kind: 'mixed'; readonly particle?: Particle | undefined };

/** @see XML Schema Part 1, §3.9.1 */
export interface Particle {
  readonly minOccurs: number;
  readonly maxOccurs: number | 'unbounded';
  readonly term: ElementDeclaration | ModelGroup | Wildcard;
}

/** @see XML Schema Part 1, §3.8.1 */
export interface ModelGroup {
  readonly kind: 'group';
  readonly compositor: 'sequence' | 'choice' | 'all';
  readonly particles: readonly Particle[];
}

/** @see XML Schema Part 1, §3.10.1 */
export interface Wildcard {
  readonly kind: 'wildcard';
  /** `##any`; `##other` than one (which excludes '' too); or a list. */
  readonly namespaces:
    | { readonly kind: 'any' }
    | { readonly kind: 'not'; readonly namespace: string }
    | { readonly kind: 'list'; readonly namespaces: readonly string[] };
  readonly processContents: 'strict' | 'lax' | 'skip';
}

/** @see XML Schema Part 2, §4.1.1. `xsd:anySimpleType` is an atomic one without primitive. */
export interface SimpleType {
  readonly kind: 'simple';
  readonly name?: QName | undefined;
  /** The type it is derived from: `xsd:anySimpleType` for primitives, lists and unions. */
  readonly base: TypeDefinition;
  readonly hasNamedSubtypes: boolean;
  readonly variety: SimpleVariety;
  readonly facets: Facets;
}

export type SimpleVariety =
  /** @param primitive the local name of the primitive type (`decimal`, `string`, `dateTime`, ...) it restricts; undefined for `xsd:anySimpleType` */
  | { readonly kind: 'atomic'; readonly primitive?: string | undefined }
  | { readonly kind: 'list'; readonly item: SimpleType }
  | { readonly kind: 'union'; readonly members: readonly SimpleType[] };

/** The facets in force, those of base types among them. Values are literals, whitespace normalised. @see XML Schema Part 2, §4.3 */
export interface Facets {
  readonly whiteSpace: 'preserve' | 'replace' | 'collapse';
  readonly length?: number | undefined;
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly totalDigits?: number | undefined;
  readonly fractionDigits?: number | undefined;
  readonly minInclusive?: string | undefined;
  readonly maxInclusive?: string | undefined;
  readonly minExclusive?: string | undefined;
  readonly maxExclusive?: string | undefined;
  /** In the schema's order. */
  readonly enumeration?: readonly string[] | undefined;
  /** The patterns of the most derived step that has some (one of them must match), as written. */
  readonly patterns?: readonly string[] | undefined;
  /** The characters those patterns allow, as sorted code points, where EXI has a restricted character set of them. @see EXI 1.0 §7.1.10.1, Appendix E */
  readonly characters?: readonly number[] | undefined;
}
