import { crcDnp } from './crc.ts';
import { Dnp3Error } from './error.ts';
import type { Names } from './names.ts';
import { checkRange } from './octets.ts';

/** A frame of the data link layer. @see IEEE 1815-2012 §9.2.4 */
export interface LinkFrame {
  readonly control: LinkControl;
  readonly destination: number;
  readonly source: number;
  /** At most 250 octets. */
  readonly userData: Uint8Array;
}

/** The control octet. @see IEEE 1815-2012 §9.2.4.1.3 */
export interface LinkControl {
  /** DIR: from the master to the outstation. */
  readonly fromMaster: boolean;
  /** PRM: begins a transaction; false: completes one. */
  readonly primary: boolean;
  /** FCB of a primary frame; a reserved bit of a secondary one. */
  readonly frameCount: boolean;
  /** FCV of a primary frame; DFC (the receiver's buffers are full) of a secondary one. */
  readonly countValidOrBusy: boolean;
  /** 0 to 15, see `PRIMARY_FUNCTIONS` and `SECONDARY_FUNCTIONS`. */
  readonly function: number;
}

export const RESET_LINK_STATES = 0;
export const TEST_LINK_STATES = 2;
export const CONFIRMED_USER_DATA = 3;
export const UNCONFIRMED_USER_DATA = 4;
export const REQUEST_LINK_STATUS = 9;
export const ACK = 0;
export const NACK = 1;
export const LINK_STATUS = 11;
export const NOT_SUPPORTED_LINK = 15;

/** @see IEEE 1815-2012 §9.2.4.1.3.6, Table 9-1 */
export const PRIMARY_FUNCTIONS: Names = {
  [RESET_LINK_STATES]: 'reset-link-states',
  1: 'reset-user-process',
  [TEST_LINK_STATES]: 'test-link-states',
  [CONFIRMED_USER_DATA]: 'confirmed-user-data',
  [UNCONFIRMED_USER_DATA]: 'unconfirmed-user-data',
  [REQUEST_LINK_STATUS]: 'request-link-status',
};

/** @see IEEE 1815-2012 §9.2.4.1.3.6, Table 9-2 */
export const SECONDARY_FUNCTIONS: Names = {
  [ACK]: 'ack',
  [NACK]: 'nack',
  [LINK_STATUS]: 'link-status',
  14: 'link-not-functioning',
  [NOT_SUPPORTED_LINK]: 'not-supported',
};

export const MAX_USER_DATA = 250;
/** Frames to these addresses are for all outstations. @see IEEE 1815-2012 §9.2.5.2.4 */
export const BROADCAST_ADDRESSES: ReadonlySet<number> = new Set([0xfffd, 0xfffe, 0xffff]);

export const START = [0x05, 0x64] as const;
export const HEADER_OCTETS = 10;
const BLOCK_OCTETS = 16;
/** CONTROL, DESTINATION and SOURCE are counted in LENGTH, start octets and CRCs are not. */
const COUNTED_HEADER_OCTETS = 5;

/** Does a frame with this control octet carry a segment of the transport function? */
export function carriesSegment({ primary, function: code }: LinkControl): boolean {
  return primary && (code === CONFIRMED_USER_DATA || code === UNCONFIRMED_USER_DATA);
}

/** Octets of a whole frame whose LENGTH is this. */
export function frameOctets(length: number): number {
  const data = length - COUNTED_HEADER_OCTETS;
  return HEADER_OCTETS + data + 2 * Math.ceil(data / BLOCK_OCTETS);
}

/** The octets of a frame, CRCs included. @throws Dnp3Error `limit-exceeded` */
export function encodeLinkFrame({ control, destination, source, userData }: LinkFrame): Uint8Array {
  checkRange(destination, 0, 0xffff, 'a destination address');
  checkRange(source, 0, 0xffff, 'a source address');
  checkRange(userData.length, 0, MAX_USER_DATA, 'a number of octets in a frame');
  const length = userData.length + COUNTED_HEADER_OCTETS;
  const octets = new Uint8Array(frameOctets(length));
  const view = new DataView(octets.buffer);
  octets.set(START);
  octets[2] = length;
  octets[3] = encodeControl(control);
  view.setUint16(4, destination, true);
  view.setUint16(6, source, true);
  view.setUint16(8, crcDnp(octets, 0, 8), true);
  for (let from = 0, at = HEADER_OCTETS; from < userData.length; from += BLOCK_OCTETS) {
    const block = userData.subarray(from, from + BLOCK_OCTETS);
    octets.set(block, at);
    view.setUint16(at + block.length, crcDnp(block), true);
    at += block.length + 2;
  }
  return octets;
}

/**
 * One frame that begins at an offset.
 * @returns undefined when its end is not there yet
 * @throws Dnp3Error `malformed-frame`
 */
export function decodeLinkFrame(
  octets: Uint8Array,
  start = 0,
): { readonly frame: LinkFrame; readonly end: number } | undefined {
  const fail = (message: string, at: number) => new Dnp3Error('malformed-frame', message, { offset: start + at });
  const available = octets.length - start;
  for (const [i, expected] of START.entries()) {
    if (available > i && octets[start + i] !== expected) throw fail('a frame begins with 05 64', i);
  }
  if (available > 2 && (octets[start + 2] as number) < COUNTED_HEADER_OCTETS) throw fail('a LENGTH below 5', 2);
  if (available < HEADER_OCTETS) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset + start, available);
  if (crcDnp(octets, start, start + 8) !== view.getUint16(8, true)) throw fail('the CRC of the header is wrong', 8);
  const length = view.getUint8(2);
  const end = frameOctets(length);
  if (available < end) return undefined;
  const userData = new Uint8Array(length - COUNTED_HEADER_OCTETS);
  for (let to = 0, at = HEADER_OCTETS; to < userData.length; to += BLOCK_OCTETS) {
    const size = Math.min(BLOCK_OCTETS, userData.length - to);
    const crcAt = at + size;
    if (crcDnp(octets, start + at, start + crcAt) !== view.getUint16(crcAt, true)) {
      throw fail('the CRC of a block is wrong', crcAt);
    }
    userData.set(octets.subarray(start + at, start + crcAt), to);
    at = crcAt + 2;
  }
  const frame = {
    control: decodeControl(view.getUint8(3)),
    destination: view.getUint16(4, true),
    source: view.getUint16(6, true),
    userData,
  };
  return { frame, end: start + end };
}

function encodeControl({ fromMaster, primary, frameCount, countValidOrBusy, function: code }: LinkControl): number {
  checkRange(code, 0, 15, 'a link function');
  return (
    (fromMaster ? 0x80 : 0) | (primary ? 0x40 : 0) | (frameCount ? 0x20 : 0) | (countValidOrBusy ? 0x10 : 0) | code
  );
}

function decodeControl(octet: number): LinkControl {
  return {
    fromMaster: (octet & 0x80) !== 0,
    primary: (octet & 0x40) !== 0,
    frameCount: (octet & 0x20) !== 0,
    countValidOrBusy: (octet & 0x10) !== 0,
    function: octet & 0x0f,
  };
}
