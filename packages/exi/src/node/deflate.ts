import { constants, deflateRawSync } from 'node:zlib';
import type { Deflate } from '../compression/deflate.ts';
import { shortestDeflate } from '../compression/shortest-deflate.ts';

/** What is longer goes to node:zlib, which is faster and by then as good. */
const LONG = 8192;

/** DEFLATE by node:zlib for long input; for short input that of this package, which makes fewer bytes. */
export const nodeDeflate: Deflate = (bytes) =>
  bytes.length > LONG ? deflateRawSync(bytes, { level: constants.Z_BEST_COMPRESSION }) : shortestDeflate(bytes);
