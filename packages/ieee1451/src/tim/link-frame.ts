import { Ieee1451Error } from '../error.ts';
import { concatOctets, OctetReader, unsignedOctets } from '../octets.ts';

/*
 * The link between an NCAP and a TIM over TCP and UDP. IEEE 1451.5 leaves it to the network how messages are told apart, and no public text
 * has more; this is ours: kind (1 command, 2 reply, 3 from the TIM by itself, 4 hello, 5 heartbeat), number of the command that is answered
 * (UInt16), length of the message (UInt24), the message.
 *
 * A hello of an NCAP is empty; that of a TIM has the octets of its UUID, in answer to the former with its number, or by itself with number 0. A
 * heartbeat of an NCAP has a UInt32: milliseconds of silence after which it is gone; the TIM sends the same frame back.
 */

export type LinkKind = 'command' | 'reply' | 'initiated' | 'hello' | 'heartbeat';

/** One message and what it is. */
export interface LinkFrame {
  readonly kind: LinkKind;
  /** Of a command and its reply, of a hello and its answer; 0 where nothing is answered. */
  readonly sequence: number;
  readonly message: Uint8Array;
}

/** In the order of their codes, from 1. */
export const LINK_KINDS: readonly LinkKind[] = ['command', 'reply', 'initiated', 'hello', 'heartbeat'];
const HEADER_OCTETS = 6;
/** A command with the most octets it can carry. */
export const MAX_MESSAGE_OCTETS = 0xffff + 6;

export function encodeLinkFrame({ kind, sequence, message }: LinkFrame): Uint8Array {
  return concatOctets([
    Uint8Array.of(LINK_KINDS.indexOf(kind) + 1),
    unsignedOctets(sequence, 2, 'the number of a command'),
    unsignedOctets(message.length, 3, 'the length of a message'),
    message,
  ]);
}

/** Cuts a stream into frames. Nothing is kept but one frame that is not complete. */
export class LinkFrameReader {
  #octets: Uint8Array = new Uint8Array(0);

  /** @throws Ieee1451Error `malformed-message`; the stream can't be read further */
  push(chunk: Uint8Array): LinkFrame[] {
    const octets = this.#octets.length === 0 ? chunk : concatOctets([this.#octets, chunk]);
    const frames: LinkFrame[] = [];
    let at = 0;
    for (let frame = frameAt(octets, at); frame; frame = frameAt(octets, at)) {
      frames.push(frame);
      at += HEADER_OCTETS + frame.message.length;
    }
    this.#octets = octets.slice(at);
    return frames;
  }
}

function frameAt(octets: Uint8Array, at: number): LinkFrame | undefined {
  const code = octets[at];
  if (code === undefined) return undefined;
  const kind = LINK_KINDS[code - 1];
  if (!kind) throw new Ieee1451Error('malformed-message', `there is no kind of frame ${code}`, { offset: 0 });
  if (octets.length - at < HEADER_OCTETS) return undefined;
  const reader = new OctetReader(octets.subarray(at + 1), 'malformed-message', 1);
  const sequence = reader.unsigned(2, 'the number of a command');
  const length = reader.unsigned(3, 'the length of a message');
  if (length > MAX_MESSAGE_OCTETS) throw reader.error(`a message can't have ${length} octets`, 3);
  if (reader.remaining < length) return undefined;
  const message = reader.bytes(length, 'a message');
  return { kind, sequence, message };
}

/** The frame of a datagram. @throws Ieee1451Error `malformed-message` for anything but one whole frame */
export function decodeLinkFrame(octets: Uint8Array): LinkFrame {
  const frame = frameAt(octets, 0);
  if (frame && HEADER_OCTETS + frame.message.length === octets.length) return frame;
  throw new Ieee1451Error('malformed-message', `a datagram of ${octets.length} octets is not one whole frame`);
}
