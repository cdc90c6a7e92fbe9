/** What went wrong apart from the exceptions a device answers with. */
export type ModbusErrorCode =
  | 'malformed-frame'
  | 'malformed-pdu'
  /** XML that is no packet; `path` says where. */
  | 'malformed-xml'
  /** A range of addresses in a PDU goes past 65535. */
  | 'address-overflow'
  /** What was to be sent breaks a limit of the protocol. Nothing was sent. */
  | 'limit-exceeded'
  | 'not-connected'
  | 'no-answer'
  /** A write was sent and its answer lost: it may have happened or not. */
  | 'outcome-unknown'
  | 'closed';

export class ModbusError extends Error {
  override readonly name = 'ModbusError';
  readonly code: ModbusErrorCode;
  /** Position in the bytes, where bytes were wrong. */
  readonly offset: number | undefined;

  constructor(code: ModbusErrorCode, message: string, offset?: number) {
    super(offset === undefined ? message : `${message} (at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}

/** @see MODBUS Application Protocol V1.1b3 §7 */
export const EXCEPTIONS = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'server device failure',
  5: 'acknowledge',
  6: 'server device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target device failed to respond',
} as const;

/** The exception a device answered with, or shall answer with. */
export class ModbusException extends Error {
  override readonly name = 'ModbusException';
  readonly code = 'modbus-exception';
  readonly exceptionCode: number;

  constructor(exceptionCode: number) {
    const text = (EXCEPTIONS as Record<number, string>)[exceptionCode] ?? 'unknown exception';
    super(`exception ${exceptionCode}: ${text}`);
    this.exceptionCode = exceptionCode;
  }
}

export const ILLEGAL_FUNCTION = 1;
export const ILLEGAL_DATA_ADDRESS = 2;
export const ILLEGAL_DATA_VALUE = 3;
export const SERVER_DEVICE_FAILURE = 4;
export const GATEWAY_TARGET_FAILED = 11;
