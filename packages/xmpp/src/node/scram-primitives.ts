import { createHash, createHmac } from 'node:crypto';
import type { ScramHash } from '../sasl/mechanism.ts';
import type { ScramPrimitives } from '../sasl/scram.ts';

const NAMES = { 'SHA-1': 'sha1', 'SHA-256': 'sha256' } as const satisfies Record<ScramHash, string>;

/** Computed at once: for so few bytes that is much quicker than a thread of the pool. */
export const NODE_SCRAM_PRIMITIVES: ScramPrimitives = {
  hmac: (key, message, hash) => new Uint8Array(createHmac(NAMES[hash], key).update(message).digest()),
  digest: (bytes, hash) => new Uint8Array(createHash(NAMES[hash]).update(bytes).digest()),
};
