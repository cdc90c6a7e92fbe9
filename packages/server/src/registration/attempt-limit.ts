import { addressKey } from '../listeners/address-key.ts';

const HOUR_MS = 3_600_000;
/** Addresses that are remembered; when there are more, nobody new may try for a while. */
const MAX_ADDRESSES = 20_000;

/** Lets each address try something so many times in an hour. */
export class AttemptLimit {
  readonly #perHour: number;
  readonly #attempts = new Map<string, { count: number; readonly until: number }>();

  constructor(perHour: number) {
    this.#perHour = perHour;
  }

  /** Counts one more attempt. @returns whether it may be made */
  take(address: string, now = Date.now()): boolean {
    const network = addressKey(address);
    const known = this.#attempts.get(network);
    if (known && known.until > now) {
      known.count++;
      return known.count <= this.#perHour;
    }
    this.#attempts.delete(network);
    if (this.#attempts.size >= MAX_ADDRESSES) this.#forgetOld(now);
    if (this.#attempts.size >= MAX_ADDRESSES) return false;
    this.#attempts.set(network, { count: 1, until: now + HOUR_MS });
    return true;
  }

  /** They are in the order in which their hours end. */
  #forgetOld(now: number): void {
    for (const [network, { until }] of this.#attempts) {
      if (until > now) return;
      this.#attempts.delete(network);
    }
  }
}
