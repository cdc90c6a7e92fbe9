import { existsSync } from 'node:fs';
import type { Server as HttpListener, IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import fastifyStatic from '@fastify/static';
import fastify, { type FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import type { ConnectionContext } from '../client-connection.ts';
import type { Limits } from '../limits.ts';
import type { BoshOrigin, BoshSessions } from '../listeners/bosh/bosh-sessions.ts';
import type { Connections } from '../listeners/connections.ts';
import { isLoopback, type ListenAddress, listenError } from '../listeners/listen.ts';
import type { ProxyProtocol } from '../listeners/proxy-protocol/proxy-protocol.ts';
import { WebSocketTransport } from '../listeners/websocket-transport.ts';
import type { Metrics } from '../metrics.ts';
import type { Tls } from '../tls.ts';
import { BOSH_PATH, boshRoutes } from './bosh-routes.ts';
import { hostMetaRoutes } from './host-meta-routes.ts';
import { type MetricsAccess, metricsRoutes } from './metrics-routes.ts';
import type { AddressOf, WebRoutes } from './web-routes.ts';

export interface HttpOptions {
  readonly address: ListenAddress;
  readonly context: ConnectionContext;
  readonly connections: Connections;
  readonly metrics: Metrics;
  readonly metricsAccess: MetricsAccess;
  /** They outlive this server when it moves to another address. */
  readonly bosh: BoshSessions;
  readonly proxies: ProxyProtocol;
  /** Read when it is needed. `publicUrl`: where others find the server, where that is not the address itself. */
  readonly settings: { readonly publicUrl?: string | undefined };
  /** Used when the address is not on loopback: then it is HTTPS. */
  readonly tls: Tls;
  /** What modules serve. */
  readonly web: WebRoutes;
  /** The built console; left out when undefined. */
  readonly consoleDirectory?: string | undefined;
  /** Further files to serve, by URL prefix. */
  readonly staticDirectories?: Readonly<Record<string, string>>;
}

export interface HttpServer {
  readonly url: string;
  readonly address: ListenAddress;
  /** The settings have changed, or the certificate, which is for connections to come. */
  configure(tls: Tls): void;
  /** Takes no new connections. Those that are there go on. */
  retire(): void;
  close(): Promise<void>;
}

/** How often connections are looked at whose request has not arrived. */
const CHECK_INTERVAL_MS = 1000;
/** How long responses that are under way may take when it closes. */
const CLOSE_TIMEOUT_MS = 1000;

const WEBSOCKET_PATH = '/xmpp-websocket';

/** No script, style or connection from elsewhere. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(self), microphone=(), geolocation=()',
};

/** The console, XMPP over WebSocket and BOSH, health, metrics and host-meta behind one port. @throws ListenError */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { address, tls, context, bosh, settings } = options;
  const isPlain = isLoopback(address.host);
  const http = { connectionsCheckingInterval: CHECK_INTERVAL_MS };
  const https = { ...http, ...tls.options, handshakeTimeout: context.limits.authTimeoutMs };
  const app = (isPlain ? fastify({ http }) : fastify({ https: https as object })) as unknown as FastifyInstance;
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS);
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  const addressOf: AddressOf = ({ raw }) => options.proxies.sourceOf(raw.socket).address;
  metricsRoutes(app, options.metrics, options.metricsAccess, addressOf);
  hostMetaRoutes(app, (request) => {
    const base = settings.publicUrl ?? `${isPlain ? 'http' : 'https'}://${request.host}`;
    return { websocket: base.replace(/^http/, 'ws') + WEBSOCKET_PATH, xbosh: base + BOSH_PATH };
  });
  const originOf = ({ socket }: IncomingMessage): BoshOrigin => {
    const { address: client, port } = options.proxies.sourceOf(socket);
    const isEncrypted = (socket as Partial<TLSSocket>).encrypted === true;
    return { address: client, remote: `${client}:${port}`, isEncrypted, requireTls: !isPlain };
  };
  await app.register(async (scope) => boshRoutes(scope, bosh, originOf));
  await options.web.mount(app, addressOf);
  const directories: [string, string][] = Object.entries(options.staticDirectories ?? {});
  if (options.consoleDirectory && existsSync(options.consoleDirectory))
    directories.push(['/', options.consoleDirectory]);
  for (const [index, [prefix, root]] of directories.entries()) {
    await app.register(fastifyStatic, { root, prefix, decorateReply: index === 0 });
  }
  limitServer(app.server, context.limits);
  const webSockets = acceptWebSockets(app, options, originOf);
  options.proxies.guard(app.server);
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (error) {
    throw listenError(error as NodeJS.ErrnoException, 'http', address);
  }
  const { port } = app.server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  context.log.debug({ host, port }, 'HTTP is open');
  const announce = () =>
    options.web.opened(
      settings.publicUrl ?? (isPlain ? `http://${host}:${port}` : `https://${context.domain}:${port}`),
    );
  announce();
  let retired: Promise<void> | undefined;
  const retire = () => {
    retired ??= new Promise((resolve) => app.server.close(() => resolve()));
    return retired;
  };
  return {
    url: `${isPlain ? 'http' : 'https'}://${host}:${port}`,
    address,
    configure(renewed) {
      if (!isPlain) (app.server as unknown as TlsServer).setSecureContext(renewed.options);
      limitServer(app.server, context.limits);
      announce();
    },
    retire() {
      void retire();
    },
    async close() {
      const closed = retire();
      for (const socket of webSockets.clients) socket.terminate();
      app.server.closeIdleConnections();
      const timer = setTimeout(() => app.server.closeAllConnections(), CLOSE_TIMEOUT_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Against those who open connections and say nothing, or say it very slowly. */
function limitServer(server: HttpListener, { authTimeoutMs, maxConnections }: Limits): void {
  server.headersTimeout = authTimeoutMs;
  server.maxConnections = maxConnections;
}

/** @see RFC 7395 §3.1 */
function acceptWebSockets(
  app: FastifyInstance,
  options: HttpOptions,
  originOf: (request: IncomingMessage) => BoshOrigin,
): WebSocketServer {
  const { context, connections } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: context.limits.maxStanzaBytes,
    handleProtocols: (protocols) => (protocols.has('xmpp') ? 'xmpp' : false),
    perMessageDeflate: false,
  });
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // From here on the HTTP server listens for errors no more, and one that nobody hears ends the process.
    socket.on('error', (error) => context.log.debug({ reason: error.message }, 'a connection broke at its upgrade'));
    const path = request.url?.split('?')[0];
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (path !== WEBSOCKET_PATH || !protocols.includes('xmpp')) {
      const status = path === WEBSOCKET_PATH ? '400 Bad Request' : '404 Not Found';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const { address, remote, isEncrypted, requireTls } = originOf(request);
    server.options.maxPayload = context.limits.maxStanzaBytes;
    if (!connections.admit(socket as Socket, 'websocket', address)) return;
    server.handleUpgrade(request, socket, head, (webSocket) => {
      new WebSocketTransport(context, webSocket, { remote, isEncrypted, requireTls, carrier: socket });
    });
  });
  return server;
}
