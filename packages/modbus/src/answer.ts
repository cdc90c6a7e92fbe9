import type { ModbusRequest, ModbusResponse } from './pdu.ts';

/** Diagnostics: return query data, which is echoed whole. */
const RETURN_QUERY_DATA = 0;

/** Is this an answer that the request can have, exceptions included? What it echoes and how much it holds has to fit. */
export function isAnswerTo(request: ModbusRequest, response: ModbusResponse, functionCode: number): boolean {
  if (response.kind === 'exception') return response.functionCode === functionCode;
  switch (request.kind) {
    case 'read-coils':
    case 'read-discrete-inputs':
      return response.kind === request.kind && response.values.length === Math.ceil(request.quantity / 8) * 8;
    case 'read-holding-registers':
    case 'read-input-registers':
    case 'read-write-multiple-registers':
      return response.kind === request.kind && response.values.length === request.quantity;
    case 'write-single-coil':
    case 'write-single-register':
      return response.kind === request.kind && response.address === request.address && response.value === request.value;
    case 'write-multiple-coils':
    case 'write-multiple-registers':
      return (
        response.kind === request.kind &&
        response.address === request.address &&
        response.quantity === request.values.length
      );
    case 'mask-write-register':
      return (
        response.kind === request.kind &&
        response.address === request.address &&
        response.andMask === request.andMask &&
        response.orMask === request.orMask
      );
    case 'diagnostics':
      return (
        response.kind === request.kind &&
        response.subFunction === request.subFunction &&
        (request.subFunction !== RETURN_QUERY_DATA || isSame(response.values, request.values))
      );
    case 'read-file-record':
      return (
        response.kind === request.kind &&
        isSame(
          response.records.map((values) => values.length),
          request.records.map(({ length }) => length),
        )
      );
    case 'write-file-record':
      return (
        response.kind === request.kind &&
        response.records.length === request.records.length &&
        request.records.every(({ file, record, values }, i) => {
          const written = response.records[i];
          return written?.file === file && written.record === record && isSame(written.values, values);
        })
      );
    case 'read-device-identification':
      return response.kind === request.kind && response.readCode === request.readCode;
    case 'read-exception-status':
    case 'get-comm-event-counter':
    case 'get-comm-event-log':
    case 'report-server-id':
    case 'read-fifo-queue':
      return response.kind === request.kind;
    case 'opaque':
      return 'functionCode' in response && response.functionCode === functionCode;
  }
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
