import { type AlternativeConnections, encodeHostMeta, encodeHostMetaJson } from '@thingward/xmpp';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Any site may read it. */
const OPEN = { 'access-control-allow-origin': '*' };

/** What can't be part of a host. */
const FOREIGN = /[^\w.:[\]-]/g;

/** Tells where XMPP is spoken over HTTP. @param connections for who asked at this host @see XEP-0156 §3 */
export function hostMetaRoutes(
  app: FastifyInstance,
  connections: (request: { readonly host: string }) => AlternativeConnections,
): void {
  const asked = ({ host }: FastifyRequest) => connections({ host: host.replace(FOREIGN, '') });
  app.get('/.well-known/host-meta.json', async (request, reply) => {
    reply.headers(OPEN);
    return encodeHostMetaJson(asked(request));
  });
  app.get('/.well-known/host-meta', async (request, reply) => {
    reply.headers(OPEN).type('application/xrd+xml; charset=utf-8');
    return encodeHostMeta(asked(request));
  });
}
