import { row } from './row.ts';

/** Monitored items. @see OPC 10000-4 §5.13 */
export const MONITORED_ITEM_STRUCTURES = {
  CreateMonitoredItemsRequest: row(751, {
    requestHeader: 'RequestHeader',
    subscriptionId: 'UInt32',
    timestampsToReturn: 'TimestampsToReturn',
    itemsToCreate: 'MonitoredItemCreateRequest[]',
  }),
  MonitoredItemCreateRequest: row(745, {
    itemToMonitor: 'ReadValueId',
    monitoringMode: 'MonitoringMode',
    requestedParameters: 'MonitoringParameters',
  }),
  MonitoringParameters: row(742, {
    clientHandle: 'UInt32',
    samplingInterval: 'Double',
    filter: 'ExtensionObject',
    queueSize: 'UInt32',
    discardOldest: 'Boolean',
  }),
  CreateMonitoredItemsResponse: row(754, {
    responseHeader: 'ResponseHeader',
    results: 'MonitoredItemCreateResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  MonitoredItemCreateResult: row(748, {
    statusCode: 'StatusCode',
    monitoredItemId: 'UInt32',
    revisedSamplingInterval: 'Double',
    revisedQueueSize: 'UInt32',
    filterResult: 'ExtensionObject',
  }),
  ModifyMonitoredItemsRequest: row(763, {
    requestHeader: 'RequestHeader',
    subscriptionId: 'UInt32',
    timestampsToReturn: 'TimestampsToReturn',
    itemsToModify: 'MonitoredItemModifyRequest[]',
  }),
  MonitoredItemModifyRequest: row(757, { monitoredItemId: 'UInt32', requestedParameters: 'MonitoringParameters' }),
  ModifyMonitoredItemsResponse: row(766, {
    responseHeader: 'ResponseHeader',
    results: 'MonitoredItemModifyResult[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  MonitoredItemModifyResult: row(760, {
    statusCode: 'StatusCode',
    revisedSamplingInterval: 'Double',
    revisedQueueSize: 'UInt32',
    filterResult: 'ExtensionObject',
  }),
  SetMonitoringModeRequest: row(769, {
    requestHeader: 'RequestHeader',
    subscriptionId: 'UInt32',
    monitoringMode: 'MonitoringMode',
    monitoredItemIds: 'UInt32[]',
  }),
  SetMonitoringModeResponse: row(772, {
    responseHeader: 'ResponseHeader',
    results: 'StatusCode[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  SetTriggeringRequest: row(775, {
    requestHeader: 'RequestHeader',
    subscriptionId: 'UInt32',
    triggeringItemId: 'UInt32',
    linksToAdd: 'UInt32[]',
    linksToRemove: 'UInt32[]',
  }),
  SetTriggeringResponse: row(778, {
    responseHeader: 'ResponseHeader',
    addResults: 'StatusCode[]',
    addDiagnosticInfos: 'DiagnosticInfo[]',
    removeResults: 'StatusCode[]',
    removeDiagnosticInfos: 'DiagnosticInfo[]',
  }),
  DeleteMonitoredItemsRequest: row(781, {
    requestHeader: 'RequestHeader',
    subscriptionId: 'UInt32',
    monitoredItemIds: 'UInt32[]',
  }),
  DeleteMonitoredItemsResponse: row(784, {
    responseHeader: 'ResponseHeader',
    results: 'StatusCode[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
} as const;
