const WINDOW_MS = 3_600_000;
const MAX_ACCOUNTS = 50_000;

/** How often accounts are signed in to, over the last hour: counts of this hour and the one before, weighted by how much of it is in. */
export class LoginRate {
  #since: number;
  #current = new Map<string, number>();
  #previous: ReadonlyMap<string, number> = new Map();

  /** @param now milliseconds since 1970 */
  constructor(now: number) {
    this.#since = now;
  }

  /** Somebody has signed in. Beyond the most accounts that are remembered it is not counted. */
  count(localpart: string, now: number): void {
    this.#roll(now);
    const count = this.#current.get(localpart);
    if (count !== undefined || this.#current.size < MAX_ACCOUNTS) this.#current.set(localpart, (count ?? 0) + 1);
  }

  perMinute(localpart: string, now: number): number {
    this.#roll(now);
    const share = Math.max(0, 1 - (now - this.#since) / WINDOW_MS);
    const count = (this.#current.get(localpart) ?? 0) + (this.#previous.get(localpart) ?? 0) * share;
    return (count * 60_000) / WINDOW_MS;
  }

  #roll(now: number): void {
    const passed = Math.floor((now - this.#since) / WINDOW_MS);
    if (passed < 1) return;
    this.#previous = passed === 1 ? this.#current : new Map();
    this.#current = new Map();
    this.#since += passed * WINDOW_MS;
  }
}
