import { ModbusError } from './error.ts';
import { MAX_PDU_BYTES } from './pdu.ts';
import { type Direction, pduLength } from './pdu-length.ts';
import { checkSerialFrame, type SerialFrame, type SerialFrameReader } from './serial-frame.ts';

const CRC_BYTES = 2;
/** Unit, function code, check. */
const SHORTEST_FRAME = 4;
const LONGEST_FRAME = 1 + MAX_PDU_BYTES + CRC_BYTES;

/** CRC-16 with the polynomial A001, as it is calculated on the line. @see MODBUS over Serial Line V1.02 §6.2.2 */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] as number);
  return crc;
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** Octets of a frame: unit, PDU, CRC with its low octet first. @see MODBUS over Serial Line V1.02 §2.5.1 */
export function encodeRtuFrame(frame: SerialFrame): Uint8Array {
  checkSerialFrame(frame);
  const bytes = new Uint8Array(1 + frame.pdu.length + CRC_BYTES);
  bytes[0] = frame.unit;
  bytes.set(frame.pdu, 1);
  const crc = crc16(bytes.subarray(0, -CRC_BYTES));
  bytes[bytes.length - 2] = crc & 0xff;
  bytes[bytes.length - 1] = crc >> 8;
  return bytes;
}

/**
 * Frames of RTU. Where a frame ends is told by its function; where that does not tell, by silence.
 * Holds at most one frame of 256 octets.
 */
export class RtuFrameReader implements SerialFrameReader {
  readonly #direction: Direction;
  #held = new Uint8Array(0);
  /** Bytes that arrived before those that are held. */
  #passed = 0;

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  push(chunk: Uint8Array): SerialFrame[] {
    const bytes = new Uint8Array(this.#held.length + chunk.length);
    bytes.set(this.#held);
    bytes.set(chunk, this.#held.length);
    const frames: SerialFrame[] = [];
    let at = 0;
    while (at < bytes.length) {
      const length = pduLength(this.#direction, bytes.subarray(at + 1));
      const end = typeof length === 'number' ? at + 1 + length + CRC_BYTES : undefined;
      if (end === undefined || end > bytes.length) {
        const isTooLong = (end ?? bytes.length) - at > LONGEST_FRAME;
        if (isTooLong) this.#fail(bytes, at, `a frame of more than ${LONGEST_FRAME} bytes`);
        break;
      }
      frames.push(this.#frame(bytes, at, end));
      at = end;
    }
    this.#held = bytes.slice(at);
    this.#passed += at;
    return frames;
  }

  silence(): SerialFrame[] {
    if (this.#held.length === 0) return [];
    const bytes = this.#held;
    if (bytes.length < SHORTEST_FRAME) this.#fail(bytes, 0, 'the line fell silent within a frame');
    const frame = this.#frame(bytes, 0, bytes.length);
    this.#held = new Uint8Array(0);
    this.#passed += bytes.length;
    return [frame];
  }

  #frame(bytes: Uint8Array, at: number, end: number): SerialFrame {
    const crc = (bytes[end - 2] as number) | ((bytes[end - 1] as number) << 8);
    const actual = crc16(bytes.subarray(at, end - CRC_BYTES));
    if (crc !== actual) this.#fail(bytes, at, `the CRC is ${hex(crc)}, that of the frame would be ${hex(actual)}`);
    return { unit: bytes[at] as number, pdu: bytes.slice(at + 1, end - CRC_BYTES) };
  }

  /** There is no way to find the next frame but silence: all that is held is dropped. */
  #fail(bytes: Uint8Array, at: number, message: string): never {
    const offset = this.#passed + at;
    this.#held = new Uint8Array(0);
    this.#passed += bytes.length;
    throw new ModbusError('malformed-frame', message, offset);
  }
}

function hex(crc: number): string {
  return crc.toString(16).padStart(4, '0');
}
