import { EventEmitter } from 'node:events';
import { decodeSamples, encodeSamples, formatHex, Ieee1451Error, parseHex, type Sample } from '@thingward/ieee1451';
import type { RequestOptions, TimClient } from '@thingward/ieee1451/tim';
import { pause } from '@thingward/things';
import { CircuitBreaker } from '../drivers/circuit-breaker.ts';
import type { DescribedChannel, TimDescription } from './tim-description.ts';
import { instantOf } from './time-instance.ts';
import type { ChannelReading } from './transducer-services.ts';

/** A TIM whose clock is off by more is not believed. */
const MAX_CLOCK_ERROR_MS = 86_400_000;
/** Octets of a TEDS in one command. */
const TEDS_SEGMENT_OCTETS = 1024;
/** Octets of an offset in front of what a TIM tells by itself. */
const OFFSET_OCTETS = 4;
const READ_DATA_SET = { commandClass: 3, commandFunction: 1 } as const;

export interface TimSessionOptions {
  readonly client: TimClient;
  readonly description: TimDescription;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** Samples of a data set, where a channel has a buffer. */
  readonly samples: number;
  readonly clock: () => Date;
}

/** What an NCAP does with a TIM as long as it is there. A TIM that does not answer is left alone for a growing while. */
export class TimSession extends EventEmitter<{ event: [channel: DescribedChannel, reading: ChannelReading] }> {
  readonly description: TimDescription;
  readonly #options: TimSessionOptions;
  readonly #client: TimClient;
  readonly #channels: ReadonlyMap<number, DescribedChannel>;
  readonly #breaker = new CircuitBreaker();

  constructor(options: TimSessionOptions) {
    super();
    this.#options = options;
    this.#client = options.client;
    this.description = options.description;
    this.#channels = new Map(options.description.channels.map((channel) => [channel.number, channel]));
    this.#client.on('message', ({ channel, commandClass, commandFunction, body }) => {
      if (commandClass !== READ_DATA_SET.commandClass || commandFunction !== READ_DATA_SET.commandFunction) return;
      const from = this.#channels.get(channel);
      const octets = parseHex(String(body.octets ?? ''));
      if (from?.definition && octets) this.#told(from, octets.subarray(OFFSET_OCTETS));
    });
  }

  /** Sets the channels to work. What one refuses does not keep others from it. @throws Ieee1451Error `no-answer`, `not-connected` */
  async begin(): Promise<void> {
    for (const channel of this.#channels.values()) {
      const { number, kind } = channel;
      const repetitions = this.#repetitionsOf(channel);
      if (repetitions > 0) {
        await this.#unlessRefused(number, 'idle');
        await this.#unlessRefused(number, 'set-data-repetition-count', { count: repetitions });
      }
      if (kind === 'event-sensor') {
        await this.#unlessRefused(number, 'write-status-event-protocol-state', { enabled: true });
      }
      await this.#unlessRefused(number, 'operate');
    }
  }

  /** @throws Ieee1451Error `no-answer`, `not-connected`, `refused`, `malformed-teds` where its TEDS does not say how it is read */
  async read(number: number, signal: AbortSignal): Promise<ChannelReading> {
    const channel = this.#channel(number);
    const { definition, needsTrigger, samplingPeriod, setupTime } = channel;
    if (!definition) {
      throw new Ieee1451Error('malformed-teds', `${channel.name}: its TEDS does not say how it is read`);
    }
    const repetitions = this.#repetitionsOf(channel);
    return this.#spokenTo(async (options) => {
      let sampledAt: number | undefined;
      if (needsTrigger || repetitions > 0) {
        await this.#client.request(number, 'trigger', {}, options);
        sampledAt = this.#now();
        // One period more: the last sample is taken at the end of the one before.
        await pause(1000 * (setupTime + samplingPeriod * (repetitions + 1)), signal);
      }
      const sentAt = this.#now();
      const octets = await this.#client.readDataSet(number, definition.octets * (repetitions + 1), options);
      const samples = decodeSamples(octets, definition);
      if (samples.length === 0) throw new Ieee1451Error('refused', `${channel.name} has no sample`);
      return { samples, time: await this.#timeOf(channel, { sampledAt, sentAt }, options) };
    }, signal);
  }

  /** @returns the status-condition register. @throws as `read` */
  async readCondition(number: number, signal: AbortSignal): Promise<number> {
    return this.#spokenTo(async (options) => {
      const { register } = await this.#client.request(number, 'read-status-condition-register', {}, options);
      return Number(register);
    }, signal);
  }

  /** Sends it once. @throws as `read`, `limit-exceeded`, `outcome-unknown` */
  async write(number: number, samples: readonly Sample[], signal: AbortSignal): Promise<void> {
    const channel = this.#channel(number);
    if (channel.kind !== 'actuator') throw new Ieee1451Error('refused', `${channel.name} is no actuator`);
    if (!channel.definition) {
      throw new Ieee1451Error('malformed-teds', `${channel.name}: its TEDS does not say how it is set`);
    }
    for (const sample of samples) checkLimits(channel, sample);
    const octets = encodeSamples(samples, channel.definition);
    await this.#spokenTo(async (options) => {
      const body = { offset: 0, octets: formatHex(octets) };
      await this.#client.request(number, 'write-data-set-segment', body, options);
      if (channel.needsTrigger) await this.#client.request(number, 'trigger', {}, options);
    }, signal);
  }

  async readTeds(number: number, accessCode: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#spokenTo((options) => this.#client.readTedsOctets(number, accessCode, options), signal);
  }

  async writeTeds(number: number, octets: Uint8Array, accessCode: number, signal: AbortSignal): Promise<void> {
    await this.#spokenTo(async (options) => {
      for (let offset = 0; offset < octets.length; offset += TEDS_SEGMENT_OCTETS) {
        const segment = formatHex(octets.subarray(offset, offset + TEDS_SEGMENT_OCTETS));
        await this.#client.request(number, 'write-teds-segment', { accessCode, offset, octets: segment }, options);
      }
      await this.#client.request(number, 'update-teds', { accessCode }, options);
    }, signal);
  }

  #now(): number {
    return this.#options.clock().getTime();
  }

  #repetitionsOf({ maximumRepetitions, kind }: DescribedChannel): number {
    return kind === 'sensor' ? Math.min(maximumRepetitions, this.#options.samples - 1) : 0;
  }

  #channel(number: number): DescribedChannel {
    const channel = this.#channels.get(number);
    if (!channel) throw new Ieee1451Error('refused', `${this.description.name} has no channel ${number}`);
    return channel;
  }

  /** When the first sample was taken, as far as the channel's TEDS says how that can be known; else when it came. */
  async #timeOf(
    { number, timeSource, incomingDelay, outgoingDelay }: DescribedChannel,
    { sampledAt, sentAt }: { readonly sampledAt: number | undefined; readonly sentAt: number },
    options: RequestOptions,
  ): Promise<Date> {
    const now = this.#now();
    if (timeSource === 'time-of-day-sensor') {
      const told = await this.#clockOf(number, options);
      if (told && Math.abs(told.getTime() - now) <= MAX_CLOCK_ERROR_MS) return told;
    }
    if (timeSource === 'incoming') return new Date((sampledAt ?? sentAt) + 1000 * incomingDelay);
    if (sampledAt !== undefined) return new Date(sampledAt);
    return new Date(timeSource === 'outgoing' ? now - 1000 * outgoingDelay : now);
  }

  /** The time of the last sample, from the channel of the same group that tells it. */
  async #clockOf(number: number, options: RequestOptions): Promise<Date | undefined> {
    const group = this.description.groups.find((members) => members.includes(number)) ?? [];
    const clock = group.map((member) => this.#channels.get(member)).find(isClock);
    if (!clock?.definition) return undefined;
    return instantOf(await this.#client.readDataSet(clock.number, clock.definition.octets, options));
  }

  #told(channel: DescribedChannel, octets: Uint8Array): void {
    try {
      const samples = channel.definition ? decodeSamples(octets, channel.definition) : [];
      if (samples.length > 0) this.emit('event', channel, { samples, time: this.#options.clock() });
    } catch (error) {
      // It has told something that is no sample of it.
      if (!(error instanceof Ieee1451Error)) throw error;
    }
  }

  async #unlessRefused(number: number, command: string, body = {}): Promise<void> {
    try {
      await this.#client.request(number, command, body, { timeoutMs: this.#options.timeoutMs });
    } catch (error) {
      if (!(error instanceof Ieee1451Error && error.code === 'refused')) throw error;
    }
  }

  async #spokenTo<T>(work: (options: RequestOptions) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { remainingMs } = this.#breaker;
    if (remainingMs > 0) {
      const seconds = Math.ceil(remainingMs / 1000);
      throw new Ieee1451Error('no-answer', `the TIM has not answered; it is asked again in ${seconds} s`);
    }
    try {
      const done = await work({ timeoutMs: this.#options.timeoutMs, signal });
      this.#breaker.succeeded();
      return done;
    } catch (error) {
      const isSilence =
        error instanceof Ieee1451Error && (error.code === 'no-answer' || error.code === 'outcome-unknown');
      if (isSilence && !signal.aborted) this.#breaker.failed();
      else if (error instanceof Ieee1451Error && error.code === 'refused') this.#breaker.succeeded();
      throw error;
    }
  }
}

function isClock(channel: DescribedChannel | undefined): boolean {
  return channel?.definition?.dataModel === 'time-instance';
}

/** @throws Ieee1451Error `limit-exceeded` */
function checkLimits({ name, lowLimit, highLimit }: DescribedChannel, sample: Sample): void {
  if (typeof sample !== 'number') return;
  const isWithin = !(lowLimit !== undefined && sample < lowLimit) && !(highLimit !== undefined && sample > highLimit);
  if (isWithin) return;
  throw new Ieee1451Error(
    'limit-exceeded',
    `${name}: ${sample} is not from ${lowLimit ?? '-INF'} to ${highLimit ?? 'INF'}`,
  );
}
