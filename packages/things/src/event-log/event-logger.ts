import { isXmlText } from '@thingward/xml';
import type { Logger } from '@thingward/xmpp';
import { EVENT_TYPES, type EventLevel, type EventTag, type EventType, type LoggedEvent } from './codec.ts';

/** How much may be told, so that a fault that repeats itself does not drown everything else. */
export interface EventLoggerLimits {
  /** Events that may come at once. */
  readonly burst: number;
  readonly perMinute: number;
  /** Events that wait to be sent. */
  readonly waiting: number;
  readonly eventsPerMessage: number;
  /** How long events wait for others to go with them, in milliseconds. */
  readonly gatherMs: number;
}

export const DEFAULT_EVENT_LOGGER_LIMITS: EventLoggerLimits = {
  burst: 60,
  perMinute: 60,
  waiting: 200,
  eventsPerMessage: 10,
  gatherMs: 250,
};

export interface EventLoggerOptions {
  /** Is told everything, as if this were not here. */
  readonly log: Logger;
  readonly facility: string;
  readonly module?: string | undefined;
  /** Less severe events are not told; `Warning` when not given. */
  readonly leastType?: EventType | undefined;
  readonly limits?: Partial<EventLoggerLimits> | undefined;
  readonly clock?: (() => Date) | undefined;
}

/** Takes events to a log. @throws an error when it can't be done now: they are offered again later */
export type EventSink = (events: readonly LoggedEvent[]) => void;

const TYPES = {
  debug: ['Debug', 'Minor'],
  info: ['Informational', 'Minor'],
  warn: ['Warning', 'Medium'],
  error: ['Error', 'Major'],
} as const satisfies Record<keyof Logger, readonly [EventType, EventLevel]>;

/** Details that must not be there in the first place. */
const SECRET = /pass(?:word|wd|phrase)|secret|token|credential|cookie|authorization|private/i;
const KEY = /^keys?$|[a-z0-9]Keys?$|[_-]keys?$/;
const WITHHELD = '[withheld]';
const MAX_TAGS = 20;
const MAX_CHARACTERS = 500;
const MAX_TRACE_CHARACTERS = 4000;

/**
 * A logger that tells a log of events, too. What waits is bounded and what is told has a pace: what was left out is counted and told
 * with the next event.
 * @see XEP-0337
 */
export class EventLogger implements Logger {
  readonly #options: EventLoggerOptions;
  readonly #limits: EventLoggerLimits;
  readonly #clock: () => Date;
  readonly #waiting: LoggedEvent[] = [];
  #allowance: number;
  #countedAt: number;
  #leftOut = 0;
  #sink: EventSink | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: EventLoggerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_EVENT_LOGGER_LIMITS, ...options.limits };
    this.#clock = options.clock ?? (() => new Date());
    this.#allowance = this.#limits.burst;
    this.#countedAt = this.#clock().getTime();
  }

  readonly debug = (details: object, message: string): void => this.#take('debug', details, message);
  readonly info = (details: object, message: string): void => this.#take('info', details, message);
  readonly warn = (details: object, message: string): void => this.#take('warn', details, message);
  readonly error = (details: object, message: string): void => this.#take('error', details, message);

  /** Events that wait, and those that were left out since the last that was told. */
  get state(): { readonly waiting: number; readonly leftOut: number } {
    return { waiting: this.#waiting.length, leftOut: this.#leftOut };
  }

  /** There is a log now: what waits goes to it. */
  connect(sink: EventSink): void {
    this.#sink = sink;
    this.flush();
  }

  /** There is none any more: events wait. */
  disconnect(): void {
    this.#sink = undefined;
  }

  /** Sends what waits, as far as it can be sent now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#sink && this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, this.#limits.eventsPerMessage);
      try {
        this.#sink(batch);
      } catch (error) {
        // Not through itself: it would go round and round.
        this.#options.log.debug({ err: error, waiting: this.#waiting.length }, 'events wait to be logged');
        this.#sink = undefined;
        return;
      }
      this.#waiting.splice(0, batch.length);
    }
  }

  #take(kind: keyof Logger, details: object, message: string): void {
    this.#options.log[kind](details, message);
    const [type, level] = TYPES[kind];
    const { leastType = 'Warning', facility, module } = this.#options;
    if (EVENT_TYPES.indexOf(type) < EVENT_TYPES.indexOf(leastType)) return;
    if (!this.#isAllowed() || this.#waiting.length >= this.#limits.waiting) {
      this.#leftOut++;
      return;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    const event = eventOf(details, message, leftOut);
    this.#waiting.push({ ...event, timestamp: this.#clock(), type, level, facility, module });
    this.#timer ??= setTimeout(() => this.flush(), this.#limits.gatherMs);
  }

  #isAllowed(): boolean {
    const now = this.#clock().getTime();
    const { burst, perMinute } = this.#limits;
    // A clock that jumps back gives nothing.
    this.#allowance = Math.min(burst, this.#allowance + (Math.max(0, now - this.#countedAt) * perMinute) / 60_000);
    this.#countedAt = now;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }
}

/** What happened, from what a logger was told. */
function eventOf(
  details: object,
  message: string,
  leftOut: number,
): Pick<LoggedEvent, 'message' | 'tags' | 'stackTrace' | 'object' | 'subject'> {
  const tags: EventTag[] = leftOut > 0 ? [{ name: 'leftOut', value: String(leftOut), type: 'xs:int' }] : [];
  let stackTrace: string | undefined;
  let object: string | undefined;
  for (const [name, value] of Object.entries(details).slice(0, MAX_TAGS)) {
    if (value instanceof Error) {
      tags.push({ name, value: printable(value.message, MAX_CHARACTERS), type: 'xs:string' });
      stackTrace ??= value.stack && printable(value.stack, MAX_TRACE_CHARACTERS);
    } else if (name === 'node') {
      object = nodeIdOf(value);
    } else {
      const tag = tagOf(name, value);
      if (tag) tags.push(tag);
    }
  }
  const subject = 'account' in details && typeof details.account === 'string' ? details.account : undefined;
  return {
    message: printable(message, MAX_CHARACTERS),
    tags,
    stackTrace,
    object: object && printable(object, MAX_CHARACTERS),
    subject: subject && printable(subject, MAX_CHARACTERS),
  };
}

/** Only what has one value: what lies deeper may be anything, secrets included. */
function tagOf(name: string, value: unknown): EventTag | undefined {
  const tag = (type: EventTag['type'], text: string) => ({
    name: printable(name, MAX_CHARACTERS),
    ...(isSecret(name) ? { value: WITHHELD, type: 'xs:string' as const } : { value: text, type }),
  });
  switch (typeof value) {
    case 'string':
      return tag('xs:string', printable(value, MAX_CHARACTERS));
    case 'boolean':
      return tag('xs:boolean', String(value));
    case 'bigint':
      return tag('xs:integer', String(value));
    case 'number':
      return tag(Number.isSafeInteger(value) ? 'xs:long' : 'xs:double', doubleText(value));
    default:
      return undefined;
  }
}

function isSecret(name: string): boolean {
  return SECRET.test(name) || KEY.test(name);
}

function doubleText(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? 'INF' : '-INF';
}

function nodeIdOf(node: unknown): string | undefined {
  if (typeof node === 'string') return node;
  const isReference = typeof node === 'object' && node !== null && 'nodeId' in node;
  return isReference ? String(node.nodeId) : undefined;
}

/** A text from anywhere, as XML can hold it, and no longer than that. */
function printable(text: string, most: number): string {
  const characters = [...text.slice(0, 2 * most)].slice(0, most);
  return characters.map((character) => (isXmlText(character) ? character : '\ufffd')).join('');
}
