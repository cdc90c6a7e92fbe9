import type { Generated } from 'kysely';

/** One event, in the order in which they were received. */
export interface EventLogTable {
  sequence: Generated<number>;
  /** Bare JID of who told of it. */
  sender: string;
  /** ms since 1970 */
  received: number | string;
  /** When it happened, in ms since 1970. */
  timestamp: number | string;
  /** Places in `EVENT_TYPES` and `EVENT_LEVELS`. */
  type: number;
  level: number;
  /** '' for none, as in the columns that follow. */
  event_id: string;
  object: string;
  subject: string;
  facility: string;
  module: string;
  message: string;
  /** JSON: a list of name, value and type. */
  tags: string;
  stack_trace: string | null;
}

/** The tables the log of events owns. */
export interface EventLogTables {
  event_log: EventLogTable;
}
