import type { ModbusRequest, ModbusResponse } from './pdu.ts';

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
    case 'opaque':
      return 'functionCode' in response && response.functionCode === functionCode;
  }
}
