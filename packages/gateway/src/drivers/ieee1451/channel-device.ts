import { Ieee1451Error, type Sample } from '@thingward/ieee1451';
import {
  type ControlParameter,
  ControlUnknownError,
  type Field,
  type NodeReference,
  ParameterError,
  type ParameterValue,
  ReadoutError,
  type ReadoutSelection,
} from '@thingward/things';
import type { Logger } from '@thingward/xmpp';
import type { Ncap } from '../../ncap/ncap.ts';
import type { DescribedChannel } from '../../ncap/tim-description.ts';
import type { ChannelReading, NcapChannel, NcapTim } from '../../ncap/transducer-services.ts';
import type { Device, PollSchedule } from '../device.ts';
import { connected, field, text } from '../fields.ts';
import { isWanted, wantsConnected } from '../selection.ts';
import { freshMs, SharedRead } from '../shared-read.ts';
import { channelIdentity, RESERVED_NAMES, troubleFields } from './channel-identity.ts';
import { controlParameter, fieldValue, parameterValue, qualityOf, sampleOf } from './channel-value.ts';
import type { Ieee1451Config } from './config.ts';

const SCHEDULE = 'samples';

export interface ChannelDeviceOptions {
  readonly ncap: Ncap;
  readonly tim: NcapTim;
  readonly channel: NcapChannel;
  readonly description: DescribedChannel;
  readonly config: Ieee1451Config;
  /** The Thing that the NCAP is. */
  readonly owner: Pick<Device, 'node'>;
  readonly log: Logger;
  readonly clock: () => Date;
}

interface Snapshot {
  readonly reading: ChannelReading;
  readonly register: number | undefined;
}

/** A TransducerChannel as a Thing: its samples are a field, an actuator's setting a control parameter, its TEDS the identity. */
export class ChannelDevice implements Device {
  readonly node: NodeReference;
  readonly parent: NodeReference;
  readonly belongsTo: Pick<Device, 'node'>;
  readonly metaTags = [];
  readonly parameters: readonly ControlParameter[];
  readonly schedules: readonly PollSchedule[];
  /** Of the field, and of the parameter. */
  readonly #name: string;
  readonly #options: ChannelDeviceOptions;
  readonly #latest: SharedRead<Snapshot>;
  /** Of reads, which several may wait for. */
  readonly #closing = new AbortController();
  readonly #watchers = new Set<(fields: readonly Field[]) => void>();
  #value: Sample | undefined;
  #wasReached: boolean | undefined;
  #said: string | undefined;

  constructor(options: ChannelDeviceOptions) {
    const { ncap, tim, channel, description, config, owner } = options;
    this.#options = options;
    this.node = channel.node;
    this.parent = tim.node;
    this.belongsTo = owner;
    this.#name = RESERVED_NAMES.has(description.name) ? `${description.name} Value` : description.name;
    const { kind, definition } = description;
    this.parameters = kind === 'actuator' && definition ? [controlParameter(description, this.#name)] : [];
    const intervalMs = pollInterval(options);
    this.schedules = definition ? [{ name: SCHEDULE, intervalMs }] : [];
    const { signal } = this.#closing;
    const read = async (): Promise<Snapshot> => {
      const [reading, register] = await Promise.all([
        ncap.read(tim.id, channel.number, signal),
        config.statusBits ? ncap.readCondition(tim.id, channel.number, signal).catch(unlessRefused) : undefined,
      ]);
      return { reading, register };
    };
    this.#latest = new SharedRead(read, freshMs(intervalMs));
  }

  /** @throws ReadoutError when the TIM does not answer, or its TEDS does not say how the channel is read */
  async *read(selection: ReadoutSelection): AsyncGenerator<readonly Field[]> {
    const { description, clock } = this.#options;
    const now = clock();
    yield [...channelIdentity(description, now), ...troubleFields(description.troubles, now)];
    const isAsked =
      isWanted({ name: this.#name, types: ['momentary'] }, selection) ||
      isWanted({ name: STATUS_CONDITION, types: ['status'] }, selection);
    if (!isAsked && !wantsConnected(selection)) return;
    if (!description.definition) throw new ReadoutError(`${description.name}: ${description.troubles.join('; ')}`);
    try {
      yield this.#fields(await this.#snapshot());
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
      yield [connected(false, clock())];
      throw new ReadoutError(`${description.name} can't be read: ${error.message}`);
    }
    yield [connected(true, clock())];
  }

  /** Whether the TIM answers is told when it has changed. */
  async poll(): Promise<readonly Field[]> {
    const { description, log, clock, tim } = this.#options;
    try {
      const fields = this.#fields(await this.#snapshot());
      if (this.#said !== undefined) log.info({ tim: tim.id }, `${description.name} is read again`);
      this.#said = undefined;
      return [...fields, ...this.#reached(true)];
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
      // That a TIM has gone is told once, for all its channels.
      if (error.code !== 'not-connected' && this.#said === undefined) {
        log.warn({ tim: tim.id, at: clock() }, `${description.name} can't be read: ${error.message}`);
        this.#said = error.message;
      }
      return this.#reached(false);
    }
  }

  watch(onFields: (fields: readonly Field[]) => void): () => void {
    this.#watchers.add(onFields);
    return () => this.#watchers.delete(onFields);
  }

  /** The channel has told something by itself. */
  told(reading: ChannelReading): void {
    const fields = this.#fields({ reading, register: undefined });
    for (const watcher of this.#watchers) watcher(fields);
  }

  parameterValue(): ParameterValue | undefined {
    return this.#value === undefined ? undefined : parameterValue(this.#value, this.#options.description);
  }

  /** @throws ParameterError when the TIM does not take it, ControlUnknownError when its answer was lost */
  async set(values: ReadonlyMap<string, ParameterValue>, signal: AbortSignal): Promise<void> {
    const { ncap, tim, channel, description } = this.#options;
    const value = values.get(this.#name);
    if (!value) return;
    const sample = sampleOf(value, description, this.#name);
    try {
      await ncap.write(tim.id, channel.number, [sample], signal);
      this.#value = sample;
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
      if (error.code === 'outcome-unknown') throw new ControlUnknownError(`${description.name}: ${error.message}`);
      const code = error.code === 'limit-exceeded' ? 'out-of-range' : 'rejected-by-device';
      throw new ParameterError(code, this.#name, `the TIM did not take it: ${error.message}`);
    } finally {
      this.#latest.forget();
    }
  }

  async confirm(values: ReadonlyMap<string, ParameterValue>): Promise<readonly string[]> {
    const wanted = values.get(this.#name);
    const { reading } = await this.#snapshot();
    const { description } = this.#options;
    return wanted && reading.samples[0] === sampleOf(wanted, description, this.#name) ? [this.#name] : [];
  }

  async readParameters(names: readonly string[]): Promise<ReadonlyMap<string, ParameterValue>> {
    const { reading } = await this.#snapshot();
    const [sample] = reading.samples;
    const value = sample === undefined ? undefined : parameterValue(sample, this.#options.description);
    return new Map(value && names.includes(this.#name) ? [[this.#name, value]] : []);
  }

  close(): void {
    this.#closing.abort(new Error('the channel is gone'));
    this.#watchers.clear();
  }

  /** What was read just before a TIM was lost is no answer of it any more. */
  #snapshot(): Promise<Snapshot> {
    if (!this.#options.tim.isPresent) this.#latest.forget();
    return this.#latest.get();
  }

  #reached(isReached: boolean): readonly Field[] {
    if (this.#wasReached === isReached) return [];
    this.#wasReached = isReached;
    return [connected(isReached, this.#options.clock())];
  }

  /** The samples of a data set one after the other, each at its time. */
  #fields({ reading, register }: Snapshot): readonly Field[] {
    const { description, config } = this.#options;
    const { samplingPeriod } = description;
    const qos = qualityOf(description, register, config.statusBits);
    this.#value = reading.samples.at(-1);
    const values = reading.samples.flatMap((sample, i): Field[] => {
      const value = fieldValue(sample, description);
      const timestamp = new Date(reading.time.getTime() + 1000 * samplingPeriod * i);
      if (!value) return [];
      const writable = this.parameters.length > 0 ? { writable: true } : {};
      return [{ name: this.#name, value, types: ['momentary'], qos, timestamp, ...writable }];
    });
    if (register === undefined) return values;
    const shown = text(register.toString(16).padStart(8, '0'));
    return [...values, field(STATUS_CONDITION, shown, reading.time, { types: ['status'] })];
  }
}

const STATUS_CONDITION = 'Status Condition';

/** There is nothing new sooner than the TEDS says. */
function pollInterval({ tim, channel, description, config }: ChannelDeviceOptions): number {
  const own = config.polls.find(
    (poll) => (poll.tim ?? tim.id) === tim.id && (poll.channel ?? channel.number) === channel.number,
  );
  return Math.ceil(Math.max(own?.pollMs ?? config.pollMs, 1000 * description.updateTime));
}

/** A TIM need not have the register. */
function unlessRefused(error: unknown): undefined {
  if (!(error instanceof Ieee1451Error && error.code === 'refused')) throw error;
}
