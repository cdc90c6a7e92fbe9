import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Deflate } from '../compression/deflate.ts';
import { ExiError } from '../error.ts';

/** What inflateRawSync gives when asked for its engine, which knows how much it took. */
interface WithEngine {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** DEFLATE by node:zlib. */
export const nodeDeflate: Deflate = {
  deflate: (bytes) => deflateRawSync(bytes, { level: constants.Z_DEFAULT_COMPRESSION }),

  inflate(bytes, maxBytes) {
    try {
      // maxOutputLength 0 would mean no limit.
      const options = { info: true, maxOutputLength: Math.max(maxBytes, 1) };
      const { buffer, engine } = inflateRawSync(bytes, options) as unknown as WithEngine;
      return { bytes: buffer, consumed: engine.bytesWritten };
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === 'Z_BUF_ERROR') return undefined;
      if (code === 'ERR_BUFFER_TOO_LARGE') {
        throw new ExiError('limit', `a compressed stream makes more than ${maxBytes} bytes`, 0, { cause: error });
      }
      throw new ExiError('malformed', `not DEFLATE: ${message}`, 0, { cause: error });
    }
  },
};
