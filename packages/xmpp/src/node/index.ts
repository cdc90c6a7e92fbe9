export { type CertificateAddresses, certificateAddresses } from './certificate-addresses.ts';
export { channelBindings, serverEndPoint } from './channel-bindings.ts';
export { readSchemas, xmppSchemas } from './schemas.ts';
export { NODE_SCRAM_PRIMITIVES } from './scram-primitives.ts';
export { type TcpConnectorOptions, type TlsTrust, tcpConnector } from './tcp.ts';
export { type KeptTlsSession, MemoryTlsSessionKeeper, type TlsSessionKeeper } from './tls-sessions.ts';
