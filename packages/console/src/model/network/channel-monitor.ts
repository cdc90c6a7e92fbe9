import { batch, computed, type ReadonlySignal, signal } from '@preact/signals-core';
import type { Sample } from '@thingward/ieee1451';
import type { ChannelAddress, Reading, TransducerInterface } from '@thingward/ieee1451/mcap';
import type { Field, NodeReference, Series } from '@thingward/things';
import { type Jid, PeerError } from '@thingward/xmpp';
import { explain } from '../explain.ts';
import { type FieldReading, fieldKey } from '../field-key.ts';
import { LiveSamples } from '../live-samples.ts';
import { ParameterControl } from '../parameter-control.ts';
import { Poller } from '../poller.ts';
import type { ReadoutStatus } from '../readout.ts';
import type { TrendSource } from '../trends.ts';
import { channelParameter, sampleValue, valueSample } from './channel-parameter.ts';
import { Description } from './description.ts';
import type { NetworkConnection } from './network-connection.ts';
import { sampleText } from './sample-text.ts';

const READ_INTERVAL_MS = 1000;
const MAX_BACKOFF_MS = 30_000;
/** An hour of reading once a second. */
const SAMPLES_KEPT = 3600;

export interface ChannelMonitorOptions {
  readonly connection: NetworkConnection;
  readonly address: ChannelAddress;
  readonly name: string;
  /** Bare JID of its NCAP; undefined where that has none. */
  readonly thing: Jid | undefined;
  /** Where it is a Thing behind that. */
  readonly node: NodeReference;
  readonly isOnline: ReadonlySignal<boolean>;
  /** Is anybody looking at the page? */
  readonly isVisible: ReadonlySignal<boolean>;
  /** Is its TIM there? */
  readonly isPresent: ReadonlySignal<boolean>;
}

/** An actuator is no sensor, but tells what it is set to; where it can't, it says so. */
export function canBeRead(described: TransducerInterface | undefined): boolean {
  return described !== undefined && (described.operations.includes('read') || described.kind === 'actuator');
}

/** A TransducerChannel that somebody looks at: what it is, what it reads, and how to set it. */
export class ChannelMonitor implements TrendSource {
  readonly thing: Jid | undefined;
  readonly description: Description;
  readonly status: ReadonlySignal<ReadoutStatus>;
  /** How to set it; undefined for what is no actuator, and for who may not. */
  readonly control: ReadonlySignal<ParameterControl | undefined>;
  /** Where the plots find it. */
  readonly key: string;
  readonly #options: ChannelMonitorOptions;
  readonly #poller: Poller;
  readonly #outcome = signal<ReadoutStatus>({ kind: 'waiting' });
  readonly #fields = signal<ReadonlyMap<string, FieldReading>>(new Map());
  readonly #latest = signal<Reading | undefined>(undefined);
  readonly #samples = new LiveSamples(SAMPLES_KEPT);
  #shownControl: { readonly id: string; readonly control: ParameterControl } | undefined;

  constructor(options: ChannelMonitorOptions) {
    const { connection, address, isOnline, isVisible, isPresent, thing, node, name } = options;
    this.#options = options;
    this.thing = thing;
    this.key = fieldKey({ node, name });
    const isActive = computed(() => isOnline.value && isVisible.value && isPresent.value);
    this.description = new Description(connection, address, isActive);
    this.status = computed(() => {
      if (!isOnline.value) return { kind: 'disconnected' };
      return isPresent.value ? this.#outcome.value : { kind: 'offline' };
    });
    this.control = computed(() => this.#controlFor(this.description.described.value));
    const mayRead = computed(() => canBeRead(this.description.described.value));
    this.#poller = new Poller({
      intervalMs: () => READ_INTERVAL_MS,
      maxBackoffMs: MAX_BACKOFF_MS,
      gate: computed(() => isActive.value && mayRead.value),
      run: (signal) => this.#read(signal),
      onError: () => {},
    });
  }

  get fields(): ReadonlySignal<ReadonlyMap<string, FieldReading>> {
    return this.#fields;
  }

  /** The newest data set. */
  get latest(): ReadonlySignal<Reading | undefined> {
    return this.#latest;
  }

  /** When it is read next, in ms since 1970. */
  get nextAt(): ReadonlySignal<number | undefined> {
    return this.#poller.nextAt;
  }

  samplesOf(key: string): LiveSamples | undefined {
    return key === this.key ? this.#samples : undefined;
  }

  /** An NCAP gives the field of a channel its name, and says `Value` behind one that another field has. */
  keyOfSeries(_node: NodeReference | undefined, { name, type }: Series): string | undefined {
    const isNumber = type === 'numeric' || type === 'int' || type === 'long';
    const own = this.#options.name;
    return isNumber && (name === own || name === `${own} Value`) ? this.key : undefined;
  }

  /** Reads it until the function returned is called. */
  watch(): () => void {
    const { connection, address } = this.#options;
    const stopEvents = connection.onEvent((event) => {
      const isOurs = event.ncap === address.ncap && event.tim === address.tim && event.channel === address.channel;
      if (isOurs) this.#accept(event, Date.now());
    });
    this.description.start();
    this.#poller.start();
    return () => {
      stopEvents();
      this.description.stop();
      this.#poller.stop();
      this.#shownControl?.control.close();
    };
  }

  /** Does not wait for the next time. */
  readNow(): void {
    this.#poller.wake();
  }

  async #read(signal: AbortSignal): Promise<void> {
    const startedAt = Date.now();
    try {
      this.#accept(await this.#options.connection.read(this.#options.address, signal), startedAt);
    } catch (error) {
      // A lost connection says nothing about the channel.
      if (!signal.aborted && !(error instanceof PeerError)) this.#fail(explain(error));
      throw error;
    }
  }

  #accept(reading: Reading, startedAt: number): void {
    const sample = reading.samples.at(-1);
    const previous = this.#latest.peek();
    batch(() => {
      this.#outcome.value = { kind: 'live' };
      if (sample === undefined || (previous && previous.time > reading.time)) return;
      this.#latest.value = reading;
      this.#fields.value = new Map([
        [this.key, { key: this.key, field: this.#field(reading, sample), isCurrent: true }],
      ]);
      if (typeof sample === 'number' && Number.isFinite(sample)) {
        this.#samples.append({ time: reading.time.getTime() / 1000, value: sample });
      }
    });
    const control = this.control.peek();
    if (sample !== undefined) control?.observe(sampleValue(sample, control.parameter), startedAt);
  }

  #fail(problem: string): void {
    const before = this.#outcome.peek();
    batch(() => {
      this.#outcome.value = { kind: 'failing', problem, since: before.kind === 'failing' ? before.since : new Date() };
      this.#fields.value = new Map(
        [...this.#fields.peek()].map(([key, reading]) => [key, { ...reading, isCurrent: false }]),
      );
    });
  }

  #field({ time, unit }: Reading, sample: Sample): Field {
    const { name, node } = this.#options;
    const described = this.description.described.peek();
    const text = sampleText(sample, described?.uncertainty);
    const shownUnit = unit ?? described?.unit ?? '';
    const value =
      typeof sample === 'number'
        ? { type: 'numeric' as const, value: text, unit: shownUnit === '1' ? '' : shownUnit }
        : { type: 'string' as const, value: text };
    return { node, name, value, types: ['momentary'], qos: ['automaticReadout'], timestamp: time };
  }

  /** The control there was before, if the parameter is still the same, so that what is under way goes on. */
  #controlFor(described: TransducerInterface | undefined): ParameterControl | undefined {
    const before = this.#shownControl;
    if (!described?.operations.includes('write')) return undefined;
    const parameter = channelParameter(described, this.#options.name);
    const id = JSON.stringify(parameter);
    if (before?.id === id) return before.control;
    before?.control.close();
    const control = new ParameterControl(parameter, async (value) => {
      await this.#options.connection.write(this.#options.address, [valueSample(value)]);
      // What the channel says now is asked for at once.
      this.readNow();
    });
    this.#shownControl = { id, control };
    return control;
  }
}
