import type { Logger } from '@thingward/xmpp';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { UploadSigner } from '../upload/upload-signature.ts';
import { type Upload, UploadError, type UploadStore } from '../upload/upload-store.ts';
import { parseByteRange } from './byte-range.ts';

export const UPLOAD_PATH = '/upload';

/** Whatever the file is, it runs nothing, and belongs to no site. @see XEP-0363 §9.1 */
const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'cross-origin',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'OPTIONS, HEAD, GET, PUT',
  'access-control-allow-headers': 'Content-Type, Range',
  'access-control-expose-headers': 'Content-Length, Content-Range',
  'access-control-max-age': '86400',
};

/** Files that are sent at the same time, and how long one who takes none of it is waited for. */
const MAX_GIVING = 500;
const IDLE_MS = 60_000;

const OCTETS = 'application/octet-stream';

/** Shown where they are opened; everything else is only ever saved. Images in XML can hold scripts. */
const SHOWN = /^(?:audio|video|image)\/(?!.*xml)[\w.+-]+(?:\s*;|$)/i;

const STATUS = { gone: 404, taken: 409, busy: 503, 'wrong-size': 400, 'too-slow': 408, interrupted: 400 } as const;

interface FileRequest {
  Params: { id: string; '*': string };
  Querystring: { until?: string; signature?: string };
}

/** Address of a file, below the server's own; `filename` keeps its ending. @see XEP-0363 §4 */
export function uploadPath({ id, filename }: Pick<Upload, 'id' | 'filename'>): string {
  return `${UPLOAD_PATH}/${id}/${encodeURIComponent(filename)}`;
}

/** Takes files and gives them out. @see XEP-0363 §7 */
export function uploadRoutes(app: FastifyInstance, store: UploadStore, signer: UploadSigner, log: Logger): void {
  const path = `${UPLOAD_PATH}/:id/*`;
  app.removeAllContentTypeParsers();
  // Bytes are handed on as they come.
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.addHook('onSend', async (_request, reply) => {
    reply.headers(HEADERS);
  });
  app.options(path, async (_request, reply) => reply.code(204).send());
  let giving = 0;
  const serve = async (request: FastifyRequest<FileRequest>, reply: FastifyReply) => {
    if (giving >= MAX_GIVING) return refuse(reply, 503, 'too many files are being sent');
    giving++;
    reply.raw.once('close', () => giving--);
    return give(store, request, reply);
  };
  app.route<FileRequest>({ method: 'HEAD', url: path, handler: serve });
  app.get<FileRequest>(path, { exposeHeadRoute: false }, serve);
  app.put<FileRequest>(path, async (request, reply) => {
    const { id, '*': filename } = request.params;
    const { until = '', signature = '' } = request.query;
    const now = Date.now();
    if (!/^\d{1,15}$/.test(until) || Number(until) < now || !(await signer.isValid(id, Number(until), signature))) {
      return refuse(reply, 403, 'this address is not, or no more, one to put a file to');
    }
    try {
      const upload = await store.waiting(id, now);
      if (upload.filename !== filename) return refuse(reply, 404, 'there is no such place');
      const problem = mismatch(request, upload);
      if (problem) return refuse(reply, ...problem);
      await store.receive(upload, request.raw, now);
      return await reply.code(201).send();
    } catch (error) {
      if (error instanceof UploadError) return refuse(reply, STATUS[error.code], error.message);
      log.error({ err: error }, 'a file could not be stored');
      return refuse(reply, 507, 'the file could not be stored');
    }
  });
}

/** Is it what was announced? @see XEP-0363 §7 */
function mismatch({ headers }: FastifyRequest, upload: Upload): [status: number, text: string] | undefined {
  const length = headers['content-length'];
  if (length === undefined) return [411, 'the length of the file must be given'];
  if (Number(length) !== upload.size) return [400, `${upload.size} bytes were announced`];
  const given = headers['content-type'];
  if (upload.contentType !== undefined && normalType(given) !== normalType(upload.contentType)) {
    return [415, `${upload.contentType} was announced`];
  }
  return undefined;
}

function normalType(type: string | undefined): string {
  return (type ?? OCTETS).replace(/\s/g, '').toLowerCase();
}

/** What is left of the body is not waited for. */
function refuse(reply: FastifyReply, status: number, text: string): FastifyReply {
  if (status === 503) reply.header('retry-after', '10');
  return reply.code(status).header('connection', 'close').type('text/plain; charset=utf-8').send(`${text}\n`);
}

async function give(
  store: UploadStore,
  request: FastifyRequest<FileRequest>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const now = Date.now();
  const { id, '*': filename } = request.params;
  const upload = await store.find(id, now);
  if (!upload || upload.filename !== filename) return notFound(reply);
  const type = upload.contentType ?? OCTETS;
  const entity = `"${id}"`;
  reply.headers({
    'content-type': type,
    'content-disposition': `${SHOWN.test(type) ? 'inline' : 'attachment'}; filename*=UTF-8''${rfc8187(filename)}`,
    'cache-control': `private, immutable, max-age=${Math.floor((upload.expiresAt - now) / 1000)}`,
    'accept-ranges': 'bytes',
    etag: entity,
  });
  if (request.headers['if-none-match'] === entity) return reply.code(304).send();
  const isConditional = request.headers['if-range'] !== undefined && request.headers['if-range'] !== entity;
  const range = isConditional ? undefined : parseByteRange(request.headers.range, upload.size);
  if (range === 'unsatisfiable') {
    return reply.code(416).header('content-range', `bytes */${upload.size}`).removeHeader('content-disposition').send();
  }
  const length = range ? range.end - range.start + 1 : upload.size;
  reply.header('content-length', length);
  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${upload.size}`);
  if (request.method === 'HEAD') return reply.send();
  const content = await store.read(upload, range);
  reply.raw.setTimeout(IDLE_MS, () => reply.raw.destroy());
  return content ? reply.send(content) : notFound(reply);
}

function notFound(reply: FastifyReply): FastifyReply {
  for (const name of ['content-disposition', 'content-length', 'content-range', 'cache-control', 'etag']) {
    reply.removeHeader(name);
  }
  return reply.code(404).type('text/plain; charset=utf-8').send('there is no such file\n');
}

/** @see RFC 8187 §3.2 */
function rfc8187(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
