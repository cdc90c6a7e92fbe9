import { row } from './row.ts';

/** Secure channels. @see OPC 10000-4 §5.6 */
export const SECURE_CHANNEL_STRUCTURES = {
  OpenSecureChannelRequest: row(446, {
    requestHeader: 'RequestHeader',
    clientProtocolVersion: 'UInt32',
    requestType: 'SecurityTokenRequestType',
    securityMode: 'MessageSecurityMode',
    clientNonce: 'ByteString',
    requestedLifetime: 'UInt32',
  }),
  OpenSecureChannelResponse: row(449, {
    responseHeader: 'ResponseHeader',
    serverProtocolVersion: 'UInt32',
    securityToken: 'ChannelSecurityToken',
    serverNonce: 'ByteString',
  }),
  ChannelSecurityToken: row(443, {
    channelId: 'UInt32',
    tokenId: 'UInt32',
    createdAt: 'DateTime',
    revisedLifetime: 'UInt32',
  }),
  CloseSecureChannelRequest: row(452, { requestHeader: 'RequestHeader' }),
  CloseSecureChannelResponse: row(455, { responseHeader: 'ResponseHeader' }),
} as const;
