/** Somebody who may do nothing for a while. */
export interface Quarantined {
  /** Bare JID. */
  readonly jid: string;
  readonly until: Date;
  readonly reason: string;
  /** A policy, or who ordered it. */
  readonly by: string;
}

const MAX_QUARANTINED = 10_000;

/** Who is in quarantine. Whoever is may do nothing that is inspected at a resource policies are about. */
export class Quarantine {
  readonly #entries = new Map<string, Quarantined>();
  readonly #clock: () => Date;

  constructor(clock: () => Date) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A longer one takes the place of a shorter one. */
  add(entry: Quarantined): void {
    const known = this.of(entry.jid);
    if (known && known.until >= entry.until) return;
    this.#entries.set(entry.jid, entry);
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= MAX_QUARANTINED) return;
      this.#entries.delete(oldest);
    }
  }

  /** @returns whether they were in it */
  release(jid: string): boolean {
    const isIn = this.of(jid) !== undefined;
    this.#entries.delete(jid);
    return isIn;
  }

  of(jid: string): Quarantined | undefined {
    if (this.#entries.size === 0) return undefined;
    const entry = this.#entries.get(jid);
    if (!entry || entry.until > this.#clock()) return entry;
    this.#entries.delete(jid);
    return undefined;
  }

  list(): readonly Quarantined[] {
    return [...this.#entries.keys()].flatMap((jid) => this.of(jid) ?? []);
  }
}
