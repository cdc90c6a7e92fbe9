import { type Dnp3Association, Dnp3Error, type Measurement } from '@thingward/dnp3';
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
  readonly association: Dnp3Association;
  readonly clock?: () => Date;
  readonly log?: Logger;
}

/**
 * Points of an outstation as a Thing: its point list becomes fields and control parameters. What the outstation reports is told at once; all
 * values are kept in their history by the schedule, too.
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
  readonly #association: Dnp3Association;
  readonly #clock: () => Date;
  readonly #latest = new Map<Dnp3Point, Measurement>();
  readonly #fresh: SharedRead<unknown>;
  readonly #watchers = new Set<(fields: readonly Field[]) => void>();
  readonly #stopListening: () => void;

  constructor(options: Dnp3DeviceOptions) {
    const {
      node,
      parent,
      metaTags,
      config,
      points,
      association,
      clock = () => new Date(),
      log = SILENT_LOGGER,
    } = options;
    this.node = node;
    this.parent = parent;
    this.metaTags = metaTags;
    this.#config = config;
    this.#points = points;
    this.#association = association;
    this.#clock = clock;
    this.#writable = new Map(points.filter(({ writable }) => writable).map((point) => [point.name, point]));
    this.parameters = [...this.#writable.values()].map(controlParameter);
    this.schedules = [{ name: SCHEDULE, intervalMs: config.pollMs }];
    const byPoint = new Map<string, Dnp3Point[]>();
    for (const point of points) byPoint.set(keyOf(point), [...(byPoint.get(keyOf(point)) ?? []), point]);
    this.#byPoint = byPoint;
    this.#fresh = new SharedRead(() => association.master.integrityPoll(), freshMs(config.pollMs));
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
    association.master.on('measurements', onMeasurements);
    association.on('online', onOnline);
    association.on('offline', onOffline);
    this.#stopListening = () => {
      association.master.off('measurements', onMeasurements);
      association.off('online', onOnline);
      association.off('offline', onOffline);
    };
  }

  /** All points, read now. @throws ReadoutError when the outstation does not answer */
  async *read(selection: ReadoutSelection): AsyncGenerator<readonly Field[]> {
    const { types } = selection;
    if (types.length === 0 || types.includes('identity')) yield identityFields(this.metaTags, this.#clock());
    const wanted = this.#points.filter((point) => isWanted(point, selection));
    if (wanted.length === 0 && !wantsConnected(selection)) return;
    try {
      await this.#fresh.get();
    } catch (error) {
      yield [connected(false, this.#clock())];
      throw new ReadoutError(`${this.#name} can't be read: ${(error as Error).message}`);
    }
    yield this.#present(wanted);
    if (wantsConnected(selection)) yield [connected(true, this.#clock())];
  }

  /** How all is now: the outstation tells of every change, so nothing is asked for. */
  async poll(): Promise<readonly Field[]> {
    const { isOnline } = this.#association;
    return [...(isOnline ? this.#present(this.#points) : []), connected(isOnline, this.#clock())];
  }

  watch(onFields: (fields: readonly Field[]) => void): () => void {
    this.#watchers.add(onFields);
    return () => this.#watchers.delete(onFields);
  }

  parameterValue(name: string): ParameterValue | undefined {
    const point = this.#writable.get(name);
    const latest = point && this.#latest.get(point);
    return latest && parameterValue(point, latest);
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
    const { master } = this.#association;
    const done: string[] = [];
    for (const { point, command } of writes) {
      try {
        if (point.writable?.command === 'direct') await master.directOperate([command], { signal });
        else await master.selectAndOperate([command], { signal });
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
      return latest && isSame(point, latest, wanted) ? [name] : [];
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
    for (const measurement of measurements) {
      for (const point of this.#byPoint.get(keyOf(measurement)) ?? []) {
        const known = this.#latest.get(point);
        // Events may be older than what is known already: those of an integrity poll come before how all is now.
        this.#latest.set(point, measurement);
        const isNews = measurement.isEvent || known === undefined || !isEqual(known, measurement);
        if (isNews) fields.push(pointField(point, measurement, this.#timestamp(measurement)));
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

  #present(points: readonly Dnp3Point[]): readonly Field[] {
    const now = this.#clock();
    return points.flatMap((point) => {
      const latest = this.#latest.get(point);
      return latest ? [pointField(point, latest, now)] : [];
    });
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
