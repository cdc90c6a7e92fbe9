import { ModbusError } from './error.ts';
import { MAX_PDU_BYTES } from './pdu.ts';
import { checkSerialFrame, type SerialFrame, type SerialFrameReader } from './serial-frame.ts';

const COLON = 0x3a;
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
/** Unit, PDU and check in hexadecimal, between colon and line end. */
const LONGEST_BODY = 2 * (1 + MAX_PDU_BYTES + 1);
/** Unit, function code, check. */
const SHORTEST_BODY = 6;

/** Longitudinal redundancy check: the two's complement of the sum of the octets. @see MODBUS over Serial Line V1.02 §6.2.1 */
export function lrc(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return -sum & 0xff;
}

/** Octets of a frame: colon, hexadecimal in upper case, CR LF. @see MODBUS over Serial Line V1.02 §2.5.2 */
export function encodeAsciiFrame(frame: SerialFrame): Uint8Array {
  checkSerialFrame(frame);
  const bytes = Uint8Array.of(frame.unit, ...frame.pdu);
  const octets = [...bytes, lrc(bytes)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase());
  return new TextEncoder().encode(`:${octets.join('')}\r\n`);
}

/** Frames of the ASCII mode. A colon begins a frame at any time. Holds at most one frame of 513 characters. */
export class AsciiFrameReader implements SerialFrameReader {
  #body: number[] | undefined;
  #passed = 0;

  push(chunk: Uint8Array): SerialFrame[] {
    const frames: SerialFrame[] = [];
    for (const [i, byte] of chunk.entries()) {
      if (byte === COLON) this.#body = [];
      // What comes before a colon is noise of the line.
      else if (!this.#body) continue;
      else if (byte === LINE_FEED) frames.push(this.#frame(this.#body, chunk, i));
      else if (this.#body.push(byte) > LONGEST_BODY + 1) this.#fail(chunk, i, 'the frame is too long');
    }
    this.#passed += chunk.length;
    return frames;
  }

  silence(): SerialFrame[] {
    if (!this.#body) return [];
    this.#body = undefined;
    throw new ModbusError('malformed-frame', 'the line fell silent within a frame', this.#passed);
  }

  #frame(body: readonly number[], chunk: Uint8Array, at: number): SerialFrame {
    if (body.at(-1) !== CARRIAGE_RETURN) this.#fail(chunk, at, 'no carriage return before the line feed');
    const text = String.fromCharCode(...body.slice(0, -1));
    if (text.length < SHORTEST_BODY || !/^(?:[0-9A-Fa-f]{2})+$/.test(text)) {
      this.#fail(chunk, at, 'the frame is not pairs of hexadecimal digits');
    }
    const bytes = Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    const content = bytes.slice(0, -1);
    if (lrc(content) !== bytes.at(-1)) this.#fail(chunk, at, 'the LRC does not fit the frame');
    this.#body = undefined;
    return { unit: content[0] as number, pdu: content.slice(1) };
  }

  #fail(chunk: Uint8Array, at: number, message: string): never {
    this.#body = undefined;
    const offset = this.#passed + at;
    this.#passed += chunk.length;
    throw new ModbusError('malformed-frame', message, offset);
  }
}
