/** Numbers that both sides of RFC 1951 need. */

/** Least length of length codes 257 on, and how many bits follow. @see RFC 1951 §3.2.5 */
export const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
] as const;
export const LENGTH_EXTRA = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
] as const;

/** The same of distance codes. */
export const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
] as const;
export const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
] as const;

/** In what order the lengths of the codes for code lengths stand. @see RFC 1951 §3.2.7 */
export const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

export const END_OF_BLOCK = 256;
export const WINDOW = 32_768;
export const MIN_MATCH = 3;
export const MAX_MATCH = 258;

/** Code lengths of blocks with fixed codes. @see RFC 1951 §3.2.6 */
export const FIXED_LITERAL_LENGTHS: Uint8Array = (() => {
  const lengths = new Uint8Array(288).fill(8);
  lengths.fill(9, 144, 256);
  lengths.fill(7, 256, 280);
  return lengths;
})();
export const FIXED_DISTANCE_LENGTHS: Uint8Array = new Uint8Array(30).fill(5);
