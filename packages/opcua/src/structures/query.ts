import { row } from './row.ts';

/** Queries. @see OPC 10000-4 §5.10 */
export const QUERY_STRUCTURES = {
  QueryFirstRequest: row(615, {
    requestHeader: 'RequestHeader',
    view: 'ViewDescription',
    nodeTypes: 'NodeTypeDescription[]',
    filter: 'ContentFilter',
    maxDataSetsToReturn: 'UInt32',
    maxReferencesToReturn: 'UInt32',
  }),
  NodeTypeDescription: row(575, {
    typeDefinitionNode: 'ExpandedNodeId',
    includeSubTypes: 'Boolean',
    dataToReturn: 'QueryDataDescription[]',
  }),
  QueryDataDescription: row(572, { relativePath: 'RelativePath', attributeId: 'AttributeId', indexRange: 'String' }),
  QueryFirstResponse: row(618, {
    responseHeader: 'ResponseHeader',
    queryDataSets: 'QueryDataSet[]',
    continuationPoint: 'ByteString',
    parsingResults: 'ParsingResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
    filterResult: 'ContentFilterResult',
  }),
  QueryDataSet: row(579, { nodeId: 'ExpandedNodeId', typeDefinitionNode: 'ExpandedNodeId', values: 'Variant[]' }),
  ParsingResult: row(612, {
    statusCode: 'StatusCode',
    dataStatusCodes: 'StatusCode[]',
    dataDiagnosticInfos: 'DiagnosticInfo[]',
  }),
  QueryNextRequest: row(621, {
    requestHeader: 'RequestHeader',
    releaseContinuationPoint: 'Boolean',
    continuationPoint: 'ByteString',
  }),
  QueryNextResponse: row(624, {
    responseHeader: 'ResponseHeader',
    queryDataSets: 'QueryDataSet[]',
    revisedContinuationPoint: 'ByteString',
  }),
} as const;
