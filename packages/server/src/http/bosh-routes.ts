import type { IncomingMessage, ServerResponse } from 'node:http';
import { BoshError } from '@thingward/xmpp';
import type { FastifyInstance } from 'fastify';
import type { BoshOrigin, BoshSessions } from '../listeners/bosh/bosh-sessions.ts';
import type { BoshExchange, BoshResponse } from '../listeners/bosh/exchange.ts';

export const BOSH_PATH = '/http-bind';

/** How long a request may take to arrive. */
const BODY_TIMEOUT_MS = 30_000;

/** Scripts of any site may speak here: who signs in says so in the body, never by cookies. A response is no page. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'cache-control': 'no-store',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, OPTIONS, POST',
  'access-control-allow-headers': 'Content-Type',
  'access-control-max-age': '86400',
};

const PAGE = `<!doctype html><html lang="en"><title>XMPP over BOSH</title><p>XMPP clients connect here (<a href="https://xmpp.org/extensions/xep-0206.html">XEP-0206</a>).</p></html>\n`;

/** XMPP over HTTP requests. @param origin where a request comes from @see XEP-0124 §5 */
export function boshRoutes(
  app: FastifyInstance,
  sessions: BoshSessions,
  origin: (request: IncomingMessage) => BoshOrigin,
): void {
  app.removeAllContentTypeParsers();
  // Whatever the header says, it is XML (XEP-0124 §5).
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(HEADERS);
  });
  app.options(BOSH_PATH, async (_request, reply) => reply.code(204).send());
  app.get(BOSH_PATH, async (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  app.post(BOSH_PATH, async (request, reply) => {
    const exchange = new HttpExchange(reply.raw);
    try {
      const body = await readBody(request.raw, sessions.maxBodyBytes);
      sessions.transferred(body.length, 0);
      sessions.receive(body, exchange, origin(request.raw));
    } catch (error) {
      // What is left of the body is not waited for.
      reply.header('connection', 'close');
      sessions.refuse(error, exchange);
    }
    const response = await exchange.response;
    if (!response) return reply.hijack();
    sessions.transferred(0, response.body.length);
    return reply.code(response.status).header('content-type', response.contentType).send(response.body);
  });
}

/** A request of Node's HTTP server. */
class HttpExchange implements BoshExchange {
  /** Undefined when the client is gone. */
  readonly response: Promise<BoshResponse | undefined>;
  onBroken: () => void = () => {};
  #isBroken = false;
  #resolve: (response: BoshResponse | undefined) => void = () => {};

  constructor(raw: ServerResponse) {
    this.response = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    raw.once('close', () => {
      this.#isBroken = true;
      this.#resolve(undefined);
      this.onBroken();
    });
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  answer(response: BoshResponse): void {
    this.#resolve(response);
  }
}

/** @throws BoshError when it is too long or too slow */
function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (error?: Error) => {
      clearTimeout(timer);
      request.off('data', take).off('end', settle).off('error', settle).off('close', gone);
      if (error) {
        request.resume();
        reject(error);
      } else resolve(Buffer.concat(chunks));
    };
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) settle(new BoshError('policy-violation', 'the body is too long'));
    };
    const gone = () => settle(new BoshError('bad-request', 'the client is gone'));
    const timer = setTimeout(() => settle(new BoshError('bad-request', 'the body takes too long')), BODY_TIMEOUT_MS);
    request.on('data', take).on('end', settle).on('error', settle).on('close', gone);
  });
}
