import { checkRange, concatOctets, unsignedOctets } from '../octets.ts';
import { LINK_KINDS, type LinkFrame, MAX_MESSAGE_OCTETS } from './link-frame.ts';

/*
 * Frames on a serial line. The frames of IEEE 1451.2 are in no public text; this is ours, with the octet stuffing and the check sequence of
 * RFC 1662: a flag (7E), address of the TIM, kind (as on a network link), number of the command (UInt16), the message, check sequence, a flag. What is
 * broken is dropped, and the next flag is a new beginning.
 */

/** Addresses that a TIM on a line can have: 1 to this. */
export const SERIAL_ADDRESSES = 247;

/** A frame of one of the TIMs on a line. */
export interface SerialFrame extends LinkFrame {
  readonly address: number;
}

const FLAG = 0x7e;
const ESCAPE = 0x7d;
const ESCAPED_BIT = 0x20;
const HEADER_OCTETS = 4;
const CHECK_OCTETS = 2;
const MAX_FRAME_OCTETS = HEADER_OCTETS + MAX_MESSAGE_OCTETS + CHECK_OCTETS;

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeSerialFrame({ address, kind, sequence, message }: SerialFrame): Uint8Array {
  checkRange(address, 1, SERIAL_ADDRESSES, 'the address of a TIM');
  const octets = concatOctets([
    Uint8Array.of(address, LINK_KINDS.indexOf(kind) + 1),
    unsignedOctets(sequence, 2, 'the number of a command'),
    message,
  ]);
  checkRange(octets.length, HEADER_OCTETS, MAX_FRAME_OCTETS - CHECK_OCTETS, 'the length of a frame');
  const check = checkSequence(octets);
  const stuffed: number[] = [FLAG];
  for (const octet of [...octets, check & 0xff, check >> 8]) {
    if (octet === FLAG || octet === ESCAPE) stuffed.push(ESCAPE, octet ^ ESCAPED_BIT);
    else stuffed.push(octet);
  }
  stuffed.push(FLAG);
  return Uint8Array.from(stuffed);
}

/** Finds frames in what comes over a line. Never fails: what is no frame is counted in `broken` and dropped. */
export class SerialFrameReader {
  #octets: number[] = [];
  #isEscaped = false;
  /** Nothing counts until the first flag. */
  #isInFrame = false;
  #broken = 0;

  /** Frames, or what looked like some, that could not be read. */
  get broken(): number {
    return this.#broken;
  }

  push(chunk: Uint8Array): SerialFrame[] {
    const frames: SerialFrame[] = [];
    for (const octet of chunk) {
      if (octet === FLAG) {
        const frame = this.#end();
        if (frame) frames.push(frame);
      } else if (this.#isInFrame) this.#take(octet);
    }
    return frames;
  }

  #take(octet: number): void {
    if (octet === ESCAPE && !this.#isEscaped) {
      this.#isEscaped = true;
      return;
    }
    this.#octets.push(this.#isEscaped ? octet ^ ESCAPED_BIT : octet);
    this.#isEscaped = false;
    if (this.#octets.length <= MAX_FRAME_OCTETS) return;
    this.#broken++;
    this.#octets = [];
    this.#isInFrame = false;
  }

  #end(): SerialFrame | undefined {
    const octets = Uint8Array.from(this.#octets);
    const isCut = this.#isEscaped;
    this.#octets = [];
    this.#isEscaped = false;
    this.#isInFrame = true;
    if (octets.length === 0 && !isCut) return undefined;
    const frame = isCut ? undefined : frameOf(octets);
    if (!frame) this.#broken++;
    return frame;
  }
}

function frameOf(octets: Uint8Array): SerialFrame | undefined {
  if (octets.length < HEADER_OCTETS + CHECK_OCTETS) return undefined;
  const content = octets.subarray(0, -CHECK_OCTETS);
  const [low = 0, high = 0] = octets.subarray(-CHECK_OCTETS);
  if (checkSequence(content) !== low + high * 256) return undefined;
  const [address = 0, code = 0, sequenceHigh = 0, sequenceLow = 0] = content;
  const kind = LINK_KINDS[code - 1];
  if (!kind || address < 1 || address > SERIAL_ADDRESSES) return undefined;
  return { address, kind, sequence: sequenceHigh * 256 + sequenceLow, message: content.slice(HEADER_OCTETS) };
}

/** The 16-bit frame check sequence. @see RFC 1662 appendix C.2 */
function checkSequence(octets: Uint8Array): number {
  let check = 0xffff;
  for (const octet of octets) {
    check ^= octet;
    for (let bit = 0; bit < 8; bit++) check = check & 1 ? (check >> 1) ^ 0x8408 : check >> 1;
  }
  return check ^ 0xffff;
}
