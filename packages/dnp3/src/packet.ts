import { Dnp3Error } from './error.ts';
import { decodeFragment, encodeFragment, type Fragment } from './fragment.ts';
import { carriesSegment, decodeLinkFrame, encodeLinkFrame, type LinkControl, type LinkFrame } from './link-frame.ts';
import { concatOctets } from './octets.ts';
import { decodeSegmentHeader, encodeSegmentHeader, MAX_SEGMENT_OCTETS, type SegmentHeader } from './transport.ts';

/**
 * The frames that belong together: those that carry one fragment, or one frame that carries none. Every octet of the frames can be made of
 * it again.
 */
export interface Packet {
  readonly destination: number;
  readonly source: number;
  /** One at least. */
  readonly frames: readonly PacketFrame[];
  /** What they carry: a whole fragment. */
  readonly fragment?: Fragment | undefined;
  /** What they carry where it is no whole fragment. */
  readonly raw?: Uint8Array | undefined;
}

/** A frame without what it carries. */
export interface PacketFrame {
  readonly control: LinkControl;
  /** Of frames with user data. */
  readonly segment?: SegmentHeader | undefined;
  /** Octets it carries, beside the header of the segment. */
  readonly octets: number;
}

/** Puts the frames of one direction of one connection together to packets. Nothing is lost: what does not fit together comes out as it is. */
export class PacketAssembler {
  readonly #maxFragmentOctets: number;
  #waiting: LinkFrame[] = [];
  #octets = 0;

  /** @param maxFragmentOctets longer fragments are given in pieces, as `raw`; 2048 when not given */
  constructor(maxFragmentOctets = 2048) {
    this.#maxFragmentOctets = maxFragmentOctets;
  }

  /** The packets that are whole now, in the order of their frames. */
  push(frame: LinkFrame): readonly Packet[] {
    const segment = segmentOf(frame);
    const packets: Packet[] = [];
    if (!segment || !this.#continues(frame, segment)) packets.push(...this.flush());
    if (!segment || (!segment.first && this.#waiting.length === 0)) return [...packets, rawPacket(frame)];
    this.#waiting.push(frame);
    this.#octets += frame.userData.length - 1;
    if (this.#octets > this.#maxFragmentOctets) return [...packets, ...this.flush()];
    if (!segment.final) return packets;
    const frames = this.#waiting;
    this.#waiting = [];
    this.#octets = 0;
    return [...packets, ...wholePackets(frames)];
  }

  /** What waits for more, as it is. */
  flush(): readonly Packet[] {
    const frames = this.#waiting;
    this.#waiting = [];
    this.#octets = 0;
    return frames.map(rawPacket);
  }

  #continues({ destination, source }: LinkFrame, { first, sequence }: SegmentHeader): boolean {
    const last = this.#waiting.at(-1);
    if (!last) return true;
    const before = decodeSegmentHeader(last.userData[0] as number);
    return (
      !first &&
      last.destination === destination &&
      last.source === source &&
      sequence === ((before.sequence + 1) & 0x3f)
    );
  }
}

/** The header of the segment that a frame carries; undefined when it carries none. */
function segmentOf({ control, userData }: LinkFrame): SegmentHeader | undefined {
  const octet = userData[0];
  return octet === undefined || !carriesSegment(control) ? undefined : decodeSegmentHeader(octet);
}

function rawPacket(frame: LinkFrame): Packet {
  const { control, destination, source, userData } = frame;
  const segment = segmentOf(frame);
  const carried = segment ? userData.slice(1) : userData;
  return {
    destination,
    source,
    frames: [{ control, ...(segment ? { segment } : {}), octets: carried.length }],
    ...(carried.length > 0 ? { raw: carried } : {}),
  };
}

/** @param frames whose segments are a whole fragment */
function wholePackets(frames: readonly LinkFrame[]): readonly Packet[] {
  const [first] = frames as readonly [LinkFrame];
  const octets = concatOctets(frames.map(({ userData }) => userData.subarray(1)));
  try {
    return [
      {
        destination: first.destination,
        source: first.source,
        frames: frames.map(({ control, userData }) => ({
          control,
          segment: decodeSegmentHeader(userData[0] as number),
          octets: userData.length - 1,
        })),
        fragment: decodeFragment(octets),
      },
    ];
  } catch (error) {
    if (error instanceof Dnp3Error) return frames.map(rawPacket);
    throw error;
  }
}

/** The packets in octets that are whole frames, one after the other. @throws Dnp3Error `malformed-frame` */
export function decodePackets(octets: Uint8Array): readonly Packet[] {
  const assembler = new PacketAssembler();
  const packets: Packet[] = [];
  for (let at = 0; at < octets.length; ) {
    const found = decodeLinkFrame(octets, at);
    if (!found) throw new Dnp3Error('malformed-frame', 'the frame is not complete', { offset: at });
    packets.push(...assembler.push(found.frame));
    at = found.end;
  }
  return [...packets, ...assembler.flush()];
}

/** The frames of a packet, in octets. @throws Dnp3Error `limit-exceeded` for what does not fit */
export function encodePacket({ destination, source, frames, fragment, raw }: Packet): Uint8Array {
  const carried = fragment ? encodeFragment(fragment) : (raw ?? new Uint8Array(0));
  const announced = frames.reduce((sum, frame) => sum + frame.octets, 0);
  if (announced !== carried.length) {
    throw new Dnp3Error('limit-exceeded', `the frames have room for ${announced} octets, there are ${carried.length}`);
  }
  let at = 0;
  return concatOctets(
    frames.map(({ control, segment, octets }) => {
      const part = carried.subarray(at, at + octets);
      at += octets;
      const userData = segment ? concatOctets([Uint8Array.of(encodeSegmentHeader(segment)), part]) : part;
      return encodeLinkFrame({ control, destination, source, userData });
    }),
  );
}

export interface PacketHeader {
  readonly destination: number;
  readonly source: number;
  /** Of every frame. */
  readonly control: LinkControl;
  /** Transport sequence number of the first frame. */
  readonly sequence: number;
}

/** A packet for a fragment, in as many frames as it needs. @throws Dnp3Error `limit-exceeded` */
export function packetOf(fragment: Fragment, { destination, source, control, sequence }: PacketHeader): Packet {
  const length = encodeFragment(fragment).length;
  const count = Math.max(1, Math.ceil(length / MAX_SEGMENT_OCTETS));
  const frames = Array.from({ length: count }, (_, i) => ({
    control,
    segment: { first: i === 0, final: i === count - 1, sequence: (sequence + i) & 0x3f },
    octets: i < count - 1 ? MAX_SEGMENT_OCTETS : length - i * MAX_SEGMENT_OCTETS,
  }));
  return { destination, source, frames, fragment };
}
