import { row } from './row.ts';

/** History. @see OPC 10000-4 §5.11.3 and §5.11.5, OPC 10000-11 §6 */
export const HISTORY_STRUCTURES = {
  HistoryReadRequest: row(664, {
    requestHeader: 'RequestHeader',
    historyReadDetails: 'ExtensionObject',
    timestampsToReturn: 'TimestampsToReturn',
    releaseContinuationPoints: 'Boolean',
    nodesToRead: 'HistoryReadValueId[]',
  }),
  HistoryReadValueId: row(637, {
    nodeId: 'NodeId',
    indexRange: 'String',
    dataEncoding: 'QualifiedName',
    continuationPoint: 'ByteString',
  }),
  HistoryReadResponse: row(667, {
    responseHeader: 'ResponseHeader',
    results: 'HistoryReadResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  HistoryReadResult: row(640, {
    statusCode: 'StatusCode',
    continuationPoint: 'ByteString',
    historyData: 'ExtensionObject',
  }),
  HistoryUpdateRequest: row(700, { requestHeader: 'RequestHeader', historyUpdateDetails: 'ExtensionObject[]' }),
  HistoryUpdateResponse: row(703, {
    responseHeader: 'ResponseHeader',
    results: 'HistoryUpdateResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  HistoryUpdateResult: row(697, {
    statusCode: 'StatusCode',
    operationResults: 'StatusCode[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  ReadRawModifiedDetails: row(649, {
    isReadModified: 'Boolean',
    startTime: 'DateTime',
    endTime: 'DateTime',
    numValuesPerNode: 'UInt32',
    returnBounds: 'Boolean',
  }),
  ReadEventDetails: row(646, {
    numValuesPerNode: 'UInt32',
    startTime: 'DateTime',
    endTime: 'DateTime',
    filter: 'EventFilter',
  }),
  ReadProcessedDetails: row(652, {
    startTime: 'DateTime',
    endTime: 'DateTime',
    processingInterval: 'Double',
    aggregateType: 'NodeId[]',
    aggregateConfiguration: 'AggregateConfiguration',
  }),
  ReadAtTimeDetails: row(655, { reqTimes: 'DateTime[]', useSimpleBounds: 'Boolean' }),
  HistoryData: row(658, { dataValues: 'DataValue[]' }),
  HistoryModifiedData: row(11227, { dataValues: 'DataValue[]', modificationInfos: 'ModificationInfo[]' }),
  ModificationInfo: row(11226, { modificationTime: 'DateTime', updateType: 'HistoryUpdateType', userName: 'String' }),
  HistoryEvent: row(661, { events: 'HistoryEventFieldList[]' }),
  HistoryEventFieldList: row(922, { eventFields: 'Variant[]' }),
  UpdateDataDetails: row(682, {
    nodeId: 'NodeId',
    performInsertReplace: 'PerformUpdateType',
    updateValues: 'DataValue[]',
  }),
  UpdateStructureDataDetails: row(11300, {
    nodeId: 'NodeId',
    performInsertReplace: 'PerformUpdateType',
    updateValues: 'DataValue[]',
  }),
  UpdateEventDetails: row(685, {
    nodeId: 'NodeId',
    performInsertReplace: 'PerformUpdateType',
    filter: 'EventFilter',
    eventData: 'HistoryEventFieldList[]',
  }),
  DeleteRawModifiedDetails: row(688, {
    nodeId: 'NodeId',
    isDeleteModified: 'Boolean',
    startTime: 'DateTime',
    endTime: 'DateTime',
  }),
  DeleteAtTimeDetails: row(691, { nodeId: 'NodeId', reqTimes: 'DateTime[]' }),
  DeleteEventDetails: row(694, { nodeId: 'NodeId', eventIds: 'ByteString[]' }),
} as const;
