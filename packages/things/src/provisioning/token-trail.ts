import { Jid } from '@thingward/xmpp';
import type { Tokens } from '../thing/payload.ts';

/** For how long after a token was passed on it may be challenged. @see XEP-0324 §3.1.3.2 */
const TRAIL_MS = 60_000;

/** Who gave which token, so that a challenge of it finds its way back. Holds a bounded number: those given last. */
export class TokenTrail {
  readonly #givers = new Map<string, { readonly giver: string; readonly at: number }>();
  readonly #capacity: number;
  readonly #now: () => number;

  constructor(capacity: number, now: () => number) {
    this.#capacity = capacity;
    this.#now = now;
  }

  /** These tokens came from a full JID and are passed on now. */
  passed(giver: Jid, tokens: Tokens): void {
    for (const several of [tokens.serviceToken, tokens.deviceToken, tokens.userToken]) {
      for (const token of several?.split(/\s+/) ?? []) {
        if (token === '') continue;
        this.#givers.delete(token);
        this.#givers.set(token, { giver: giver.toString(), at: this.#now() });
      }
    }
    for (const oldest of this.#givers.keys()) {
      if (this.#givers.size <= this.#capacity) return;
      this.#givers.delete(oldest);
    }
  }

  /** Who gave the token last; undefined when nobody did within the last minute. */
  giverOf(token: string): Jid | undefined {
    const passed = this.#givers.get(token);
    return passed && this.#now() - passed.at < TRAIL_MS ? Jid.parse(passed.giver) : undefined;
  }
}
