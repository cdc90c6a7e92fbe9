import { EventEmitter } from 'node:events';
import { IIN } from '../internal-indications.ts';
import type { EventClass, PointKind } from '../master/index.ts';
import type { ObjectHeader } from '../object-header.ts';
import { ControlRequests, NO_OUTPUTS, type OutputHandler } from './control-request.ts';
import { Database, type Point } from './database.ts';
import { POINT_TYPES, type PointDefinition } from './point.ts';

export interface OutstationOptions {
  /** Its address; 10 when not given. */
  readonly address?: number;
  readonly points: readonly PointDefinition[];
  readonly outputs?: OutputHandler;
  /** It reports by itself what has changed, once a master has enabled it; false when not given. */
  readonly unsolicited?: boolean;
  /** The master it reports to; 1 when not given. */
  readonly masterAddress?: number;
  /** Events that are kept until a master has taken them; 1000 when not given. */
  readonly maxEvents?: number;
  /** Octets of a fragment it sends; 2048 when not given. */
  readonly maxFragmentOctets?: number;
  /** How long a selection is good for; 10,000 ms when not given. */
  readonly selectTimeoutMs?: number;
  /** How long to wait for a confirmation; 5000 ms when not given. */
  readonly confirmTimeoutMs?: number;
  /** How long events are gathered before they are reported; 100 ms when not given. */
  readonly unsolicitedHoldMs?: number;
  /** Commands in one request; 16 when not given. */
  readonly maxCommands?: number;
  /** It wants its clock to be set at its start, and after each such time; never when not given. */
  readonly timeSyncIntervalMs?: number;
  /** How long it says a restart takes, and is away; 1000 ms when not given. */
  readonly restartMs?: number;
  /** Milliseconds since 1970; Date.now when not given. */
  readonly clock?: () => number;
  /** ms, never going back; performance.now when not given. */
  readonly now?: () => number;
}

/** The greatest that six octets hold. */
const MAX_TIME = 2 ** 48 - 1;

/** An outstation: its points, its events, its clock and what it says of itself. Masters speak to it in sessions. */
export class Outstation extends EventEmitter<{
  /** A master has restarted it. */
  restart: [how: 'cold' | 'warm'];
  event: [eventClass: EventClass];
}> {
  readonly options: Required<Omit<OutstationOptions, 'timeSyncIntervalMs'>> &
    Pick<OutstationOptions, 'timeSyncIntervalMs'>;
  readonly database: Database;
  /** The switch of the device says that nobody else may operate it. */
  isLocal = false;
  /** Something is wrong with the device. */
  isInTrouble = false;
  #clockOffset = 0;
  #synchronisedAt: number | undefined;
  #isRestarted = true;
  #wasBroadcast = false;

  /** @throws Dnp3Error when two points have the same index */
  constructor(options: OutstationOptions) {
    super();
    this.options = {
      address: 10,
      outputs: NO_OUTPUTS,
      unsolicited: false,
      masterAddress: 1,
      maxEvents: 1000,
      maxFragmentOctets: 2048,
      selectTimeoutMs: 10_000,
      confirmTimeoutMs: 5000,
      unsolicitedHoldMs: 100,
      maxCommands: 16,
      restartMs: 1000,
      clock: Date.now,
      now: () => performance.now(),
      ...options,
    };
    // Each connection has a listener.
    this.setMaxListeners(0);
    const { points, maxEvents } = this.options;
    this.database = new Database(points, { maxEvents, clock: () => this.time });
    this.database.onEvent((eventClass) => this.emit('event', eventClass));
  }

  /** What its clock says: milliseconds since 1970. */
  get time(): number {
    return Math.min(MAX_TIME, Math.max(0, Math.round(this.options.clock() + this.#clockOffset)));
  }

  /** @param time what it is now. @param passed ms since it was */
  setTime(time: number, passed: number): void {
    this.#clockOffset = time + passed - this.options.clock();
    this.#synchronisedAt = this.options.now();
  }

  /** Its clock can be trusted, as far as it is to be set at all. */
  get isSynchronised(): boolean {
    const { timeSyncIntervalMs, now } = this.options;
    if (timeSyncIntervalMs === undefined) return true;
    return this.#synchronisedAt !== undefined && now() - this.#synchronisedAt < timeSyncIntervalMs;
  }

  /** What it says of itself. @param reported events that a response has already, or will have */
  indications(reported: ReadonlySet<unknown> = new Set()): number {
    let bits = 0;
    const { events } = this.database;
    for (const [eventClass, bit] of [
      [1, IIN.class1Events],
      [2, IIN.class2Events],
      [3, IIN.class3Events],
    ] as const) {
      const isWaiting = events.select((event) => event.eventClass === eventClass && !reported.has(event), 1).length > 0;
      if (isWaiting) bits |= bit;
    }
    if (this.#wasBroadcast) bits |= IIN.broadcast;
    if (!this.isSynchronised) bits |= IIN.needTime;
    if (this.isLocal) bits |= IIN.localControl;
    if (this.isInTrouble) bits |= IIN.deviceTrouble;
    if (this.#isRestarted) bits |= IIN.deviceRestart;
    if (events.isOverflown) bits |= IIN.eventBufferOverflow;
    return bits;
  }

  clearRestart(): void {
    this.#isRestarted = false;
  }

  /** A request to all outstations has come, or a master has been told of it. */
  noteBroadcast(isNew: boolean): void {
    this.#wasBroadcast = isNew;
  }

  /** Begins anew. A cold restart loses its events and its time. */
  restart(how: 'cold' | 'warm'): void {
    this.#isRestarted = true;
    if (how === 'cold') {
      this.database.events.clear();
      this.#clockOffset = 0;
      this.#synchronisedAt = undefined;
    }
    this.emit('restart', how);
  }

  controls(): ControlRequests {
    const { outputs, selectTimeoutMs, maxCommands, now } = this.options;
    return new ControlRequests(outputs, selectTimeoutMs, maxCommands, now);
  }

  /** The points that headers name. @returns bits of `IIN` when some are not there */
  forPoints(headers: readonly ObjectHeader[], kinds: readonly PointKind[], use: (point: Point) => void): number {
    for (const { group, range, start, stop, items } of headers) {
      const kind = kinds.find((name) => POINT_TYPES[name].staticGroup === group);
      if (!kind) return IIN.objectUnknown;
      const indexes = new Set(items.map(({ index }) => index));
      for (const point of this.database.points(kind)) {
        const isInRange = start !== undefined && stop !== undefined && point.index >= start && point.index <= stop;
        if (range === 'all' || isInRange || indexes.has(point.index)) use(point);
      }
    }
    return headers.length === 0 ? IIN.parameterError : 0;
  }
}
