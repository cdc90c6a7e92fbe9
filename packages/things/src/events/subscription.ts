import type { Jid } from '@thingward/xmpp';
import type { Field } from '../sensor-data/field.ts';
import type { Thing } from '../thing/thing.ts';
import { following, hasChange, isTriggered, type Magnitude, magnitudeOf } from './change.ts';
import type { EventSubscription, FieldCondition } from './codec.ts';
import type { EventDialect } from './dialect.ts';
import { addDuration } from './duration.ts';

/** The values a Thing has, by the names of its fields, as far as they are known. */
export type KnownValues = { get(name: string): Pick<Field, 'value'> | undefined };

/**
 * One subscriber's subscription to one Thing: decides when there is an event. Knows neither network nor timers.
 * @see XEP-0000: Events §5.1, §5.2
 */
export class Subscription {
  /** Full JID. */
  readonly subscriber: Jid;
  /** The address that it was sent to. */
  readonly to: Jid;
  readonly thing: Thing;
  readonly request: EventSubscription;
  /** That it was asked for in, and that events are told in. */
  readonly dialect: EventDialect;
  readonly #conditions: readonly FieldCondition[];
  /** Values that the next change is measured from, by field. */
  readonly #bases = new Map<string, Magnitude>();
  readonly #leastIntervalMs: number;
  readonly #since: Date;
  #lastEvent: Date | undefined;
  /** The subscriber has to be told the present state, because what it knows is not known. */
  #isStale: boolean;
  #hasNews = false;

  /**
   * @param options.since when it began
   * @param options.isStale whether the subscriber may have missed something, as after a restart
   * @param options.leastIntervalMs time between events, whatever was asked for
   */
  constructor(options: {
    readonly subscriber: Jid;
    readonly to: Jid;
    readonly thing: Thing;
    readonly request: EventSubscription;
    readonly dialect: EventDialect;
    readonly since: Date;
    readonly isStale: boolean;
    readonly leastIntervalMs: number;
  }) {
    this.subscriber = options.subscriber;
    this.to = options.to;
    this.thing = options.thing;
    this.request = options.request;
    this.dialect = options.dialect;
    this.#conditions = options.request.fields.filter(hasChange);
    this.#leastIntervalMs = options.leastIntervalMs;
    this.#since = options.since;
    this.#isStale = options.isStale || options.request.immediate;
    for (const { name, currentValue } of this.#conditions) {
      if (currentValue !== undefined) this.#bases.set(name, currentValue);
    }
  }

  /** Names of the fields wanted; empty: all. */
  get names(): readonly string[] {
    return this.request.fields.map(({ name }) => name);
  }

  /** The fields with conditions whose present value has to be known before a change can be seen. */
  get unknownNames(): readonly string[] {
    return this.#conditions.map(({ name }) => name).filter((name) => !this.#bases.has(name));
  }

  /** There are new values. */
  offered(known: KnownValues): void {
    this.#hasNews = true;
    this.learn(known);
  }

  /** Values seen for the first time are what changes are measured from. */
  learn(known: KnownValues): void {
    for (const condition of this.#conditions) {
      const value = magnitudeIn(known, condition);
      if (value === undefined) continue;
      const base = this.#bases.get(condition.name);
      this.#bases.set(condition.name, base === undefined ? value : following(condition, base, value));
    }
  }

  /** The subscriber is there again: it gets the present state where its conditions are met, or where it has none. */
  cameOnline(): void {
    this.#hasNews = true;
  }

  /** What was last sent may not have arrived. */
  lost(): void {
    this.#isStale = true;
  }

  /** When there is to be an event: now or earlier, or at a later time; undefined: when something changes. */
  nextEvent(known: KnownValues): Date | undefined {
    const { minInterval, maxInterval } = this.request;
    const last = this.#lastEvent;
    const earliest =
      last === undefined
        ? this.#since
        : latest(new Date(last.getTime() + this.#leastIntervalMs), minInterval && addDuration(last, minInterval));
    if (this.#isStale || this.#isMet(known)) return earliest;
    return maxInterval && latest(earliest, addDuration(last ?? this.#since, maxInterval));
  }

  /** An event is on its way. */
  triggered(at: Date, known: KnownValues): void {
    this.#lastEvent = at;
    this.#isStale = false;
    this.#hasNews = false;
    this.told(known);
  }

  /** The subscriber knows these values now. */
  told(known: KnownValues): void {
    for (const condition of this.#conditions) {
      const value = magnitudeIn(known, condition);
      if (value !== undefined) this.#bases.set(condition.name, value);
    }
  }

  /** Without conditions and intervals every new value is an event; with an interval alone, its end is. */
  #isMet(known: KnownValues): boolean {
    if (this.#conditions.length === 0) return this.#hasNews && this.request.maxInterval === undefined;
    return this.#conditions.some((condition) => {
      const base = this.#bases.get(condition.name);
      const value = magnitudeIn(known, condition);
      return base !== undefined && value !== undefined && isTriggered(condition, base, value);
    });
  }
}

function magnitudeIn(known: KnownValues, { name }: FieldCondition): Magnitude | undefined {
  const value = known.get(name)?.value;
  return value && magnitudeOf(value);
}

function latest(date: Date, other: Date | undefined): Date {
  return other !== undefined && other > date ? other : date;
}
