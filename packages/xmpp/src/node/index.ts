export { type TcpConnectorOptions, type TlsTrust, tcpConnector } from './tcp.ts';
