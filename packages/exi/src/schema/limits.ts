/** What compiling schemas may cost: a schema that somebody uploads must not exhaust the machine. */
export interface SchemaLimits {
  /** Bytes of all documents together. */
  readonly maxBytes: number;
  readonly maxDocuments: number;
  /** Elements of XML Schema in all documents together. */
  readonly maxComponents: number;
  /** Nesting of elements in a document. */
  readonly maxNesting: number;
  /** Particles of all content models together when every `minOccurs` and `maxOccurs` is written out, as grammars have to. */
  readonly maxParticles: number;
  /** Steps of work; one takes well below a microsecond. */
  readonly maxSteps: number;
}

export const DEFAULT_SCHEMA_LIMITS: SchemaLimits = {
  maxBytes: 1_048_576,
  maxDocuments: 128,
  maxComponents: 50_000,
  maxNesting: 64,
  maxParticles: 50_000,
  maxSteps: 5_000_000,
};
