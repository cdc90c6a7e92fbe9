import {
  decodeTeds,
  formatHex,
  Ieee1451Error,
  type Teds,
  tedsClassCode,
  tedsClassName,
  tedsToJson,
  tedsValue,
} from '@thingward/ieee1451';
import type { RequestOptions, TimClient } from '@thingward/ieee1451/tim';
import { type ChannelDescription, channelProblems, describeChannel, UNKNOWN_CHANNEL } from './channel-description.ts';
import { timId } from './tim-id.ts';

/** Something a TIM says of itself in text. */
export interface TedsText {
  /** Name of the class of TEDS. */
  readonly teds: string;
  readonly text: string;
}

/** What is wrong with a TEDS: which, where and why, for people. */
export type TedsTrouble = string;

export interface DescribedChannel extends ChannelDescription {
  readonly number: number;
  /** The user's name, or `Channel` and its number. */
  readonly name: string;
  readonly texts: readonly TedsText[];
  readonly troubles: readonly TedsTrouble[];
}

/** What a TIM says of itself in its TEDS. */
export interface TimDescription {
  /** 8-4-4-4-12 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly channels: readonly DescribedChannel[];
  /** Channels whose values belong together, among them the one that tells the time of the others. */
  readonly groups: readonly (readonly number[])[];
  /** Milliseconds that it may take to answer, where it says so. */
  readonly timeoutMs: number | undefined;
  readonly texts: readonly TedsText[];
  readonly troubles: readonly TedsTrouble[];
  /** Equal for equal TEDS. */
  readonly fingerprint: string;
}

const META = 1;
const CHANNEL = 3;
const NAME = 12;
/** Texts that say what a TIM or a channel is. */
const TIM_TEXTS = ['meta-identification', 'location-and-title', 'geographic-location'];
const CHANNEL_TEXTS = ['channel-identification', 'calibration-identification'];
const MAX_NAME_CHARACTERS = 100;
const MAX_TEXT_CHARACTERS = 1000;
/** What a TIM has more is not looked at. */
export const MAX_CHANNELS = 1024;

/** Reads the TEDS of a TIM and its channels. What is wrong in them is told, not thrown. */
export class TimReader {
  readonly #client: TimClient;
  readonly #options: RequestOptions;
  readonly #octets: string[] = [];

  constructor(client: TimClient, options: RequestOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** @param uuid that it has told. @throws Ieee1451Error `no-answer`, `not-connected`, `refused` when its Meta-TEDS has another */
  async describe(uuid: string): Promise<TimDescription> {
    const troubles: TedsTrouble[] = [];
    const meta = await this.#teds(0, META, troubles, { keepChecksum: true });
    if (!meta && troubles.length === 0) troubles.push('there is no meta TEDS');
    const stated = meta && tedsValue(meta, 'uuid');
    if (meta && meta.checksum === undefined && typeof stated === 'string' && timId(stated) !== timId(uuid)) {
      throw new Ieee1451Error('refused', `a TIM that says it is ${uuid} has the Meta-TEDS of ${stated}`);
    }
    const count = Math.min(Number((meta && tedsValue(meta, 'channels')) ?? 0), MAX_CHANNELS);
    const timeout = meta && tedsValue(meta, 'operationalTimeout');
    const name = await this.#name(0, troubles);
    const texts = await this.#texts(0, TIM_TEXTS, troubles);
    const channels: DescribedChannel[] = [];
    for (let number = 1; number <= count; number++) channels.push(await this.#channel(number));
    return {
      id: timId(uuid),
      name: name ?? `TIM ${timId(uuid)}`,
      channels,
      groups: meta ? groupsOf(meta) : [],
      timeoutMs: typeof timeout === 'number' && timeout > 0 ? timeout * 1000 : undefined,
      texts,
      troubles,
      fingerprint: this.#octets.join(' '),
    };
  }

  async #channel(number: number): Promise<DescribedChannel> {
    const troubles: TedsTrouble[] = [];
    const teds = await this.#teds(number, CHANNEL, troubles);
    if (teds) troubles.push(...channelProblems(teds).map((problem) => `transducer-channel TEDS: ${problem}`));
    else if (troubles.length === 0) troubles.push('there is no transducer-channel TEDS');
    const name = await this.#name(number, troubles);
    const texts = await this.#texts(number, CHANNEL_TEXTS, troubles);
    const description = teds ? describeChannel(teds) : UNKNOWN_CHANNEL;
    return { ...description, number, name: name ?? `Channel ${number}`, texts, troubles };
  }

  async #name(channel: number, troubles: TedsTrouble[]): Promise<string | undefined> {
    const teds = await this.#teds(channel, NAME, troubles);
    const content = teds && tedsValue(teds, 'content');
    return typeof content === 'string' ? content.trim().slice(0, MAX_NAME_CHARACTERS) || undefined : undefined;
  }

  async #texts(channel: number, classes: readonly string[], troubles: TedsTrouble[]): Promise<readonly TedsText[]> {
    const texts: TedsText[] = [];
    for (const name of classes) {
      const code = tedsClassCode(name) as number;
      const teds = await this.#teds(channel, code, troubles);
      const text = teds && textOf(teds);
      if (text) texts.push({ teds: name, text: text.slice(0, MAX_TEXT_CHARACTERS) });
    }
    return texts;
  }

  async #teds(
    channel: number,
    code: number,
    troubles: TedsTrouble[],
    { keepChecksum = false } = {},
  ): Promise<Teds | undefined> {
    const octets = await this.#read(channel, code, troubles);
    if (!octets) return undefined;
    try {
      const teds = decodeTeds(octets, { keepChecksum });
      if (teds.checksum !== undefined) {
        troubles.push(`${tedsClassName(code)} TEDS: the checksum is wrong (at octet ${octets.length - 2})`);
      }
      return teds;
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
      troubles.push(`${tedsClassName(code)} TEDS: ${error.message}`);
      return undefined;
    }
  }

  /** A TEDS that the TIM refuses to give is one that it does not have. */
  async #read(channel: number, code: number, troubles: TedsTrouble[]): Promise<Uint8Array | undefined> {
    try {
      const octets = await this.#client.readTedsOctets(channel, code, this.#options);
      this.#octets.push(octets ? formatHex(octets) : '-');
      return octets;
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
      if (error.code === 'refused') return undefined;
      if (error.code !== 'malformed-teds') throw error;
      troubles.push(`${tedsClassName(code)} TEDS: ${error.message}`);
      return undefined;
    }
  }
}

function groupsOf({ fields }: Teds): readonly (readonly number[])[] {
  return fields.flatMap((field) => {
    if (field.name !== 'vectorGroup' && field.name !== 'controlGroup') return [];
    const members = 'value' in field ? tedsValue({ fields: field.value as Teds['fields'] }, 'members') : undefined;
    return Array.isArray(members) ? [members as number[]] : [];
  });
}

/** What of a TEDS can be read as text: its layout is in no public source. */
function textOf(teds: Teds): string | undefined {
  const texts = (tedsToJson(teds).fields as readonly { readonly text?: string }[]).flatMap(({ text }) => text ?? []);
  return texts.join(' ').trim() || undefined;
}
