import { STATUS_CODES } from 'node:http';
import { PayloadError } from '@thingward/things';
import { StanzaError, type StanzaErrorCondition } from '@thingward/xmpp';
import type { FastifyReply } from 'fastify';
import { ZodError } from 'zod';

/** What is wrong with a request, as the API says it. @see RFC 9457 */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** Stable; what a program looks at. */
  readonly code: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly { readonly path: string; readonly message: string }[] | undefined;

  constructor(
    status: number,
    code: string,
    detail: string,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly errors?: Problem['errors'] } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = more.headers ?? {};
    this.errors = more.errors;
  }
}

const STATUS: Partial<Record<StanzaErrorCondition, number>> = {
  'bad-request': 400,
  'not-authorized': 401,
  forbidden: 403,
  'item-not-found': 404,
  'not-acceptable': 400,
  'policy-violation': 400,
  conflict: 409,
  'resource-constraint': 409,
  'service-unavailable': 503,
  'recipient-unavailable': 503,
  'remote-server-not-found': 503,
  'remote-server-timeout': 504,
};

/** What was thrown, as a problem; undefined when it is a bug. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof StanzaError) {
    return new Problem(STATUS[error.condition] ?? 502, error.condition, error.text ?? error.message);
  }
  // A service has answered what it must not.
  if (error instanceof PayloadError) return new Problem(502, error.code, error.message);
  if (error instanceof ZodError) {
    const errors = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    const [first] = errors;
    const detail = first ? `${first.path === '' ? '' : `${first.path}: `}${first.message}` : 'the request is malformed';
    return new Problem(400, 'invalid', detail, { errors });
  }
  // Of the HTTP server itself: a body that is too long, no JSON, or of another type.
  const status = (error as { statusCode?: unknown }).statusCode;
  if (error instanceof Error && typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem(status, 'bad-request', error.message);
  }
  return undefined;
}

export function sendProblem(reply: FastifyReply, { status, code, message, headers, errors }: Problem): FastifyReply {
  return reply
    .code(status)
    .headers({ ...headers, 'cache-control': 'no-store' })
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail: message, code, errors }));
}
