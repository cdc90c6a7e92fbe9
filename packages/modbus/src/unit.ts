import {
  ILLEGAL_DATA_ADDRESS,
  ILLEGAL_DATA_VALUE,
  ILLEGAL_FUNCTION,
  ModbusError,
  ModbusException,
  SERVER_DEVICE_FAILURE,
} from './error.ts';
import { MAX_READ_BYTES, readFileAnswerBytes } from './file-functions.ts';
import { decodeRequest, encodeResponse } from './functions.ts';
import { identify } from './identification-function.ts';
import type { FileRecord, FileRecordReference, ModbusRequest, ModbusResponse } from './pdu.ts';

/** The data of one unit. Methods throw a ModbusException, such as `illegal data address`, to be answered. */
export interface ModbusUnit {
  readCoils(address: number, quantity: number): readonly boolean[];
  readDiscreteInputs(address: number, quantity: number): readonly boolean[];
  readHoldingRegisters(address: number, quantity: number): readonly number[];
  readInputRegisters(address: number, quantity: number): readonly number[];
  writeCoils(address: number, values: readonly boolean[]): void;
  writeRegisters(address: number, values: readonly number[]): void;
  /** What the device says of itself: texts by object id, 0 to 2 at least. Who has none answers `illegal function`. */
  readonly identification?: ReadonlyMap<number, string>;
  /** What it answers when asked for its id. */
  readonly serverId?: Uint8Array;
  /** The values in the queue that has its count at this address. */
  readFifoQueue?(address: number): readonly number[];
  readFileRecord?(reference: FileRecordReference): readonly number[];
  writeFileRecord?(record: FileRecord): void;
}

/** A unit's answer to a request's PDU: a PDU, perhaps an exception. */
export function answerPdu(device: ModbusUnit, pdu: Uint8Array): Uint8Array {
  let request: ModbusRequest;
  try {
    request = decodeRequest(pdu);
  } catch (error) {
    const isOverflow = error instanceof ModbusError && error.code === 'address-overflow';
    return encodeException(pdu, isOverflow ? ILLEGAL_DATA_ADDRESS : ILLEGAL_DATA_VALUE);
  }
  try {
    return encodeResponse(perform(device, request));
  } catch (error) {
    // Anything else is a fault of the device's data, such as a register that 16 bits don't hold.
    return encodeException(pdu, error instanceof ModbusException ? error.exceptionCode : SERVER_DEVICE_FAILURE);
  }
}

/** The PDU of an exception to a request. */
export function encodeException(pdu: Uint8Array, exceptionCode: number): Uint8Array {
  return encodeResponse({ kind: 'exception', functionCode: (pdu[0] as number) & 0x7f, exceptionCode });
}

/** Does what a request says with a unit's data. @throws ModbusException */
export function perform(unit: ModbusUnit, request: ModbusRequest): ModbusResponse {
  switch (request.kind) {
    case 'read-coils':
      return { kind: request.kind, values: unit.readCoils(request.address, request.quantity) };
    case 'read-discrete-inputs':
      return { kind: request.kind, values: unit.readDiscreteInputs(request.address, request.quantity) };
    case 'read-holding-registers':
      return { kind: request.kind, values: unit.readHoldingRegisters(request.address, request.quantity) };
    case 'read-input-registers':
      return { kind: request.kind, values: unit.readInputRegisters(request.address, request.quantity) };
    case 'write-single-coil':
      unit.writeCoils(request.address, [request.value]);
      return request;
    case 'write-single-register':
      unit.writeRegisters(request.address, [request.value]);
      return request;
    case 'write-multiple-coils':
      unit.writeCoils(request.address, request.values);
      return { kind: request.kind, address: request.address, quantity: request.values.length };
    case 'write-multiple-registers':
      unit.writeRegisters(request.address, request.values);
      return { kind: request.kind, address: request.address, quantity: request.values.length };
    case 'mask-write-register': {
      const [current = 0] = unit.readHoldingRegisters(request.address, 1);
      unit.writeRegisters(request.address, [
        (current & request.andMask) | (request.orMask & ~request.andMask & 0xffff),
      ]);
      return request;
    }
    case 'read-write-multiple-registers':
      unit.writeRegisters(request.writeAddress, request.values);
      return { kind: request.kind, values: unit.readHoldingRegisters(request.readAddress, request.quantity) };
    case 'read-fifo-queue':
      return { kind: request.kind, values: offered(unit.readFifoQueue?.(request.address)) };
    case 'read-file-record':
      if (readFileAnswerBytes(request.records) > MAX_READ_BYTES) throw new ModbusException(ILLEGAL_DATA_VALUE);
      return { kind: request.kind, records: request.records.map((record) => offered(unit.readFileRecord?.(record))) };
    case 'write-file-record':
      if (!unit.writeFileRecord) throw new ModbusException(ILLEGAL_FUNCTION);
      for (const record of request.records) unit.writeFileRecord(record);
      return request;
    case 'report-server-id':
      return { kind: request.kind, data: offered(unit.serverId) };
    case 'read-device-identification':
      return identify(offered(unit.identification), request.readCode, request.objectId);
    // Of the serial line: what there is to tell, the line has to know.
    case 'read-exception-status':
    case 'diagnostics':
    case 'get-comm-event-counter':
    case 'get-comm-event-log':
    case 'opaque':
      throw new ModbusException(ILLEGAL_FUNCTION);
  }
}

function offered<T>(answer: T | undefined): T {
  if (answer === undefined) throw new ModbusException(ILLEGAL_FUNCTION);
  return answer;
}
