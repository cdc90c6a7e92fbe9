import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { COMPONENT, type Logger } from '@thingward/xmpp';
import type { ClientCertificates } from '../client-certificates.ts';
import { ComponentConnection } from '../components/component-connection.ts';
import type { ComponentHub } from '../components/component-hub.ts';
import type { Limits } from '../limits.ts';
import { certificateIn, type Tls } from '../tls.ts';
import { chosenProtocol } from './chosen-protocol.ts';
import type { Connections } from './connections.ts';
import type { Source } from './proxy-protocol/proxy-header.ts';
import type { ProxyProtocol } from './proxy-protocol/proxy-protocol.ts';
import { type ExiBinding, type StreamConnection, TcpTransport } from './tcp-transport.ts';
import { TlsUpgrade } from './tls-upgrade.ts';

/** @see XEP-0368 */
const ALPN = 'xmpp-client';

/** What a door for clients is made of. */
export interface ClientDoor {
  readonly limits: Limits;
  readonly log: Logger;
  readonly tls: Pick<Tls, 'options'>;
  readonly proxies: ProxyProtocol;
  readonly clientCertificates?: ClientCertificates | undefined;
  /** Where EXI is spoken from the first byte. */
  readonly binding?: ExiBinding | undefined;
  /** See `TcpTransportOptions`. */
  readonly forwardsCoded?: boolean;
  /** Asked at a connection's first byte, not at the end of a handshake: silence costs a socket too. @returns whether it may stay */
  admit(socket: Socket, source: Source): boolean;
  /** Makes who speaks on it. */
  connect(transport: TcpTransport, socket: Socket): StreamConnection;
}

/** Takes connections of clients over TCP with STARTTLS. @see RFC 6120 §5 */
export function startTlsServer(door: ClientDoor): Server {
  const { limits, log, tls, proxies, clientCertificates, binding, forwardsCoded } = door;
  const upgrade = new TlsUpgrade({
    ...tls.options,
    ...clientCertificates?.tlsOptions,
    handshakeTimeout: limits.authTimeoutMs,
  });
  const certificate = certificateIn(tls.options);
  const server = createServer({ noDelay: true }, (socket) => {
    const source = proxies.sourceOf(socket);
    if (!door.admit(socket, source)) return;
    const options = { limits, log, source, upgrade, certificate, clientCertificates, binding, forwardsCoded };
    new TcpTransport(socket, options, (transport) => door.connect(transport, socket));
  });
  proxies.guard(server);
  return server;
}

/** Takes connections of clients over direct TLS. Who offers other protocols than this one (ALPN) is refused. @see XEP-0368 */
export function directTlsServer(door: ClientDoor): Server {
  const { limits, log, tls, proxies, clientCertificates, forwardsCoded } = door;
  const certificate = certificateIn(tls.options);
  const server = createTlsServer(
    {
      ...tls.options,
      ...clientCertificates?.tlsOptions,
      ALPNCallback: chosenProtocol(ALPN),
      handshakeTimeout: limits.authTimeoutMs,
    },
    (socket) => {
      const source = proxies.sourceOf(socket);
      const options = { limits, log, source, certificate, clientCertificates, forwardsCoded };
      new TcpTransport(socket, options, (transport) => door.connect(transport, socket));
    },
  );
  server.on('connection', (socket: Socket) => door.admit(socket, proxies.sourceOf(socket)));
  server.on('tlsClientError', (error: Error, socket: Socket) => {
    log.debug({ remote: socket.remoteAddress, reason: error.message }, 'TLS handshake failed');
    socket.destroy();
  });
  proxies.guard(server);
  return server;
}

/** Takes connections of external components. @see XEP-0114 */
export function componentTaker(
  hub: ComponentHub,
  connections: Connections,
  options: { readonly limits: Limits; readonly log: Logger },
): (socket: Socket) => void {
  return (socket) => {
    if (!connections.admit(socket, 'component')) return;
    new TcpTransport(
      socket,
      { ...options, namespace: COMPONENT },
      (transport) => new ComponentConnection(hub, transport),
    );
  };
}
