import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { COMPONENT, type Logger } from '@thingward/xmpp';
import type { ClientCertificates } from '../client-certificates.ts';
import { ClientConnection, type ConnectionContext } from '../client-connection.ts';
import { ComponentConnection } from '../components/component-connection.ts';
import type { ComponentHub } from '../components/component-hub.ts';
import type { Limits } from '../limits.ts';
import type { Tls } from '../tls.ts';
import type { Connections } from './connections.ts';
import { type ListenAddress, listen } from './listen.ts';
import type { ProxyProtocol } from './proxy-protocol/proxy-protocol.ts';
import { TcpTransport } from './tcp-transport.ts';
import { TlsUpgrade } from './tls-upgrade.ts';

/** What a door for clients is made of. */
export interface ClientDoor {
  readonly context: ConnectionContext;
  readonly connections: Connections;
  readonly tls: Tls;
  readonly proxies: ProxyProtocol;
  readonly clientCertificates?: ClientCertificates;
}

/** A door for clients over TCP with STARTTLS. @see RFC 6120 §5 */
export function listenStartTls(
  address: ListenAddress,
  { context, connections, tls, proxies, clientCertificates }: ClientDoor,
  requireTls: boolean,
): Promise<Server> {
  const { authTimeoutMs: handshakeTimeout } = context.limits;
  const upgrade = new TlsUpgrade({ ...tls.options, ...clientCertificates?.tlsOptions, handshakeTimeout });
  const server = createServer({ noDelay: true }, (socket) => {
    const source = proxies.sourceOf(socket);
    if (!connections.admit(socket, source.address)) return;
    const { limits, log } = context;
    new TcpTransport(
      socket,
      { limits, log, source, certificate: () => tls.certificate, upgrade, clientCertificates },
      (transport) => new ClientConnection(context, transport, requireTls),
    );
  });
  proxies.guard(server);
  return listen(server, 'c2s', address);
}

/** A door for clients over direct TLS. Who offers other protocols than this one (ALPN) is refused. @see XEP-0368 */
export function listenDirectTls(
  address: ListenAddress,
  { context, connections, tls, proxies, clientCertificates }: ClientDoor,
): Promise<Server> {
  const server = createTlsServer(
    {
      ...tls.options,
      ...clientCertificates?.tlsOptions,
      ALPNProtocols: ['xmpp-client'],
      handshakeTimeout: context.limits.authTimeoutMs,
    },
    (socket) => {
      const { limits, log } = context;
      const options = {
        limits,
        log,
        source: proxies.sourceOf(socket),
        certificate: () => tls.certificate,
        clientCertificates,
      };
      new TcpTransport(socket, options, (transport) => new ClientConnection(context, transport, true));
    },
  );
  // Counted from their first byte, not from the end of the handshake: silence costs a socket too.
  server.on('connection', (socket: Socket) => connections.admit(socket, proxies.sourceOf(socket).address));
  server.on('tlsClientError', (error: Error, socket: Socket) => {
    context.log.debug({ remote: socket.remoteAddress, reason: error.message }, 'TLS handshake failed');
    socket.destroy();
  });
  proxies.guard(server);
  return listen(server, 'c2sTls', address);
}

/** A door for external components. @see XEP-0114 */
export function listenComponents(
  address: ListenAddress,
  hub: ComponentHub,
  connections: Connections,
  options: { readonly limits: Limits; readonly log: Logger },
): Promise<Server> {
  const server = createServer({ noDelay: true }, (socket) => {
    if (!connections.admit(socket)) return;
    new TcpTransport(
      socket,
      { ...options, namespace: COMPONENT },
      (transport) => new ComponentConnection(hub, transport),
    );
  });
  return listen(server, 'component', address);
}
