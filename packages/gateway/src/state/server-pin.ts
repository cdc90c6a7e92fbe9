import type { StateDatabase } from './state-database.ts';

/** A server's certificate that is trusted because it was the first. */
export interface PinnedCertificate {
  /** SHA-256, in hexadecimal digits. */
  readonly fingerprint: string;
  readonly pinnedAt: Date;
}

/** Certificates of servers that were trusted at their first use, by domain. */
export class ServerPins {
  readonly #database: StateDatabase;

  constructor(database: StateDatabase) {
    this.#database = database;
  }

  get(domain: string): PinnedCertificate | undefined {
    const row = this.#database.prepare('SELECT fingerprint, pinned_at FROM server_pin WHERE domain = ?').get(domain) as
      | { readonly fingerprint: string; readonly pinned_at: number }
      | undefined;
    return row && { fingerprint: row.fingerprint, pinnedAt: new Date(row.pinned_at) };
  }

  /** Where one is pinned already, that stays. @returns the one that counts */
  pinFirst(domain: string, fingerprint: string, now = Date.now()): string {
    this.#database
      .prepare('INSERT INTO server_pin (domain, fingerprint, pinned_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      .run(domain, fingerprint, now);
    return this.get(domain)?.fingerprint ?? fingerprint;
  }

  /** In the place of another, when a person says so. */
  replace(domain: string, fingerprint: string, now = Date.now()): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO server_pin (domain, fingerprint, pinned_at) VALUES (?, ?, ?)')
      .run(domain, fingerprint, now);
  }

  /** The next server that is found and knows the accounts is trusted. @returns whether there was one */
  forget(domain: string): boolean {
    return this.#database.prepare('DELETE FROM server_pin WHERE domain = ?').run(domain).changes > 0;
  }
}
