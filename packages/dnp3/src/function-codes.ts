import type { Names } from './names.ts';

export const CONFIRM = 0;
export const READ = 1;
export const WRITE = 2;
export const SELECT = 3;
export const OPERATE = 4;
export const DIRECT_OPERATE = 5;
export const DIRECT_OPERATE_NO_RESPONSE = 6;
export const IMMEDIATE_FREEZE = 7;
export const IMMEDIATE_FREEZE_NO_RESPONSE = 8;
export const FREEZE_CLEAR = 9;
export const FREEZE_CLEAR_NO_RESPONSE = 10;
export const FREEZE_AT_TIME = 11;
export const FREEZE_AT_TIME_NO_RESPONSE = 12;
export const COLD_RESTART = 13;
export const WARM_RESTART = 14;
export const ENABLE_UNSOLICITED = 20;
export const DISABLE_UNSOLICITED = 21;
export const ASSIGN_CLASS = 22;
export const DELAY_MEASUREMENT = 23;
export const RECORD_CURRENT_TIME = 24;
export const AUTHENTICATE_REQUEST_NO_RESPONSE = 33;
export const RESPONSE = 129;
export const UNSOLICITED_RESPONSE = 130;
export const AUTHENTICATE_RESPONSE = 131;

/** Function codes of the application layer. @see IEEE 1815-2012 §4.2.2.5 */
export const FUNCTIONS: Names = {
  [CONFIRM]: 'confirm',
  [READ]: 'read',
  [WRITE]: 'write',
  [SELECT]: 'select',
  [OPERATE]: 'operate',
  [DIRECT_OPERATE]: 'direct-operate',
  [DIRECT_OPERATE_NO_RESPONSE]: 'direct-operate-no-response',
  [IMMEDIATE_FREEZE]: 'immediate-freeze',
  [IMMEDIATE_FREEZE_NO_RESPONSE]: 'immediate-freeze-no-response',
  [FREEZE_CLEAR]: 'freeze-clear',
  [FREEZE_CLEAR_NO_RESPONSE]: 'freeze-clear-no-response',
  [FREEZE_AT_TIME]: 'freeze-at-time',
  [FREEZE_AT_TIME_NO_RESPONSE]: 'freeze-at-time-no-response',
  [COLD_RESTART]: 'cold-restart',
  [WARM_RESTART]: 'warm-restart',
  15: 'initialize-data',
  16: 'initialize-application',
  17: 'start-application',
  18: 'stop-application',
  19: 'save-configuration',
  [ENABLE_UNSOLICITED]: 'enable-unsolicited',
  [DISABLE_UNSOLICITED]: 'disable-unsolicited',
  [ASSIGN_CLASS]: 'assign-class',
  [DELAY_MEASUREMENT]: 'delay-measurement',
  [RECORD_CURRENT_TIME]: 'record-current-time',
  25: 'open-file',
  26: 'close-file',
  27: 'delete-file',
  28: 'get-file-information',
  29: 'authenticate-file',
  30: 'abort-file',
  31: 'activate-configuration',
  32: 'authenticate-request',
  [AUTHENTICATE_REQUEST_NO_RESPONSE]: 'authenticate-request-no-response',
  [RESPONSE]: 'response',
  [UNSOLICITED_RESPONSE]: 'unsolicited-response',
  [AUTHENTICATE_RESPONSE]: 'authenticate-response',
};

/** Is it one that an outstation answers with, with internal indications? */
export function isResponse(code: number): boolean {
  return code === RESPONSE || code === UNSOLICITED_RESPONSE || code === AUTHENTICATE_RESPONSE;
}

const UNANSWERED: ReadonlySet<number> = new Set([
  CONFIRM,
  DIRECT_OPERATE_NO_RESPONSE,
  IMMEDIATE_FREEZE_NO_RESPONSE,
  FREEZE_CLEAR_NO_RESPONSE,
  FREEZE_AT_TIME_NO_RESPONSE,
  AUTHENTICATE_REQUEST_NO_RESPONSE,
]);

/** Does an outstation answer a request with this function? */
export function isAnswered(code: number): boolean {
  return !UNANSWERED.has(code);
}

const HARMLESS: ReadonlySet<number> = new Set([CONFIRM, READ, DELAY_MEASUREMENT, RECORD_CURRENT_TIME, SELECT]);

/** Does a request with this function change something in the outstation or the process behind it? */
export function isCommand(code: number): boolean {
  return !HARMLESS.has(code) && !isResponse(code);
}
