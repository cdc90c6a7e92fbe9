import { row } from './row.ts';

/** Discovery. @see OPC 10000-4 §5.5 */
export const DISCOVERY_STRUCTURES = {
  FindServersRequest: row(422, {
    requestHeader: 'RequestHeader',
    endpointUrl: 'String',
    localeIds: 'String[]',
    serverUris: 'String[]',
  }),
  FindServersResponse: row(425, { responseHeader: 'ResponseHeader', servers: 'ApplicationDescription[]' }),
  FindServersOnNetworkRequest: row(12208, {
    requestHeader: 'RequestHeader',
    startingRecordId: 'UInt32',
    maxRecordsToReturn: 'UInt32',
    serverCapabilityFilter: 'String[]',
  }),
  FindServersOnNetworkResponse: row(12209, {
    responseHeader: 'ResponseHeader',
    lastCounterResetTime: 'DateTime',
    servers: 'ServerOnNetwork[]',
  }),
  ServerOnNetwork: row(12207, {
    recordId: 'UInt32',
    serverName: 'String',
    discoveryUrl: 'String',
    serverCapabilities: 'String[]',
  }),
  GetEndpointsRequest: row(428, {
    requestHeader: 'RequestHeader',
    endpointUrl: 'String',
    localeIds: 'String[]',
    profileUris: 'String[]',
  }),
  GetEndpointsResponse: row(431, { responseHeader: 'ResponseHeader', endpoints: 'EndpointDescription[]' }),
  EndpointDescription: row(314, {
    endpointUrl: 'String',
    server: 'ApplicationDescription',
    serverCertificate: 'ByteString',
    securityMode: 'MessageSecurityMode',
    securityPolicyUri: 'String',
    userIdentityTokens: 'UserTokenPolicy[]',
    transportProfileUri: 'String',
    securityLevel: 'Byte',
  }),
  UserTokenPolicy: row(306, {
    policyId: 'String',
    tokenType: 'UserTokenType',
    issuedTokenType: 'String',
    issuerEndpointUrl: 'String',
    securityPolicyUri: 'String',
  }),
  RegisterServerRequest: row(437, { requestHeader: 'RequestHeader', server: 'RegisteredServer' }),
  RegisteredServer: row(434, {
    serverUri: 'String',
    productUri: 'String',
    serverNames: 'LocalizedText[]',
    serverType: 'ApplicationType',
    gatewayServerUri: 'String',
    discoveryUrls: 'String[]',
    semaphoreFilePath: 'String',
    isOnline: 'Boolean',
  }),
  RegisterServerResponse: row(440, { responseHeader: 'ResponseHeader' }),
  RegisterServer2Request: row(12211, {
    requestHeader: 'RequestHeader',
    server: 'RegisteredServer',
    discoveryConfiguration: 'ExtensionObject[]',
  }),
  RegisterServer2Response: row(12212, {
    responseHeader: 'ResponseHeader',
    configurationResults: 'StatusCode[]',
    diagnosticInfos: 'DiagnosticInfo[]',
  }),
  MdnsDiscoveryConfiguration: row(12901, { mdnsServerName: 'String', serverCapabilities: 'String[]' }),
} as const;
