import type { AuditEntry } from './audit-line.ts';

interface Counted {
  /** Milliseconds since 1970. */
  readonly since: number;
  written: number;
  /** Those that were not written one by one. */
  left: number;
  readonly effects: Map<string, number>;
  last: string;
}

const MINUTE_MS = 60_000;
const MAX_ACCOUNTS = 10_000;

/**
 * Keeps somebody who is denied again and again from filling the disk: in each minute so many denials of an account are written one by
 * one, and the rest as one record that says how many there were of each kind.
 */
export class DenialCounts {
  readonly #perMinute: number;
  readonly #accounts = new Map<string, Counted>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Counts one. @returns whether it is to be written by itself */
  isWritten({ who, effect, at }: AuditEntry, now: number): boolean {
    const account = String(who);
    const known = this.#accounts.get(account);
    if (!known || now - known.since >= MINUTE_MS) {
      // What is left over is taken before it is forgotten; accounts beyond those are written one by one.
      if (known ? known.left > 0 : this.#accounts.size >= MAX_ACCOUNTS) return true;
      this.#accounts.set(account, { since: now, written: 1, left: 0, effects: new Map(), last: at });
      return true;
    }
    if (known.written < this.#perMinute) {
      known.written++;
      return true;
    }
    known.left++;
    known.last = at;
    known.effects.set(String(effect), (known.effects.get(String(effect)) ?? 0) + 1);
    return false;
  }

  /** Records for those whose minute is over. @param all those whose minute is not over, too */
  take(now: number, all = false): readonly AuditEntry[] {
    const entries: AuditEntry[] = [];
    for (const [who, { since, left, effects, last }] of this.#accounts) {
      if (!all && now - since < MINUTE_MS && now >= since) continue;
      this.#accounts.delete(who);
      if (left === 0) continue;
      const from = new Date(since).toISOString();
      entries.push({ kind: 'denials', at: last, who, from, count: left, effects: Object.fromEntries(effects) });
    }
    return entries;
  }
}
