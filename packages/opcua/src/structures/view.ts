import { row } from './row.ts';

/** Browsing. @see OPC 10000-4 §5.9 */
export const VIEW_STRUCTURES = {
  BrowseRequest: row(527, {
    requestHeader: 'RequestHeader',
    view: 'ViewDescription',
    requestedMaxReferencesPerNode: 'UInt32',
    nodesToBrowse: 'BrowseDescription[]',
  }),
  BrowseDescription: row(516, {
    nodeId: 'NodeId',
    browseDirection: 'BrowseDirection',
    referenceTypeId: 'NodeId',
    includeSubtypes: 'Boolean',
    nodeClassMask: 'UInt32',
    resultMask: 'UInt32',
  }),
  BrowseResponse: row(530, {
    responseHeader: 'ResponseHeader',
    results: 'BrowseResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  BrowseResult: row(524, {
    statusCode: 'StatusCode',
    continuationPoint: 'ByteString',
    references: 'ReferenceDescription[]',
  }),
  ReferenceDescription: row(520, {
    referenceTypeId: 'NodeId',
    isForward: 'Boolean',
    nodeId: 'ExpandedNodeId',
    browseName: 'QualifiedName',
    displayName: 'LocalizedText',
    nodeClass: 'NodeClass',
    typeDefinition: 'ExpandedNodeId',
  }),
  BrowseNextRequest: row(533, {
    requestHeader: 'RequestHeader',
    releaseContinuationPoints: 'Boolean',
    continuationPoints: 'ByteString[]',
  }),
  BrowseNextResponse: row(536, {
    responseHeader: 'ResponseHeader',
    results: 'BrowseResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  TranslateBrowsePathsToNodeIdsRequest: row(554, { requestHeader: 'RequestHeader', browsePaths: 'BrowsePath[]' }),
  BrowsePath: row(545, { startingNode: 'NodeId', relativePath: 'RelativePath' }),
  RelativePath: row(542, { elements: 'RelativePathElement[]' }),
  RelativePathElement: row(539, {
    referenceTypeId: 'NodeId',
    isInverse: 'Boolean',
    includeSubtypes: 'Boolean',
    targetName: 'QualifiedName',
  }),
  TranslateBrowsePathsToNodeIdsResponse: row(557, {
    responseHeader: 'ResponseHeader',
    results: 'BrowsePathResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  BrowsePathResult: row(551, { statusCode: 'StatusCode', targets: 'BrowsePathTarget[]' }),
  BrowsePathTarget: row(548, { targetId: 'ExpandedNodeId', remainingPathIndex: 'UInt32' }),
  RegisterNodesRequest: row(560, { requestHeader: 'RequestHeader', nodesToRegister: 'NodeId[]' }),
  RegisterNodesResponse: row(563, { responseHeader: 'ResponseHeader', registeredNodeIds: 'NodeId[]' }),
  UnregisterNodesRequest: row(566, { requestHeader: 'RequestHeader', nodesToUnregister: 'NodeId[]' }),
  UnregisterNodesResponse: row(569, { responseHeader: 'ResponseHeader' }),
} as const;
