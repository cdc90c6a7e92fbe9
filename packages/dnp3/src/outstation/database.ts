import { Dnp3Error } from '../error.ts';
import { FLAG } from '../flags.ts';
import type { EventClass, PointClass, PointKind } from '../master/index.ts';
import { checkRange } from '../octets.ts';
import { EventBuffer } from './event-buffer.ts';
import { type OwnPointKind, POINT_TYPES, type PointDefinition, type PointState } from './point.ts';

/** A point of an outstation. */
export interface Point {
  readonly kind: PointKind;
  readonly index: number;
  pointClass: PointClass;
  readonly staticVariation: number;
  readonly eventVariation: number;
  deadband: number;
  state: PointState;
  /** What its last event said. */
  reported: PointState;
}

export interface Update {
  readonly value?: number;
  readonly octets?: Uint8Array;
  /** Online alone when not given. */
  readonly flags?: number;
  /** Now when not given. */
  readonly time?: number;
}

const NOTHING_YET: PointState = { value: 0, flags: FLAG.restart, time: 0 };

/** The points of an outstation, and the events of their changes. */
export class Database {
  readonly events: EventBuffer;
  readonly #clock: () => number;
  readonly #points = new Map<PointKind, Map<number, Point>>();
  #onEvent: (eventClass: EventClass) => void = () => undefined;

  /** @param clock milliseconds since 1970 UTC. @throws Dnp3Error when two points have the same index */
  constructor(
    definitions: readonly PointDefinition[],
    { maxEvents, clock }: { maxEvents: number; clock: () => number },
  ) {
    this.events = new EventBuffer(maxEvents);
    this.#clock = clock;
    for (const definition of definitions) {
      this.#add(definition);
      if (definition.kind === 'counter') {
        this.#add({ kind: 'frozen-counter', index: definition.index, pointClass: definition.pointClass });
      }
    }
    for (const [kind, points] of this.#points) {
      this.#points.set(kind, new Map([...points].sort(([a], [b]) => a - b)));
    }
  }

  /** Calls when there is a new event. */
  onEvent(listener: (eventClass: EventClass) => void): void {
    this.#onEvent = listener;
  }

  /** In the order of their index. */
  points(kind: PointKind): Iterable<Point> {
    return this.#points.get(kind)?.values() ?? [];
  }

  point(kind: PointKind, index: number): Point | undefined {
    return this.#points.get(kind)?.get(index);
  }

  /**
   * A point is so now. A change is an event where the point has a class.
   * @throws Dnp3Error when there is no such point, or it can't be so
   */
  update(
    kind: OwnPointKind,
    index: number,
    { value = 0, octets, flags = FLAG.online, time = this.#clock() }: Update,
  ): void {
    const point = this.point(kind, index);
    if (!point) throw new Dnp3Error('limit-exceeded', `there is no point ${kind} ${index}`);
    checkState(kind, value, octets);
    checkRange(flags, 0, 0xff, 'flags');
    checkRange(time, 0, 2 ** 48 - 1, 'a time');
    point.state = { value, octets, flags, time };
    const isChanged =
      flags !== point.reported.flags ||
      Math.abs(value - point.reported.value) > point.deadband ||
      String(octets) !== String(point.reported.octets);
    if (isChanged) this.#report(point);
  }

  /** Copies counters. @param clear sets them to nought after it */
  freeze(wanted: (index: number) => boolean, clear: boolean): void {
    for (const counter of this.points('counter')) {
      if (!wanted(counter.index)) continue;
      const frozen = this.point('frozen-counter', counter.index) as Point;
      frozen.state = { ...counter.state, time: this.#clock() };
      this.#report(frozen);
      if (clear) this.update('counter', counter.index, { value: 0, flags: counter.state.flags });
    }
  }

  #add(definition: Omit<PointDefinition, 'kind'> & { readonly kind: PointKind }): void {
    const { kind, index, pointClass, staticVariation, eventVariation, deadband = 0 } = definition;
    const type = POINT_TYPES[kind];
    const points = this.#points.get(kind) ?? new Map<number, Point>();
    if (points.has(index)) throw new Dnp3Error('limit-exceeded', `there are two points ${kind} ${index}`);
    points.set(index, {
      kind,
      index,
      pointClass,
      staticVariation: staticVariation ?? type.staticVariation,
      eventVariation: eventVariation ?? type.eventVariation,
      deadband,
      state: NOTHING_YET,
      reported: NOTHING_YET,
    });
    this.#points.set(kind, points);
  }

  #report(point: Point): void {
    const { kind, index, pointClass, eventVariation: variation, state } = point;
    const isFirst = point.reported === NOTHING_YET;
    point.reported = state;
    // How a point begins is no change.
    if (pointClass === 0 || (isFirst && kind !== 'frozen-counter')) return;
    this.events.add({ kind, index, eventClass: pointClass, variation, state });
    this.#onEvent(pointClass);
  }
}

/** The greatest states of kinds that have not just any number. */
const GREATEST: Partial<Record<OwnPointKind, number>> = {
  binary: 1,
  'double-bit': 3,
  'binary-output': 1,
  counter: 2 ** 32 - 1,
};

function checkState(kind: OwnPointKind, value: number, octets: Uint8Array | undefined): void {
  const greatest = GREATEST[kind];
  if (greatest !== undefined) checkRange(value, 0, greatest, `a ${kind}`);
  // The variation of an octet string is its length, and there is none without octets.
  if (kind === 'octet-string') checkRange(octets?.length ?? 0, 1, 0xff, 'a length of an octet string');
}
