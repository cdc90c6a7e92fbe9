import type { EventEmitter } from 'node:events';
import type { Sample } from '@thingward/ieee1451';
import type { NodeReference } from '@thingward/things';

/** What a channel does. @see IEEE 1451.0-2007, TransducerChannel TEDS, field 11 */
export type ChannelKind = 'sensor' | 'actuator' | 'event-sensor';

/** One TransducerChannel of a TIM. */
export interface NcapChannel {
  /** From 1. */
  readonly number: number;
  /** For people. */
  readonly name: string;
  readonly kind: ChannelKind;
  /** Where it is a Thing: behind the NCAP's account. */
  readonly node: NodeReference;
}

/** A TIM that is connected, or was. */
export interface NcapTim {
  /** UUID of its Meta-TEDS, 8-4-4-4-12 hexadecimal digits. */
  readonly id: string;
  /** From its user's transducer name TEDS where it has one. */
  readonly name: string;
  readonly node: NodeReference;
  readonly isPresent: boolean;
  readonly channels: readonly NcapChannel[];
}

/** What a channel gave: its data set, and when it was taken. */
export interface ChannelReading {
  readonly samples: readonly Sample[];
  readonly time: Date;
}

/** What TIMs do by themselves. */
export interface TransducerEvents {
  /** A TIM joined, or came back. */
  joined: [tim: NcapTim];
  /** A TIM left, or was lost. */
  left: [tim: NcapTim, reason: string];
  /** A channel told something by itself. */
  event: [tim: NcapTim, channel: NcapChannel, reading: ChannelReading];
}

/**
 * The TIMs of an NCAP, as applications see them: the Transducer Services of IEEE 1451.0 below, what the network services stand on above.
 * Who may do what is decided before.
 */
export interface TransducerServices extends EventEmitter<TransducerEvents> {
  /** UUID of the NCAP, the same after a restart. */
  readonly id: string;
  readonly name: string;
  readonly tims: readonly NcapTim[];
  /** @throws Ieee1451Error `not-connected`, `no-answer`, `refused` */
  read(timId: string, channel: number, signal: AbortSignal): Promise<ChannelReading>;
  /** Sets an actuator, once. @throws Ieee1451Error as `read`, `limit-exceeded` for a value it can't hold, `outcome-unknown` */
  write(timId: string, channel: number, samples: readonly Sample[], signal: AbortSignal): Promise<void>;
  /** Octets of a TEDS of a channel, or of the TIM (channel 0), with length and checksum; undefined when there is none. @throws as `read` */
  readTeds(timId: string, channel: number, accessCode: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Writes a TEDS and has it applied. @throws as `write` */
  writeTeds(timId: string, channel: number, octets: Uint8Array, signal: AbortSignal): Promise<void>;
}
