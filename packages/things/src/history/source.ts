import type { Field } from '../sensor-data/field.ts';
import type { HistoricalPeriod } from '../sensor-data/historical-period.ts';
import type { NodeReference } from '../thing/node.ts';

/** What is asked of a Thing's history. */
export interface HistorySelection {
  readonly node: NodeReference | undefined;
  /** Empty: all fields. */
  readonly names: readonly string[];
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Only the values at the turns of this period; undefined: all values. */
  readonly period?: HistoricalPeriod | undefined;
}

/** Where the past of Things is kept. */
export interface HistorySource {
  /**
   * What is stored, in batches, with the kinds of historical values they are. Holds a batch or two at a time, however much there is.
   * @throws StanzaError, PeerError when it can't be had
   */
  read(selection: HistorySelection, signal: AbortSignal): AsyncIterable<readonly Field[]>;
}
