/** Makes a raw stream of RFC 1951. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

/** Channels with more values than this have a stream of their own. @see EXI 1.0 §9.3 */
export const SMALL_CHANNEL = 100;
