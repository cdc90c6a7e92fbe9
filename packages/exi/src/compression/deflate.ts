/** RFC 1951, raw. Injected, since browsers and Node.js have different ones. `@thingward/exi/node` has that of node:zlib. */
export interface Deflate {
  deflate(bytes: Uint8Array): Uint8Array;
  /**
   * Inflates the one stream that `bytes` begins with.
   * @param maxBytes of output; beyond, an error with the code `limit`
   * @returns what it holds and how many bytes it took; undefined when its end is not there yet
   */
  inflate(bytes: Uint8Array, maxBytes: number): { readonly bytes: Uint8Array; readonly consumed: number } | undefined;
}

/** Channels with more values than this have a stream of their own. @see EXI 1.0 §9.3 */
export const SMALL_CHANNEL = 100;
