import { EventEmitter } from 'node:events';
import {
  type Body,
  decodeTeds,
  formatHex,
  Ieee1451Error,
  type PayloadEncoding,
  parseHex,
  parseNumber,
  type Sample,
  tedsClassCode,
  tedsClassName,
  tedsValue,
} from '@thingward/ieee1451';
import { encodeUtf8 } from '@thingward/xml';
import type {
  ChannelKind,
  ChannelReading,
  NcapChannel,
  NcapTim,
  TransducerEvents,
  TransducerServices,
} from '../transducer-services.ts';
import type { NetworkLink } from './network-link.ts';

const MAX_TIMS = 100;
const MAX_CHANNELS = 500;
const MAX_TEDS_OCTETS = 65_536;
const KINDS: ReadonlySet<string> = new Set(['sensor', 'actuator', 'event-sensor']);

export interface MqttNcapOptions {
  readonly id: string;
  readonly name: string;
  readonly topic: string;
  /** As it writes its own messages. */
  readonly encoding: PayloadEncoding;
  readonly link: NetworkLink;
}

/**
 * An NCAP on a broker, with its TIMs: it is asked with network messages of 1451.0-2024. The layout of those that write is not public,
 * so that its actuators can be seen and not set.
 */
export class MqttNcap extends EventEmitter<TransducerEvents> implements TransducerServices {
  readonly id: string;
  readonly name: string;
  readonly topic: string;
  readonly #encoding: PayloadEncoding;
  readonly #link: NetworkLink;
  #tims: readonly NcapTim[] = [];

  constructor({ id, name, topic, encoding, link }: MqttNcapOptions) {
    super();
    this.id = id;
    this.name = name;
    this.topic = topic;
    this.#encoding = encoding;
    this.#link = link;
  }

  get tims(): readonly NcapTim[] {
    return this.#tims;
  }

  /** Asks what there is now. What does not answer is taken for gone. @throws Ieee1451Error when the NCAP itself does not answer */
  async refresh(signal: AbortSignal): Promise<void> {
    const { tims = [], names = [] } = await this.#ask('tim-discovery', {}, signal);
    const ids = (tims as readonly string[]).slice(0, MAX_TIMS);
    const found: NcapTim[] = [];
    for (const [i, id] of ids.entries()) {
      if (found.some((tim) => tim.id === id)) continue;
      const name = (names as readonly string[])[i] || `TIM ${i + 1}`;
      const node = { nodeId: `${this.id}/${id}` };
      const channels = await this.#channels(id, signal);
      found.push({ id, name, node, isPresent: channels !== undefined, channels: channels ?? [] });
    }
    const before = new Map(this.#tims.map((tim) => [tim.id, tim]));
    this.#tims = found;
    for (const tim of found) {
      const earlier = before.get(tim.id);
      before.delete(tim.id);
      if (JSON.stringify(earlier) === JSON.stringify(tim)) continue;
      if (tim.isPresent) this.emit('joined', tim);
      else if (earlier?.isPresent) this.emit('left', tim, 'it does not answer');
    }
    for (const gone of before.values()) this.emit('left', gone, 'its NCAP does not name it any more');
  }

  async read(timId: string, channel: number, signal: AbortSignal): Promise<ChannelReading> {
    const reply = await this.#ask(
      'read-sample',
      { timId, channelId: channel, samplingMode: 'immediate', timeoutSeconds: '5' },
      signal,
    );
    const milliseconds = Number(reply.seconds) * 1000 + Math.floor(Number(reply.nanoseconds) / 1e6);
    // An NCAP without a clock says 1970.
    const time = milliseconds > 0 && milliseconds < 8.64e15 ? new Date(milliseconds) : new Date();
    return { samples: samplesOf(String(reply.value)), time };
  }

  async write(): Promise<void> {
    throw new Ieee1451Error('refused', 'the layout of the network message that writes a sample is not public');
  }

  async readTeds(
    timId: string,
    channel: number,
    accessCode: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const octets: number[] = [];
    for (;;) {
      const segment = await this.#tedsSegment(timId, channel, accessCode, octets.length, signal);
      if (!segment || segment.length === 0) break;
      octets.push(...segment);
      if (octets.length > MAX_TEDS_OCTETS) throw new Ieee1451Error('malformed-teds', 'the TEDS does not end');
      if (octets.length >= 4 && octets.length >= 4 + lengthOf(octets)) break;
    }
    return octets.length === 0 ? undefined : Uint8Array.from(octets);
  }

  async writeTeds(): Promise<void> {
    throw new Ieee1451Error('refused', 'the layout of the network message that writes a TEDS is not public');
  }

  /** Undefined when the TIM does not answer. */
  async #channels(timId: string, signal: AbortSignal): Promise<readonly NcapChannel[] | undefined> {
    try {
      const { channels = [], names = [] } = await this.#ask('channel-discovery', { timId }, signal);
      const numbers = [...new Set(channels as readonly number[])].filter((number) => number > 0).slice(0, MAX_CHANNELS);
      const known = this.#tims.find(({ id }) => id === timId)?.channels ?? [];
      const found: NcapChannel[] = [];
      for (const number of numbers) {
        const place = (channels as readonly number[]).indexOf(number);
        const name = (names as readonly string[])[place] || `Channel ${number}`;
        const kind =
          known.find((channel) => channel.number === number)?.kind ?? (await this.#kindOf(timId, number, signal));
        found.push({ number, name, kind, node: { nodeId: `${this.id}/${timId}/${number}` } });
      }
      return found;
    } catch (error) {
      if (error instanceof Ieee1451Error && (error.code === 'no-answer' || error.code === 'refused')) return undefined;
      throw error;
    }
  }

  /** As its TEDS says; a channel without one is read, and can't be set anyway. */
  async #kindOf(timId: string, channel: number, signal: AbortSignal): Promise<ChannelKind> {
    try {
      const octets = await this.readTeds(timId, channel, tedsClassCode('transducer-channel') as number, signal);
      const kind = octets && tedsValue(decodeTeds(octets, { keepChecksum: true }), 'channelType');
      return typeof kind === 'string' && KINDS.has(kind) ? (kind as ChannelKind) : 'sensor';
    } catch (error) {
      if (error instanceof Ieee1451Error) return 'sensor';
      throw error;
    }
  }

  async #tedsSegment(
    timId: string,
    channelId: number,
    accessCode: number,
    offset: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const teds = tedsClassName(accessCode);
    try {
      const reply = await this.#ask('read-teds', { timId, channelId, teds, offset, timeoutSeconds: '5' }, signal);
      return parseHex(String(reply.tedsOctets));
    } catch (error) {
      // That is how it says that there is none.
      if (error instanceof Ieee1451Error && error.code === 'refused' && offset === 0) return undefined;
      throw error;
    }
  }

  #ask(service: string, body: Body, signal: AbortSignal): Promise<Body> {
    return this.#link.ask(this.topic, this.#encoding, service, { ncapId: this.id, ...body }, signal);
  }
}

function lengthOf(octets: readonly number[]): number {
  return octets.slice(0, 4).reduce((length, octet) => length * 256 + octet, 0);
}

/** Numbers where there are nothing but numbers; otherwise the octets of the text. */
function samplesOf(text: string): readonly Sample[] {
  const numbers = text.split(/[\s,;]+/).map(parseNumber);
  if (numbers.every((number) => number !== undefined)) return numbers;
  return [formatHex(encodeUtf8(text))];
}
