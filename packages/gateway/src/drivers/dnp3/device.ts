import { Dnp3Error, type Measurement } from '@thingward/dnp3';
import {
  type ControlParameter,
  ControlUnknownError,
  type Field,
  type MetaTag,
  type NodeReference,
  ParameterError,
  type ParameterValue,
  ReadoutError,
  type ReadoutSelection,
} from '@thingward/things';
import { type Logger, SILENT_LOGGER } from '@thingward/xmpp';
import type { Device, PollSchedule } from '../device.ts';
import { connected } from '../fields.ts';
import { identityFields } from '../identity.ts';
import { isWanted, wantsConnected } from '../selection.ts';
import { freshMs, SharedRead } from '../shared-read.ts';
import type { Dnp3Config, Dnp3Point } from './config.ts';
import { ObservedNews } from './observed-news.ts';
import type { OutstationSource } from './outstation-source.ts';
import { commandOf, controlParameter, isSame, parameterValue, pointField } from './point.ts';

const SCHEDULE = 'points';
/** An outstation whose clock is off by more is not believed. */
const MAX_CLOCK_ERROR_MS = 86_400_000;

export interface Dnp3DeviceOptions {
  readonly node?: NodeReference | undefined;
  readonly parent?: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly config: Dnp3Config;
  /** All points, those of the point list too. */
  readonly points: readonly Dnp3Point[];
  readonly source: OutstationSource;
  readonly clock?: () => Date;
  readonly log?: Logger;
}

/** What is known of a point. */
interface Known {
  readonly measurement: Measurement;
  /** When it was so, as far as the outstation has said. */
  readonly timestamp: Date;
  readonly heardAt: Date;
}

/**
 * Points of an outstation as a Thing: its point list becomes fields and control parameters. What the outstation reports is told at once; all
 * values are kept in their history by the schedule, too, or, where it is passive, when they pass.
 */
export class Dnp3Device implements Device {
  readonly node: NodeReference | undefined;
  readonly parent: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly parameters: readonly ControlParameter[];
  readonly schedules: readonly PollSchedule[];
  readonly #config: Dnp3Config;
  readonly #points: readonly Dnp3Point[];
  readonly #byPoint: ReadonlyMap<string, readonly Dnp3Point[]>;
  readonly #writable: ReadonlyMap<string, Dnp3Point>;
  readonly #source: OutstationSource;
  readonly #clock: () => Date;
  readonly #latest = new Map<Dnp3Point, Known>();
  /** Where it is passive. */
  readonly #news: ObservedNews | undefined;
  readonly #fresh: SharedRead<unknown>;
  readonly #watchers = new Set<(fields: readonly Field[]) => void>();
  readonly #stopListening: () => void;

  constructor(options: Dnp3DeviceOptions) {
    const { node, parent, metaTags, config, points, source, clock = () => new Date(), log = SILENT_LOGGER } = options;
    this.node = node;
    this.parent = parent;
    this.metaTags = metaTags;
    this.#config = config;
    this.#points = points;
    this.#source = source;
    this.#clock = clock;
    this.#writable = new Map(points.filter(({ writable }) => writable).map((point) => [point.name, point]));
    this.parameters = [...this.#writable.values()].map(controlParameter);
    this.schedules = config.passive ? [] : [{ name: SCHEDULE, intervalMs: config.pollMs }];
    this.#news = config.passive ? new ObservedNews(config.pollMs) : undefined;
    const byPoint = new Map<string, Dnp3Point[]>();
    for (const point of points) byPoint.set(keyOf(point), [...(byPoint.get(keyOf(point)) ?? []), point]);
    this.#byPoint = byPoint;
    this.#fresh = new SharedRead(() => source.refresh(), freshMs(config.pollMs));
    const onMeasurements = (measurements: readonly Measurement[]) => this.#measured(measurements);
    let said = '';
    const onOnline = () => {
      said = '';
      log.info({}, `${this.#name} answers`);
      this.#tell([connected(true, this.#clock())]);
    };
    const onOffline = ({ message }: Dnp3Error) => {
      if (message !== said) log.warn({}, `${this.#name} can't be read: ${message}`);
      said = message;
      this.#tell([connected(false, this.#clock())]);
    };
    source.on('measurements', onMeasurements).on('online', onOnline).on('offline', onOffline);
    this.#stopListening = () => {
      source.off('measurements', onMeasurements).off('online', onOnline).off('offline', onOffline);
    };
  }

  /**
   * All points, read now; where it is passive and all have passed of late, as they passed.
   * @throws ReadoutError when the outstation does not answer
   */
  async *read(selection: ReadoutSelection): AsyncGenerator<readonly Field[]> {
    const { types } = selection;
    if (types.length === 0 || types.includes('identity')) yield identityFields(this.metaTags, this.#clock());
    const wanted = this.#points.filter((point) => isWanted(point, selection));
    if (wanted.length === 0 && !wantsConnected(selection)) return;
    try {
      if (!this.#haveAllPassed(wanted)) await this.#fresh.get();
    } catch (error) {
      if (this.#news) yield this.#present(wanted);
      yield [connected(false, this.#clock())];
      throw new ReadoutError(`${this.#name} can't be read: ${(error as Error).message}`);
    }
    yield this.#present(wanted);
    if (wantsConnected(selection)) yield [connected(true, this.#clock())];
  }

  /** How all is now: the outstation tells of every change, so nothing is asked for. */
  async poll(): Promise<readonly Field[]> {
    const { isOnline } = this.#source;
    return [...(isOnline ? this.#present(this.#points) : []), connected(isOnline, this.#clock())];
  }

  watch(onFields: (fields: readonly Field[]) => void): () => void {
    this.#watchers.add(onFields);
    return () => this.#watchers.delete(onFields);
  }

  parameterValue(name: string): ParameterValue | undefined {
    const point = this.#writable.get(name);
    const latest = point && this.#latest.get(point);
    return latest && parameterValue(point, latest.measurement);
  }

  /**
   * Gives one command after the other, each at most once.
   * @throws ParameterError naming the first that was refused and what had been done before it
   */
  async set(values: ReadonlyMap<string, ParameterValue>, signal: AbortSignal): Promise<void> {
    const writes = [...values].map(([name, value]) => {
      const point = this.#writable.get(name);
      if (!point) throw new ParameterError('unknown-parameter', name, `there is no parameter ${name}`);
      return { point, command: commandOf(point, value) };
    });
    const done: string[] = [];
    for (const { point, command } of writes) {
      try {
        await this.#source.operate(command, point.writable?.command ?? 'select', signal);
      } catch (error) {
        throw refusal(point, error, done);
      }
      this.#fresh.forget();
      done.push(point.name);
    }
  }

  /** What the outputs say of themselves after a command. A breaker takes its time: what it has not reached yet is not confirmed. */
  async confirm(values: ReadonlyMap<string, ParameterValue>): Promise<readonly string[]> {
    await this.#fresh.get();
    return [...values].flatMap(([name, wanted]) => {
      const point = this.#writable.get(name);
      const latest = point && this.#latest.get(point);
      return latest && isSame(point, latest.measurement, wanted) ? [name] : [];
    });
  }

  async readParameters(names: readonly string[]): Promise<ReadonlyMap<string, ParameterValue>> {
    await this.#fresh.get();
    return new Map(
      names.flatMap((name) => {
        const value = this.parameterValue(name);
        return value ? [[name, value] as const] : [];
      }),
    );
  }

  close(): void {
    this.#stopListening();
    this.#watchers.clear();
  }

  get #name(): string {
    const { host, port, outstation } = this.#config;
    return `DNP3 outstation ${outstation} at ${host}:${port}`;
  }

  #measured(measurements: readonly Measurement[]): void {
    const fields: Field[] = [];
    const heardAt = this.#clock();
    for (const measurement of measurements) {
      for (const point of this.#byPoint.get(keyOf(measurement)) ?? []) {
        const known = this.#latest.get(point)?.measurement;
        const isKnown = known !== undefined && isEqual(known, measurement);
        if (this.#news?.isRepeated(point, measurement, isKnown)) continue;
        const timestamp = this.#timestamp(measurement);
        // Events may be older than what is known already: those of an integrity poll come before how all is now.
        this.#latest.set(point, { measurement, timestamp, heardAt });
        if (isKnown && !measurement.isEvent && !this.#news?.isDue(point, heardAt)) continue;
        this.#news?.told(point, heardAt);
        fields.push(pointField(point, measurement, timestamp));
      }
    }
    this.#tell(fields);
  }

  #tell(fields: readonly Field[]): void {
    if (fields.length === 0) return;
    for (const watcher of this.#watchers) watcher(fields);
  }

  #timestamp({ time, isEvent }: Measurement): Date {
    const now = this.#clock();
    const isTold = isEvent && time !== undefined && this.#config.timestamps === 'outstation';
    return isTold && Math.abs(time - now.getTime()) <= MAX_CLOCK_ERROR_MS ? new Date(time) : now;
  }

  /** What is known of them: how it is now, or how it was when it passed. */
  #present(points: readonly Dnp3Point[]): readonly Field[] {
    const now = this.#clock();
    return points.flatMap((point) => {
      const known = this.#latest.get(point);
      return known ? [pointField(point, known.measurement, this.#news ? known.timestamp : now)] : [];
    });
  }

  /** Have all of them passed within the time that values are kept at? */
  #haveAllPassed(points: readonly Dnp3Point[]): boolean {
    const since = this.#clock().getTime() - this.#config.pollMs;
    const hasPassed = (point: Dnp3Point) => (this.#latest.get(point)?.heardAt.getTime() ?? Number.NaN) >= since;
    return this.#news !== undefined && points.length > 0 && points.every(hasPassed);
  }
}

function keyOf({ kind, index }: Pick<Measurement, 'kind' | 'index'>): string {
  return `${kind} ${index}`;
}

function isEqual(one: Measurement, other: Measurement): boolean {
  return (
    one.value === other.value && (one.flags ?? 1) === (other.flags ?? 1) && String(one.octets) === String(other.octets)
  );
}

function refusal(point: Dnp3Point, error: unknown, done: readonly string[]): Error {
  if (error instanceof Dnp3Error && error.code === 'outcome-unknown') {
    return new ControlUnknownError(`${point.name}: ${error.message}`);
  }
  const before = done.length > 0 ? ` (${done.join(', ')}: done)` : '';
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof Dnp3Error && error.code === 'limit-exceeded' ? 'out-of-range' : 'rejected-by-device';
  return new ParameterError(code, point.name, `the outstation did not take it: ${reason}${before}`);
}
