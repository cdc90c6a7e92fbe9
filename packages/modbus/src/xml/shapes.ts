/*
 * One row per function: the element it is as XML. Names are those of the specification. See MODBUS Application Protocol V1.1b3 §6.
 */
import type { FunctionKind } from '../function-row.ts';
import { BIT_LIST, BOOLEAN, OCTETS, optional, UINT8, UINT16, UINT16_LIST } from './attribute.ts';
import type { Shape } from './shape.ts';

const NOTHING: Shape = { attributes: {} };
const RANGE: Shape = { attributes: { address: UINT16, quantity: UINT16 } };
const COIL: Shape = { attributes: { address: UINT16, value: BOOLEAN } };
const REGISTER: Shape = { attributes: { address: UINT16, value: UINT16 } };
const BITS: Shape = { attributes: { values: BIT_LIST } };
const REGISTERS: Shape = { attributes: { values: UINT16_LIST } };
const MASK: Shape = { attributes: { address: UINT16, andMask: UINT16, orMask: UINT16 } };
const DIAGNOSTICS: Shape = { attributes: { subFunction: UINT16, values: UINT16_LIST } };
const WRITTEN_RECORDS: Shape = {
  attributes: {},
  children: {
    element: 'record',
    property: 'records',
    shape: { attributes: { file: UINT16, record: UINT16, values: UINT16_LIST } },
  },
};
const OPAQUE: Shape = { attributes: { functionCode: UINT8, data: OCTETS } };

export interface FunctionShapes {
  readonly element: string;
  readonly request: Shape;
  readonly response: Shape;
}

export const SHAPES: Readonly<Record<FunctionKind | 'opaque', FunctionShapes>> = {
  'read-coils': { element: 'readCoils', request: RANGE, response: BITS },
  'read-discrete-inputs': { element: 'readDiscreteInputs', request: RANGE, response: BITS },
  'read-holding-registers': { element: 'readHoldingRegisters', request: RANGE, response: REGISTERS },
  'read-input-registers': { element: 'readInputRegisters', request: RANGE, response: REGISTERS },
  'write-single-coil': { element: 'writeSingleCoil', request: COIL, response: COIL },
  'write-single-register': { element: 'writeSingleRegister', request: REGISTER, response: REGISTER },
  'write-multiple-coils': {
    element: 'writeMultipleCoils',
    request: { attributes: { address: UINT16, values: BIT_LIST, padding: optional(UINT8) } },
    response: RANGE,
  },
  'write-multiple-registers': {
    element: 'writeMultipleRegisters',
    request: { attributes: { address: UINT16, values: UINT16_LIST } },
    response: RANGE,
  },
  'mask-write-register': { element: 'maskWriteRegister', request: MASK, response: MASK },
  'read-write-multiple-registers': {
    element: 'readWriteMultipleRegisters',
    request: {
      attributes: { readAddress: UINT16, quantity: UINT16, writeAddress: UINT16, values: UINT16_LIST },
    },
    response: REGISTERS,
  },
  'read-exception-status': {
    element: 'readExceptionStatus',
    request: NOTHING,
    response: { attributes: { status: UINT8 } },
  },
  diagnostics: { element: 'diagnostics', request: DIAGNOSTICS, response: DIAGNOSTICS },
  'get-comm-event-counter': {
    element: 'getCommEventCounter',
    request: NOTHING,
    response: { attributes: { status: UINT16, eventCount: UINT16 } },
  },
  'get-comm-event-log': {
    element: 'getCommEventLog',
    request: NOTHING,
    response: { attributes: { status: UINT16, eventCount: UINT16, messageCount: UINT16, events: OCTETS } },
  },
  'report-server-id': { element: 'reportServerId', request: NOTHING, response: { attributes: { data: OCTETS } } },
  'read-file-record': {
    element: 'readFileRecord',
    request: {
      attributes: {},
      children: {
        element: 'record',
        property: 'records',
        shape: { attributes: { file: UINT16, record: UINT16, length: UINT16 } },
      },
    },
    response: {
      attributes: {},
      children: {
        element: 'record',
        property: 'records',
        bare: 'values',
        shape: { attributes: { values: UINT16_LIST } },
      },
    },
  },
  'write-file-record': { element: 'writeFileRecord', request: WRITTEN_RECORDS, response: WRITTEN_RECORDS },
  'read-fifo-queue': {
    element: 'readFifoQueue',
    request: { attributes: { address: UINT16 } },
    response: REGISTERS,
  },
  'read-device-identification': {
    element: 'readDeviceIdentification',
    request: { attributes: { readCode: UINT8, objectId: UINT8 } },
    response: {
      attributes: { readCode: UINT8, conformityLevel: UINT8, moreFollows: BOOLEAN, nextObjectId: UINT8 },
      children: {
        element: 'object',
        property: 'objects',
        shape: { attributes: { id: UINT8, value: OCTETS } },
      },
    },
  },
  opaque: { element: 'opaque', request: OPAQUE, response: OPAQUE },
};

export const EXCEPTION: Shape = { attributes: { functionCode: UINT8, exceptionCode: UINT8 } };
