import { EVENT_LEVELS, EVENT_TYPES, type EventTag, type LoggedEvent, type StoredEvent } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import type { Insertable, Selectable } from 'kysely';
import type { EventLogTable } from './tables.ts';

/** An event on its way to the table. */
export interface ReceivedEvent {
  readonly sender: Jid;
  readonly received: Date;
  readonly event: LoggedEvent;
}

export function rowOf({ sender, received, event }: ReceivedEvent): Insertable<EventLogTable> {
  return {
    sender: sender.bare.toString(),
    received: received.getTime(),
    timestamp: event.timestamp.getTime(),
    type: EVENT_TYPES.indexOf(event.type),
    level: EVENT_LEVELS.indexOf(event.level),
    event_id: event.id ?? '',
    object: event.object ?? '',
    subject: event.subject ?? '',
    facility: event.facility ?? '',
    module: event.module ?? '',
    message: event.message,
    tags: JSON.stringify(event.tags),
    stack_trace: event.stackTrace ?? null,
  };
}

export function storedEvent(row: Selectable<EventLogTable>): StoredEvent {
  return {
    sequence: String(row.sequence),
    sender: Jid.parse(row.sender),
    received: new Date(Number(row.received)),
    event: {
      timestamp: new Date(Number(row.timestamp)),
      type: EVENT_TYPES[row.type] ?? 'Informational',
      level: EVENT_LEVELS[row.level] ?? 'Minor',
      message: row.message,
      id: row.event_id || undefined,
      object: row.object || undefined,
      subject: row.subject || undefined,
      facility: row.facility || undefined,
      module: row.module || undefined,
      tags: JSON.parse(row.tags) as readonly EventTag[],
      stackTrace: row.stack_trace ?? undefined,
    },
  };
}
