import { isAnswerTo } from './answer.ts';
import { ModbusError } from './error.ts';
import { decodeResponse } from './functions.ts';
import { isWrite, type ModbusRequest, type ModbusResponse } from './pdu.ts';

/** A request was sent and has no answer that counts. Of a write nobody knows whether it happened. */
export function lost(
  request: ModbusRequest,
  code: 'no-answer' | 'not-connected' | 'closed' | 'malformed-frame' | 'malformed-pdu',
  message: string,
): ModbusError {
  return isWrite(request)
    ? new ModbusError('outcome-unknown', `${message}; whether it was written is unknown`)
    : new ModbusError(code, message);
}

/** The answer to a request. One that makes no sense does not tell whether a write was done. */
export function understand(
  request: ModbusRequest,
  functionCode: number,
  pdu: Uint8Array,
): ModbusResponse | ModbusError {
  try {
    const response = decodeResponse(pdu);
    if (isAnswerTo(request, response, functionCode)) return response;
    return lost(request, 'malformed-pdu', 'the answer is not to this request');
  } catch (error) {
    if (error instanceof ModbusError) return lost(request, 'malformed-pdu', error.message);
    throw error;
  }
}
