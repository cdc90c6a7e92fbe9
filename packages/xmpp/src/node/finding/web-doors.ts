import { type AlternativeConnections, decodeHostMeta } from '../../host-meta.ts';
import { asciiDomain } from '../../idna/domain-name.ts';
import { bodyText } from './body-text.ts';
import { FindingError } from './finding-error.ts';

export interface WebDoorsOptions {
  readonly signal: AbortSignal;
  readonly fetch?: typeof fetch;
}

const MAX_FILE_BYTES = 65_536;
const FILES = ['host-meta.json', 'host-meta'];

/**
 * Where a domain speaks XMPP over HTTP, as a file of its web server says; for networks that let nothing else through. Only what is encrypted is
 * taken: the file is read over HTTPS, and names no door that would be less.
 * @returns nothing where there is no such file
 * @throws FindingError `unavailable` where the web server can't be reached, or its certificate is not to be trusted
 * @see XEP-0156 §3
 */
export async function webDoors(
  domain: string,
  { signal, fetch: get = fetch }: WebDoorsOptions,
): Promise<AlternativeConnections> {
  for (const file of FILES) {
    const url = `https://${asciiDomain(domain)}/.well-known/${file}`;
    try {
      const response = await get(url, { signal });
      const text = response.ok ? await bodyText(response, MAX_FILE_BYTES) : undefined;
      if (text === undefined) {
        await response.body?.cancel();
        continue;
      }
      const { websocket, xbosh } = decodeHostMeta(text);
      return {
        ...(websocket?.startsWith('wss:') && { websocket }),
        ...(xbosh?.startsWith('https:') && { xbosh }),
      };
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? cause.message : message;
      throw new FindingError('unavailable', `${url}: ${why}`, { cause: error });
    }
  }
  return {};
}
