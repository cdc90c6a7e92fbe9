import type { Names } from './names.ts';

/** The control code of a control relay output block. @see IEEE 1815-2012 §11.9.8 (Table 11-6), A.8.1.2 */
export interface ControlCode {
  /** 0 to 15, see `OPERATIONS`. */
  readonly operation: number;
  /** An obsolete bit: put it into the queue. */
  readonly queue: boolean;
  /** Ends what is running first. */
  readonly clear: boolean;
  /** 0 to 3, see `TRIP_CLOSE`. */
  readonly tripClose: number;
}

export const NUL = 0;
export const PULSE_ON = 1;
export const PULSE_OFF = 2;
export const LATCH_ON = 3;
export const LATCH_OFF = 4;
export const CLOSE = 1;
export const TRIP = 2;

export const OPERATIONS: Names = {
  [NUL]: 'nul',
  [PULSE_ON]: 'pulse-on',
  [PULSE_OFF]: 'pulse-off',
  [LATCH_ON]: 'latch-on',
  [LATCH_OFF]: 'latch-off',
};

export const TRIP_CLOSE: readonly string[] = ['nul', 'close', 'trip', 'reserved'];

export function encodeControlCode({ operation, queue, clear, tripClose }: ControlCode): number {
  return (tripClose << 6) | (clear ? 0x20 : 0) | (queue ? 0x10 : 0) | operation;
}

export function decodeControlCode(octet: number): ControlCode {
  return {
    operation: octet & 0x0f,
    queue: (octet & 0x10) !== 0,
    clear: (octet & 0x20) !== 0,
    tripClose: octet >> 6,
  };
}
