import type { StanzaError } from '@thingward/xmpp';

const FIRST_MS = 1000;
const MAX_DOMAINS = 10_000;

interface Pause {
  readonly failures: number;
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly error: StanzaError;
}

/** Growing pauses between attempts to reach domains that can't be reached: each twice as long as the one before. */
export class Pauses {
  /** The longest one. */
  maxMs: number;
  readonly #pauses = new Map<string, Pause>();

  constructor(maxMs: number) {
    this.maxMs = maxMs;
  }

  /** Why no attempt is to be made at present; undefined when one may be. */
  current(domain: string): StanzaError | undefined {
    const pause = this.#pauses.get(domain);
    return pause && pause.until > Date.now() ? pause.error : undefined;
  }

  failed(domain: string, error: StanzaError): void {
    const failures = (this.#pauses.get(domain)?.failures ?? 0) + 1;
    this.#pauses.delete(domain);
    if (this.#pauses.size >= MAX_DOMAINS) this.#pauses.delete(this.#pauses.keys().next().value as string);
    // Not all who wait for the same domain come back at the same moment.
    const ms = Math.min(this.maxMs, FIRST_MS * 2 ** Math.min(failures - 1, 20)) * (0.75 + Math.random() / 4);
    this.#pauses.set(domain, { failures, until: Date.now() + ms, error });
  }

  succeeded(domain: string): void {
    this.#pauses.delete(domain);
  }
}
