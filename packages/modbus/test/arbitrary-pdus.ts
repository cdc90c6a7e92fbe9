import fc from 'fast-check';
import type { ModbusRequest, ModbusResponse } from '../src/pdu.ts';

const uint8 = fc.integer({ min: 0, max: 0xff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const bits = (most: number) => fc.array(fc.boolean(), { minLength: 1, maxLength: most });
const registers = (most: number, least = 1) => fc.array(uint16, { minLength: least, maxLength: most });
const octets = (most: number) => fc.uint8Array({ maxLength: most });
/** Low enough for whatever follows it. */
const address = fc.integer({ min: 0, max: 60_000 });
const file = fc.integer({ min: 1, max: 0xffff });
const record = fc.integer({ min: 0, max: 9999 });
const octetCounts = fc.integer({ min: 1, max: 250 });
/** PDUs of one kind, from what their parts can be. */
function of<K extends string, T extends object>(
  kind: K,
  parts: { [P in keyof T]: fc.Arbitrary<T[P]> },
): fc.Arbitrary<{ readonly kind: K } & T> {
  return fc.record<T>(parts).map((values) => ({ kind, ...(values as T) }));
}

const writtenRecords = fc.array(fc.record({ file, record, values: registers(20) }), { minLength: 1, maxLength: 5 });
/** What has no row: codes of users and reserved ones. */
const freeCode = fc.constantFrom(9, 10, 13, 14, 18, 19, 25, 42, 43, 65, 72, 100, 110, 127);
const opaque = of('opaque', { functionCode: freeCode, data: octets(252) }).filter(
  ({ functionCode, data }) => functionCode !== 43 || data[0] !== 14,
);

const diagnostics = fc.oneof(
  of('diagnostics', { subFunction: fc.constantFrom(1, 2, 3, 4, 10, 11, 18, 20), values: registers(1) }),
  of('diagnostics', { subFunction: fc.constantFrom(0, 5, 21, 0xffff), values: registers(125, 0) }),
);

export const REQUESTS: fc.Arbitrary<ModbusRequest> = fc.oneof(
  of('read-coils', { address, quantity: fc.integer({ min: 1, max: 2000 }) }),
  of('read-discrete-inputs', { address, quantity: fc.integer({ min: 1, max: 2000 }) }),
  of('read-holding-registers', { address, quantity: fc.integer({ min: 1, max: 125 }) }),
  of('read-input-registers', { address, quantity: fc.integer({ min: 1, max: 125 }) }),
  of('write-single-coil', { address: uint16, value: fc.boolean() }),
  of('write-single-register', { address: uint16, value: uint16 }),
  of('write-multiple-coils', { address, values: bits(1968) }),
  // Five coils leave three bits in their octet.
  of('write-multiple-coils', { address, values: fc.constant([true, false, true, true, false]) }).map((request) => ({
    ...request,
    padding: 0xa0,
  })),
  of('write-multiple-registers', { address, values: registers(123) }),
  of('mask-write-register', { address: uint16, andMask: uint16, orMask: uint16 }),
  of('read-write-multiple-registers', {
    readAddress: address,
    quantity: fc.integer({ min: 1, max: 125 }),
    writeAddress: address,
    values: registers(121),
  }),
  of('read-exception-status', {}),
  diagnostics,
  of('get-comm-event-counter', {}),
  of('get-comm-event-log', {}),
  of('report-server-id', {}),
  of('read-file-record', {
    records: fc.array(fc.record({ file, record, length: fc.integer({ min: 1, max: 120 }) }), {
      minLength: 1,
      maxLength: 35,
    }),
  }),
  of('write-file-record', { records: writtenRecords }),
  of('read-fifo-queue', { address: uint16 }),
  of('read-device-identification', { readCode: fc.integer({ min: 1, max: 4 }), objectId: uint8 }),
  opaque,
);

export const RESPONSES: fc.Arbitrary<ModbusResponse> = fc.oneof(
  of('read-coils', {
    values: octetCounts.chain((n) => fc.array(fc.boolean(), { minLength: 8 * n, maxLength: 8 * n })),
  }),
  of('read-discrete-inputs', { values: fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }) }),
  of('read-holding-registers', { values: registers(125) }),
  of('read-input-registers', { values: registers(125) }),
  of('write-single-coil', { address: uint16, value: fc.boolean() }),
  of('write-single-register', { address: uint16, value: uint16 }),
  of('write-multiple-coils', { address, quantity: fc.integer({ min: 1, max: 1968 }) }),
  of('write-multiple-registers', { address, quantity: fc.integer({ min: 1, max: 123 }) }),
  of('mask-write-register', { address: uint16, andMask: uint16, orMask: uint16 }),
  of('read-write-multiple-registers', { values: registers(125) }),
  of('read-exception-status', { status: uint8 }),
  diagnostics,
  of('get-comm-event-counter', { status: fc.constantFrom(0, 0xffff), eventCount: uint16 }),
  of('get-comm-event-log', { status: uint16, eventCount: uint16, messageCount: uint16, events: octets(64) }),
  of('report-server-id', { data: octets(251) }),
  of('read-file-record', { records: fc.array(registers(20), { minLength: 1, maxLength: 5 }) }),
  of('write-file-record', { records: writtenRecords }),
  of('read-fifo-queue', { values: registers(31, 0) }),
  of('read-device-identification', {
    readCode: fc.integer({ min: 1, max: 4 }),
    conformityLevel: fc.constantFrom(1, 2, 3, 0x81, 0x82, 0x83),
    moreFollows: fc.boolean(),
    nextObjectId: uint8,
    objects: fc.array(fc.record({ id: uint8, value: octets(40) }), { maxLength: 5 }),
  }),
  of('exception', { functionCode: fc.integer({ min: 0, max: 127 }), exceptionCode: uint8 }),
  opaque,
);
