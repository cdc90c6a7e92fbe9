import { Dnp3Error } from './error.ts';
import { MAX_USER_DATA } from './link-frame.ts';
import { checkRange } from './octets.ts';

/** The header of a segment. @see IEEE 1815-2012 §8.2.1 */
export interface SegmentHeader {
  readonly first: boolean;
  readonly final: boolean;
  /** 0 to 63 */
  readonly sequence: number;
}

/** Octets of a fragment that a segment holds beside its header. */
export const MAX_SEGMENT_OCTETS = MAX_USER_DATA - 1;

export function encodeSegmentHeader({ first, final, sequence }: SegmentHeader): number {
  checkRange(sequence, 0, 63, 'a transport sequence number');
  return (final ? 0x80 : 0) | (first ? 0x40 : 0) | sequence;
}

export function decodeSegmentHeader(octet: number): SegmentHeader {
  return { first: (octet & 0x40) !== 0, final: (octet & 0x80) !== 0, sequence: octet & 0x3f };
}

/** Cuts a fragment into segments, the first with this sequence number. @returns user data of frames */
export function segmentFragment(fragment: Uint8Array, sequence: number): readonly Uint8Array[] {
  const count = Math.max(1, Math.ceil(fragment.length / MAX_SEGMENT_OCTETS));
  return Array.from({ length: count }, (_, i) => {
    const part = fragment.subarray(i * MAX_SEGMENT_OCTETS, (i + 1) * MAX_SEGMENT_OCTETS);
    const octets = new Uint8Array(part.length + 1);
    octets[0] = encodeSegmentHeader({ first: i === 0, final: i === count - 1, sequence: (sequence + i) & 0x3f });
    octets.set(part, 1);
    return octets;
  });
}

/** Puts the fragments of one sender together. @see IEEE 1815-2012 §8.2.4 */
export class Reassembler {
  readonly #maxFragmentOctets: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  #last: Uint8Array | undefined;

  /** @param maxFragmentOctets a longer fragment is dropped; 2048 when not given */
  constructor(maxFragmentOctets = 2048) {
    this.#maxFragmentOctets = maxFragmentOctets;
  }

  /**
   * Takes the user data of the next frame.
   * @returns the fragment that it completes; undefined when there is more to come, or when the segment does not fit and was dropped
   */
  push(userData: Uint8Array): Uint8Array | undefined {
    const octet = userData[0];
    if (octet === undefined) return undefined;
    const { first, final, sequence } = decodeSegmentHeader(octet);
    if (first) this.reset();
    else if (!this.#last) return undefined;
    else {
      const { sequence: before } = decodeSegmentHeader(this.#last[0] as number);
      // A frame that the sender repeated, because its confirmation was lost.
      if (sequence === before && isSame(userData, this.#last)) return undefined;
      if (sequence !== ((before + 1) & 0x3f)) {
        this.reset();
        return undefined;
      }
    }
    this.#length += userData.length - 1;
    if (this.#length > this.#maxFragmentOctets) {
      this.reset();
      return undefined;
    }
    this.#parts.push(userData.subarray(1));
    this.#last = userData;
    if (!final) return undefined;
    const fragment = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      fragment.set(part, at);
      at += part.length;
    }
    this.reset();
    return fragment;
  }

  reset(): void {
    this.#parts = [];
    this.#length = 0;
    this.#last = undefined;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

/** @throws Dnp3Error `malformed-frame` when user data has no transport header */
export function splitSegment(userData: Uint8Array): { readonly header: SegmentHeader; readonly payload: Uint8Array } {
  const octet = userData[0];
  if (octet === undefined) throw new Dnp3Error('malformed-frame', 'a frame of user data without a segment');
  return { header: decodeSegmentHeader(octet), payload: userData.subarray(1) };
}
