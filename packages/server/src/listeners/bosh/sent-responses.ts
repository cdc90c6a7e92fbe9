import type { UndeliveredStanza } from '../../stanza.ts';
import type { BoshResponse } from './exchange.ts';

/** A response that was given, and may be asked for again. */
export interface SentResponse {
  readonly rid: number;
  /** Key of its request. */
  readonly key: string | undefined;
  readonly response: BoshResponse;
  readonly isEmpty: boolean;
  readonly stanzas: readonly UndeliveredStanza[];
  /** When it was sent: milliseconds of the clock that does not jump. */
  readonly at: number;
}

/** The last responses of a session, and whether they have arrived. @see XEP-0124 §9.2, §14.3 */
export class SentResponses {
  readonly #capacity: number;
  readonly #responses: SentResponse[] = [];
  #confirmed = 0;

  /** @param capacity how many are remembered; the older ones must have arrived, for the client could make no further requests */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Highest request that was responded to; 0 before the first. */
  get lastRid(): number {
    return this.#responses.at(-1)?.rid ?? 0;
  }

  get last(): SentResponse | undefined {
    return this.#responses.at(-1);
  }

  /** To be called in the order of the requests. */
  add(response: SentResponse): void {
    this.#responses.push(response);
    if (this.#responses.length > this.#capacity) this.#responses.shift();
  }

  find(rid: number): SentResponse | undefined {
    return this.#responses.find((response) => response.rid === rid);
  }

  /** The client has those up to and with this one. */
  confirm(rid: number): void {
    this.#confirmed = Math.max(this.#confirmed, rid);
  }

  /** What may not have arrived, in order. */
  get undelivered(): readonly UndeliveredStanza[] {
    return this.#responses.filter(({ rid }) => rid > this.#confirmed).flatMap(({ stanzas }) => stanzas);
  }
}
