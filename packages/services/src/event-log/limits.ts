import type { EventTag, LoggedEvent } from '@thingward/things';

/** Bounds of what the log of events takes and gives. */
export interface EventLogLimits {
  /** Events of one message. */
  readonly eventsPerMessage: number;
  /** Events that one sender may have logged at once, and in a minute. */
  readonly burst: number;
  readonly perMinute: number;
  /** Senders whose pace is remembered. */
  readonly senders: number;
  /** Events that wait to be written. */
  readonly waiting: number;
  /** Characters of a message, of a stack trace, and of every other text. What is longer is cut off. */
  readonly messageCharacters: number;
  readonly traceCharacters: number;
  readonly textCharacters: number;
  readonly tags: number;
  /** Events in one answer. */
  readonly eventsPerAnswer: number;
  /** Bytes of one answer. */
  readonly answerBytes: number;
}

export const DEFAULT_EVENT_LOG_LIMITS: EventLogLimits = {
  eventsPerMessage: 50,
  burst: 300,
  perMinute: 300,
  senders: 10_000,
  waiting: 10_000,
  messageCharacters: 4000,
  traceCharacters: 16_000,
  textCharacters: 500,
  tags: 50,
  eventsPerAnswer: 100,
  answerBytes: 200_000,
};

/** The event as much as is kept of it: an event that is cut off says more than none. */
export function shortened(event: LoggedEvent, limits: EventLogLimits): LoggedEvent {
  const text = (value: string | undefined) => cut(value, limits.textCharacters);
  const tags = event.tags.slice(0, limits.tags).map((tag): EventTag => {
    const name = cut(tag.name, limits.textCharacters) as string;
    // A number that is cut off is another number.
    return tag.value.length > limits.textCharacters
      ? { name, value: cut(tag.value, limits.textCharacters) as string, type: 'xs:string' }
      : { ...tag, name };
  });
  return {
    ...event,
    message: cut(event.message, limits.messageCharacters) as string,
    stackTrace: cut(event.stackTrace, limits.traceCharacters),
    id: text(event.id),
    object: text(event.object),
    subject: text(event.subject),
    facility: text(event.facility),
    module: text(event.module),
    tags,
  };
}

/** Not through the middle of a character. */
function cut(text: string | undefined, most: number): string | undefined {
  if (text === undefined || text.length <= most) return text;
  return `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')}…`;
}
