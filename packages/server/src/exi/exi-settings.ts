/** What the configuration says of EXI. See docs/configuration.md. */
export interface ExiSettings {
  readonly enabled: boolean;
  /** May authenticated clients upload schemas? */
  readonly uploads: boolean;
  /** Hosts that schemas are fetched from when a client asks for it; none: never. `*` is any public one. */
  readonly downloadFrom: readonly string[];
  readonly maxSchemaBytes: number;
  /** Schemas that came from clients; the one that was used longest ago makes room for the next. */
  readonly maxSchemas: number;
  /** Configurations that are remembered, in the same way. */
  readonly maxConfigurations: number;
  /** A directory with configurations that clients may name. @see XEP-0322 §3.11 */
  readonly configurations?: string | undefined;
  /** Are stanzas forwarded as they came between streams of the same set-up? @see XEP-0322 §3.9 */
  readonly binaryForwarding: boolean;
}

/** Values in a string table, and characters of each, where strings are kept from stanza to stanza: what one stream may take up. */
export const MAX_VALUE_LENGTH = 256;
export const MAX_VALUE_PARTITION_CAPACITY = 512;
/** Values in a block: a stanza has no more. */
export const MAX_BLOCK_SIZE = 1_000_000;
