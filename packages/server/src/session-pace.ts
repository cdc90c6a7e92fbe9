import type { Limits } from './limits.ts';
import { Rate } from './rate.ts';

type PaceLimits = Pick<Limits, 'maxStanzasPerSecond' | 'maxStanzasPerSecondPerAccount'>;

/** How fast one client may send stanzas: by itself, and together with the others of its account. */
export class SessionPace {
  readonly #own: Rate;
  readonly #shared: Rate;

  constructor(own: Rate, shared: Rate) {
    this.#own = own;
    this.#shared = shared;
  }

  /** Counts so many. @param now milliseconds of a clock that does not jump @returns milliseconds to wait before the next */
  take(now: number, count: number): number {
    return Math.max(this.#own.take(now, count), this.#shared.take(now, count));
  }
}

/** The paces of accounts that have sessions. */
export class AccountPaces {
  readonly #limits: PaceLimits;
  readonly #accounts = new Map<string, { readonly rate: Rate; sessions: number }>();

  constructor(limits: PaceLimits) {
    this.#limits = limits;
  }

  /** An account has one more session. */
  enter(localpart: string, now = performance.now()): SessionPace {
    const { maxStanzasPerSecond, maxStanzasPerSecondPerAccount } = this.#limits;
    const account = this.#accounts.get(localpart) ?? {
      rate: new Rate(maxStanzasPerSecondPerAccount, 1, now),
      sessions: 0,
    };
    account.sessions++;
    account.rate.change(maxStanzasPerSecondPerAccount);
    this.#accounts.set(localpart, account);
    return new SessionPace(new Rate(maxStanzasPerSecond, 1, now), account.rate);
  }

  /** One of them is over. */
  leave(localpart: string): void {
    const account = this.#accounts.get(localpart);
    if (account && --account.sessions === 0) this.#accounts.delete(localpart);
  }
}
