import { row } from './row.ts';

/** Headers of requests and responses, and what several services have in common. @see OPC 10000-4 §7 */
export const HEADERS_STRUCTURES = {
  RequestHeader: row(391, {
    authenticationToken: 'NodeId',
    timestamp: 'DateTime',
    requestHandle: 'UInt32',
    returnDiagnostics: 'UInt32',
    auditEntryId: 'String',
    timeoutHint: 'UInt32',
    additionalHeader: 'ExtensionObject',
  }),
  ResponseHeader: row(394, {
    timestamp: 'DateTime',
    requestHandle: 'UInt32',
    serviceResult: 'StatusCode',
    serviceDiagnostics: 'DiagnosticInfo',
    stringTable: 'String[]',
    additionalHeader: 'ExtensionObject',
  }),
  ServiceFault: row(397, { responseHeader: 'ResponseHeader' }),
  ApplicationDescription: row(310, {
    applicationUri: 'String',
    productUri: 'String',
    applicationName: 'LocalizedText',
    applicationType: 'ApplicationType',
    gatewayServerUri: 'String',
    discoveryProfileUri: 'String',
    discoveryUrls: 'String[]',
  }),
  SignatureData: row(458, { algorithm: 'String', signature: 'ByteString' }),
  ViewDescription: row(513, { viewId: 'NodeId', timestamp: 'DateTime', viewVersion: 'UInt32' }),
} as const;
