import { row } from './row.ts';

/** Filters of monitored items and queries. @see OPC 10000-4 §7.7 and §7.22 */
export const FILTER_STRUCTURES = {
  ContentFilter: row(588, { elements: 'ContentFilterElement[]' }),
  ContentFilterElement: row(585, { filterOperator: 'FilterOperator', filterOperands: 'ExtensionObject[]' }),
  ContentFilterResult: row(609, {
    elementResults: 'ContentFilterElementResult[]',
    elementDiagnosticInfos: 'DiagnosticInfo[]',
  }),
  ContentFilterElementResult: row(606, {
    statusCode: 'StatusCode',
    operandStatusCodes: 'StatusCode[]',
    operandDiagnosticInfos: 'DiagnosticInfo[]',
  }),
  ElementOperand: row(594, { index: 'UInt32' }),
  LiteralOperand: row(597, { value: 'Variant' }),
  AttributeOperand: row(600, {
    nodeId: 'NodeId',
    alias: 'String',
    browsePath: 'RelativePath',
    attributeId: 'AttributeId',
    indexRange: 'String',
  }),
  SimpleAttributeOperand: row(603, {
    typeDefinitionId: 'NodeId',
    browsePath: 'QualifiedName[]',
    attributeId: 'AttributeId',
    indexRange: 'String',
  }),
  AggregateConfiguration: row(950, {
    useServerCapabilitiesDefaults: 'Boolean',
    treatUncertainAsBad: 'Boolean',
    percentDataBad: 'Byte',
    percentDataGood: 'Byte',
    useSlopedExtrapolation: 'Boolean',
  }),
  DataChangeFilter: row(724, { trigger: 'DataChangeTrigger', deadbandType: 'UInt32', deadbandValue: 'Double' }),
  EventFilter: row(727, { selectClauses: 'SimpleAttributeOperand[]', whereClause: 'ContentFilter' }),
  AggregateFilter: row(730, {
    startTime: 'DateTime',
    aggregateType: 'NodeId',
    processingInterval: 'Double',
    aggregateConfiguration: 'AggregateConfiguration',
  }),
  EventFilterResult: row(736, {
    selectClauseResults: 'StatusCode[]',
    selectClauseDiagnosticInfos: 'DiagnosticInfo[]',
    whereClauseResult: 'ContentFilterResult',
  }),
  AggregateFilterResult: row(739, {
    revisedStartTime: 'DateTime',
    revisedProcessingInterval: 'Double',
    revisedAggregateConfiguration: 'AggregateConfiguration',
  }),
} as const;
