import { checkUnsigned } from './byte-cursor.ts';
import { ModbusError } from './error.ts';
import { MAX_PDU_BYTES } from './pdu.ts';

/** One Modbus TCP application data unit. @see MODBUS Messaging on TCP/IP V1.0b §3.1.3 */
export interface TcpFrame {
  readonly transactionId: number;
  readonly unit: number;
  readonly pdu: Uint8Array;
}

const HEADER_BYTES = 7;

/** Octets of a frame. @throws ModbusError when a part does not fit its place */
export function encodeTcpFrame({ transactionId, unit, pdu }: TcpFrame): Uint8Array {
  checkUnsigned(transactionId, 0xffff, 'a transaction id');
  checkUnsigned(unit, 0xff, 'a unit');
  if (pdu.length < 1 || pdu.length > MAX_PDU_BYTES) {
    throw new ModbusError('limit-exceeded', `a PDU of ${pdu.length} bytes: 1 to ${MAX_PDU_BYTES} are allowed`);
  }
  const frame = new Uint8Array(HEADER_BYTES + pdu.length);
  const view = new DataView(frame.buffer);
  view.setUint16(0, transactionId);
  view.setUint16(4, pdu.length + 1);
  view.setUint8(6, unit);
  frame.set(pdu, HEADER_BYTES);
  return frame;
}

/** Cuts a byte stream into frames. Holds less than one frame of at most 260 octets. */
export class TcpFrameReader {
  #pending = new Uint8Array(0);
  /** Bytes of the stream before those that are held. */
  #passed = 0;

  /**
   * @returns the frames that are complete now
   * @throws ModbusError for bytes that are no Modbus TCP, with their position in the stream; the connection is of no use afterwards
   */
  push(chunk: Uint8Array): TcpFrame[] {
    const bytes = new Uint8Array(this.#pending.length + chunk.length);
    bytes.set(this.#pending);
    bytes.set(chunk, this.#pending.length);
    const view = new DataView(bytes.buffer);
    const frames: TcpFrame[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      if (view.getUint16(at + 2) !== 0)
        throw new ModbusError('malformed-frame', 'the protocol identifier is not 0', this.#passed + at + 2);
      const length = view.getUint16(at + 4);
      if (length < 2 || length > MAX_PDU_BYTES + 1) {
        throw new ModbusError(
          'malformed-frame',
          `a length of ${length}: 2 to ${MAX_PDU_BYTES + 1} are allowed`,
          this.#passed + at + 4,
        );
      }
      const end = at + HEADER_BYTES - 1 + length;
      if (end > bytes.length) break;
      frames.push({
        transactionId: view.getUint16(at),
        unit: view.getUint8(at + 6),
        pdu: bytes.slice(at + HEADER_BYTES, end),
      });
      at = end;
    }
    this.#pending = bytes.slice(at);
    this.#passed += at;
    return frames;
  }
}
