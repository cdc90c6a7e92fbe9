/** Messages of the connection protocol that are sent before there is a channel. @see OPC 10000-6 §7.1.2 */
export const TRANSPORT_STRUCTURES = {
  Hello: {
    protocolVersion: 'UInt32',
    receiveBufferSize: 'UInt32',
    sendBufferSize: 'UInt32',
    maxMessageSize: 'UInt32',
    maxChunkCount: 'UInt32',
    endpointUrl: 'String',
  },
  Acknowledge: {
    protocolVersion: 'UInt32',
    receiveBufferSize: 'UInt32',
    sendBufferSize: 'UInt32',
    maxMessageSize: 'UInt32',
    maxChunkCount: 'UInt32',
  },
  Error: { error: 'StatusCode', reason: 'String' },
  ReverseHello: { serverUri: 'String', endpointUrl: 'String' },
} as const;

export type TransportName = keyof typeof TRANSPORT_STRUCTURES;
