export type { OpaqueBody, ServiceBody, TransportBody } from './body.ts';
export {
  type AsymmetricHeader,
  type ChannelType,
  type Chunk,
  type ChunkType,
  chunkLength,
  decodeChunk,
  encodeChunk,
  SECURITY_POLICY_NONE,
  type SecurityHeader,
  type TransportType,
} from './chunk.ts';
export { formatDateTime, parseDateTime, ticksOf } from './date-time.ts';
export { ATTRIBUTE_IDS, ENUMERATIONS } from './enumerations.ts';
export { OpcUaError, type OpcUaErrorCode } from './error.ts';
export { type FloatValue, formatFloat } from './float.ts';
export { DEFAULT_OPCUA_LIMITS, type OpcUaLimits } from './limits.ts';
export * from './message.ts';
export { decodeMessages, MessageReader, type MessageReaderOptions } from './message-reader.ts';
export { messageFromXml, messageToXml, OPCUA_NAMESPACE } from './message-xml.ts';
export {
  type ExpandedNodeId,
  formatNodeId,
  type NodeId,
  type NodeIdentifier,
  nodeName,
  parseExpandedNodeId,
  parseNodeId,
} from './node-id.ts';
export { formatQualifiedName } from './qualified-name.ts';
export { OPCUA_SCHEMAS } from './schemas.ts';
export {
  isRequestName,
  isServiceName,
  type RequestName,
  type ResponseName,
  type ServiceMessage,
  type ServiceName,
  type ServiceRequest,
  type StructureOf,
} from './service.ts';
export { formatStatusCode, parseStatusCode } from './status-codes.ts';
export { STRUCTURES, type StructureName } from './structures/index.ts';
export type { TransportName } from './structures/transport.ts';
export { formatText, type OpcUaText } from './text.ts';
export * from './transversion.ts';
export { BUILT_IN_TYPES } from './type.ts';
export type * from './values.ts';
