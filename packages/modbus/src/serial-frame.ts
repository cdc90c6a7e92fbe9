import { checkUnsigned } from './byte-cursor.ts';
import { ModbusError } from './error.ts';
import { MAX_PDU_BYTES } from './pdu.ts';

/** What travels on a serial line, without its check. Unit 0 is every unit. @see MODBUS over Serial Line V1.02 §2.2 */
export interface SerialFrame {
  readonly unit: number;
  readonly pdu: Uint8Array;
}

/** The two transmission modes. @see MODBUS over Serial Line V1.02 §2.5 */
export type SerialMode = 'rtu' | 'ascii';

/** Cuts what arrives on a line into frames. */
export interface SerialFrameReader {
  /**
   * @returns the frames that are complete now
   * @throws ModbusError `malformed-frame`; what was held is dropped, and the next frame can be read
   */
  push(chunk: Uint8Array): SerialFrame[];
  /** Nothing came for longer than a pause within a frame may be. @throws ModbusError `malformed-frame` for a part that is no frame */
  silence(): SerialFrame[];
}

/** @throws ModbusError when a part does not fit its place */
export function checkSerialFrame({ unit, pdu }: SerialFrame): void {
  checkUnsigned(unit, 0xff, 'a unit');
  if (pdu.length >= 1 && pdu.length <= MAX_PDU_BYTES) return;
  throw new ModbusError('limit-exceeded', `a PDU of ${pdu.length} bytes: 1 to ${MAX_PDU_BYTES} are allowed`);
}
