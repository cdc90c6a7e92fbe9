import { ByteReader, checkUnsigned } from './byte-cursor.ts';
import { DATA_FUNCTIONS } from './data-functions.ts';
import { DIAGNOSTIC_FUNCTIONS } from './diagnostic-functions.ts';
import { ModbusError } from './error.ts';
import { FILE_FUNCTIONS } from './file-functions.ts';
import type { FunctionKind, FunctionRow } from './function-row.ts';
import { IDENTIFICATION_FUNCTION, isIdentification } from './identification-function.ts';
import { MAX_PDU_BYTES, type ModbusRequest, type ModbusResponse, type OpaquePdu } from './pdu.ts';

/** A row whose kind was looked up: what it takes is known to fit it. */
interface AnyRow {
  readonly code: number;
  encodeRequest(request: ModbusRequest): number[];
  encodeResponse(response: ModbusResponse): number[];
}

/** Every public function of the specification; what has no row is carried as it is. */
export const FUNCTIONS: { readonly [K in FunctionKind]: FunctionRow<K> } = {
  ...DATA_FUNCTIONS,
  ...DIAGNOSTIC_FUNCTIONS,
  ...FILE_FUNCTIONS,
  'read-device-identification': IDENTIFICATION_FUNCTION,
};

const KIND_BY_CODE: ReadonlyMap<number, FunctionKind> = new Map(
  Object.entries(FUNCTIONS).map(([kind, { code }]) => [code, kind as FunctionKind]),
);

/** The code that a request's PDU begins with. */
export function functionCodeOf(request: ModbusRequest): number {
  return request.kind === 'opaque' ? request.functionCode : FUNCTIONS[request.kind].code;
}

/** Octets of a request PDU. @throws ModbusError when its values can't be carried */
export function encodeRequest(request: ModbusRequest): Uint8Array {
  if (request.kind === 'opaque') return encodeOpaque(request, 0xff);
  const row = FUNCTIONS[request.kind] as AnyRow;
  return pduOf(row.code, row.encodeRequest(request));
}

/** @throws ModbusError */
export function decodeRequest(pdu: Uint8Array): ModbusRequest {
  const reader = openPdu(pdu);
  const functionCode = reader.uint8();
  const kind = kindOf(functionCode, pdu);
  if (kind === undefined) return { kind: 'opaque', functionCode, data: reader.rest() };
  const request = FUNCTIONS[kind].decodeRequest(reader);
  reader.end();
  return request;
}

/** Octets of a response PDU. @throws ModbusError when its values can't be carried */
export function encodeResponse(response: ModbusResponse): Uint8Array {
  // A response with the highest bit set would be an exception.
  if (response.kind === 'opaque') return encodeOpaque(response, 0x7f);
  if (response.kind === 'exception') {
    const functionCode = checkUnsigned(response.functionCode, 0x7f, 'a function code');
    return Uint8Array.of(functionCode | 0x80, checkUnsigned(response.exceptionCode, 0xff, 'an exception code'));
  }
  const row = FUNCTIONS[response.kind] as AnyRow;
  return pduOf(row.code, row.encodeResponse(response));
}

/** @throws ModbusError */
export function decodeResponse(pdu: Uint8Array): ModbusResponse {
  const reader = openPdu(pdu);
  const functionCode = reader.uint8();
  if (functionCode & 0x80) {
    const response = { kind: 'exception', functionCode: functionCode & 0x7f, exceptionCode: reader.uint8() } as const;
    reader.end();
    return response;
  }
  const kind = kindOf(functionCode, pdu);
  if (kind === undefined) return { kind: 'opaque', functionCode, data: reader.rest() };
  const response = FUNCTIONS[kind].decodeResponse(reader);
  reader.end();
  return response;
}

function pduOf(functionCode: number, octets: readonly number[]): Uint8Array {
  checkUnsigned(octets.length, MAX_PDU_BYTES - 1, 'a data length');
  return Uint8Array.of(functionCode, ...octets);
}

function openPdu(pdu: Uint8Array): ByteReader {
  if (pdu.length <= MAX_PDU_BYTES) return new ByteReader(pdu);
  throw new ModbusError('malformed-pdu', `a PDU of ${pdu.length} bytes: at most ${MAX_PDU_BYTES} are allowed`, 0);
}

function encodeOpaque({ functionCode, data }: OpaquePdu, highestCode: number): Uint8Array {
  checkUnsigned(data.length, MAX_PDU_BYTES - 1, 'a data length');
  return Uint8Array.of(checkUnsigned(functionCode, highestCode, 'a function code'), ...data);
}

/** Function 43 carries several protocols: identification is the one with a row. */
function kindOf(functionCode: number, pdu: Uint8Array): FunctionKind | undefined {
  if (functionCode === IDENTIFICATION_FUNCTION.code && !isIdentification(pdu)) return undefined;
  return KIND_BY_CODE.get(functionCode);
}
