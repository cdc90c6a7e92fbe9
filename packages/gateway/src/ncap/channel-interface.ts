import {
  decodeTeds,
  Ieee1451Error,
  type PhysicalUnits,
  type Teds,
  tedsClassCode,
  tedsValue,
  unitsToUcum,
} from '@thingward/ieee1451';
import type { TransducerInterface } from '@thingward/ieee1451/mcap';
import type { NcapChannel, NcapTim, TransducerServices } from './transducer-services.ts';

/** What is asked for: of a TIM, and of a channel. Those that are not there are left out. */
const TIM_TEDS = ['meta', 'transducer-name', 'phy', 'meta-identification', 'location-and-title'];
const CHANNEL_TEDS = [
  'transducer-channel',
  'transducer-name',
  'calibration',
  'channel-identification',
  'location-and-title',
];

/** What a TransducerChannel TEDS says of a channel, in the words of the exchange of the interface. */
export type Described = Pick<TransducerInterface, 'unit' | 'min' | 'max' | 'uncertainty'>;

/** Reads TEDS of TIMs, once for as long as a TIM stays. */
export class TedsReader {
  readonly #transducers: TransducerServices;
  readonly #known = new Map<string, readonly Teds[]>();

  constructor(transducers: TransducerServices) {
    this.#transducers = transducers;
  }

  /** A TIM is another, or a TEDS was written. */
  forget(timId: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${timId} `)) this.#known.delete(key);
  }

  /** @param channel 0: of the TIM. @throws Ieee1451Error `not-connected`, `no-answer`, `refused` */
  async read(timId: string, channel: number, signal: AbortSignal): Promise<readonly Teds[]> {
    const key = `${timId} ${channel}`;
    const known = this.#known.get(key);
    if (known) return known;
    const found: Teds[] = [];
    for (const name of channel === 0 ? TIM_TEDS : CHANNEL_TEDS) {
      const accessCode = tedsClassCode(name);
      const octets =
        accessCode === undefined ? undefined : await this.#transducers.readTeds(timId, channel, accessCode, signal);
      const teds = octets && decodedTeds(octets);
      if (teds) found.push(teds);
    }
    this.#known.set(key, found);
    return found;
  }

  /** Unit and range of a channel. @throws as `read` */
  async describe(timId: string, channel: number, signal: AbortSignal): Promise<Described> {
    const teds = await this.read(timId, channel, signal);
    const described = teds.find(({ tedsClass }) => tedsClass === tedsClassCode('transducer-channel'));
    return described ? describeChannel(described) : {};
  }
}

/** @see IEEE 1451.0-2007 §8.5 */
export function describeChannel(teds: Teds): Described {
  const units = tedsValue(teds, 'physicalUnits') as PhysicalUnits | undefined;
  const unit = units && unitsToUcum(units);
  const number = (name: string) => {
    const value = tedsValue(teds, name);
    return typeof value === 'number' && !Number.isNaN(value) ? value : undefined;
  };
  const [min, max, uncertainty] = [number('lowLimit'), number('highLimit'), number('worstCaseUncertainty')];
  return {
    ...(unit === undefined ? {} : { unit }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(uncertainty === undefined ? {} : { uncertainty }),
  };
}

/** The channel of a TIM. */
export function channelOf(tim: NcapTim, number: number): NcapChannel | undefined {
  return tim.channels.find((channel) => channel.number === number);
}

/** A TEDS that can't be understood is left out: what can be done with a channel does not depend on it. */
function decodedTeds(octets: Uint8Array): Teds | undefined {
  try {
    return decodeTeds(octets, { keepChecksum: true });
  } catch (error) {
    if (error instanceof Ieee1451Error) return undefined;
    throw error;
  }
}
