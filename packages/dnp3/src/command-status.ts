import type { Names } from './names.ts';

export const SUCCESS = 0;
export const TIMEOUT = 1;
export const NO_SELECT = 2;
export const FORMAT_ERROR = 3;
export const NOT_SUPPORTED = 4;
export const ALREADY_ACTIVE = 5;
export const LOCAL = 7;
export const TOO_MANY_OPERATIONS = 8;
export const NOT_AUTHORIZED = 9;
export const OUT_OF_RANGE = 12;
export const DOWNSTREAM_FAIL = 18;

/** @see IEEE 1815-2012 §11.9.7, Table 11-7 */
export const COMMAND_STATUSES: Names = {
  [SUCCESS]: 'success',
  [TIMEOUT]: 'timeout',
  [NO_SELECT]: 'no-select',
  [FORMAT_ERROR]: 'format-error',
  [NOT_SUPPORTED]: 'not-supported',
  [ALREADY_ACTIVE]: 'already-active',
  6: 'hardware-error',
  [LOCAL]: 'local',
  [TOO_MANY_OPERATIONS]: 'too-many-operations',
  [NOT_AUTHORIZED]: 'not-authorized',
  10: 'automation-inhibit',
  11: 'processing-limited',
  [OUT_OF_RANGE]: 'out-of-range',
  13: 'downstream-local',
  14: 'already-complete',
  15: 'blocked',
  16: 'cancelled',
  17: 'blocked-other-master',
  [DOWNSTREAM_FAIL]: 'downstream-fail',
  126: 'non-participating',
  127: 'undefined',
};
