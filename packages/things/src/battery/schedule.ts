import { type Element, xml } from '@thingward/xml';
import { formatDuration, parseDuration } from '../events/duration.ts';
import { dateTimeAttribute, outgoingDateTime, PayloadError, requiredAttribute, valid } from '../thing/payload.ts';

/** Namespace of the profile for devices that sleep; also the feature a server has that keeps mailboxes. Its schema is beside this file. */
export const BATTERY = 'urn:thingward:battery:1';

export const WAKING_PATTERNS = ['periodically', 'irregularly', 'onEvent', 'unknown'] as const;
export type WakingPattern = (typeof WAKING_PATTERNS)[number];

/** When a Thing can be reached. @see docs/battery-powered.md §3 */
export interface SleepSchedule {
  readonly wakes: WakingPattern;
  /** From one waking to the next; there when it wakes periodically. */
  readonly everyMs?: number | undefined;
  /** How long it can be reached then, at least. */
  readonly listenMs?: number | undefined;
  /** The waking that is next. */
  readonly next?: Date | undefined;
}

/** @throws PayloadError */
export function scheduleAttributes(schedule: SleepSchedule, path: string): Record<string, string | undefined> {
  const { wakes, everyMs, listenMs, next } = schedule;
  if (wakes === 'periodically' && !everyMs) {
    throw new PayloadError('missing-attribute', `${path}/@every`, 'what wakes periodically says how often');
  }
  return {
    wakes,
    every: outgoingDuration(everyMs, `${path}/@every`),
    listen: outgoingDuration(listenMs, `${path}/@listen`),
    next: next && outgoingDateTime(next, `${path}/@next`),
  };
}

/** @throws PayloadError */
export function decodeSchedule(element: Element, path: string): SleepSchedule {
  const text = requiredAttribute(element, 'wakes', path);
  const wakes = valid(
    WAKING_PATTERNS.find((pattern) => pattern === text),
    `${path}/@wakes`,
    WAKING_PATTERNS.join(', '),
    text,
  );
  const everyMs = durationAttribute(element, 'every', path);
  if (wakes === 'periodically' && !everyMs) {
    throw new PayloadError('missing-attribute', `${path}/@every`, 'what wakes periodically says how often');
  }
  return {
    wakes,
    everyMs,
    listenMs: durationAttribute(element, 'listen', path),
    next: dateTimeAttribute(element, 'next', path),
  };
}

/**
 * The waking that is next after an instant: of a Thing that wakes periodically also when the one it has told of is over.
 * @returns undefined when nobody can know
 */
export function nextWaking({ everyMs, next }: SleepSchedule, after: Date): Date | undefined {
  if (next === undefined || next > after || !everyMs) return next;
  const missed = Math.floor((after.getTime() - next.getTime()) / everyMs) + 1;
  return new Date(next.getTime() + missed * everyMs);
}

/** `<sleeper/>`: the schedule of a Thing and how it is with it now: in presence, as the answer to `<status/>`, in errors. */
export interface Sleeper extends SleepSchedule {
  /** Undefined where that is not said, as in presence. */
  readonly isAsleep?: boolean | undefined;
  /** Since when it sleeps, or is awake. */
  readonly since?: Date | undefined;
  /** Commands that wait for it: of the asker, or of all where the asker is the Thing or its owner. */
  readonly waiting?: number | undefined;
}

/** @throws PayloadError */
export function encodeSleeper(sleeper: Sleeper): Element {
  const { isAsleep, since, waiting } = sleeper;
  return xml('sleeper', {
    xmlns: BATTERY,
    ...scheduleAttributes(sleeper, 'sleeper'),
    asleep: isAsleep,
    since: since && outgoingDateTime(since, 'sleeper/@since'),
    waiting,
  });
}

/** Milliseconds; undefined when it is not there. @throws PayloadError for what is no xs:duration, or of months */
export function durationAttribute(element: Element, name: string, path: string): number | undefined {
  const text = element.attribute(name);
  if (text === undefined) return undefined;
  const duration = parseDuration(text.trim());
  const milliseconds = duration?.months === 0 ? duration.milliseconds : undefined;
  return valid(milliseconds, `${path}/@${name}`, 'a duration of XML Schema without months', text);
}

/** @throws PayloadError */
export function outgoingDuration(milliseconds: number | undefined, path: string): string | undefined {
  if (milliseconds === undefined) return undefined;
  try {
    return formatDuration({ months: 0, milliseconds });
  } catch (error) {
    if (error instanceof RangeError) throw new PayloadError('invalid-value', path, error.message);
    throw error;
  }
}
