import { createHash } from 'node:crypto';
import type { BoshRequest } from '@thingward/xmpp';

/** Keys by which the requests of an unencrypted session prove that they come from the one who made it. @see XEP-0124 §15 */
export class KeySequence {
  /** What the next key must hash to; undefined while none are used. */
  #expected: string | undefined;

  /** Takes the key of the next request, the first one included. @returns whether it is right */
  accepts({ key, newkey }: Pick<BoshRequest, 'key' | 'newkey'>): boolean {
    if (this.#expected !== undefined && (key === undefined || sha1(key) !== this.#expected)) return false;
    if (newkey !== undefined) this.#expected = newkey.toLowerCase();
    else if (this.#expected !== undefined) this.#expected = key?.toLowerCase();
    return true;
  }
}

function sha1(key: string): string {
  return createHash('sha1').update(key).digest('hex');
}
