import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContext } from 'node:tls';
import type { ConnectionContext } from '../client-connection.ts';
import type { Tls } from '../tls.ts';
import type { Connections } from './connections.ts';
import { type ListenAddress, listen } from './listen.ts';
import { TcpTransport } from './tcp-transport.ts';

/** A door for clients over TCP with STARTTLS. @see RFC 6120 §5 */
export function listenStartTls(
  address: ListenAddress,
  context: ConnectionContext,
  connections: Connections,
  tls: Tls,
  requireTls: boolean,
): Promise<Server> {
  const secureContext = (): SecureContext => tls.secureContext;
  const server = createServer({ noDelay: true }, (socket) => {
    if (connections.admit(socket)) new TcpTransport(context, socket, { requireTls, secureContext });
  });
  return listen(server, 'c2s', address);
}

/** A door for clients over direct TLS. @see XEP-0368 */
export function listenDirectTls(
  address: ListenAddress,
  context: ConnectionContext,
  connections: Connections,
  tls: Tls,
): Promise<Server> {
  const server = createTlsServer(
    { ...tls.options, ALPNProtocols: ['xmpp-client'], handshakeTimeout: context.limits.authTimeoutMs },
    (socket) => new TcpTransport(context, socket, { requireTls: true }),
  );
  // Counted from their first byte, not from the end of the handshake: silence costs a socket too.
  server.on('connection', (socket: Socket) => connections.admit(socket));
  server.on('tlsClientError', (error: Error, socket: Socket) => {
    context.log.debug({ remote: socket.remoteAddress, reason: error.message }, 'TLS handshake failed');
    socket.destroy();
  });
  return listen(server, 'c2sTls', address);
}
