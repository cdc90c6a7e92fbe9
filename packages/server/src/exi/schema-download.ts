import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { isPublicAddress } from './public-address.ts';

/** What came of it. @see XEP-0322 §2.2.5 */
export type Download =
  | { readonly kind: 'schema'; readonly bytes: Buffer }
  | { readonly kind: 'httpError'; readonly code: number; readonly message: string }
  | { readonly kind: 'invalidUrl'; readonly message: string }
  | { readonly kind: 'timeout'; readonly message: string }
  | { readonly kind: 'invalidContentType'; readonly contentType: string }
  | { readonly kind: 'error'; readonly message: string };

export interface DownloadOptions {
  readonly maxBytes: number;
  /** For all of it. */
  readonly timeoutMs: number;
  /** May an address be connected to? When not given, those of the public Internet may. */
  readonly isAllowed?: (address: string) => boolean;
  /** Certificate authorities, in the place of the system's. */
  readonly ca?: string | undefined;
}

/** What schemas are served as. Files without a known extension are often `application/octet-stream`. */
const CONTENT_TYPES = /^(?:text\/(?:xml|plain|xsd)|application\/(?:xml|xsd|octet-stream|(?:[\w.-]+\+)?xml))\s*(?:;|$)/i;

/**
 * Gets a schema that a client has pointed to. Only over HTTPS, without following redirections, and from nowhere but the public Internet:
 * the address that was looked at is the one connected to, so that a name can't lead elsewhere meanwhile.
 */
export async function downloadSchema(text: string, options: DownloadOptions): Promise<Download> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username || url.password) {
    return { kind: 'invalidUrl', message: 'Only https URLs without credentials are taken.' };
  }
  const signal = AbortSignal.timeout(options.timeoutMs);
  try {
    const address = await allowedAddress(url.hostname, options.isAllowed ?? isPublicAddress, signal);
    if (address === undefined) return { kind: 'invalidUrl', message: 'Nothing is fetched from that address.' };
    const response = await get(url, address, options.ca, signal);
    return await read(response, options.maxBytes);
  } catch (error) {
    if (signal.aborted) return { kind: 'timeout', message: `No schema within ${options.timeoutMs / 1000} s.` };
    const { code = (error as Error).message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND') return { kind: 'invalidUrl', message: `There is no host ${url.hostname}.` };
    return { kind: 'error', message: `The connection failed: ${code}.` };
  }
}

async function allowedAddress(
  hostname: string,
  isAllowed: (address: string) => boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(literal) !== 0) return isAllowed(literal) ? literal : undefined;
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const addresses = await Promise.race([lookup(literal, { all: true }), aborted]);
  return addresses.map(({ address }) => address).find(isAllowed);
}

function get(url: URL, address: string, ca: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const servername = isIP(url.hostname) === 0 ? url.hostname : undefined;
    const outgoing = request(
      {
        host: address,
        port: url.port || 443,
        path: `${url.pathname}${url.search}`,
        headers: { host: url.host, accept: 'application/xml, text/xml', 'accept-encoding': 'identity' },
        ...(servername !== undefined && { servername }),
        ...(ca !== undefined && { ca }),
        agent: false,
        signal,
      },
      resolve,
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Download> {
  const { statusCode: code = 0, statusMessage = '', headers } = response;
  const refuse = (download: Download): Download => {
    response.destroy();
    return download;
  };
  if (code !== 200) return refuse({ kind: 'httpError', code, message: statusMessage });
  const contentType = headers['content-type'] ?? '';
  if (!CONTENT_TYPES.test(contentType)) return refuse({ kind: 'invalidContentType', contentType });
  const tooLong: Download = { kind: 'error', message: `The schema is longer than ${maxBytes} bytes.` };
  if (Number(headers['content-length'] ?? 0) > maxBytes) return refuse(tooLong);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) return refuse(tooLong);
    chunks.push(chunk);
  }
  return { kind: 'schema', bytes: Buffer.concat(chunks) };
}
