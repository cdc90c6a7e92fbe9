import { BoshError } from '@thingward/xmpp';
import type { SentResponse } from './sent-responses.ts';

/** A new request as the rules of pace see it. */
export interface PacedRequest {
  readonly rid: number;
  /** Does it bring nothing, and ask for nothing? */
  readonly isEmpty: boolean;
  /** Does it pause or end the session? Then it may come on top of the others. */
  readonly isLast: boolean;
}

/** Are a client's requests too many or too frequent? @see XEP-0124 §11, §12 */
export class Pace {
  readonly #requests: number;
  readonly #pollingMs: number;
  readonly #isPolling: boolean;
  #previousAt = Number.NEGATIVE_INFINITY;
  #previousWasEmpty = false;

  /** @param requests how many may wait at the same time */
  constructor(options: { readonly requests: number; readonly pollingMs: number; readonly isPolling: boolean }) {
    this.#requests = options.requests;
    this.#pollingMs = options.pollingMs;
    this.#isPolling = options.isPolling;
  }

  /**
   * To be called for each new request, in order.
   * @param waiting how many wait already
   * @param response to the request before it, where there was one
   * @param now milliseconds
   * @throws BoshError `policy-violation`
   */
  check(request: PacedRequest, waiting: number, response: SentResponse | undefined, now: number): void {
    const isSoon = now - this.#previousAt < this.#pollingMs;
    const wasEmpty = this.#previousWasEmpty;
    this.#previousAt = now;
    this.#previousWasEmpty = request.isEmpty;
    if (request.isLast) return;
    const count = waiting + 1;
    if (count > this.#requests) throw new BoshError('policy-violation', 'too many requests at the same time');
    if (!request.isEmpty || !isSoon) return;
    const isTooFrequent = this.#isPolling
      ? wasEmpty && response?.rid === request.rid - 1 && response.isEmpty
      : count === this.#requests;
    if (isTooFrequent) throw new BoshError('policy-violation', 'requests come too frequently');
  }
}
