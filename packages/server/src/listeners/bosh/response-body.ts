import { encodeUtf8 } from '@thingward/xml';
import { type BoshAttributes, type BoshCondition, boshStartTag } from '@thingward/xmpp';
import type { Load } from './payload-queue.ts';

const END_TAG = encodeUtf8('</body>');
const END_OF_EMPTY_TAG = encodeUtf8('/>');
const END_OF_START_TAG = encodeUtf8('>');

/** The bytes of a `<body/>`. */
export function responseBody(attributes: BoshAttributes, { parts, needsStreamPrefix }: Load): Uint8Array {
  const start = encodeUtf8(boshStartTag(attributes, needsStreamPrefix));
  if (parts.length === 0) return Buffer.concat([start, END_OF_EMPTY_TAG]);
  return Buffer.concat([start, END_OF_START_TAG, ...parts, END_TAG]);
}

/** Statuses that clients without a version know instead of conditions. @see XEP-0124 §17.1 */
const LEGACY_STATUS: Partial<Record<BoshCondition, number>> = {
  'bad-request': 400,
  'policy-violation': 403,
  'item-not-found': 404,
};

/** The HTTP status that goes with a condition. */
export function statusOf(condition: BoshCondition, isLegacy: boolean): number {
  return (isLegacy ? LEGACY_STATUS[condition] : undefined) ?? 200;
}
