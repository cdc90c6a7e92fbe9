/** Bounds of what is read. Who sends more is refused, or where only a value is too much, carried without being looked into. */
export interface OpcUaLimits {
  /** Of one chunk, its header included. */
  readonly maxChunkOctets: number;
  /** Of all chunks of a message together. */
  readonly maxMessageOctets: number;
  readonly maxChunks: number;
  /** How deep structures, variants, data values and diagnostics may be in one another. */
  readonly maxDepth: number;
  readonly maxArrayLength: number;
  /** Values of one message, those in arrays included. */
  readonly maxValues: number;
}

/** XML of what is as deep as this is as deep as Thingward's XML may be. */
export const DEFAULT_OPCUA_LIMITS: OpcUaLimits = {
  maxChunkOctets: 1_048_576,
  maxMessageOctets: 4_194_304,
  maxChunks: 1024,
  maxDepth: 40,
  maxArrayLength: 100_000,
  maxValues: 500_000,
};
