import { EVENT_LEVELS, EVENT_TYPES, type EventLogQuery, type StoredEvent } from '@thingward/things';
import { StanzaError } from '@thingward/xmpp';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { type ReceivedEvent, rowOf, storedEvent } from './stored-event.ts';
import type { EventLogTable, EventLogTables } from './tables.ts';

/** Old SQLites allow 999 parameters in a statement; an event has thirteen. */
const EVENTS_PER_INSERT = 70;
/** Most events deleted in one step, so that nobody has to wait long for it. */
const EVENTS_PER_STEP = 1000;

type Query = SelectQueryBuilder<EventLogTables, 'event_log', EventLogTable>;

/** The table of events. */
export class EventStore {
  readonly #database: Kysely<EventLogTables>;

  constructor(database: Kysely<EventLogTables>) {
    this.#database = database;
  }

  /** All of them or none. */
  async add(events: readonly ReceivedEvent[]): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      for (let i = 0; i < events.length; i += EVENTS_PER_INSERT) {
        const rows = events.slice(i, i + EVENTS_PER_INSERT).map(rowOf);
        await transaction.insertInto('event_log').values(rows).execute();
      }
    });
  }

  /**
   * Events in the order in which they were received: those after a place, or the last before one, or the last of all.
   * @throws StanzaError `bad-request` for a place that is none
   */
  async find(query: EventLogQuery, most: number): Promise<readonly StoredEvent[]> {
    const { after, before } = query.part ?? {};
    let rows = this.#matching(query).limit(most);
    if (after !== undefined) rows = rows.where('sequence', '>', place(after)).orderBy('sequence', 'asc');
    else {
      if (before !== undefined && before !== '') rows = rows.where('sequence', '<', place(before));
      rows = rows.orderBy('sequence', 'desc');
    }
    const found = (await rows.selectAll().execute()).map(storedEvent);
    return after === undefined ? found.reverse() : found;
  }

  /** Deletes one step of what is too old and too much. @returns whether that was all */
  async prune(options: { readonly before: number; readonly maxEvents: number }): Promise<boolean> {
    const newest = await this.#database
      .selectFrom('event_log')
      .select(({ fn }) => fn.max('sequence').as('sequence'))
      .executeTakeFirst();
    const firstKept = Number(newest?.sequence ?? 0) - options.maxEvents + 1;
    const oldest = await this.#database
      .selectFrom('event_log')
      .select('sequence')
      .where(({ eb, or }) => or([eb('received', '<', options.before), eb('sequence', '<', firstKept)]))
      .orderBy('sequence')
      .limit(EVENTS_PER_STEP)
      .execute();
    const ids = oldest.map(({ sequence }) => sequence);
    for (let i = 0; i < ids.length; i += 500) {
      await this.#database
        .deleteFrom('event_log')
        .where('sequence', 'in', ids.slice(i, i + 500))
        .execute();
    }
    return ids.length < EVENTS_PER_STEP;
  }

  #matching({ sender, leastType, leastLevel, from, to, ...texts }: EventLogQuery): Query {
    let rows: Query = this.#database.selectFrom('event_log') as unknown as Query;
    if (sender) rows = rows.where('sender', '=', sender.bare.toString());
    if (leastType) rows = rows.where('type', '>=', EVENT_TYPES.indexOf(leastType));
    if (leastLevel) rows = rows.where('level', '>=', EVENT_LEVELS.indexOf(leastLevel));
    if (from) rows = rows.where('timestamp', '>=', from.getTime());
    if (to) rows = rows.where('timestamp', '<=', to.getTime());
    if (texts.id !== undefined) rows = rows.where('event_id', '=', texts.id);
    for (const column of ['object', 'subject', 'facility', 'module'] as const) {
      const text = texts[column];
      if (text !== undefined) rows = rows.where(column, '=', text);
    }
    return rows;
  }
}

function place(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new StanzaError('bad-request', `"${text.slice(0, 20)}" is no place in the log`);
}
