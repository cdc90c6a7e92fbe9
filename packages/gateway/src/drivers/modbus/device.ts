import { type ModbusClient, ModbusError, ModbusException, PointRangeError, type PointValue } from '@thingward/modbus';
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
import { type Logger, SILENT_LOGGER, type Unsubscribe } from '@thingward/xmpp';
import type { Device, PollSchedule } from '../device.ts';
import { connected, field } from '../fields.ts';
import { identityFields } from '../identity.ts';
import { isWanted, wantsConnected } from '../selection.ts';
import { freshMs, SharedRead } from '../shared-read.ts';
import type { ModbusConfig, Point } from './config.ts';
import type { TrafficListener } from './connections.ts';
import { observedReadings } from './observed.ts';
import { controlParameter, fieldValue, parameterValue, pointValue, writeRequest } from './point.ts';
import { type Reading, UnitReader, type UnitReadings } from './unit-reader.ts';

/** Exceptions after which a write may have happened or still may: acknowledge (it takes long), and a gateway that lost the unit's answer. */
const OPEN_OUTCOMES: ReadonlySet<number> = new Set([5, 11]);

export interface ModbusDeviceOptions {
  readonly node?: NodeReference | undefined;
  readonly parent?: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly config: ModbusConfig;
  readonly client: ModbusClient;
  /** What passes between masters and the unit; needed where the configuration says `passive`. */
  readonly traffic?: ((listener: TrafficListener) => Unsubscribe) | undefined;
  readonly clock?: () => Date;
  readonly log?: Logger;
}

/** Points that are polled together. */
interface PointGroup {
  readonly points: readonly Point[];
  readonly latest: SharedRead<UnitReadings>;
}

/** One unit behind a Modbus TCP connection as a Thing: its register map becomes fields and control parameters. */
export class ModbusDevice implements Device {
  readonly node: NodeReference | undefined;
  readonly parent: NodeReference | undefined;
  readonly metaTags: readonly MetaTag[];
  readonly parameters: readonly ControlParameter[];
  readonly schedules: readonly PollSchedule[];
  /** Where it is passive: fields from what masters read and write. */
  readonly watch?: (onFields: (fields: readonly Field[]) => void) => Unsubscribe;
  readonly #groups: ReadonlyMap<string, PointGroup>;
  readonly #writable: ReadonlyMap<string, Point>;
  readonly #reader: UnitReader;
  readonly #clock: () => Date;
  readonly #log: Logger;
  readonly #values = new Map<string, PointValue>();
  /** What was last said in the log about a poll group; undefined: all is well. */
  readonly #said = new Map<string, string>();

  constructor(options: ModbusDeviceOptions) {
    const { node, parent, metaTags, config, client, clock = () => new Date(), log = SILENT_LOGGER } = options;
    this.#log = log;
    this.node = node;
    this.parent = parent;
    this.metaTags = metaTags;
    this.#clock = clock;
    this.#reader = new UnitReader(client, config, clock);
    this.#writable = new Map(config.points.filter(({ writable }) => writable).map((point) => [point.name, point]));
    this.parameters = [...this.#writable.values()].map(controlParameter);
    this.#groups = new Map(
      Object.keys(config.pollGroups).flatMap((group) => {
        const points = config.points.filter(({ pollGroup }) => pollGroup === group);
        const latest = new SharedRead(() => this.#reader.read(points), freshMs(config.pollGroups[group] as number));
        return points.length > 0 ? [[group, { points, latest }] as const] : [];
      }),
    );
    const { pollGroups, passive } = config;
    this.schedules = passive
      ? []
      : [...this.#groups.keys()].map((name) => ({ name, intervalMs: pollGroups[name] as number }));
    const { traffic } = options;
    if (passive && traffic) this.watch = (onFields) => traffic(this.#observer(config, onFields));
  }

  /** Fresh values, group by group. @throws ReadoutError when the unit does not answer */
  async *read(selection: ReadoutSelection): AsyncGenerator<readonly Field[]> {
    const { types } = selection;
    if (types.length === 0 || types.includes('identity')) yield identityFields(this.metaTags, this.#clock());
    let refusal: ModbusException | undefined;
    for (const { latest } of this.#wanted(selection)) {
      try {
        const { readings, refusal: refused } = await latest.get();
        refusal ??= refused;
        yield this.#fields(readings);
      } catch (error) {
        yield [connected(false, this.#clock())];
        throw new ReadoutError(this.#reader.explain(error));
      }
    }
    if (wantsConnected(selection)) yield [connected(true, this.#clock())];
    if (refusal) throw new ReadoutError(this.#reader.explain(refusal));
  }

  async poll(schedule: string): Promise<readonly Field[]> {
    const group = this.#groups.get(schedule);
    if (!group) throw new Error(`there is no poll group ${schedule}`);
    try {
      const { readings, refusal } = await group.latest.get();
      this.#say(schedule, refusal);
      return [...this.#fields(readings), connected(true, this.#clock())];
    } catch (error) {
      if (!(error instanceof ModbusError || error instanceof ModbusException)) throw error;
      this.#say(schedule, error);
      return [connected(false, this.#clock())];
    }
  }

  parameterValue(name: string): ParameterValue | undefined {
    const value = this.#values.get(name);
    return value && parameterValue(value);
  }

  /**
   * Writes one parameter after the other, each at most once, and reads each back.
   * @throws ParameterError naming the first that was refused and what had been written before it
   */
  async set(values: ReadonlyMap<string, ParameterValue>, signal: AbortSignal): Promise<void> {
    const writes = [...values].map(([name, value]) => this.#prepare(name, pointValue(value)));
    const done: string[] = [];
    for (const { point, value, request } of writes) {
      try {
        await this.#reader.request(request, signal);
      } catch (error) {
        throw refusal(point, error, done);
      }
      await this.#confirm(point, value, done);
      done.push(point.name);
    }
  }

  /** What was just written, read together: a later write may have changed an earlier one. */
  async confirm(values: ReadonlyMap<string, ParameterValue>): Promise<readonly string[]> {
    const present = await this.#readPoints([...values.keys()]);
    return [...present].flatMap(([point, actual]) => {
      const wanted = values.get(point.name);
      return wanted && isSame(actual, pointValue(wanted), point) ? [point.name] : [];
    });
  }

  async readParameters(names: readonly string[]): Promise<ReadonlyMap<string, ParameterValue>> {
    const present = await this.#readPoints(names);
    return new Map([...present].map(([{ name }, value]) => [name, parameterValue(value)]));
  }

  close(): void {}

  /** Tells each point once per interval of its poll group at most, however often masters read it; a change is told at once. */
  #observer({ points, pollGroups }: ModbusConfig, onFields: (fields: readonly Field[]) => void): TrafficListener {
    const told = new Map<Point, { readonly text: string | undefined; readonly at: number }>();
    return (request, response) => {
      const now = this.#clock();
      const news = observedReadings(points, request, response, now).filter(({ point, value }) => {
        const before = told.get(point);
        const text = value && describe(value);
        const isDue = !before || now.getTime() - before.at >= (pollGroups[point.pollGroup] as number);
        if (!isDue && before.text === text) return false;
        told.set(point, { text, at: now.getTime() });
        return true;
      });
      if (news.length > 0) onFields(this.#fields(news));
    };
  }

  /** The values of writable points, in as few requests as they need. @throws ModbusError, ModbusException */
  async #readPoints(names: readonly string[]): Promise<ReadonlyMap<Point, PointValue>> {
    const points = names.flatMap((name) => this.#writable.get(name) ?? []);
    const { readings } = await this.#reader.read(points);
    const present = new Map(
      readings.flatMap(({ point, value }) => (value === undefined ? [] : [[point, value] as const])),
    );
    for (const [{ name }, value] of present) this.#values.set(name, value);
    return present;
  }

  /** The groups to read; whether the unit answers is known only after asking it for something. */
  #wanted(selection: ReadoutSelection): readonly PointGroup[] {
    const groups = [...this.#groups.values()];
    const wanted = groups.filter(({ points }) => points.some((point) => isWanted(point, selection)));
    return wanted.length === 0 && wantsConnected(selection) ? groups.slice(0, 1) : wanted;
  }

  /** Tells the log what is wrong with a poll group when it begins and when it is over, not at each poll. */
  #say(pollGroup: string, problem: ModbusError | ModbusException | undefined): void {
    const before = this.#said.get(pollGroup);
    const now = problem && (problem instanceof ModbusError ? problem.code : String(problem.exceptionCode));
    if (now === before) return;
    if (problem && now !== undefined) {
      this.#said.set(pollGroup, now);
      this.#log.warn({ pollGroup }, this.#reader.explain(problem));
    } else {
      this.#said.delete(pollGroup);
      this.#log.info({ pollGroup }, this.#reader.recovered());
    }
  }

  #prepare(name: string, value: PointValue) {
    const point = this.#writable.get(name);
    if (!point) throw new ParameterError('unknown-parameter', name, `there is no parameter ${name}`);
    try {
      return { point, value, request: writeRequest(point, value) };
    } catch (error) {
      if (error instanceof PointRangeError) throw new ParameterError('out-of-range', name, error.message);
      throw error;
    }
  }

  /** Reads a point back. A device that can't be read now has taken the value all the same: it said so. */
  async #confirm(point: Point, wanted: PointValue, done: readonly string[]): Promise<void> {
    for (const { latest } of this.#groups.values()) latest.forget();
    const read = await this.#reader.read([point]).catch(() => undefined);
    const actual = read?.readings[0]?.value;
    if (actual === undefined) return;
    this.#values.set(point.name, actual);
    if (isSame(actual, wanted, point)) return;
    const [was, should] = [describe(actual), describe(wanted)];
    throw refusal(point, new Error(`${should} was written, but the device has ${was}`), done);
  }

  #fields(readings: readonly Reading[]): readonly Field[] {
    return readings.flatMap(({ point, value, timestamp }) => {
      if (value === undefined) return [];
      this.#values.set(point.name, value);
      const { types, writable, localization } = point;
      const options = { types, writable: writable !== undefined, ...localization };
      return [field(point.name, fieldValue(point, value), timestamp, options)];
    });
  }
}

/** Equal as far as the device can hold the value. */
function isSame(actual: PointValue, wanted: PointValue, point: Point): boolean {
  if (actual.kind !== 'number' || wanted.kind !== 'number') return describe(actual) === describe(wanted);
  return Math.abs(Number(actual.text) - Number(wanted.text)) <= rounding(point, Math.abs(Number(wanted.text))) + 1e-9;
}

/** How far a value may be from what the device holds because of rounding alone. */
function rounding({ type, scale, decimals }: Point, value: number): number {
  if (!type.startsWith('float')) return Math.abs(scale) * 0.500001;
  return Math.max(value * 1e-6, decimals === undefined ? 0 : 0.500001 * 10 ** -decimals);
}

function describe(value: PointValue): string {
  return value.kind === 'number' ? value.text : String(value.value);
}

function refusal(point: Point, error: unknown, done: readonly string[]): Error {
  const isOpen =
    error instanceof ModbusException
      ? OPEN_OUTCOMES.has(error.exceptionCode)
      : // An answer that can't be understood does not say that nothing was written.
        error instanceof ModbusError && (error.code === 'outcome-unknown' || error.code === 'malformed-pdu');
  if (isOpen) return new ControlUnknownError(`${point.name}: ${(error as Error).message}`);
  const before = done.length > 0 ? ` (${done.join(', ')}: written)` : '';
  const reason = error instanceof Error ? error.message : String(error);
  return new ParameterError('rejected-by-device', point.name, `the device did not take it: ${reason}${before}`);
}
