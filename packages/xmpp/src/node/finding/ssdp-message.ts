import { FindingError } from './finding-error.ts';

/** What neighbours tell and ask by SSDP. Names of headers are in upper case. @see UPnP Device Architecture 2.0 §1.1 */
export interface SsdpMessage {
  readonly kind: 'notify' | 'search' | 'response';
  readonly headers: ReadonlyMap<string, string>;
}

export const SSDP_GROUP = '239.255.255.250';
/** Of the link, and of the site. @see UPnP Device Architecture 2.0 §A.2 */
export const SSDP_GROUPS_IPV6 = ['ff02::c', 'ff05::c'] as const;
export const SSDP_PORT = 1900;

const START_LINES = {
  notify: 'NOTIFY * HTTP/1.1',
  search: 'M-SEARCH * HTTP/1.1',
  response: 'HTTP/1.1 200 OK',
} as const;
/** Larger ones are no SSDP. */
const MAX_BYTES = 8192;
const MAX_HEADERS = 64;

/** Where a message for everybody goes, as its header HOST names it. @param port 1900 but in tests */
export function ssdpHost(group: string, port = SSDP_PORT): string {
  return group.includes(':') ? `[${group.toUpperCase()}]:${port}` : `${group}:${port}`;
}

/** Was a message for everybody? */
export function isForEverybody(headers: ReadonlyMap<string, string>): boolean {
  const host = headers.get('HOST')?.toLowerCase() ?? '';
  return [SSDP_GROUP, ...SSDP_GROUPS_IPV6.map((group) => `[${group}]`)].some((group) => host.startsWith(group));
}

/** @throws FindingError `malformed` */
export function decodeSsdp(bytes: Uint8Array): SsdpMessage {
  if (bytes.length > MAX_BYTES) throw new FindingError('malformed', `SSDP: more than ${MAX_BYTES} bytes`);
  const [start = '', ...lines] = Buffer.from(bytes).toString('latin1').split(/\r?\n/);
  const kind = kindOf(start);
  if (!kind) throw new FindingError('malformed', `SSDP: "${start.slice(0, 40)}" is no message of it`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line === '') break;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toUpperCase();
    if (colon < 1 || !/^[\w.-]+$/.test(name))
      throw new FindingError('malformed', `SSDP: "${line.slice(0, 40)}" is no header`);
    if (headers.size >= MAX_HEADERS) throw new FindingError('malformed', `SSDP: more than ${MAX_HEADERS} headers`);
    // The first counts.
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { kind, headers };
}

/** @param headers in this order */
export function encodeSsdp(kind: SsdpMessage['kind'], headers: Readonly<Record<string, string | number>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`.trimEnd());
  return Buffer.from(`${[START_LINES[kind], ...lines].join('\r\n')}\r\n\r\n`, 'latin1');
}

function kindOf(start: string): SsdpMessage['kind'] | undefined {
  if (/^NOTIFY \* HTTP\/1\.\d$/i.test(start)) return 'notify';
  if (/^M-SEARCH \* HTTP\/1\.\d$/i.test(start)) return 'search';
  return /^HTTP\/1\.\d 200(?: |$)/i.test(start) ? 'response' : undefined;
}
