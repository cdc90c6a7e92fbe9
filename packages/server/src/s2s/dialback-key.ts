import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { DomainPair } from '@thingward/xmpp';

/** Makes and checks the keys of server dialback. Nothing is kept: a key follows from the secret and what it is for. @see XEP-0185 §2 */
export class DialbackKeys {
  readonly #secret: string;

  /** @param secret known to all processes that answer for the same domains */
  constructor(secret: string) {
    this.#secret = createHash('sha256').update(secret).digest('hex');
  }

  /**
   * @param pair from the initiating to the receiving server
   * @param streamId as the receiving server gave it
   */
  make({ from, to }: DomainPair, streamId: string): string {
    return createHmac('sha256', this.#secret).update(`${to} ${from} ${streamId}`).digest('hex');
  }

  isValid(pair: DomainPair, streamId: string, key: string): boolean {
    const [expected, given] = [Buffer.from(this.make(pair, streamId)), Buffer.from(key)];
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}
