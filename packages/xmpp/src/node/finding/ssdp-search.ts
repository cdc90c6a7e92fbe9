import { setTimeout as delay } from 'node:timers/promises';
import { bodyText } from './body-text.ts';
import { FindingError } from './finding-error.ts';
import { doorOf, type FoundServer } from './found-server.ts';
import { multicastAddresses } from './multicast-addresses.ts';
import { SsdpLink } from './ssdp-link.ts';
import { encodeSsdp, SSDP_GROUP, SSDP_PORT } from './ssdp-message.ts';
import { serversInDescription, UPNP_DEVICE_TYPE } from './upnp-description.ts';

export interface SsdpSearchOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** IPv4 addresses of the network interfaces; all but loopback when not given. */
  readonly addresses?: readonly string[] | undefined;
  /** 1900 but in tests. */
  readonly port?: number | undefined;
  readonly fetch?: typeof fetch | undefined;
  /** Is told of each server when it is found. */
  readonly onFound?: ((server: FoundServer) => void) | undefined;
}

/** Descriptions that are read on one link; whoever says there are more is up to something. */
const MAX_DESCRIPTIONS = 32;
const DESCRIPTION_TIMEOUT_MS = 3000;
const MAX_DESCRIPTION_BYTES = 65_536;
/** Seconds that those who answer may take. @see UPnP Device Architecture 2.0 §1.3.2 */
const MX = 1;
const FIRST_PAUSE_MS = 1000;

/**
 * Looks for servers on the links of this machine until it is told to stop.
 * @throws FindingError where there is no link to look on
 * @see XEP-0347 §3.3.3, UPnP Device Architecture 2.0 §1.3
 */
export async function searchSsdp(options: SsdpSearchOptions): Promise<readonly FoundServer[]> {
  const { signal, addresses = multicastAddresses(), port } = options;
  const found = new Map<string, FoundServer>();
  const links: SsdpLink[] = [];
  try {
    for (const address of addresses) links.push(await SsdpLink.open({ address, port, isListening: false }));
    await Promise.all(links.map((link) => searchLink(link, found, options)));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(links.map((link) => link.close()));
  }
  return [...found.values()];
}

async function searchLink(
  link: SsdpLink,
  found: Map<string, FoundServer>,
  { signal, port = SSDP_PORT, fetch: get = fetch, onFound }: SsdpSearchOptions,
): Promise<void> {
  const seen = new Set<string>();
  const readings = new Set<Promise<void>>();
  const read = async (location: URL, from: string) => {
    for (const server of await describedAt(location, from, { signal, get })) {
      const key = doorOf(server);
      if (found.has(key)) continue;
      found.set(key, server);
      onFound?.(server);
    }
  };
  link.listen(({ kind, headers }, source) => {
    const location = headers.get('LOCATION') ?? '';
    if (kind !== 'response' || headers.get('ST') !== UPNP_DEVICE_TYPE || signal.aborted) return;
    if (seen.has(location) || seen.size >= MAX_DESCRIPTIONS || !URL.canParse(location)) return;
    seen.add(location);
    // What can't be read is asked for again with the next search.
    const reading = read(new URL(location), source.address).catch(() => void seen.delete(location));
    readings.add(reading);
    void reading.finally(() => readings.delete(reading));
  });
  const search = encodeSsdp('search', {
    HOST: `${SSDP_GROUP}:${port}`,
    MAN: '"ssdp:discover"',
    MX,
    ST: UPNP_DEVICE_TYPE,
    'USER-AGENT': 'UPnP/2.0 Thingward',
  });
  try {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs *= 2) {
      await link.send(search);
      await delay(pauseMs, undefined, { signal });
    }
  } finally {
    await Promise.all(readings);
  }
}

/**
 * Reads a description where it is said to be: at the machine that has said so, and nowhere else.
 * @throws FindingError
 */
async function describedAt(
  location: URL,
  from: string,
  { signal, get }: { readonly signal: AbortSignal; readonly get: typeof fetch },
): Promise<readonly FoundServer[]> {
  if (location.protocol !== 'http:' || location.hostname !== from || location.username !== '') {
    throw new FindingError('malformed', `SSDP: ${from} says that its description is at ${location.href}`);
  }
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(DESCRIPTION_TIMEOUT_MS)]);
    const response = await get(location, { signal: limit, redirect: 'error' });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return serversInDescription(await bodyText(response, MAX_DESCRIPTION_BYTES), from);
  } catch (error) {
    if (error instanceof FindingError) throw error;
    throw new FindingError('unavailable', `SSDP: ${location.href}: ${(error as Error).message}`, { cause: error });
  }
}
