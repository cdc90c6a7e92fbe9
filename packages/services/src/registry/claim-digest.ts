import { createHash } from 'node:crypto';
import { KEY_TAG, type MetaTag } from '@thingward/things';

/**
 * What a claim is compared by: SHA-256 over the meta data in a canonical form (sorted by name, tags with an empty string left out,
 * numbers as numbers). Only the digest is stored and looked up, so neither the database nor the time an answer takes tells of a KEY.
 * @param tags checked: names in upper case, each once
 * @returns undefined without a KEY: such a Thing can't be claimed
 */
export function claimDigest(tags: readonly MetaTag[]): string | undefined {
  const present = tags.filter(({ value }) => value !== '');
  if (!present.some(({ name }) => name === KEY_TAG)) return undefined;
  const canonical = present
    .map(({ name, type, value }) => [name, type, value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex');
}
