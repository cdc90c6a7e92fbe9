/** What is wrong with a schema. */
export type SchemaErrorCode =
  /** Not well-formed XML, or XML with a DTD. */
  | 'not-well-formed'
  /** The root is not `xsd:schema`, or a required attribute or child is missing, or one is there that may not be. */
  | 'bad-structure'
  /** An attribute's value is none of those its type has. */
  | 'bad-value'
  /** A reference to a component that no document declares. */
  | 'unresolved-reference'
  /** An included document that nobody supplied. */
  | 'unresolved-document'
  /** Two global components of a kind have the same name, or one type has an attribute twice. */
  | 'duplicate-component'
  /** A type, group or substitution group that is defined by itself. */
  | 'circular-definition'
  /** A derivation or substitution that XML Schema or a `final` forbids. */
  | 'bad-derivation'
  /** A facet that the type does not have, or with a value it can't have. */
  | 'bad-facet'
  /** A regular expression that XML Schema Part 2, Appendix F, does not know. */
  | 'bad-pattern'
  /** Content whose elements can't be attributed to one particle: XML Schema Part 1, §3.8.6, Unique Particle Attribution. */
  | 'ambiguous-content'
  /** Two elements of one name in one content model have different types: XML Schema Part 1, §3.8.6. */
  | 'inconsistent-declarations'
  /** Something of XML Schema that this compiler does not take: `xsd:redefine`. */
  | 'unsupported'
  /** More bytes, documents, components, nesting, particles or work than the limits allow. */
  | 'limit-exceeded';

/** A place in a document. */
export interface SchemaPosition {
  readonly location: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/** A schema that was refused, and where and why. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  readonly code: SchemaErrorCode;
  readonly location: string;
  readonly line: number;
  readonly column: number;

  constructor(code: SchemaErrorCode, message: string, position: SchemaPosition, options?: ErrorOptions) {
    super(`${position.location}:${position.line}:${position.column}: ${message}`, options);
    this.code = code;
    this.location = position.location;
    this.line = position.line;
    this.column = position.column;
  }
}
