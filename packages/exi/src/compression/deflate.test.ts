import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExiError } from '../error.ts';
import { Inflater } from './inflater.ts';
import { shortestDeflate } from './shortest-deflate.ts';

/** Bytes with repetitions near and far, as text has them. */
const repetitive = fc
  .array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom('urn:xmpp:iot', 'value', '\0\0\0\0', '2026-')), {
    maxLength: 60,
  })
  .map((parts) => Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))));

function inflate(stream: Uint8Array, sizes: readonly number[] = []): Uint8Array {
  const inflater = new Inflater(1_000_000);
  let at = 0;
  for (const size of sizes) {
    if (at >= stream.length) break;
    if (inflater.write(stream.subarray(at, at + size))) break;
    at += size;
  }
  if (at < stream.length) expect(inflater.write(stream.subarray(at))).toBe(true);
  return inflater.bytes;
}

describe('DEFLATE', () => {
  it('makes streams that node:zlib reads, no longer than its own', () => {
    fc.assert(
      fc.property(repetitive, (bytes) => {
        const stream = shortestDeflate(bytes);
        expect(inflateRawSync(stream).equals(bytes)).toBe(true);
        expect(stream.length).toBeLessThanOrEqual(deflateRawSync(bytes, { level: 9 }).length);
      }),
    );
  });

  it('cuts long input into blocks', () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) % 251));
    expect(inflateRawSync(shortestDeflate(bytes)).equals(bytes)).toBe(true);
  });

  it.each([0, 1, 6, 9])('reads streams of node:zlib at level %d, in any pieces', (level) => {
    fc.assert(
      fc.property(repetitive, fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 50 }), (bytes, sizes) => {
        expect(Buffer.compare(inflate(deflateRawSync(bytes, { level }), sizes), bytes)).toBe(0);
      }),
    );
  });

  it('finds the end of a stream to the byte', () => {
    fc.assert(
      fc.property(repetitive, fc.uint8Array({ maxLength: 20 }), (bytes, after) => {
        const stream = deflateRawSync(bytes);
        const inflater = new Inflater(1_000_000);
        expect(inflater.write(Buffer.concat([stream, after]))).toBe(true);
        expect(inflater.consumed).toBe(stream.length);
      }),
    );
  });

  it('makes no more than it may', () => {
    const bomb = deflateRawSync(Buffer.alloc(1_000_000));
    expect(() => new Inflater(10_000).write(bomb)).toThrow(expect.objectContaining({ code: 'limit' }));
  });

  it('throws nothing but its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new Inflater(10_000).write(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ExiError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
