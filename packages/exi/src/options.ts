import type { QName } from './schema/components.ts';

export type Alignment = 'bit-packed' | 'byte-packed' | 'pre-compression' | 'compression';

/** What of a document is kept beside its elements, attributes and text. @see EXI 1.0 §6.3 */
export interface Preserve {
  readonly comments: boolean;
  readonly pis: boolean;
  readonly dtd: boolean;
  readonly prefixes: boolean;
  /** Values are kept as they were written, not as their datatype understands them. */
  readonly lexicalValues: boolean;
}

/** @see EXI 1.0 §7.4 */
export interface DatatypeRepresentation {
  readonly type: QName;
  readonly representation: QName;
}

/** Both sides must use the same; a stream can tell them in its header. @see EXI 1.0 §5.4 */
export interface ExiOptions {
  readonly alignment: Alignment;
  readonly strict: boolean;
  readonly fragment: boolean;
  readonly preserve: Preserve;
  readonly selfContained: boolean;
  readonly datatypeRepresentationMap: readonly DatatypeRepresentation[];
  /** Values in a block of the alignments pre-compression and compression. */
  readonly blockSize: number;
  /** Characters of the longest string that enters the string table; undefined: any. */
  readonly valueMaxLength: number | undefined;
  /** Strings in the string table; undefined: any number. */
  readonly valuePartitionCapacity: number | undefined;
  /** undefined: nothing said; null: without schema; '': XML Schema's own types only. */
  readonly schemaId: string | null | undefined;
}

/** What may be left out when options are given. */
export type ExiOptionsInput = Partial<Omit<ExiOptions, 'preserve'>> & { readonly preserve?: Partial<Preserve> };

export const DEFAULT_BLOCK_SIZE = 1_000_000;

export const DEFAULT_PRESERVE: Preserve = {
  comments: false,
  pis: false,
  dtd: false,
  prefixes: false,
  lexicalValues: false,
};

/** @see EXI 1.0 §5.4, table 5-1 */
export const DEFAULT_OPTIONS: ExiOptions = {
  alignment: 'bit-packed',
  strict: false,
  fragment: false,
  preserve: DEFAULT_PRESERVE,
  selfContained: false,
  datatypeRepresentationMap: [],
  blockSize: DEFAULT_BLOCK_SIZE,
  valueMaxLength: undefined,
  valuePartitionCapacity: undefined,
  schemaId: undefined,
};
