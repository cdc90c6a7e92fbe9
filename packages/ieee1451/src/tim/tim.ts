import { EventEmitter } from 'node:events';
import type { Body } from '../body.ts';
import { Ieee1451Error } from '../error.ts';
import { type ModuleCommand, moduleCommand } from '../module/commands.ts';
import { decodeCommand, encodeCommand, encodeReply, TIM_ADDRESS } from '../module/message.ts';
import type { TimState } from '../module/status.ts';
import { concatOctets, formatHex, sameOctets, unsignedOctets } from '../octets.ts';
import { META_CLASS } from '../teds/classes.ts';
import { decodeTeds, tedsValue } from '../teds/teds.ts';
import { NIL_UUID } from '../uuid.ts';
import type { TimChannel } from './channel.ts';
import { ChannelSettings } from './channel-settings.ts';
import { TedsStore } from './teds-store.ts';

export interface TimOptions {
  /** The octets of the TIM's own TEDS by access code. */
  readonly teds: ReadonlyMap<number, Uint8Array>;
  /** Channels 1, 2 and so on. */
  readonly channels: readonly TimChannel[];
  /** Seconds, always growing. */
  readonly clock: () => number;
  /** The most octets of a segment in a reply; 1024 when not given. */
  readonly segmentOctets?: number;
}

/** A reply, or undefined when the command fails. */
type Answer = Body | undefined;

interface Target {
  readonly channel: TimChannel | undefined;
  readonly settings: ChannelSettings;
  readonly teds: TedsStore;
}

const READ_DATA_SET = { commandClass: 3, commandFunction: 1 } as const;
const CLASS = { idle: 2, operate: 3, sleep: 5, active: 6, any: 7 } as const;

/**
 * A Transducer Interface Module: what it answers to the commands of an NCAP, and what it tells by itself (`message`, the octets of it). A command
 * in the wrong state fails. @see IEEE 1451.0-2007 §5, §7
 */
export class Tim extends EventEmitter<{ message: [Uint8Array] }> {
  readonly #targets: readonly Target[];
  readonly #clock: () => number;
  readonly #segmentOctets: number;
  readonly #meta: Uint8Array | undefined;
  #state: TimState = 'active';

  constructor({ teds, channels, clock, segmentOctets = 1024 }: TimOptions) {
    super();
    this.#clock = clock;
    this.#meta = teds.get(META_CLASS);
    this.#segmentOctets = segmentOctets;
    this.#targets = [undefined, ...channels].map((channel) => ({
      channel,
      settings: new ChannelSettings(),
      teds: new TedsStore(channel?.teds ?? teds),
    }));
  }

  get state(): TimState {
    return this.#state;
  }

  /** Of its Meta-TEDS; that of nobody where the Meta-TEDS can't be read. */
  get uuid(): string {
    const octets = this.#meta;
    try {
      const uuid = octets && tedsValue(decodeTeds(octets, { keepChecksum: true }), 'uuid');
      return typeof uuid === 'string' ? uuid : NIL_UUID;
    } catch (error) {
      if (error instanceof Ieee1451Error) return NIL_UUID;
      throw error;
    }
  }

  /** @returns the octets of the reply; undefined when there is none. @throws Ieee1451Error `malformed-message` for what is no command */
  receive(octets: Uint8Array): Uint8Array | undefined {
    const { channel, commandClass, commandFunction, body } = decodeCommand(octets);
    const command = moduleCommand(commandClass, commandFunction);
    const isAwake = this.#state === 'active' || commandClass === CLASS.sleep || commandClass === CLASS.any;
    if (!isAwake) return undefined;
    const target = this.#targets[channel];
    const answer = command && target ? this.#perform(command, target, body) : undefined;
    if (command?.reply === 'none') return undefined;
    if (!answer) return encodeReply({ flag: 0, body: {} });
    return encodeReply({ flag: 1, body: answer }, command);
  }

  /** Looks whether something has happened that it tells by itself. To be called now and then. */
  step(): void {
    for (const [address, { channel, settings }] of this.#targets.entries()) {
      if (channel?.kind !== 'event-sensor') continue;
      const now = channel.sample(this.#clock());
      const { lastEvent } = settings;
      settings.lastEvent = now;
      const isNews = lastEvent !== undefined && !sameOctets(lastEvent, now);
      if (!isNews || !settings.isOperating || !settings.tellsEvents || this.#state !== 'active') continue;
      const octets = formatHex(concatOctets([unsignedOctets(0, 4, 'offset'), now]));
      this.emit('message', encodeCommand({ channel: address, ...READ_DATA_SET, body: { octets } }));
    }
  }

  #perform(command: ModuleCommand, target: Target, body: Body): Answer {
    // What the table could not read is nothing to be done.
    if ('octets' in body && !command.arguments.some((field) => 'name' in field && field.name === 'octets'))
      return undefined;
    const { settings } = target;
    const isOfChannels = command.commandClass >= CLASS.idle && command.commandClass < CLASS.sleep;
    if (isOfChannels && !target.channel) return undefined;
    if (command.commandClass === CLASS.idle && settings.isOperating) return undefined;
    if (command.commandClass === CLASS.operate && !settings.isOperating) return undefined;
    if (command.commandClass === CLASS.sleep || command.commandClass >= CLASS.active)
      return this.#performOnTim(command, target);
    return (
      target.teds.perform(command.name, body, this.#segmentOctets) ??
      this.#performOnData(command.name, target, body) ??
      settings.perform(command.name, body, target.channel?.maximumRepetitions ?? 0)
    );
  }

  #performOnTim({ name }: ModuleCommand, target: Target): Answer {
    if (target !== this.#targets[TIM_ADDRESS]) return undefined;
    if (name === 'reset') {
      this.#state = 'active';
      for (const { settings } of this.#targets) settings.reset();
      return {};
    }
    if (name === 'read-tim-version') return { octets: '0001' };
    if (name === 'read-ieee-1451.0-version') return { octets: '02' };
    if (name !== 'sleep' && name !== 'wake-up') return undefined;
    if ((name === 'wake-up') !== (this.#state === 'sleep')) return undefined;
    this.#state = name === 'sleep' ? 'sleep' : 'active';
    return {};
  }

  #performOnData(name: string, { channel, settings }: Target, body: Body): Answer {
    if (!channel) return undefined;
    const now = this.#clock();
    switch (name) {
      case 'trigger':
        if (channel.kind === 'actuator' || !settings.triggerEnabled) return undefined;
        settings.triggeredAt = now;
        return {};
      case 'read-status-condition-register':
        return channel.condition && { register: channel.condition() };
      case 'abort-trigger':
        settings.triggeredAt = undefined;
        return {};
      case 'read-data-set-segment': {
        const offset = Number(body.offset);
        const dataSet = this.#dataSet(channel, settings, now);
        if (offset > dataSet.length) return undefined;
        return { offset, octets: formatHex(dataSet.subarray(offset, offset + this.#segmentOctets)) };
      }
      case 'write-data-set-segment': {
        if (Number(body.offset) !== 0 || !channel.actuate) return undefined;
        return channel.actuate(Buffer.from(String(body.octets), 'hex')) ? {} : undefined;
      }
      default:
        return undefined;
    }
  }

  /** After a trigger the samples that have been taken since; without one a sample of now. */
  #dataSet(channel: TimChannel, { triggeredAt, repetitions }: ChannelSettings, now: number): Uint8Array {
    if (triggeredAt === undefined) return channel.sample(now);
    const period = channel.samplingPeriod;
    const taken = period > 0 ? Math.floor((now - triggeredAt) / period) + 1 : repetitions + 1;
    const count = Math.min(taken, repetitions + 1);
    return concatOctets(Array.from({ length: count }, (_, i) => channel.sample(triggeredAt + i * period)));
  }
}
