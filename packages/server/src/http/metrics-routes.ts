import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopback } from '../listeners/listen.ts';
import type { Metrics } from '../metrics.ts';

/** Who is told the metrics: processes of this machine, everybody, or who has the token. */
export interface MetricsAccess {
  readonly metrics: 'loopback' | 'open' | 'token';
  readonly metricsToken?: string | undefined;
}

/** Headers with which a proxy says for whom it asks. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip'];

/** The metrics for Prometheus. @param addressOf the client's IP address */
export function metricsRoutes(
  app: FastifyInstance,
  { registry }: Metrics,
  access: MetricsAccess,
  addressOf: (request: FastifyRequest) => string,
): void {
  app.get('/metrics', async (request, reply) => {
    const refusal = refusalOf(request, access, addressOf);
    if (refusal) {
      if (refusal.status === 401) reply.header('www-authenticate', 'Bearer');
      return reply.code(refusal.status).type('text/plain; charset=utf-8').send(`${refusal.text}\n`);
    }
    reply.type(registry.contentType);
    return registry.metrics();
  });
}

function refusalOf(
  request: FastifyRequest,
  { metrics, metricsToken = '' }: MetricsAccess,
  addressOf: (request: FastifyRequest) => string,
): { readonly status: 401 | 403; readonly text: string } | undefined {
  if (metrics === 'open') return undefined;
  if (metrics === 'token') {
    const given = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (isSame(given, metricsToken)) return undefined;
    return { status: 401, text: 'the token of http.metricsToken is needed: Authorization: Bearer TOKEN' };
  }
  // A proxy on this machine asks for others.
  const isForwarded = FORWARDED.some((name) => request.headers[name] !== undefined);
  if (isLoopback(addressOf(request)) && !isForwarded) return undefined;
  return {
    status: 403,
    text: 'metrics are told to this machine alone; http.metrics in the configuration says to whom',
  };
}

/** Takes the same time whether it is nearly right or all wrong. */
function isSame(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return expected !== '' && timingSafeEqual(hash(given), hash(expected));
}
