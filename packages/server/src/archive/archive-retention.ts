import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { ArchiveIds } from './archive-ids.ts';
import type { ArchiveSchema } from './archive-tables.ts';

/** Most messages deleted at once. */
const STEP = 500;
const DAY_MS = 86_400_000;

export interface ArchiveLimits {
  readonly retentionDays: number;
  /** Messages in one archive. */
  readonly maxMessages: number;
}

/** Deletes what is too old or too much: always the oldest of an archive, and never much at a time. @see XEP-0313 §3.2 */
export class ArchiveRetention {
  readonly #database: Kysely<ArchiveSchema>;
  readonly #limits: ArchiveLimits;
  /** Messages written since an archive was trimmed. */
  readonly #grown = new Map<string, number>();

  constructor(database: Kysely<ArchiveSchema>, limits: ArchiveLimits) {
    this.#database = database;
    this.#limits = limits;
  }

  /** A message was added to an archive. */
  grew(localpart: string): void {
    this.#grown.set(localpart, (this.#grown.get(localpart) ?? 0) + 1);
  }

  /** Trims archives that have grown by more than a hundredth since they were trimmed last. */
  async trimGrown(signal: AbortSignal): Promise<void> {
    for (const [localpart, count] of [...this.#grown]) {
      if (signal.aborted) return;
      if (count > this.#limits.maxMessages / 100) await this.#trim(localpart, signal);
    }
  }

  /** Trims all archives. @param now milliseconds since 1970 */
  async trimAll(now: number, signal: AbortSignal): Promise<void> {
    let localpart = '';
    while (!signal.aborted) {
      const next = await this.#database
        .selectFrom('archive_message')
        .select(({ fn }) => fn.min('localpart').as('localpart'))
        .where('localpart', '>', localpart)
        .executeTakeFirst();
      if (!next?.localpart) break;
      localpart = next.localpart;
      // By the time in the UID, which is never behind the message's own: what goes is the oldest, and nothing in between.
      await this.#deleteBelow(localpart, ArchiveIds.lowerBound(now - this.#limits.retentionDays * DAY_MS), signal);
      await this.#trim(localpart, signal);
    }
    this.#grown.clear();
  }

  async #trim(localpart: string, signal: AbortSignal): Promise<void> {
    this.#grown.delete(localpart);
    const oldestKept = await this.#database
      .selectFrom('archive_message')
      .select('id')
      .where('localpart', '=', localpart)
      .orderBy('id', 'desc')
      .offset(this.#limits.maxMessages - 1)
      .limit(1)
      .executeTakeFirst();
    if (oldestKept) await this.#deleteBelow(localpart, oldestKept.id, signal);
  }

  async #deleteBelow(localpart: string, id: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { numDeletedRows } = await this.#database
        .deleteFrom('archive_message')
        .where('sequence', 'in', (expression) =>
          expression
            .selectFrom('archive_message')
            .select('sequence')
            .where('localpart', '=', localpart)
            .where('id', '<', id)
            .orderBy('id')
            .limit(STEP),
        )
        .executeTakeFirst();
      if (Number(numDeletedRows) < STEP) return;
      await nextTurn();
    }
  }
}
