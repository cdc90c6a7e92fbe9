import type { Kysely } from 'kysely';
import type { HistoryTables } from './tables.ts';

/** Most series looked at, and most points deleted, in one step. */
const SERIES_PER_STEP = 100;
const POINTS_PER_STEP = 2000;

/** Deletes old points, in steps so small that nobody has to wait for one, going round and round through the series. */
export class Retention {
  readonly #database: Kysely<HistoryTables>;
  /** The id of the last series that is done in this round. */
  #done = 0;

  constructor(database: Kysely<HistoryTables>) {
    this.#database = database;
  }

  /**
   * Does one step.
   * @param before points older than this are deleted, in ms since 1970
   * @returns true when the round is at its end
   */
  async step(before: number): Promise<boolean> {
    const series = await this.#database
      .selectFrom('history_series')
      .select('id')
      .where('id', '>', this.#done)
      .orderBy('id')
      .limit(SERIES_PER_STEP)
      .execute();
    let left = POINTS_PER_STEP;
    for (const { id } of series) {
      left -= await this.#deleteOldest(id, before, left);
      if (left <= 0) return false;
      this.#done = id;
    }
    if (series.length === SERIES_PER_STEP) return false;
    this.#done = 0;
    return true;
  }

  async #deleteOldest(seriesId: number, before: number, most: number): Promise<number> {
    const kept = await this.#database
      .selectFrom('history_points')
      .select('timestamp')
      .where('series_id', '=', seriesId)
      .where('timestamp', '<', before)
      .orderBy('timestamp')
      .offset(most)
      .limit(1)
      .executeTakeFirst();
    const { numDeletedRows } = await this.#database
      .deleteFrom('history_points')
      .where('series_id', '=', seriesId)
      .where('timestamp', '<', kept === undefined ? before : Number(kept.timestamp))
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
