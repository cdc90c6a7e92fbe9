import { row } from './row.ts';

/** Reading and writing attributes. @see OPC 10000-4 §5.11 */
export const ATTRIBUTE_STRUCTURES = {
  ReadRequest: row(631, {
    requestHeader: 'RequestHeader',
    maxAge: 'Double',
    timestampsToReturn: 'TimestampsToReturn',
    nodesToRead: 'ReadValueId[]',
  }),
  ReadValueId: row(628, {
    nodeId: 'NodeId',
    attributeId: 'AttributeId',
    indexRange: 'String',
    dataEncoding: 'QualifiedName',
  }),
  ReadResponse: row(634, {
    responseHeader: 'ResponseHeader',
    results: 'DataValue[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  WriteRequest: row(673, { requestHeader: 'RequestHeader', nodesToWrite: 'WriteValue[]' }),
  WriteValue: row(670, { nodeId: 'NodeId', attributeId: 'AttributeId', indexRange: 'String', value: 'DataValue' }),
  WriteResponse: row(676, {
    responseHeader: 'ResponseHeader',
    results: 'StatusCode[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
} as const;
