import { row } from './row.ts';

/** Methods. @see OPC 10000-4 §5.12 */
export const METHOD_STRUCTURES = {
  CallRequest: row(712, { requestHeader: 'RequestHeader', methodsToCall: 'CallMethodRequest[]' }),
  CallMethodRequest: row(706, { objectId: 'NodeId', methodId: 'NodeId', inputArguments: 'Variant[]' }),
  CallResponse: row(715, {
    responseHeader: 'ResponseHeader',
    results: 'CallMethodResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  CallMethodResult: row(709, {
    statusCode: 'StatusCode',
    inputArgumentResults: 'StatusCode[]',
    inputArgumentDiagnosticInfos: 'DiagnosticInfo[]',
    outputArguments: 'Variant[]',
  }),
} as const;
