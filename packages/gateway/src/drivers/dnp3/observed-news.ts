import type { Measurement } from '@thingward/dnp3';
import type { Dnp3Point } from './config.ts';

/** Events of one point that are known again. */
const REMEMBERED_EVENTS = 100;

/**
 * What is new of what passes. Several masters may fetch the same events, each of its own, and events that were not confirmed come again;
 * values are read far more often than anybody wants to keep them.
 */
export class ObservedNews {
  readonly #intervalMs: number;
  readonly #toldAt = new Map<Dnp3Point, number>();
  readonly #events = new Map<Dnp3Point, Set<string>>();

  /** @param intervalMs what does not change is told once in it */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Has this passed before? An event without a time is known again only by the value that the point has already. */
  isRepeated(point: Dnp3Point, { isEvent, value, flags, octets, time }: Measurement, isKnown: boolean): boolean {
    if (!isEvent) return false;
    if (time === undefined) return isKnown;
    const events = this.#events.get(point) ?? new Set();
    this.#events.set(point, events);
    const key = `${time} ${value} ${flags} ${octets}`;
    if (events.has(key)) return true;
    if (events.size >= REMEMBERED_EVENTS) {
      for (const oldest of events) {
        events.delete(oldest);
        break;
      }
    }
    events.add(key);
    return false;
  }

  /** Is it time to tell of the point, though it has not changed? */
  isDue(point: Dnp3Point, now: Date): boolean {
    const told = this.#toldAt.get(point);
    const age = told === undefined ? Number.POSITIVE_INFINITY : now.getTime() - told;
    // A clock that was set back must not keep a point silent.
    return age >= this.#intervalMs || age < 0;
  }

  told(point: Dnp3Point, now: Date): void {
    this.#toldAt.set(point, now.getTime());
  }
}
