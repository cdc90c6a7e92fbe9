import type { EventClass, PointKind } from '../master/index.ts';
import type { PointState } from './point.ts';

export interface PointEvent {
  readonly kind: PointKind;
  readonly index: number;
  readonly eventClass: EventClass;
  /** How it is reported where nobody says how. */
  readonly variation: number;
  readonly state: PointState;
}

/** The events that no master has confirmed yet, in their order. When it is full the oldest give way, and that is said. */
export class EventBuffer {
  readonly #maxEvents: number;
  #events: PointEvent[] = [];
  #isOverflown = false;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  get size(): number {
    return this.#events.length;
  }

  /** Events were lost, and there is no room yet. @see IEEE 1815-2012 §4.2.2.6.8 */
  get isOverflown(): boolean {
    return this.#isOverflown;
  }

  add(event: PointEvent): void {
    this.#events.push(event);
    if (this.#events.length <= this.#maxEvents) return;
    this.#events.shift();
    this.#isOverflown = true;
  }

  /** Those that are wanted, the oldest first. */
  select(wanted: (event: PointEvent) => boolean, most = Number.POSITIVE_INFINITY): readonly PointEvent[] {
    const selected: PointEvent[] = [];
    for (const event of this.#events) {
      if (selected.length >= most) break;
      if (wanted(event)) selected.push(event);
    }
    return selected;
  }

  /** Some were taken by a master. */
  remove(events: ReadonlySet<PointEvent>): void {
    if (events.size === 0) return;
    this.#events = this.#events.filter((event) => !events.has(event));
    if (this.#events.length < this.#maxEvents) this.#isOverflown = false;
  }

  clear(): void {
    this.#events = [];
    this.#isOverflown = false;
  }
}
