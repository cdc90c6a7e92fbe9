/*
 * How long a PDU is, as far as its first bytes tell: a serial line has no length before its frames, and RTU over TCP no silence between them.
 * See MODBUS Application Protocol V1.1b3 §6.
 */

import { ONE_WORD_SUB_FUNCTIONS } from './diagnostic-functions.ts';

/** Which way the bytes go. */
export type Direction = 'request' | 'response';

/** Bytes of the PDU; `more` when the bytes at hand don't say yet; undefined when only silence can tell. */
export type PduLength = number | 'more' | undefined;

/** A function's length: fixed, or counted by a byte after some others. */
type LengthRule = number | { readonly countAt: number };

const REQUESTS: Readonly<Record<number, LengthRule>> = {
  1: 5,
  2: 5,
  3: 5,
  4: 5,
  5: 5,
  6: 5,
  7: 1,
  11: 1,
  12: 1,
  15: { countAt: 5 },
  16: { countAt: 5 },
  17: 1,
  20: { countAt: 1 },
  21: { countAt: 1 },
  22: 7,
  23: { countAt: 9 },
  24: 3,
};

const RESPONSES: Readonly<Record<number, LengthRule>> = {
  1: { countAt: 1 },
  2: { countAt: 1 },
  3: { countAt: 1 },
  4: { countAt: 1 },
  5: 5,
  6: 5,
  7: 2,
  11: 5,
  12: { countAt: 1 },
  15: 5,
  16: 5,
  17: { countAt: 1 },
  20: { countAt: 1 },
  21: { countAt: 1 },
  22: 7,
  23: { countAt: 1 },
};

const DIAGNOSTICS = 8;
const READ_FIFO_QUEUE = 24;
const ENCAPSULATED = 43;
const IDENTIFICATION = 14;
const EXCEPTION_BIT = 0x80;

export function pduLength(direction: Direction, pdu: Uint8Array): PduLength {
  const [functionCode, second, third] = pdu;
  if (functionCode === undefined) return 'more';
  if (direction === 'response') {
    if (functionCode & EXCEPTION_BIT) return 2;
    if (functionCode === READ_FIFO_QUEUE) return third === undefined ? 'more' : 3 + (((second ?? 0) << 8) | third);
    if (functionCode === ENCAPSULATED) return identificationLength(pdu);
  }
  if (functionCode === ENCAPSULATED) return second === undefined ? 'more' : second === IDENTIFICATION ? 4 : undefined;
  if (functionCode === DIAGNOSTICS) {
    if (third === undefined) return 'more';
    return second === 0 && ONE_WORD_SUB_FUNCTIONS.has(third) ? 5 : undefined;
  }
  const rule = (direction === 'request' ? REQUESTS : RESPONSES)[functionCode];
  if (rule === undefined || typeof rule === 'number') return rule;
  const count = pdu[rule.countAt];
  return count === undefined ? 'more' : rule.countAt + 1 + count;
}

/** Each object of an identification has its own length. */
function identificationLength(pdu: Uint8Array): PduLength {
  const HEAD_BYTES = 7;
  if (pdu[1] === undefined) return 'more';
  if (pdu[1] !== IDENTIFICATION) return undefined;
  const count = pdu[HEAD_BYTES - 1];
  if (count === undefined) return 'more';
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    const length = pdu[at + 1];
    if (length === undefined) return 'more';
    at += 2 + length;
  }
  return at;
}
