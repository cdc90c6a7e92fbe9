/*
 * The rows of the functions about the device and its line. See MODBUS Application Protocol V1.1b3 §6; the section of each row is named
 * beside it.
 */
import { type ByteReader, checkUnsigned, uint16s, unpackRegisters } from './byte-cursor.ts';
import { ModbusError } from './error.ts';
import type { FunctionRow } from './function-row.ts';
import type { Diagnostics } from './pdu.ts';

type DiagnosticKind =
  | 'read-exception-status'
  | 'diagnostics'
  | 'get-comm-event-counter'
  | 'get-comm-event-log'
  | 'report-server-id';

/** What a PDU has room for after its function code. */
const MAX_DATA_BYTES = 252;
const MAX_EVENTS = 64;
/** Status, event count and message count of the event log. */
const EVENT_LOG_HEAD_BYTES = 6;

/** Those whose data is one word. The data of sub-function 0 is of any length, that of those without a meaning is not known. §6.8.1 */
export const ONE_WORD_SUB_FUNCTIONS: ReadonlySet<number> = new Set([
  1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20,
]);

export const DIAGNOSTIC_FUNCTIONS: { readonly [K in DiagnosticKind]: FunctionRow<K> } = {
  // §6.7
  'read-exception-status': {
    ...asksNothing('read-exception-status', 7),
    encodeResponse: ({ status }) => [checkUnsigned(status, 0xff, 'an exception status')],
    decodeResponse: (reader) => ({ kind: 'read-exception-status', status: reader.uint8() }),
  },
  // §6.8
  diagnostics: {
    code: 8,
    encodeRequest: encodeDiagnostics,
    decodeRequest: decodeDiagnostics,
    encodeResponse: encodeDiagnostics,
    decodeResponse: decodeDiagnostics,
  },
  // §6.9
  'get-comm-event-counter': {
    ...asksNothing('get-comm-event-counter', 11),
    encodeResponse: ({ status, eventCount }) => uint16s(status, eventCount),
    decodeResponse: (reader) => ({
      kind: 'get-comm-event-counter',
      status: reader.uint16(),
      eventCount: reader.uint16(),
    }),
  },
  // §6.10
  'get-comm-event-log': {
    ...asksNothing('get-comm-event-log', 12),
    encodeResponse({ status, eventCount, messageCount, events }) {
      checkUnsigned(events.length, MAX_EVENTS, 'a number of events');
      return [EVENT_LOG_HEAD_BYTES + events.length, ...uint16s(status, eventCount, messageCount), ...events];
    },
    decodeResponse(reader) {
      const length = reader.uint8();
      if (length < EVENT_LOG_HEAD_BYTES || length > EVENT_LOG_HEAD_BYTES + MAX_EVENTS) {
        throw reader.error(`an event log of ${length} bytes`);
      }
      return {
        kind: 'get-comm-event-log',
        status: reader.uint16(),
        eventCount: reader.uint16(),
        messageCount: reader.uint16(),
        events: reader.bytes(length - EVENT_LOG_HEAD_BYTES),
      };
    },
  },
  // §6.13
  'report-server-id': {
    ...asksNothing('report-server-id', 17),
    encodeResponse: ({ data }) => [checkUnsigned(data.length, MAX_DATA_BYTES - 1, 'a length'), ...data],
    decodeResponse: (reader) => ({ kind: 'report-server-id', data: reader.bytes(reader.uint8()) }),
  },
};

/** A request that is a function code and nothing else. */
function asksNothing<Kind extends Exclude<DiagnosticKind, 'diagnostics'>>(kind: Kind, code: number) {
  return { code, encodeRequest: () => [], decodeRequest: () => ({ kind }) };
}

function encodeDiagnostics({ subFunction, values }: Diagnostics): number[] {
  checkUnsigned(values.length, (MAX_DATA_BYTES - 2) / 2, 'a number of words');
  if (ONE_WORD_SUB_FUNCTIONS.has(subFunction) && values.length !== 1) {
    throw new ModbusError('limit-exceeded', `sub-function ${subFunction} has one word, not ${values.length}`);
  }
  return uint16s(subFunction, ...values);
}

function decodeDiagnostics(reader: ByteReader): { kind: 'diagnostics' } & Diagnostics {
  const subFunction = reader.uint16();
  const data = reader.rest();
  if (data.length % 2 !== 0) throw reader.error('diagnostic data is made of 16-bit words');
  if (ONE_WORD_SUB_FUNCTIONS.has(subFunction) && data.length !== 2) {
    throw reader.error(`sub-function ${subFunction} has one word`);
  }
  return { kind: 'diagnostics', subFunction, values: unpackRegisters(data) };
}
