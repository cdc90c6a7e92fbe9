import type { Generated } from 'kysely';
import type { ThingColumns } from '../node-columns.ts';
import type { ReadersTable } from '../reader-list.ts';

/** One field of one Thing: what its values have in common. */
export interface HistorySeriesTable extends ThingColumns {
  id: Generated<number>;
  name: string;
  /** Type of the values, as XEP-0323 names it. */
  type: string;
  /** '' for none. */
  unit: string;
  /** Of `enum`; '' for none. */
  data_type: string;
}

/** One value, clustered by series and time. */
export interface HistoryPointsTable {
  series_id: number;
  /** ms since 1970 */
  timestamp: number | string;
  /** Lexical form, digits kept. */
  value_text: string;
  /** To aggregate; null for what is no number. */
  value_number: number | null;
  /** Decimals of the number. */
  decimals: number;
  /** Field types and quality of service, as `flagsOf` packs them. */
  flags: number;
}

/** The tables the history owns. */
export interface HistoryTables {
  history_series: HistorySeriesTable;
  history_points: HistoryPointsTable;
  history_readers: ReadersTable;
}
