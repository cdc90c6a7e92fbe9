/** What one stream may take of memory and time. What goes beyond is an ExiError `limit`. */
export interface ExiLimits {
  /** Nesting of elements. */
  readonly maxDepth: number;
  /** Characters (or octets) of one value, comment, name, ... */
  readonly maxValueLength: number;
  /** Items of one list. */
  readonly maxListItems: number;
  /** Events of one document: elements, attributes, text, ... */
  readonly maxEvents: number;
  /** Characters of all text, attribute values, comments, ... of one document. A string table makes much of few bits. */
  readonly maxCharacters: number;
  /** Strings, names and namespaces in the string table, also over many documents. */
  readonly maxStringTableEntries: number;
  /** Productions learned by built-in grammars, also over many documents. */
  readonly maxLearnedProductions: number;
  /** Bytes that DEFLATE may make of one document. */
  readonly maxInflatedBytes: number;
  /** Bytes kept while a document is incomplete. */
  readonly maxBufferedBytes: number;
}

export const DEFAULT_LIMITS: ExiLimits = {
  maxDepth: 256,
  maxValueLength: 1_048_576,
  maxListItems: 65_536,
  maxEvents: 1_000_000,
  maxCharacters: 67_108_864,
  maxStringTableEntries: 262_144,
  maxLearnedProductions: 65_536,
  maxInflatedBytes: 67_108_864,
  maxBufferedBytes: 16_777_216,
};
